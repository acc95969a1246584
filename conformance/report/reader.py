"""
Reading a report log back: whole and checked, or refused with every fault's file and line.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from conformance.errors import Fault, UsageError, shorten
from conformance.report.line import Line, check_line, decode_line

__all__ = ["Log", "read_log"]

_LONGEST = 256 * 2**20  # bytes of one line; a longer one is not ours, and would fill the memory
_FAULTS = 10  # so many are told before reading stops


@dataclass(frozen=True, slots=True)
class Log:
    """
    A log that was read and checked whole. Its cases stay on the disk and are read anew whenever they are
    asked for, so memory does not grow with them. *footer* is None only in a log that was read with
    ``allow_cut``.
    """

    path: Path
    header: Line
    clauses: tuple[Line, ...]
    excluded: tuple[Line, ...]
    footer: Line | None
    _end: int = field(repr=False)  # bytes of whole lines; a half-written last line lies beyond

    def lines(self) -> Iterator[Line]:
        """
        Yield every line in the order of the file.
        """
        for number, raw in _raw_lines(self.path, end=self._end):
            line = decode_line(raw, where=f"{self.path}:{number}")
            if isinstance(line, Fault):  # the file changed after it was checked
                raise UsageError(line)
            yield line

    def cases(self) -> Iterator[Line]:
        """
        Yield the case lines in the order of the file.
        """
        return (line for line in self.lines() if line["kind"] == "case")

    def pick(self, ids: Iterable[str]) -> dict[str, Line]:
        """
        Return those cases of *ids* that the log has, by id, reading the file once. Of a case that stands
        twice, because it was run again after a cut, the last counts.
        """
        wanted = frozenset(ids)
        return {line["id"]: line for line in self.cases() if line["id"] in wanted} if wanted else {}

    def case(self, id: str) -> Line:
        """
        Return the case *id*, or raise `UsageError` naming cases with a like name.
        """
        found = self.pick([id]).get(id)
        if found is not None:
            return found
        from difflib import get_close_matches

        near = get_close_matches(id, [line["id"] for line in self.cases()], n=3)
        raise UsageError(
            Fault(
                "the log has no such case",
                where=str(self.path),
                got=shorten(id),
                expected=f"the id of one of its cases{', such as ' + ', '.join(near) if near else ''}",
                move="copy the id from a report of this log",
            )
        )


def read_log(path: Path | str, *, allow_cut: bool = False) -> Log:
    """
    Read and check the whole log at *path*.

    With *allow_cut* (for resuming) a missing footer and a half-written last line are accepted. Raises
    `UsageError` with each fault's file and line: not readable, not a log, another version, a line that breaks
    the schema, no footer, lines out of place or twice, and counts that contradict the footer.
    """
    path = Path(path)
    faults: list[Fault] = []
    kept: dict[str, list[dict[str, Any]]] = {"header": [], "clause": [], "excluded": [], "footer": []}
    first_at: dict[str, int] = {}  # clause id -> line number
    number = end = 0
    for number, raw in _raw_lines(path):
        where = f"{path}:{number}"
        if not raw.endswith(b"\n"):
            if not allow_cut or number == 1:
                got = f"a half-written line of {len(raw)} bytes"
                faults.append(_cut(path, where=where, got=got, resumable=number > 1))
            break
        line = decode_line(raw, where=where)
        if isinstance(line, Fault):
            faults.append(line)
            if number == 1:  # not a log at all: what follows would only repeat it
                break
        else:
            faults.extend(check_line(line, where=where))
            faults.extend(
                _misplaced(line, number=number, footer=bool(kept["footer"]), first_at=first_at, where=where)
            )
            kept.get(line["kind"], []).append(line)
        if len(faults) >= _FAULTS:
            break
        end += len(raw)
    if number == 0:
        faults.append(
            Fault(
                "the log is empty",
                where=str(path),
                got="0 bytes",
                expected="a header, cases, clauses and a footer",
                move="run the suite again: `conformance run`",
            )
        )
    if not faults and not kept["footer"] and not allow_cut:
        faults.append(_cut(path, where=f"{path}:{number}", got=f"{number} lines and no footer"))
    footer = kept["footer"][0] if kept["footer"] else None
    if not faults and footer is not None:
        faults.extend(_miscounted(footer, kept["clause"], where=f"{path}:{number}"))
    if faults:
        raise UsageError(faults[:_FAULTS])
    return Log(path, kept["header"][0], tuple(kept["clause"]), tuple(kept["excluded"]), footer, end)


def _raw_lines(path: Path, *, end: int | None = None) -> Iterator[tuple[int, bytes]]:
    try:
        with open(path, "rb") as file:
            yield from _split(file, path=path, end=end)
    except OSError as error:
        raise UsageError(
            Fault(
                "the log can't be read",
                where=str(path),
                got=error.strerror or type(error).__name__,
                expected="a file that `conformance run --out` wrote",
                move="check the path",
            )
        ) from error


def _split(file: BinaryIO, *, path: Path, end: int | None) -> Iterator[tuple[int, bytes]]:
    number = read = 0
    while (end is None or read < end) and (raw := file.readline(_LONGEST)):
        number += 1
        read += len(raw)
        if len(raw) == _LONGEST and not raw.endswith(b"\n"):
            raise UsageError(
                Fault(
                    "this line is too long for a report log",
                    where=f"{path}:{number}",
                    got=f"more than {_LONGEST:,} bytes",
                    expected="one JSON object per line",
                    move="give a log that `conformance run --out` wrote, as it wrote it",
                )
            )
        yield number, raw


def _misplaced(
    line: Line, *, number: int, footer: bool, first_at: dict[str, int], where: str
) -> Iterator[Fault]:
    kind = line["kind"]
    move = "give a log that `conformance run --out` wrote, as it wrote it; don't join logs"
    if (number == 1) != (kind == "header"):
        what = "the log has no header" if number == 1 else "the log has a second header"
        yield Fault(
            what, where=where, got=f"a {kind} line", expected="a header on line 1 and nowhere else", move=move
        )
    if footer:
        yield Fault(
            "a line follows the footer", where=where, got=f"a {kind} line", expected="nothing", move=move
        )
    if kind == "clause" and isinstance(line.get("id"), str):
        before = first_at.setdefault(line["id"], number)
        if before != number:
            yield Fault(
                "the log judges this clause twice",
                where=where,
                got=f"{shorten(line['id'])}, which line {before} judged",
                expected="one line for each clause",
                move=move,
            )


def _miscounted(footer: Line, clauses: list[dict[str, Any]], *, where: str) -> Iterator[Fault]:
    found: dict[tuple[str, str], int] = {}
    for clause in clauses:
        key = (clause["level"], clause["verdict"])
        found[key] = found.get(key, 0) + 1
    told = {
        (level, verdict): n
        for level, tally in footer["verdicts"].items()
        for verdict, n in tally.items()
        if n
    }
    for level, verdict in sorted(found.keys() | told.keys()):
        if found.get((level, verdict), 0) != told.get((level, verdict), 0):
            yield Fault(
                "the footer and the clause lines contradict each other",
                where=where,
                got=f"{found.get((level, verdict), 0)} clause lines at {level} with verdict {verdict}",
                expected=f"{told.get((level, verdict), 0)}, as the footer says",
                move="don't edit a log; run the suite again",
            )


def _cut(path: Path, *, where: str, got: str, resumable: bool = True) -> Fault:
    return Fault(
        "the run that wrote this log was cut, so it says nothing yet",
        where=where,
        got=got,
        expected="a footer as the last line",
        move=f"finish it: `conformance run --resume {shlex.quote(str(path))}`"
        if resumable
        else "run the suite again",
    )
