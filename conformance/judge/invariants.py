"""
Invariants: clauses that are judged on every exchange they apply to, so that few requests establish many clauses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from conformance.judge.predicates import check, in_statuses
from conformance.judge.scene import Scene, UnjudgeableError
from conformance.judge.view import View
from conformance.verdict import Finding

__all__ = ["Invariant", "judge_invariants", "make_invariant"]


@dataclass(frozen=True, slots=True)
class Invariant:
    """
    One invariant with the target's facts filled in. *keys* are the roles of
    the keys that it speaks of (None: all), *sent* validates the request body, *where* and *unless* are
    expectations that the answer has to meet, or must not meet, for the invariant to apply.
    """

    clause: str
    operations: frozenset[str]
    outcome: str
    keys: frozenset[str] | None
    status: Any
    sent: Any
    where: Mapping[str, Any] | None
    unless: Mapping[str, Any] | None
    expect: Mapping[str, Any]

    def applies(self, view: View, scene: Scene) -> bool:
        """
        Whether this exchange is one that the invariant speaks of.
        """
        if view.operation.name not in self.operations:
            return False
        if self.outcome != "any" and view.outcome != self.outcome:
            return False
        if self.keys is not None and view.key not in self.keys:
            return False
        if self.status is not None and not in_statuses(view.status, self.status):
            return False
        if self.sent is not None and not (isinstance(view.body, dict) and self._was_sent(view.body)):
            return False
        if self.where is not None and check(self.where, view, scene):
            return False
        return self.unless is None or bool(check(self.unless, view, scene))

    def _was_sent(self, body: Any) -> bool:
        try:
            return bool(self.sent.is_valid(body))
        except (UnicodeEncodeError, ValueError):
            return False


def make_invariant(clause: str, on: Mapping[str, Any], expect: Mapping[str, Any]) -> Invariant:
    """
    Return the invariant of a clause from its ``on`` and ``expect``, both filled in.
    """
    return Invariant(
        clause=clause,
        operations=frozenset(on["operations"]),
        outcome=on.get("outcome", "any"),
        keys=frozenset(on["keys"]) if "keys" in on else None,
        status=on.get("status"),
        sent=jsonschema_rs.validator_for(on["sent"]) if "sent" in on else None,
        where=on.get("where"),
        unless=on.get("unless"),
        expect=expect,
    )


def judge_invariants(invariants: Iterable[Invariant], view: View, scene: Scene) -> Iterator[tuple[str, list[Finding]]]:
    """
    Yield each clause that was judged on this exchange with what is wrong (an empty list when it is kept).
    """
    for invariant in invariants:
        try:
            if not invariant.applies(view, scene):
                continue
            findings = check(invariant.expect, view, scene)
        except UnjudgeableError:
            continue
        yield invariant.clause, findings
