"""
Batch jobs: their lines, their results and their state, which follows the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["CANCEL_S", "FINISH_S", "START_S", "VALIDATE_S", "Job", "Line", "LineFault", "Result", "write_job"]

# Seconds from the creation of a job to each of its next states.
VALIDATE_S, START_S, FINISH_S = 0.03, 0.2, 0.25
CANCEL_S = 0.05
_DAY_S = 86_400
_STATES = ("in_progress", "finalizing", "completed", "failed", "cancelling", "cancelled")


class Line(NamedTuple):
    """One line of an input file that is what it should be."""

    custom_id: str
    body: Mapping[str, Any]


class LineFault(NamedTuple):
    """What is wrong with a line, which counts from 1."""

    code: str
    message: str
    param: str | None
    line: int


class Result(NamedTuple):
    """What became of a line."""

    custom_id: str
    status: int
    request_id: str
    body: Any


@dataclass(slots=True)
class Job:
    """One batch job."""

    id: str
    created: float
    input_file: str
    endpoint: str
    window: str
    metadata: Any
    status: str = "validating"
    times: dict[str, int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    faults: list[LineFault] = field(default_factory=list)
    output_file: str | None = None
    error_file: str | None = None
    completed: int = 0
    failed: int = 0
    cancelled: float | None = None

    def enter(self, status: str, now: float) -> None:
        """Take the next status and note when."""
        self.status = status
        self.times[status] = int(now)

    @property
    def over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.status in ("completed", "failed", "cancelled")


def write_job(job: Job) -> dict[str, Any]:
    """Return the document of a job."""
    faults = [fault._asdict() for fault in job.faults]
    return {
        "id": job.id,
        "object": "batch",
        "endpoint": job.endpoint,
        "errors": {"object": "list", "data": faults} if faults else None,
        "input_file_id": job.input_file,
        "completion_window": job.window,
        "status": job.status,
        "output_file_id": job.output_file,
        "error_file_id": job.error_file,
        "created_at": int(job.created),
        "expires_at": int(job.created) + _DAY_S,
        "expired_at": None,
        **{f"{state}_at": job.times.get(state) for state in _STATES},
        "request_counts": {"total": len(job.lines), "completed": job.completed, "failed": job.failed},
        "metadata": job.metadata,
    }
