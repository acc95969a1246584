"""
Fires one case and judges every answer of it: its own clause, the clauses that ride along, and the invariants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.engine.patience import awaited, earlier, fetches, settled
from conformance.engine.session import Session
from conformance.engine.twins import check_twin, excuse, share
from conformance.exchange import FailureKind
from conformance.generate.case import Case, Step
from conformance.generate.later import MissingAnswer, settled_request, waits
from conformance.judge.effects import owed
from conformance.judge.invariants import judge_invariants
from conformance.judge.predicates import check, holds
from conformance.judge.refusal import refusal_of
from conformance.judge.scene import ExcusedError, Scene, UnjudgeableError
from conformance.judge.view import View, pointer
from conformance.verdict import Finding
from conformance.witness.clock import Clock, ClockError
from conformance.witness.ledger import LedgerError

if TYPE_CHECKING:
    from conformance.engine.timeline import Timeline

__all__ = ["KEPT_FREE", "Bill", "Outcome", "attempt"]

_LOST = frozenset({FailureKind.CONNECT, FailureKind.DISCONNECT, FailureKind.TIMEOUT})
_EFFECTS = frozenset({"charge", "fetched"})
# So many bytes ask for a few vectors.
_MODEST = 4096
# How many places requests on one bill leave to others on it that have a longer way to go.
KEPT_FREE = 2


@dataclass(slots=True)
class Bill:
    """
    What the answers to many requests say they cost together: *owed*, or None once an answer did not say.
    """

    owed: float | None = 0.0

    def add(self, step: Step, views: list[View], scene: Scene) -> float:
        """
        Put a step's answers on the bill and return what they say they cost.
        """
        argument = step.expect.get("charge", (step.of_all or {}).get("charge", "reported"))
        try:
            cost = owed(argument, views, scene) if views[0].operation.charge else 0.0
        except UnjudgeableError:
            self.owed = None
            return 0.0
        if self.owed is not None:
            self.owed += cost
        return cost


@dataclass(slots=True)
class Outcome:
    """
    What firing a case once showed.

    *breaches* are the findings of each clause that was broken, *kept* the clauses (the case's own apart) that were
    judged and kept, with how often; *first* are those of them that nothing had established before. *reason* says why
    the case's own clause could not be established. *lost* says that an answer got lost on the way, which is no verdict
    unless it happens again. *blamed* are the clauses that a view (by its place) broke, *charged* is what each step took
    from the balance, where it was read. *pending* says that its own clause is not
    decided yet, because only the sum is known that it cost together with others; *excused* that an answer was one which
    it leaves to another clause.
    """

    case: Case
    views: list[tuple[str, View]] = field(default_factory=list)
    breaches: dict[str, list[Finding]] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    reason: str = ""
    supply: str = ""
    lost: bool = False
    blamed: dict[int, list[str]] = field(default_factory=dict)
    charged: dict[str, float] = field(default_factory=dict)
    pending: bool = False
    excused: bool = False

    def counts(self) -> dict[str, int]:
        """
        Return how many findings there are of each clause.
        """
        return {clause: len(findings) for clause, findings in self.breaches.items()}

    def add(self, clause: str, findings: list[Finding]) -> None:
        """
        Note what judging a clause on one answer gave.
        """
        if findings:
            self.breaches.setdefault(clause, []).extend(findings)
        else:
            self.kept[clause] = self.kept.get(clause, 0) + 1


async def attempt(
    session: Session, case: Case, *, bill: Bill | None = None, timeline: Timeline | None = None
) -> Outcome:
    """
    Fire *case* once and judge it; with a *bill* nobody reads what it cost, and it is taken at the answers' word until
    the bill is settled; with a *timeline* others wait for the same clock. Raises BudgetSpent.
    """
    outcome = Outcome(case)
    # What was asked first of all can be compared with at any time.
    steps: dict[str, View] = {} if session.first is None else {"control": session.first}
    try:
        await _run_steps(session, case, steps, outcome, bill, timeline or session.clock)
    finally:
        share(session, case, outcome)
    if not outcome.breaches.get(case.clause) and not outcome.reason:
        await check_twin(session, case, outcome)
    elif case.twin is not None and outcome.breaches.get(case.clause):
        await excuse(session, case, outcome)
    return outcome


async def _run_steps(
    session: Session,
    case: Case,
    steps: dict[str, View],
    outcome: Outcome,
    bill: Bill | None,
    clock: Timeline | Clock | None,
) -> None:
    for step in case.steps:
        if step.wait:
            await asyncio.sleep(step.wait)
        if step.clock is not None:
            if not await _advance(clock, step.clock, outcome):
                break
            continue
        if not await _run_step(session, case, step, steps, outcome, bill):
            break


async def _advance(clock: Timeline | Clock | None, seconds: float, outcome: Outcome) -> bool:
    assert clock is not None
    try:
        await clock.advance(seconds)
    except ClockError as problem:
        outcome.reason, outcome.supply = str(problem), "witnesses.clock: a request that advances the target's time"
        return False
    return True


def _filled(step: Step, steps: Mapping[str, View]) -> Step:
    """
    Return a step with what only earlier answers tell. Raises MissingAnswer.
    """
    if step.request is None or not waits(step.request):
        return step
    request, body = settled_request(step.request, step.body, lambda name: earlier(name, steps))
    return replace(step, request=request, body=body)


async def _run_step(
    session: Session, case: Case, step: Step, steps: dict[str, View], outcome: Outcome, bill: Bill | None
) -> bool:
    """
    Send a step as often as it says and judge the answers; False ends the case.
    """
    try:
        step = _filled(step, steps)
    except MissingAnswer as missing:
        outcome.reason = f"what it builds on is not so: {missing.reference} is not there"
        return False
    costs = bill is None and ("charge" in step.expect or bool(step.of_all and "charge" in step.of_all))
    before = scene_pulse = None
    if costs:
        try:
            assert session.ledger is not None
            before = await session.ledger.settled()
            scene_pulse = session.ledger.pulse
        except LedgerError as problem:
            outcome.reason, outcome.supply = str(problem), "witnesses.ledger: a balance that can be read"
            return False
    views = await _answers(session, step, steps, leaving=0 if bill is None else KEPT_FREE)
    scene = session.scene(steps)
    if before is not None and session.ledger is not None:
        try:
            _weigh(session, step, views, scene, outcome, before - await session.ledger.settled())
        except LedgerError as problem:
            outcome.reason = str(problem)
            return False
        if scene_pulse is not None and session.ledger.pulse is not None:
            scene.counted = session.ledger.pulse - scene_pulse
    if bill is not None:
        _weigh(session, step, views, scene, outcome, bill.add(step, views, scene))
    if "fetched" in step.expect:
        scene.fetches = await fetches(session, step)
    for index, view in enumerate(views):
        name = step.name if len(views) == 1 else f"{step.name}#{index + 1}"
        outcome.views.append((name, view))
        before_it = outcome.counts()
        await _judge(session, case, step, view, scene, outcome, last=index == len(views) - 1)
        newly = [clause for clause, count in outcome.counts().items() if count > before_it.get(clause, 0)]
        outcome.blamed |= {len(outcome.views) - 1: newly} if newly else {}
        view.drop() if not outcome.breaches else None
    if step.expect.get("fetched") == "none" and not outcome.reason:
        # A fetch may still come; the end of the run looks again.
        session.watched.extend((case.clause, case.id, token) for token in step.tokens)
    if step.of_all is not None:
        _judge_group(case, step, views, scene, outcome)
    steps[step.name] = views[0]
    return not outcome.breaches.get(case.clause) and not outcome.reason


def _weigh(
    session: Session, step: Step, views: list[View], scene: Scene, outcome: Outcome, charged: float
) -> None:
    """
    Note in the scene what a step took from the balance.
    """
    assert session.ledger is not None
    scene.charged = charged
    outcome.charged[step.name] = charged
    scene.costs = outcome.charged
    scene.tolerance = session.ledger.margin
    scene.group = tuple(views)


async def _answers(session: Session, step: Step, steps: Mapping[str, View], *, leaving: int) -> list[View]:
    """
    Send a step as often as it says, at once where it says so, *leaving* so many places free for others.
    """
    if step.until is not None:
        return [await awaited(session, step, steps)]
    if step.settle:
        return [await settled(session, step, steps)]
    if not step.together:
        views: list[View] = []
        # To go on after a lost answer only takes time: whether anybody is answered yet is asked first.
        while len(views) < step.times and not (views and views[-1].exchange.failure is not None):
            views.append(await session.send(step))
        return views
    room = asyncio.Semaphore(max(1, min(step.times, session.target.in_flight - leaving)))

    async def send() -> View:
        async with room:
            return await session.send(step)

    return list(await asyncio.gather(*(send() for _ in range(step.times))))


async def _judge(
    session: Session, case: Case, step: Step, view: View, scene: Scene, outcome: Outcome, *, last: bool
) -> None:
    failure = view.exchange.failure
    if failure is not None and failure.kind in _LOST:
        outcome.lost = True
    if reason := await _nothing_to_judge(session, step, view, scene):
        outcome.reason = reason
        return
    for clause, findings in judge_invariants(session.invariants, view, scene):
        outcome.add(clause, findings)
    # Where a witness looks, the effect is what the clause is about, and the answer itself a condition of it. What it
    # saw belongs to all answers of the step together, so it is judged once, on the last.
    effect = {name: item for name, item in step.expect.items() if name in _EFFECTS}
    expect = {name: item for name, item in step.expect.items() if name not in _EFFECTS}
    try:
        findings = check(expect, view, scene)
        if findings and case.or_refused and view.refused:
            accepted = pointer(view.document, session.contract.refusal["code"]) in case.or_refused
            findings = [] if accepted else findings
        if findings and (step.given or effect):
            wrong = findings[0]
            outcome.reason = f"what it builds on is not so: {step.name} expects {wrong.expected}, gets {wrong.actual}"
            return
        if effect and last:
            findings = check(effect, view, scene)
            if findings and step.given:
                outcome.reason = f"what it builds on is not so: {step.name}: {findings[0].actual}"
                return
    except UnjudgeableError as problem:
        outcome.reason = outcome.reason or str(problem)
        outcome.excused = isinstance(problem, ExcusedError)
        return
    if findings and await _not_served_anyway(session, case, step, view):
        outcome.reason = f"the request of {step.name} is not served by itself either ({view.status})"
        return
    if findings:
        outcome.breaches.setdefault(case.clause, []).extend(findings)
        return
    for clause, extra in step.also:
        if session.tally(clause) is not None:
            try:
                outcome.add(clause, check(extra, view, scene))
            except UnjudgeableError:
                continue


async def _not_served_anyway(session: Session, case: Case, step: Step, view: View) -> bool:
    """
    Whether a refusal in the course of a case is only what the same request gets without the case around it.
    """
    clause = session.contract.clause(case.clause)
    if not {"success", "same_as", "refusal", "any_of"} & step.expect.keys():
        # What is asked of the answer is neither that it be a success nor how it be refused.
        return False
    if len(case.steps) == 1 or clause.accepts or not view.refused or step.request is None or step.key != "main":
        return False
    if any(one.name == step.name and one.request is not None and waits(one.request) for one in case.steps):
        # What is about something that an earlier step made is nothing by itself.
        return False
    header = session.contract.operations[step.operation].idempotency_key
    headers = tuple(pair for pair in step.request.headers if pair[0].lower() != (header or "").lower())
    alone = replace(step, request=replace(step.request, headers=headers), key_header=header)
    answer = await session.send(alone)
    # A request that is there to be refused is refused alone as well, and that excuses nothing.
    return not (answer.success or refusal_matches(session, step, answer))


async def _nothing_to_judge(session: Session, step: Step, view: View, scene: Scene) -> str:
    """
    Return why an answer is no answer to the question; an empty text when it is one.
    """
    failure = view.exchange.failure
    if session.overloaded(view) and not await _input_is_to_blame(session):
        return f"the target stayed overloaded: {view.status} after {view.exchange.attempts} tries"
    if failure is not None and failure.kind is FailureKind.TOO_LARGE:
        # Wide vectors for thousands of inputs; so long an answer to a short request is never right.
        asked = len(view.exchange.request.body or b"")
        return f"the answer is larger than the suite reads ({failure.detail})" if asked > _MODEST else ""
    if step.until is not None and not step.due and view.success and not holds(step.until, view, scene):
        return f"what it waits for had not come after {step.within:g} seconds, and may come yet"
    return ""


async def _input_is_to_blame(session: Session) -> bool:
    """
    Whether the target serves a plain request, so that what looks like an overload is the answer to this request.
    """
    view = await session.plain(session.contract.default_operation)
    if view.success:
        session.client.doubt()
    return view.success


def _judge_group(case: Case, step: Step, views: list[View], scene: Scene, outcome: Outcome) -> None:
    assert step.of_all is not None
    if "at_most" in step.of_all:
        found = sum(1 for view in views if holds(step.of_all["where"], view, scene))
        most = step.of_all["at_most"]
        if found > most:
            outcome.add(
                case.clause,
                [
                    Finding(
                        f"at most {most} of {len(views)} answers that are new",
                        str(found),
                        "group",
                        "a client that sends twice is served, and charged, twice",
                    )
                ],
            )
    if "charge" in step.of_all:
        try:
            findings = check({"charge": step.of_all["charge"]}, views[-1], scene)
        except UnjudgeableError as problem:
            outcome.reason = outcome.reason or str(problem)
            return
        if findings:
            outcome.add(case.clause, findings)


def expects_success(case: Case) -> bool:
    """
    Whether the last step of a case asks for a success.
    """
    return bool(case.steps[-1].expect.get("success"))


def refusal_matches(session: Session, step: Step, view: View) -> bool:
    """
    Whether an answer is the refusal that a step expects.
    """
    argument = step.expect.get("refusal")
    if argument is None:
        return False
    return not list(refusal_of(argument, session.contract).judge(view, session.contract))
