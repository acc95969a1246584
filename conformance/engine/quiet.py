"""
Quiet windows: many requests between two readings of the balance, and a closer look only when it moved otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from conformance.engine.execute import KEPT_FREE, Bill, Outcome, attempt
from conformance.engine.plan import Window
from conformance.engine.session import Session
from conformance.engine.settle import run_case, settle, write_case
from conformance.engine.twins import twin_answer
from conformance.errors import IncompleteError
from conformance.generate.case import Case, refreshed
from conformance.judge.view import finite, pointer
from conformance.verdict import Finding
from conformance.wire.client import BudgetSpent
from conformance.witness.ledger import Ledger, LedgerError

__all__ = ["fits", "run_all", "run_window"]

# So few windows are as quick one by one.
_WORTH_IT = 3

_MOST_ROUNDS = 3


def fits(case: Case) -> bool:
    """
    Whether a case can be on one bill with others: what each of its requests should cost follows from its answer.
    """
    charges = [c for step in case.steps for c in (step.expect.get("charge"), (step.of_all or {}).get("charge"))]
    # Those that are about one moment need it for themselves.
    apart = any(
        step.clock is not None or step.settle or "fetched" in step.expect or (step.together and step.of_all)
        for step in case.steps
    )
    known = [charge for charge in charges if charge is not None]
    return bool(known) and not apart and not any(isinstance(charge, Mapping) for charge in known)


async def run_all(session: Session, cases: list[Case], windows: list[Window]) -> tuple[list[Case], list[Window]]:
    """
    Run *cases*, and the refusals of all *windows*, between two readings; returns what has to be looked at one by one.

    That is nothing where the balance lost just what the answers say they cost together: then each of them cost what it
    should. Where it lost anything else, nobody is blamed for it here, and everything is left. Raises BudgetSpent.
    """
    ledger = session.ledger
    known = [case for case in cases if session.tally(case.clause) is not None]
    if ledger is None or len(known) + len(windows) < _WORTH_IT:
        return cases, windows
    members = [*known, *(case for window in windows for case in window.cases)]
    bill = Bill()
    # Those of one request leave room for the others, which have a longer way to go.
    room = asyncio.Semaphore(max(1, session.target.in_flight - KEPT_FREE))

    async def go(case: Case) -> Outcome:
        if len(case.steps) > 1 or case.weight > 1:
            return await attempt(session, case, bill=bill)
        async with room:
            return await attempt(session, case, bill=bill)

    spent: list[BaseException] = []
    ended: list[Outcome | BaseException] = []
    right = False
    try:
        # A twin is served, and so charged: that has to be over before the balance is read.
        await asyncio.gather(*(twin_answer(session, case) for case in members))
        before = await ledger.settled()
        ended = await asyncio.gather(*(go(case) for case in members), return_exceptions=True)
        spent = [e for e in ended if isinstance(e, IncompleteError) or not isinstance(e, (Exception, Outcome))]
        lost = before - await ledger.settled()
        right = bill.owed is not None and abs(lost - bill.owed) <= ledger.margin
    except LedgerError:
        right = False
    except IncompleteError as problem:
        spent.append(problem)
    outcomes = [outcome if isinstance(outcome, Outcome) else None for outcome in ended] or [None] * len(members)
    left: list[Case] = []
    for case, outcome in zip(known, outcomes, strict=False):
        try:
            if not await _count(session, outcome, right):
                left.append(refreshed(case, session.shop.nonce()))
        except BudgetSpent as problem:
            # What the others showed is counted before the run ends.
            spent.append(problem)
    rest = iter(outcomes[len(known) :])
    again: list[Window] = []
    for window in windows:
        own = [outcome for outcome in (next(rest) for _ in window.cases) if outcome is not None]
        if right and len(own) == len(window.cases):
            _count_kept(session, window, own)
            session.done += 1
        else:
            again.append(window)
    if spent:
        raise spent[0]
    return left, again


async def _count(session: Session, outcome: Outcome | None, right: bool) -> bool:
    """
    Count what a case showed, if the bill was *right*; returns False where it has to be fired again, by itself.
    """
    if outcome is None:
        # A fault of our own shows again, where it can be told of.
        return False
    outcome.pending = not right or (bool(outcome.reason) and not outcome.breaches)
    if outcome.breaches:
        # Seen is seen: it is confirmed by itself.
        await run_case(session, outcome.case, first=outcome)
    elif not outcome.pending:
        settle(session, outcome, seen=1, of=1)
        write_case(session, outcome, seen=1, of=1)
        session.done += 1
    return not outcome.pending


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
        if not refused or abs(lost) <= ledger.margin:
            _count_kept(session, window, outcomes)
            return
        await _blame(session, ledger, window, [o.case for o in refused], lost)
    except LedgerError as problem:
        tally.gap(str(problem))
    finally:
        session.done += 1


def _only_money(outcome: Outcome, clause: str) -> None:
    outcome.breaches = {name: found for name, found in outcome.breaches.items() if name == clause}


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
        if abs(part) > ledger.margin:
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
        if abs(part) > ledger.margin:
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
