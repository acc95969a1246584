"""
From what a case showed to the tallies: a breach is repeated before it is believed, and only then counted and recorded.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from conformance.engine.execute import Outcome, attempt, expects_success
from conformance.engine.session import Session
from conformance.engine.shrink import shrink
from conformance.errors import Fault, IncompleteError, UnreachableError
from conformance.exchange import FailureKind
from conformance.generate.case import Case, refreshed
from conformance.judge.view import View
from conformance.verdict import Finding, Level
from conformance.wire.client import BudgetSpent

__all__ = ["feel_pulse", "hold_unreachable", "run_case", "run_last", "write_case"]

_REPEATS = 3
_PULSES = 2
_PULSE_REST = 2.0
_PULSE_STEP = 0.02
# From this weight on a case is no plain question, and a late answer no failure.
_HEAVY = 4
_CONFIRMED_ENOUGH = 2
_LONG = 10.0


async def run_case(session: Session, case: Case, *, first: Outcome | None = None) -> None:
    """
    Fire a case, repeat it if it breaks something, and count what is then believed; *first* is what firing it once has
    shown already. Raises BudgetSpent.
    """
    outcome = first or await attempt(session, case)
    seen, of = 0, 0
    ends = not session.contract.clause(case.clause).last
    if outcome.lost and ends and not await _outlived(session, outcome):
        return
    spent: BudgetSpent | None = None
    try:
        if outcome.lost and not ends:
            # Once it is gone, to ask again takes time and says nothing.
            await feel_pulse(session, case.id, ends=False)
        if _only_late(session, outcome):
            outcome.breaches.clear()
            patience = f"{session.target.timeout:g} s"
            outcome.reason = f"no answer in {patience} to a heavy request, while plain ones are answered"
            outcome.supply = "pace.timeout: longer, for a target that takes its time over long inputs"
        if outcome.lost and outcome.breaches and not session.gone:
            again = await attempt(session, refreshed(case, session.shop.nonce()))
            outcome = outcome if again.lost else again
        if outcome.breaches:
            _excuse_dead(session, outcome)
        if outcome.breaches and not session.gone:
            seen, of = await _confirm(session, outcome)
    except BudgetSpent as problem:
        # What was seen is not lost because there is nothing left to see it again with.
        spent = problem
    settle(session, outcome, seen=seen, of=of)
    shrunk = None
    try:
        shrinks = case.clause in outcome.breaches and not session.gone
        if spent is None and shrinks and _worth_shrinking(session, case, seen, of):
            shrunk = await shrink(session, outcome)
    except BudgetSpent as problem:
        spent = problem
    write_case(session, outcome, seen=seen, of=of, shrunk=shrunk)
    session.done += not outcome.pending
    if spent is not None:
        raise spent


def _only_late(session: Session, outcome: Outcome) -> bool:
    """
    Whether all that is wrong is that a request which takes long was not answered before the time was up.
    """
    if session.gone or outcome.case.weight < _HEAVY or not outcome.lost:
        return False
    failures = [view.exchange.failure for _, view in outcome.views if view.exchange.failure is not None]
    late = all(failure.kind is FailureKind.TIMEOUT for failure in failures)
    # A plain request that follows waits for the heavy one.
    asks = {name for name in outcome.breaches if name == outcome.case.clause or _asks_for_answer(session, name)}
    return late and asks == outcome.breaches.keys()


async def _outlived(session: Session, outcome: Outcome) -> bool:
    """
    See, before an answer that got lost is held against its request, that the target still answers others; a target that
    doesn't breaks nothing but the clauses that ask for an answer, and those that its earlier answers broke.
    """
    try:
        await feel_pulse(session, outcome.case.id)
    finally:
        if session.gone:
            told = {name for name in outcome.breaches if _asks_for_answer(session, name)}
            seen = _broken_by_answers(outcome) - told
            outcome.breaches = {name: found for name, found in outcome.breaches.items() if name in told | seen}
            outcome.reason = "neither it nor a plain request was answered"
            for name in seen:
                tally = session.tally(name)
                if tally is not None:
                    tally.breach(outcome.case.id, outcome.breaches[name])
            write_case(session, outcome, seen=1, of=1)
            session.done += 1
    return not session.gone


def _broken_by_answers(outcome: Outcome) -> set[str]:
    """
    Return the clauses that answers broke, and none that got lost.
    """
    broken: dict[bool, set[str]] = {True: set(), False: set()}
    for place, clauses in outcome.blamed.items():
        broken[outcome.views[place][1].exchange.failure is None].update(clauses)
    return broken[True] - broken[False]


def _asks_for_answer(session: Session, clause: str) -> bool:
    tally = session.tally(clause)
    return tally is not None and tally.clause.on is not None and bool(tally.clause.expect.get("answered"))


async def feel_pulse(session: Session, since: str, *, ends: bool = True) -> None:
    """
    See that a plain request is still answered after *since*, a case, while nothing else is in flight; a target that is
    gone *ends* the run.

    Raises:
        IncompleteError: when no plain request is answered any more.
    """
    if not session.alive:
        return
    patience = session.target.timeout
    session.calm.clear()
    session.waiting += 1
    try:
        async with session.feeling:
            if session.gone or (ends and time.monotonic() - session.pulse < _PULSE_REST):
                return
            # What is still under way may be what keeps the target busy.
            waited = time.monotonic()
            while session.running > session.waiting and time.monotonic() - waited < 2 * patience:
                await asyncio.sleep(_PULSE_STEP)
            for _ in range(_PULSES):
                if await _beats(session, patience):
                    session.pulse = time.monotonic()
                    return
            session.gone = since
    finally:
        session.waiting -= 1
        if not session.waiting:
            session.calm.set()
    _hold_against(session, since)
    if ends:
        raise IncompleteError(
            Fault(
                "the target no longer answers",
                where=session.client.base_url,
                got=f"no answer to a plain request in {patience:g} s, {_PULSES} times, since {since}",
                expected="a server that outlives every request",
                move="start it again, and look at what that request did to it",
            )
        )


def hold_unreachable(session: Session, problem: UnreachableError) -> None:
    """
    Hold it against a target that served plain requests that nobody listens any more.
    """
    if session.alive and problem.refused and not session.gone:
        session.gone = f"the {session.phase}" if session.phase else "the first requests"
        _hold_against(session, session.gone)


def _hold_against(session: Session, since: str) -> None:
    for clause, tally in session.tallies.items():
        if _asks_for_answer(session, clause):
            seen = f"none any more, since {since}"
            # Where no single case is known, its place in the log is the name of the phase.
            tally.breach("_".join(since.split()), [Finding("an answer to a plain request", seen, "status")])
            if session.refused:
                refused = ", ".join(session.refused)
                tally.told.append(f"What it did not outlive may be one that it answered; it refused last: {refused}.")


async def _beats(session: Session, patience: float) -> bool:
    try:
        return (await session.plain(session.contract.default_operation, patience=patience)).answered
    except BudgetSpent:
        raise
    except IncompleteError:
        return False


async def run_last(session: Session, case: Case) -> None:
    """
    Fire a case that the target may not outlive; once it is gone, the cases after it are not its own fault.
    """
    if session.gone:
        tally = session.tally(case.clause)
        if tally is not None:
            tally.gap(f"the target no longer answers, since {session.gone}")
        session.done += 1
        return
    await run_case(session, case)


def _worth_shrinking(session: Session, case: Case, seen: int, of: int) -> bool:
    tally = session.tally(case.clause)
    if tally is None or not session.shrinking:
        return False
    # A number that the expectation was reckoned with can't be made smaller without it.
    if any(step.client is not None or "'width'" in repr(step.expect) for step in case.steps):
        return False
    return tally.broken <= 1 and seen > 1 and seen == of and tally.clause.level is not Level.MAY


def _excuse_dead(session: Session, outcome: Outcome) -> None:
    """
    On an operation that serves nothing, only the clauses that ask for a success are broken.
    """
    case = outcome.case
    dead = [step.operation for step in case.steps if step.operation in session.dead]
    if dead and not expects_success(case) and case.clause in outcome.breaches:
        outcome.breaches.pop(case.clause)
        path = session.contract.operations[dead[0]].path
        outcome.reason = f"{path} does not serve a plain request"


async def _confirm(session: Session, outcome: Outcome) -> tuple[int, int]:
    """
    Repeat a case that broke something; returns how often its worst breach was seen, of how many times.
    """
    fresh = [
        clause
        for clause in outcome.breaches
        if (t := session.tally(clause)) is not None and t.broken < _CONFIRMED_ENOUGH
    ]
    if not fresh:
        return 1, 1
    seen, of = 1, 1
    counts = dict.fromkeys(fresh, 1)
    # Who waited a long time in vain has waited long enough the second time.
    patient = any(step.until is not None and step.within >= _LONG for step in outcome.case.steps)
    for _ in range(1 if patient else _REPEATS):
        again = await attempt(session, refreshed(outcome.case, session.shop.nonce()))
        of += 1
        for clause in fresh:
            counts[clause] += clause in again.breaches
        seen = max(counts.values())
        if all(count == of for count in counts.values()) and of >= 2:
            break
    for clause in fresh:
        tally = session.tally(clause)
        assert tally is not None
        tally.seen += counts[clause]
        tally.repeated += of
    return seen, of


def settle(session: Session, outcome: Outcome, *, seen: int, of: int) -> None:
    """
    Count an outcome in the tallies of every clause that it speaks of.
    """
    case = outcome.case
    if outcome.views and outcome.views[-1][1].refused:
        session.refused.append(case.id)
    own = session.tally(case.clause)
    if own is not None and not outcome.pending:
        own.cases += 1
        own.judged += len(outcome.views)
        if case.clause not in outcome.breaches:
            if outcome.reason:
                own.gap(outcome.reason, outcome.supply)
                own.excused += outcome.excused
            else:
                own.keep()
    for clause, findings in outcome.breaches.items():
        tally = session.tally(clause)
        if tally is None:
            continue
        if clause != case.clause:
            tally.judged += 1
        tally.breach(case.id, findings)
        if tally.clause.level is Level.MUST:
            session.failures += 1
    for clause, count in outcome.kept.items():
        tally = session.tally(clause)
        if tally is not None and clause != case.clause:
            if not tally.established:
                outcome.first.append(clause)
            tally.judged += count
            tally.established += count


def write_case(session: Session, outcome: Outcome, *, seen: int, of: int, shrunk: Any = None) -> None:
    """
    Write the case's line to the report log.
    """
    case = outcome.case
    broken = bool(outcome.breaches)
    shown = shrunk.outcome if shrunk is not None else outcome
    views: list[tuple[str, View]] = shown.views
    line: dict[str, Any] = {
        "kind": "case",
        "id": case.id,
        "clause": case.clause,
        "verdict": _verdict(session, outcome),
        "exchanges": [
            {
                **session.recorder.exchange(view, step=name, whole=broken),
                **({"blamed": shown.blamed[place]} if place in shown.blamed else {}),
            }
            for place, (name, view) in enumerate(views[:40])
        ],
        "findings": [
            _finding(clause, found) for clause, found_list in shown.breaches.items() for found in found_list[:3]
        ],
    }
    if outcome.first:
        line["established"] = outcome.first
    if outcome.reason:
        line["reason"] = outcome.reason
    if of > 1:
        line["repeats"] = {"seen": seen, "of": of}
    if shrunk is not None:
        line["shrunk_from"] = shrunk.before
    session.emit(line)


def _finding(clause: str, found: Finding) -> dict[str, Any]:
    return {
        "clause": clause,
        "expected": found.expected,
        "actual": found.actual,
        "where": found.where,
        "why": found.why,
    }


def _verdict(session: Session, outcome: Outcome) -> str:
    if outcome.breaches:
        levels = {t.clause.level for clause in outcome.breaches if (t := session.tally(clause)) is not None}
        if Level.MUST in levels:
            return "fail"
        return "warn" if Level.SHOULD in levels else "recorded"
    return "not_established" if outcome.reason else "pass"
