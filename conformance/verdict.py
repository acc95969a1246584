"""
The words of a judgement: levels, verdicts, findings and exit codes. This module imports nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

__all__ = ["Exit", "Finding", "Level", "Verdict"]


class Level(str, Enum):
    """
    How binding a clause is. A broken MUST fails, a broken SHOULD warns, a MAY is recorded and never counts against.
    """

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"

    def __str__(self) -> str:
        return self.value


class Verdict(str, Enum):
    """
    What a run says of one clause.
    """

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    NOT_ESTABLISHED = "not_established"
    WAIVED = "waived"
    CONTESTED = "contested"
    ERROR = "error"

    def __str__(self) -> str:
        return self.value


class Exit(IntEnum):
    """
    The process's exit codes.
    """

    CONFORMANT = 0
    BROKEN = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What one judgement saw to be wrong in one exchange.

    *expected* and *actual* are short texts (never a vector, never a key), *where* is a reference such as
    ``body:/error/code`` or ``header:content-type``, and *why* says what the breach does to a client.
    """

    expected: str
    actual: str
    where: str = ""
    why: str = ""
