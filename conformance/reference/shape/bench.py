"""
The routes of batch jobs, and the work on them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from conformance.reference.asgi import Answer
from conformance.reference.clock import VirtualClock
from conformance.reference.documents import MalformedDocument, read_document
from conformance.reference.identifiers import UlidMaker
from conformance.reference.shape.behaviour import Behaviour
from conformance.reference.shape.call import Call
from conformance.reference.shape.dialect import Dialect
from conformance.reference.shape.filing import Filing, cut_page
from conformance.reference.shape.jobs import (
    CANCEL_S,
    FINISH_S,
    START_S,
    VALIDATE_S,
    Job,
    Line,
    LineFault,
    Result,
    write_job,
)
from conformance.reference.shape.refusals import Refused
from conformance.reference.shape.tokens import is_encodable

__all__ = ["Bench"]

ENDPOINT = "/v1/embeddings"
MOST_LINES = 50_000
AnswerLine = Callable[[Line], tuple[int, str, Any]]


def _is_metadata(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) > 16:
        return False
    texts = [*value, *value.values()]
    return all(isinstance(text, str) and len(text) <= 512 and is_encodable(text) for text in texts)


class Bench:
    """Runs batch jobs; a job moves on whenever somebody looks at it."""

    def __init__(
        self,
        behaviour: Behaviour,
        dialect: Dialect,
        clock: VirtualClock,
        ulids: UlidMaker,
        filing: Filing,
        answer_line: AnswerLine,
    ) -> None:
        """Start without jobs; `answer_line` returns status, request id and body."""
        self._behaviour = behaviour
        self._dialect = dialect
        self._clock = clock
        self._ulids = ulids
        self._filing = filing
        self._answer_line = answer_line
        self._jobs: dict[str, Job] = {}

    async def create(self, call: Call) -> Answer:
        """Answer the creation of a job."""
        try:
            document = read_document(call.request.body)
        except MalformedDocument as error:
            raise Refused("json.malformed", f"The body is not valid JSON: {error}.") from None
        if not isinstance(document, dict):
            raise Refused("body.object", "The body must be a JSON object.")
        for name in ("input_file_id", "endpoint", "completion_window"):
            if not isinstance(document.get(name), str):
                raise Refused("batch.missing", f"Missing required parameter: '{name}'.", name)
        if document["endpoint"] != ENDPOINT and "batch.endpoint" not in self._behaviour.unchecked:
            raise Refused("batch.endpoint", f"'endpoint' must be '{ENDPOINT}' here.", "endpoint")
        if document["completion_window"] != "24h":
            raise Refused("batch.window", "'completion_window' must be '24h'.", "completion_window")
        if document["input_file_id"] not in self._filing.files:
            raise Refused("batch.file", "There is no file of this id.", "input_file_id")
        metadata = document.get("metadata")
        if metadata is not None and not _is_metadata(metadata):
            raise Refused("batch.metadata", "'metadata' must be an object of at most 16 strings.", "metadata")
        job = Job(
            f"batch_{self._ulids.make().lower()}",
            self._clock.now(),
            document["input_file_id"],
            document["endpoint"],
            document["completion_window"],
            metadata,
        )
        if self._behaviour.checks_lines_first:
            self._read_lines(job)
            if job.faults:
                raise Refused("batch.line", f"Line {job.faults[0].line}: {job.faults[0].message}", "input_file_id")
        self._jobs[job.id] = job
        return self._write(job)

    async def list_all(self, call: Call) -> Answer:
        """Answer with all jobs, the newest first."""
        rows = []
        for job in reversed(self._jobs.values()):
            self._move(job)
            rows.append(write_job(job))
        return Answer(200, orjson.dumps(cut_page(call, rows, most=100, usual=20)))

    async def show(self, call: Call) -> Answer:
        """Answer with one job."""
        return self._write(self._find(call))

    async def cancel(self, call: Call) -> Answer:
        """Stop a job that still runs."""
        job = self._find(call)
        if job.over:
            raise Refused("batch.over", f"A batch that is {job.status} can not be cancelled.")
        if self._behaviour.cancels and job.cancelled is None:
            job.cancelled = self._clock.now()
            job.enter("cancelling", job.cancelled)
        return self._write(job)

    def _find(self, call: Call) -> Job:
        identifier = call.place.id if call.place is not None else ""
        job = self._jobs.get(identifier)
        if job is None:
            raise Refused("batch.unknown", f"No batch found with id '{identifier}'.")
        self._move(job)
        return job

    def _write(self, job: Job) -> Answer:
        document = write_job(job)
        if self._behaviour.on_job is not None:
            document = self._behaviour.on_job(job, document)
        return Answer(200, orjson.dumps(document))

    def _move(self, job: Job) -> None:
        if job.over:
            return
        now = self._clock.now()
        age = now - job.created
        if job.status == "cancelling":
            if job.cancelled is not None and now - job.cancelled > CANCEL_S:
                job.enter("cancelled", now)
            return
        if job.status == "validating" and age >= VALIDATE_S:
            self._read_lines(job)
            job.enter("failed" if job.faults else "in_progress", now)
        never_ends = self._behaviour.never_ends
        if never_ends is not None and never_ends(job):
            return
        if job.status == "in_progress" and age >= START_S:
            self._work(job)
            job.enter("finalizing", now)
        if job.status == "finalizing" and age >= FINISH_S:
            job.enter("completed", now)

    def _read_lines(self, job: Job) -> None:
        job.lines, job.faults = [], []
        file = self._filing.files.get(job.input_file)
        rows = file.content.splitlines() if file is not None else []
        seen: set[str] = set()
        models: set[Any] = set()
        for number, row in enumerate(rows, 1):
            if not row.strip():
                continue
            read = self._read_line(row, number, seen, models)
            if isinstance(read, Line):
                job.lines.append(read)
            elif read.code not in self._behaviour.unchecked_lines:
                job.faults.append(read)
        if not rows or (not job.lines and not job.faults):
            job.faults.append(LineFault("empty_file", "The file holds no requests.", None, 1))
        elif len(job.lines) > MOST_LINES:
            job.faults.append(LineFault("too_many_tasks", f"More than {MOST_LINES} lines.", None, MOST_LINES + 1))
        if job.faults:
            job.lines = []

    def _read_line(self, row: bytes, number: int, seen: set[str], models: set[Any]) -> Line | LineFault:
        try:
            document = read_document(row)
        except MalformedDocument as error:
            return LineFault("invalid_json_line", f"This line is not valid JSON: {error}.", None, number)
        if not isinstance(document, dict):
            return LineFault("invalid_json_line", "This line is not a JSON object.", None, number)
        identifier, body = document.get("custom_id"), document.get("body")
        if not isinstance(identifier, str) or not identifier or not is_encodable(identifier):
            return LineFault("missing_required_parameter", "'custom_id' is required.", "custom_id", number)
        if not isinstance(body, dict):
            return LineFault("missing_required_parameter", "'body' is required.", "body", number)
        if identifier in seen and "duplicate_custom_id" not in self._behaviour.unchecked_lines:
            return LineFault("duplicate_custom_id", f"custom_id '{identifier}' stands twice.", "custom_id", number)
        if document.get("method") != "POST":
            return LineFault("invalid_method", "'method' must be 'POST'.", "method", number)
        if not self._behaviour.line_url(str(document.get("url"))):
            return LineFault("url_mismatch", f"'url' must be '{ENDPOINT}'.", "url", number)
        models.add(str(body.get("model")))
        if self._dialect.one_model_per_job and len(models) > 1:
            return LineFault("model_mismatch", "All lines must name one model.", "body.model", number)
        seen.add(identifier)
        return Line(identifier, body)

    def _work(self, job: Job) -> None:
        behaviour = self._behaviour
        lines = job.lines if behaviour.on_lines is None else behaviour.on_lines(job.lines)
        results = [Result(line.custom_id, *self._answer_line(line)) for line in lines]
        job.completed = sum(result.status == 200 for result in results)
        job.failed = len(results) - job.completed
        if behaviour.on_results is not None:
            results = behaviour.on_results(results)
        good = [one for one in results if one.status == 200 or not behaviour.errors_apart]
        bad = [one for one in results if one.status != 200 and behaviour.errors_apart]
        job.output_file = self._keep(job, good, "output")
        job.error_file = self._keep(job, bad, "error")

    def _keep(self, job: Job, results: list[Result], name: str) -> str | None:
        if not results:
            return None
        content = b"".join([self._write_result(result) for result in results])
        return self._filing.store(content, f"{job.id}_{name}.jsonl", "batch_output").id

    def _write_result(self, result: Result) -> bytes:
        document = {
            "id": f"batch_req_{self._ulids.make().lower()}",
            "custom_id": result.custom_id,
            "response": {"status_code": result.status, "request_id": result.request_id, "body": result.body},
            "error": None,
        }
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)
