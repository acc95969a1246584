"""
Makes a failing request smaller, live against the target: each smaller request is classified and judged afresh.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from conformance.engine.execute import Outcome, attempt
from conformance.engine.session import Session
from conformance.generate.body import encode
from conformance.generate.case import Case, refreshed
from conformance.generate.directed import spelled

__all__ = ["Shrunk", "shrink", "smaller"]

_MOST_TRIES = 40


@dataclass(frozen=True, slots=True)
class Shrunk:
    """
    The smallest failing case that was found, and how many bytes the first one had.
    """

    outcome: Outcome
    before: int


async def shrink(session: Session, outcome: Outcome) -> Shrunk | None:
    """
    Return a smaller case that breaks the same clause, or None when the case can't be made smaller.
    """
    case = outcome.case
    if len(case.steps) != 1 or not _shrinkable(case) or not _explained(session, case):
        return None
    step = case.steps[0]
    assert step.request is not None
    before = len(step.request.body or b"")
    best = outcome
    tries = 0
    progress = True
    while progress and tries < _MOST_TRIES:
        progress = False
        for body in smaller(best.case.steps[0].body):
            if tries >= _MOST_TRIES:
                break
            candidate = _with_body(best.case, body)
            if not _still_the_same(session, case, candidate):
                continue
            tries += 1
            tried = await attempt(session, refreshed(candidate, session.shop.nonce()))
            if not tried.lost and _same_breach(case.clause, outcome, tried):
                best, progress = tried, True
                break
    request = best.case.steps[0].request
    return Shrunk(best, before) if request is not None and len(request.body or b"") < before else None


def _same_breach(clause: str, first: Outcome, other: Outcome) -> bool:
    """
    Whether a smaller request shows the breach of the first one, and not some other.
    """
    # The findings of other clauses are shown with the same request, so that has to show them all.
    if not first.breaches.keys() <= other.breaches.keys() or not other.views:
        return False
    old, new = first.breaches[clause][0], other.breaches[clause][0]
    same_answer = first.views[-1][1].status == other.views[-1][1].status
    return same_answer and (old.expected, old.where) == (new.expected, new.where)


def _shrinkable(case: Case) -> bool:
    step = case.steps[0]
    plain = step.request is not None and isinstance(step.body, dict) and step.times == 1 and not step.tokens
    return plain and not spelled(step.body) and step.clock is None and "charge" not in step.expect


def _explained(session: Session, case: Case) -> bool:
    """
    Whether the contract itself says of the request what the case expects; of a request that is refused for a reason
    which only its author knows, a smaller one may be served by right.
    """
    step = case.steps[0]
    found = session.shop.classifier.classify(step.operation, step.body)
    if step.expect.get("success"):
        return found.accepted
    # Where a request may be served or refused, so may any that is like it.
    return bool(found.triggers) or not {"refusal", "status"} & step.expect.keys()


def _with_body(case: Case, body: Any) -> Case:
    step = case.steps[0]
    assert step.request is not None
    request = replace(step.request, body=encode(body))
    return replace(case, steps=(replace(step, request=request, body=body),))


def _still_the_same(session: Session, case: Case, candidate: Case) -> bool:
    """
    Whether the smaller request still does to the contract what the first one did.
    """
    old = session.shop.classifier.classify(case.steps[0].operation, case.steps[0].body)
    new = session.shop.classifier.classify(candidate.steps[0].operation, candidate.steps[0].body)
    return old.triggers == new.triggers and old.zones == new.zones and old.accepted == new.accepted


def smaller(value: Any) -> Iterator[Any]:
    """
    Yield smaller values, the boldest first: members dropped, lists halved, texts cut, then the same within.
    """
    if isinstance(value, dict):
        for name in value:
            yield {key: item for key, item in value.items() if key != name}
        for name, item in value.items():
            for less in smaller(item):
                yield {**value, name: less}
    elif isinstance(value, list):
        if len(value) > 1:
            half = len(value) // 2
            yield value[:half]
            yield value[half:]
            for index in range(min(len(value), 8)):
                yield value[:index] + value[index + 1 :]
        for index, item in enumerate(value[:8]):
            for less in smaller(item):
                yield [*value[:index], less, *value[index + 1 :]]
        if len(value) > 1 and any(item != value[0] for item in value):
            # Many alike are easier to read than many different.
            yield [value[0]] * len(value)
    elif isinstance(value, str):
        # A part of an address is another address.
        if len(value) > 1 and "://" not in value:
            yield value[:1]
            yield value[: len(value) // 2]
            yield value[len(value) // 2 :]
            yield value[1:]
            yield value[:-1]
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > 1:
        yield value // 2
