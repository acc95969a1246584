"""
One run from beginning to end: discover, plan, fire phase by phase, and fold everything into verdicts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

from conformance.contract import Clause, Contract
from conformance.engine.closing import closing_lines
from conformance.engine.crowd import run_burst, run_crowd
from conformance.engine.discovery import discover
from conformance.engine.lanes import close_lanes, open_lanes
from conformance.engine.neighbours import run_hangup, run_race
from conformance.engine.opening import header_line, open_session
from conformance.engine.plan import BUDGETS, Effort, Plan, charged_requests, make_plan, special_requests
from conformance.engine.quiet import fits, run_all, run_window
from conformance.engine.session import Session, selected
from conformance.engine.settle import feel_pulse, hold_unreachable, run_case, run_last
from conformance.engine.target import Target
from conformance.engine.timeline import run_clock
from conformance.engine.twins import twin_identity
from conformance.errors import IncompleteError, UnreachableError, UsageError
from conformance.generate.case import Case
from conformance.generate.forms import MissingFact
from conformance.verdict import Finding

__all__ = ["Options", "close_session", "open_session", "preview", "run"]

# These go one at a time, and are the least worth.
_MOST_LAST = 40
# What comes after the drawn cases goes one by one, and holds the longest texts.
_SLOWER = 1.25
T = TypeVar("T")
Emit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Options:
    """
    What a run is to do: which clauses (patterns; all when empty) of which level, from which seed, with which budget.

    *strict* makes a MUST that is not established an incomplete run. *finished* are the case lines of an earlier run of
    the same contract, target and seed, which are taken over. *unproven* are clauses without a fault that proves them.
    *shrinking* makes failing requests smaller. *clients* has calls made with client libraries too.
    """

    clauses: tuple[str, ...] = ()
    level: str | None = None
    seed: int = 0
    budget: str = "standard"
    strict: bool = False
    finished: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unproven: frozenset[str] = frozenset()
    shrinking: bool = True
    clients: bool = True


async def run(contract: Contract, target: Target, options: Options, emit: Emit) -> int:
    """
    Judge *target* by *contract*, passing every line to *emit*, and return the exit code.

    Raises:
        UsageError: when the target or the selection can't be used; nothing was sent then.
    """
    began = time.monotonic()
    session = open_session(contract, target, options, emit)
    session.emit(header_line(contract, target, options))
    incomplete: str | None = None
    try:
        await discover(session)
        await open_lanes(session, wanted=options.clients)
        await _fire(session, options)
    except IncompleteError as problem:
        incomplete = str(problem)
        if isinstance(problem, UnreachableError):
            hold_unreachable(session, problem)
    except (KeyboardInterrupt, asyncio.CancelledError):
        incomplete = "the run was interrupted"
    finally:
        await close_session(session)
    code = 0
    for line in closing_lines(session, options, incomplete=incomplete, seconds=time.monotonic() - began):
        session.emit(line)
        if line["kind"] == "footer":
            code = line["exit"]
    return code


async def preview(contract: Contract, target: Target, options: Options) -> tuple[Plan, int]:
    """
    Return the plan of a run and how many of its requests a conforming server charges for; only the target's model
    list, controls and witnesses are asked for.
    """
    session = open_session(contract, target, options, lambda line: None)
    try:
        await discover(session)
        clauses = selected(contract, options.clauses, options.level, target.features)
        plan = make_plan(session, clauses, BUDGETS[options.budget])
        return plan, charged_requests(contract, plan)
    finally:
        await close_session(session)


async def close_session(session: Session) -> None:
    """
    Give back everything that a session holds open.
    """
    for task in session.twins.values():
        task.cancel()
    await asyncio.gather(*session.twins.values(), return_exceptions=True)
    await close_lanes(session)
    if session.canary is not None:
        await session.canary.close()
    await session.client.close()


async def _fire(session: Session, options: Options) -> None:
    clauses = selected(session.contract, options.clauses, options.level, session.target.features)
    effort = BUDGETS[options.budget]
    plan = make_plan(session, clauses, effort)
    for gap in plan.gaps:
        tally = session.tally(gap.clause)
        if tally is not None and (gap.reason or gap.supply):
            tally.gap(gap.reason, gap.supply)
    drawn = _drawn_count(session, plan, effort)
    session.of = plan.cases + drawn
    requests = sum(case.sends for case in plan.all()) + drawn
    session.emit({"kind": "plan", "clauses": len(clauses), "cases": session.of, "requests": requests,
                  "charged": charged_requests(session.contract, plan)})
    drawing: Iterable[Case] = ()
    if drawn:
        from conformance.engine.draw import drawn_cases

        picked = {clause.id for clause in clauses}
        cases = _entered(session, plan, drawn_cases(session, drawn, picked))
        drawing = _left(_in_time(session, plan, cases), session, options)
    # The drawn ones follow without a pause, so that no place stays empty while the last of the others are under way.
    await _phase(session, "requests", chain(_left(_taken(plan.main), session, options), drawing))
    await feel_pulse(session, "a drawn request" if drawn else "a request of the plan")
    await _fire_apart(session, options, plan, effort)


async def _fire_apart(session: Session, options: Options, plan: Plan, effort: Effort) -> None:
    """
    Fire what needs the target for itself, one after the other.
    """
    session.phase = "crowds"
    for clause in plan.crowds:
        assert clause.crowd is not None
        if _finished(session, options, [f"{clause.id}/crowd"]):
            continue
        await _guard(session, clause.id, run_crowd(session, clause, clause.crowd["rounds"][effort.name]))
    session.phase = "charges"
    quiet = list(_left(_taken(plan.quiet), session, options))
    together = [case for case in quiet if fits(case) and not session.contract.clause(case.clause).alone]
    apart = {case.id for case in together}
    single = [case for case in quiet if case.id not in apart]
    windows = [
        window
        for window in plan.windows
        if session.tally(window.clause.id) is not None
        and not _finished(session, options, [case.id for case in window.cases])
    ]
    # All of them at once first: on a server that charges what it says, no more than that has to be known.
    left, windows = await run_all(session, together, windows)
    for case in [*single, *left]:
        await _guard(session, case.clause, run_case(session, case))
    # Refusals may be right although something that was served cost another sum.
    _, windows = await run_all(session, [], windows)
    for window in _taken(windows):
        await _guard(session, window.clause.id, run_window(session, window))
    session.phase = "bursts"
    for clause in plan.bursts:
        if _finished(session, options, [f"{clause.id}/burst"]):
            continue
        await _guard(session, clause.id, run_burst(session, clause))
    session.phase = "neighbours"
    for clause in plan.neighbours:
        if not _finished(session, options, [f"{clause.id}/{'large' if clause.race else 'kept'}"]):
            work = run_race if clause.race else run_hangup
            await _guard(session, clause.id, work(session, clause))
    session.phase = "clock"
    for case in await run_clock(session, list(_left(plan.clock, session, options))):
        await _guard(session, case.clause, run_case(session, case))
    session.phase = "what it has to outlive"
    for case in _left(_taken(plan.last), session, options):
        await _guard(session, case.clause, run_last(session, case))
    _late_fetches(session)
    session.progress()


def _taken(items: list[T]) -> Iterator[T]:
    """
    Yield what a list holds and let go of it, because bodies of a megabyte are many in a plan.
    """
    items.reverse()
    while items:
        yield items.pop()


def _drawn_count(session: Session, plan: Plan, effort: Effort) -> int:
    if not effort.drawn or not session.alive or not any(_draws(tally.clause) for tally in session.tallies.values()):
        return 0
    if session.target.requests is None:
        return effort.drawn
    # Drawn cases take what the directed ones leave, and leave a tenth for repeats and shrinking.
    directed = sum(case.sends + 1 for case in plan.all()) + 300
    return max(0, min(effort.drawn, int(session.target.requests * 0.9) - directed))


def _entered(session: Session, plan: Plan, cases: Iterable[Case]) -> Iterator[Case]:
    """
    Yield drawn cases; a few of those that a target may not outlive are put behind everything else.
    """
    session.phase = "drawn requests"
    kept = 0
    for case in cases:
        if not session.contract.clause(case.clause).last:
            yield case
        elif kept < _MOST_LAST:
            kept += 1
            plan.last.append(case)


def _in_time(session: Session, plan: Plan, cases: Iterable[Case]) -> Iterator[Case]:
    """
    Yield drawn cases for as long as they leave the time to what comes after them: half of the run's, and more where
    the directed cases that are left need more at the pace so far.
    """
    seconds, left = session.target.seconds, 0.0
    for index, case in enumerate(cases):
        if seconds is not None:
            elapsed = time.monotonic() - session.began
            if not index:
                each = elapsed * session.target.in_flight / max(1, session.client.traffic.sent)
                left = max(seconds / 2, _SLOWER * each * (sum(c.sends for c in plan.all()) + special_requests(plan)))
            if elapsed > seconds - left:
                return
        yield case


def _draws(clause: Clause) -> bool:
    """
    Whether drawn requests can say anything of a clause.
    """
    return clause.drawn is not None or clause.on is not None or any(case.trigger for case in clause.cases)


def _left(cases: Iterable[Case], session: Session, options: Options) -> Iterable[Case]:
    """
    Yield the cases that an earlier run did not finish; count what it found of the others.
    """
    for case in cases:
        done = options.finished.get(case.id)
        if done is None:
            yield case
        else:
            session.shareable.discard(twin_identity(case, case.steps[0]))
            _take_over(session, done)


def _finished(session: Session, options: Options, cases: list[str]) -> bool:
    """
    Whether an earlier run finished all of *cases*; if so, what it found is counted.
    """
    if not all(case in options.finished for case in cases):
        return False
    for case in cases:
        _take_over(session, options.finished[case])
    return True


def _take_over(session: Session, line: Mapping[str, Any]) -> None:
    tally = session.tally(str(line["clause"]))
    broken: dict[str, list[Finding]] = {}
    for found in line.get("findings", ()):
        finding = Finding(found["expected"], found["actual"], found.get("where", ""), found.get("why", ""))
        broken.setdefault(found["clause"], []).append(finding)
    for clause, findings in broken.items():
        other = session.tally(clause)
        if other is not None:
            other.breach(str(line["id"]), findings)
    for clause in line.get("established", ()):
        other = session.tally(clause)
        if other is not None:
            other.keep()
    if tally is not None:
        tally.cases += 1
        if line["verdict"] == "pass" or (broken and str(line["clause"]) not in broken):
            tally.keep()
        elif line["verdict"] == "not_established":
            tally.gap(str(line.get("reason", "")))
    session.done += 1


async def _phase(session: Session, name: str, cases: Iterable[Case]) -> None:
    """
    Fire cases at once, as many at a time as may be in flight.
    """
    session.phase = name
    session.calm.set()
    waiting = iter(cases)

    async def work() -> None:
        for case in waiting:
            await session.calm.wait()
            session.running += 1
            try:
                await _guard(session, case.clause, run_case(session, case))
            finally:
                session.running -= 1
            if session.done % 50 == 0:
                session.progress()

    # A case waits for its answers one by one. A few more of them than requests may be in flight keep the line full
    # while answers are judged.
    most = session.target.in_flight
    workers = [asyncio.ensure_future(work()) for _ in range(2 * most - (most == 1))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _guard(session: Session, clause: str, work: Awaitable[None]) -> None:
    """
    Await *work*; a fault of our own becomes the clause's verdict ``error`` instead of ending the run.
    """
    try:
        await work
    except (IncompleteError, UsageError, asyncio.CancelledError):
        raise
    except MissingFact as missing:
        tally = session.tally(clause)
        if tally is not None:
            tally.gap(f"the target gives no {missing.name}", session.available(missing.name) or "")
        session.done += 1
    except Exception as problem:
        tally = session.tally(clause)
        if tally is not None:
            tally.error = f"a fault of the suite, not of the target: {type(problem).__name__}: {problem}"
        session.done += 1


def _late_fetches(session: Session) -> None:
    """
    See at the end that nothing which must not be fetched was fetched after all.
    """
    if session.canary is None:
        return
    blamed: set[str] = set()
    for clause, case, token in session.watched:
        tally = session.tally(clause)
        if tally is not None and case not in blamed and session.canary.fetches(token) and not tally.broken:
            blamed.add(case)
            tally.breach(case, [Finding("nothing to be fetched", "a media URL was fetched after the answer", "canary")])
