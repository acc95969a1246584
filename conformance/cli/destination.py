"""
Where a command writes: files that are seen to be writable before a run starts, and the log that a run fills.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.errors import Fault, UsageError

if TYPE_CHECKING:
    from conformance.report.log import LogWriter

__all__ = ["LogFile", "check_writable", "kept_or_temporary"]

Line = dict[str, Any]


def check_writable(paths: dict[str, Path | None]) -> None:
    """
    See that each path (by its flag) can be written, and that no two are the same. Raises UsageError with every fault.
    """
    faults: list[Fault] = []
    seen: dict[Path, str] = {}
    for flag, path in paths.items():
        if path is None:
            continue
        real = path.resolve()
        if real in seen:
            faults.append(
                Fault(
                    f"{flag} names the same file as {seen[real]}",
                    where=flag,
                    got=str(path),
                    expected="a file for each report",
                )
            )
        seen[real] = flag
        reason = _obstacle(path)
        if reason:
            faults.append(
                Fault(
                    "this file can't be written",
                    where=flag,
                    got=f"{path}: {reason}",
                    expected="a file in a folder that may be written",
                    move="give another path; nothing was sent yet",
                )
            )
    if faults:
        raise UsageError(faults)


def _obstacle(path: Path) -> str:
    if path.is_dir():
        return "it is a folder"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            # What stands there stays as it is until there is something to put in its place.
            with path.open("ab"):
                pass
        else:
            with path.open("xb"):
                pass
            path.unlink()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


@contextmanager
def kept_or_temporary(path: Path | None) -> Iterator[Path]:
    """
    Yield *path*, or a temporary file that is removed when the block is left.
    """
    if path is not None:
        yield path
        return
    number, name = tempfile.mkstemp(prefix="conformance-", suffix=".log")
    os.close(number)
    try:
        yield Path(name)
    finally:
        with suppress(OSError):
            Path(name).unlink()


class LogFile:
    """
    The log of a run. An older log at its path stays until the run has something to say after its header.
    """

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        self._path = path
        self._resume = resume
        self._header: Line | None = None
        self._writer: LogWriter | None = None

    def write(self, line: Line) -> None:
        """
        Append *line*, reaching the disk at once. Raises UsageError when it can't be written.
        """
        if line["kind"] == "header":
            self._header = line
        elif self._writer is not None:
            self._writer.write(line)
        elif line["kind"] not in ("plan", "progress"):
            from conformance.report.log import LogWriter

            self._writer = LogWriter(self._path, resume=self._resume)
            if self._header is not None:
                self._writer.write(self._header)
            self._writer.write(line)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
