"""
The report log: a file of JSON Lines that a run writes as it goes, and that every report is made from.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from conformance.errors import Fault, UsageError
from conformance.report.line import KINDS, Line, encode_line
from conformance.report.reader import Log, read_log

__all__ = ["Line", "Log", "LogWriter", "read_log"]


class LogWriter:
    """
    Appends lines to a log. Each line reaches the kernel in one write before `write` returns, so a kill loses
    nothing that was written; the footer is also synced to the disk.

    With *resume*, the log of a run that was cut is continued: its header and cases stay, and everything that
    was said of clauses goes, because the resumed run says it anew. Raises `UsageError` when the file can't be
    written, or has nothing to resume.
    """

    def __init__(self, path: Path | str, *, resume: bool = False) -> None:
        self.path = Path(path)
        self._resumed = resume
        if resume:
            self._cut_back()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "ab" if resume else "wb", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, line: Line) -> None:
        """
        Append *line*. Lines of the live stream (plan, progress) are passed over, and so is a resumed run's
        new header.
        """
        kind = line["kind"]
        if kind not in KINDS or (kind == "header" and self._resumed):
            return
        data = memoryview(encode_line(line))
        try:
            while data:
                data = data[self._file.write(data) :]
            if kind == "footer":
                os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> LogWriter:  # noqa: PYI034
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _cut_back(self) -> None:
        log = read_log(self.path, allow_cut=True)
        if log.footer is not None and log.footer["incomplete"] is None:
            raise UsageError(
                Fault(
                    "this run came to its end, so there is nothing to resume",
                    where=str(self.path),
                    got="a log with its footer",
                    expected="the log of a run that was cut, or that ended incomplete",
                    move="read it with `conformance report`, or start a new run with another --out",
                )
            )
        spare = self.path.with_name(f"{self.path.name}.resuming")
        try:
            with open(spare, "wb") as file:
                file.write(encode_line(log.header))
                file.writelines(encode_line(case) for case in log.cases())
            os.replace(spare, self.path)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            Fault(
                "the report log can't be written",
                where=str(self.path),
                got=error.strerror or type(error).__name__,
                expected="a file in a folder that may be written, with room on its disk",
                move="give another path with --out",
            )
        )
