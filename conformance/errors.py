"""
What can go wrong outside a verdict, and the exit code that each kind has.

    ConformanceError
    ├── UsageError        2  a flag, a target file, a contract or a log is wrong
    ├── IncompleteError   3  the target can't be reached, or the budget ran out
    └── InternalError     4  our own fault

Every message is built from the same five facts: what is wrong, where, what was got, what was expected, and the next
move. `UsageError` may carry several faults, because a file's faults are reported all at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ConformanceError", "Fault", "IncompleteError", "InternalError", "UnreachableError", "UsageError", "shorten"]

_SHOWN = 160


def shorten(value: object, *, limit: int = _SHOWN) -> str:
    """
    Return *value* as text of at most *limit* characters, so that no message ever prints a vector or a whole file.
    """
    text = value if isinstance(value, str) else repr(value)
    text = "".join(
        c if c.isprintable() else " " if c in "\r\n\t" else c.encode("unicode_escape").decode() for c in text
    )
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One thing that is wrong with an input.

    *where* is a file with its line (``specs/x.yaml:12``), a JSON Pointer, or a flag's name.
    """

    what: str
    where: str = ""
    got: str = ""
    expected: str = ""
    move: str = ""

    def render(self) -> str:
        """
        Return the fault as lines for a person: the first says what and where, the others are indented.
        """
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        for label, text in (("got", self.got), ("expected", self.expected), ("next", self.move)):
            if text:
                lines.append(f"    {label + ':':<10}{text}")
        return "\n".join(lines)


class ConformanceError(Exception):
    """
    The root of every error that a user may see; each becomes one clear message and an exit code, never a traceback.
    """

    exit_code = 4

    def __init__(self, faults: Fault | str | Iterable[Fault]) -> None:
        if isinstance(faults, str):
            faults = Fault(faults)
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__(self.render())

    def render(self) -> str:
        return "\n".join(fault.render() for fault in self.faults)


class UsageError(ConformanceError):
    """
    Raised when something that the user wrote can't be used.
    """

    exit_code = 2


class IncompleteError(ConformanceError):
    """
    Raised when the run can't establish anything more: the target is unreachable or the budget is spent.
    """

    exit_code = 3


class UnreachableError(IncompleteError):
    """
    Raised when nothing can be reached any more; *refused* says that its machine is there and nobody listens.
    """

    def __init__(self, fault: Fault, *, refused: bool) -> None:
        super().__init__(fault)
        self.refused = refused


class InternalError(ConformanceError):
    """
    Raised when the suite itself is at fault.
    """

    exit_code = 4
