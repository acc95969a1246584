"""
Quiet windows: a batch of refusals between two readings of the balance, and a bisection only when it moved.
"""

from __future__ import annotations

import asyncio

from conformance.engine.execute import Outcome, attempt, twin_answer
from conformance.engine.plan import Window
from conformance.engine.session import Session
from conformance.engine.settle import settle, write_case
from conformance.generate.case import Case, refreshed
from conformance.judge.view import finite, pointer
from conformance.verdict import Finding
from conformance.witness.ledger import Ledger, LedgerError

__all__ = ["run_together", "run_window"]

# So few windows are as quick one by one.
_WORTH_IT = 3

_MOST_ROUNDS = 3


async def run_together(session: Session, windows: list[Window]) -> bool:
    """
    Fire the refusals of all windows between two readings; returns whether the balance stayed where it was, so that
    every window is done. Where it moved, or could not be read, nothing is counted, and each window has to be looked at.
    """
    ledger = session.ledger
    known = [window for window in windows if session.tally(window.clause.id) is not None]
    if ledger is None or len(known) < _WORTH_IT:
        return False
    try:
        lost, outcomes = await _fire(session, ledger, [case for window in known for case in window.cases])
    except LedgerError:
        return False
    if abs(lost) > _tolerance(ledger):
        return False
    left = iter(outcomes)
    for window in known:
        _count_kept(session, window, [next(left) for _ in window.cases])
        session.done += 1
    return True


def _count_kept(session: Session, window: Window, outcomes: list[Outcome]) -> bool:
    """
    Count the refusals of a window over which the balance stayed as it was; returns whether there was one.
    """
    clause, tally = window.clause.id, session.tally(window.clause.id)
    assert tally is not None
    refused = [o for o in outcomes if not o.breaches.get(clause) and not o.reason and o.views[-1][1].refused]
    if not refused:
        tally.cases += len(outcomes)
        tally.gap("none of its requests was refused for its reason")
    for outcome in refused:
        # What else is wrong with the refusals is for the clauses about that.
        _only_money(outcome, clause)
        settle(session, outcome, seen=1, of=1)
        write_case(session, outcome, seen=1, of=1)
    return bool(refused)


async def run_window(session: Session, window: Window) -> None:
    """
    Fire a window's refusals and see that the balance stayed where it was; name the guilty one where it didn't.
    """
    ledger = session.ledger
    assert ledger is not None
    tally = session.tally(window.clause.id)
    if tally is None:
        return
    try:
        lost, outcomes = await _fire(session, ledger, window.cases)
        refused = [
            o for o in outcomes if not o.breaches.get(window.clause.id) and not o.reason and o.views[-1][1].refused
        ]
        if not refused or abs(lost) <= _tolerance(ledger):
            _count_kept(session, window, outcomes)
            return
        await _blame(session, ledger, window, [o.case for o in refused], lost)
    except LedgerError as problem:
        tally.gap(str(problem))
    finally:
        session.done += 1


def _only_money(outcome: Outcome, clause: str) -> None:
    outcome.breaches = {name: found for name, found in outcome.breaches.items() if name == clause}


def _tolerance(ledger: Ledger) -> float:
    return ledger.tolerance * (2 if ledger.rough else 1)


async def _fire(session: Session, ledger: Ledger, cases: list[Case]) -> tuple[float, list[Outcome]]:
    """
    Return what the balance lost over *cases*, less what served requests said they cost, and the outcomes.
    """
    # A twin is served, and so charged; each is sent once in a run, and here it is before the balance is read.
    await asyncio.gather(*(twin_answer(session, case) for case in cases))
    before = await ledger.settled()
    outcomes = list(await asyncio.gather(*(attempt(session, case) for case in cases)))
    lost = before - await ledger.settled()
    for outcome in outcomes:
        for _, view in outcome.views:
            if view.success and view.operation.charge:
                cost = pointer(view.document, view.operation.charge)
                lost -= finite(cost) or 0.0
    return lost, outcomes


async def _blame(session: Session, ledger: Ledger, window: Window, cases: list[Case], lost: float) -> None:
    """
    Halve the batch until one request is left that moves the balance, and see it do so again.
    """
    clause = window.clause.id
    suspects = [refreshed(case, session.shop.nonce()) for case in cases]
    seen_lost = lost
    while len(suspects) > 1:
        half = suspects[: len(suspects) // 2]
        part, _ = await _fire(session, ledger, half)
        if abs(part) > _tolerance(ledger):
            suspects, seen_lost = half, part
        else:
            suspects = suspects[len(suspects) // 2 :]
        suspects = [refreshed(case, session.shop.nonce()) for case in suspects]
    guilty = suspects[0]
    seen, of = 0, 0
    outcome = None
    for _ in range(_MOST_ROUNDS):
        part, outcomes = await _fire(session, ledger, [refreshed(guilty, session.shop.nonce())])
        of += 1
        outcome = outcomes[0]
        if abs(part) > _tolerance(ledger):
            seen += 1
            seen_lost = part
    assert outcome is not None
    answer = outcome.views[-1][1]
    outcome.breaches = {
        clause: [
            Finding(
                "the balance to stay as it was",
                f"it lost {seen_lost:.6f} over a request that was refused with {answer.status}",
                "ledger",
                "the client pays for what it did not get",
            )
        ]
    }
    tally = session.tally(clause)
    if tally is not None:
        # The whole batch had moved the balance already.
        tally.seen += seen + 1
        tally.repeated += of + 1
    settle(session, outcome, seen=seen + 1, of=of + 1)
    write_case(session, outcome, seen=seen + 1, of=of + 1)
    for case in cases:
        if case.id != guilty.id:
            # Logged all the same, so that a run that is resumed knows the whole window to be done.
            other = Outcome(case, reason=f"{guilty.id} of the same window moved the balance")
            settle(session, other, seen=1, of=1)
            write_case(session, other, seen=1, of=1)
