"""
The plan: which cases a run fires, in which phase, and how many requests that takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from conformance.contract import Clause, Contract
from conformance.engine.session import Session
from conformance.engine.twins import twin_identity
from conformance.generate.case import Case, Gap
from conformance.generate.machine import sequences

__all__ = ["BUDGETS", "Effort", "Plan", "Window", "charged_requests", "make_plan", "special_requests"]


@dataclass(frozen=True, slots=True)
class Effort:
    """
    How much a budget word buys: at most *requests* in all (None: no limit of its own), *drawn* bodies, and *most*
    directed cases of a clause.
    """

    name: str
    requests: int | None
    drawn: int
    most: int
    heavy: int
    light: int


BUDGETS: Mapping[str, Effort] = {
    "quick": Effort("quick", 330, 0, 2, 1, 1),
    "standard": Effort("standard", None, 1500, 10_000, 4, 6),
    "deep": Effort("deep", None, 15_000, 10_000, 4, 20),
}
# What the controls, the proofs and the readings of the balance take, which no case counts.
_OVERHEAD = 45
# Enough for every operation and outcome, when only invariants are asked for.
_MOST_CARRIERS = 60


@dataclass(slots=True)
class Window:
    """
    A batch of refusals between two readings of the balance.
    """

    clause: Clause
    cases: list[Case]


@dataclass(slots=True)
class Plan:
    """
    The cases of a run by phase: *main* at once, *crowds* by themselves, *quiet* and *windows* one at a time around the
    balance, *clock* one at a time at the end, and *last* what a target may not outlive.
    """

    main: list[Case] = field(default_factory=list)
    crowds: list[Clause] = field(default_factory=list)
    quiet: list[Case] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    clock: list[Case] = field(default_factory=list)
    last: list[Case] = field(default_factory=list)
    neighbours: list[Clause] = field(default_factory=list)
    bursts: list[Clause] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    @property
    def cases(self) -> int:
        inside = sum(len(window.cases) for window in self.windows)
        single = (self.main, self.crowds, self.quiet, self.clock, self.bursts, self.neighbours, self.last)
        return inside + sum(len(cases) for cases in single)

    def all(self) -> Iterator[Case]:
        """
        Yield every directed case.
        """
        yield from self.main
        yield from self.quiet
        for window in self.windows:
            yield from window.cases
        yield from self.clock
        yield from self.last


def make_plan(session: Session, clauses: list[Clause], effort: Effort) -> Plan:
    """
    Return the plan for the selected clauses.
    """
    plan = Plan()
    pools: list[tuple[Clause, list[Case]]] = []
    for clause in clauses:
        if clause.unless == "canary_over_http" and session.canary_proven and session.canary is not None:
            if session.canary.base_url.startswith("http:"):
                plan.gaps.append(
                    Gap(
                        clause.id,
                        "",
                        "",
                        "witnesses.canary.public_url: an https address (a target that takes the "
                        "suite's http canary has its URL policy switched off)",
                    )
                )
                continue
        pools.append((clause, _directed(session, clause, effort, plan)))
        _special(session, clause, effort, plan)
    for clause in carriers(session.contract, clauses):
        pools.append((clause, _directed(session, clause, replace(effort, most=1), plan)))
    chosen = _afford(pools, plan, effort, session.contract)
    for clause, cases in chosen:
        for case in cases:
            _phase(plan, case, clause).append(case)
    shared = [case for case in plan.main if _shareable(case)]
    session.shareable.update(twin_identity(case, case.steps[0]) for case in shared)
    # They come first, so that whoever waits for one of them waits for a case that has begun.
    plan.main.sort(key=lambda case: not _shareable(case))
    return plan


def _shareable(case: Case) -> bool:
    """
    Whether a case is one plain request that has to be served, as a twin is.
    """
    step = case.steps[0]
    plain = step.request is not None and step.request.connection == "pooled" and step.times == 1 and not step.tokens
    return plain and len(case.steps) == 1 and case.twin is None and ("success" in step.expect or bool(case.or_refused))


def carriers(contract: Contract, selected: list[Clause]) -> list[Clause]:
    """
    Return clauses that are not selected themselves but whose exchanges the selected ones are judged on: an invariant,
    or a clause that rides along with others, has no requests of its own.
    """
    ids = {clause.id for clause in selected}
    if len(ids) == len(contract.clauses):
        return []
    carried = {rider for clause in selected for case in clause.cases for step in case.steps for rider, _ in step.also}
    riders = {clause.id for clause in selected if not _own_requests(clause)} - carried
    invariants = any(clause.on is not None for clause in selected)
    found: list[Clause] = []
    for clause in contract.clauses:
        if clause.id in ids or not clause.cases or clause.alone:
            continue
        rides = any(rider in riders for case in clause.cases for step in case.steps for rider, _ in step.also)
        if rides or (invariants and not clause.needs and len(found) < _MOST_CARRIERS):
            found.append(clause)
    return found


def _own_requests(clause: Clause) -> bool:
    special = (clause.window, clause.crowd, clause.machine, clause.burst, clause.race, clause.hangup)
    return bool(clause.cases) or any(special)


def _directed(session: Session, clause: Clause, effort: Effort, plan: Plan) -> list[Case]:
    cases: list[Case] = []
    if clause.cases:
        # Cases are made as they are asked for, so a small budget never builds the large ones.
        for made in islice(session.shop.cases(clause), effort.most):
            if isinstance(made, Gap):
                plan.gaps.append(made)
            else:
                cases.append(made)
    elif clause.machine:
        missing = [supply for need in clause.needs if (supply := session.available(need)) is not None]
        if missing:
            plan.gaps.append(Gap(clause.id, "", "", "\n".join(missing)))
            return []
        count = clause.machine["sequences"][effort.name]
        templates = tuple(sequences(clause, count=count, seed=session.seed))
        cases.extend(made for made in session.shop.cases(clause, templates) if isinstance(made, Case))
    return cases


def _special(session: Session, clause: Clause, effort: Effort, plan: Plan) -> None:
    if not (clause.window or clause.crowd or clause.burst or clause.race or clause.hangup):
        return
    missing = [supply for need in clause.needs if (supply := session.available(need)) is not None]
    if missing:
        plan.gaps.append(Gap(clause.id, "", "", "\n".join(missing)))
        return
    if clause.crowd:
        plan.crowds.append(clause)
    if clause.burst:
        plan.bursts.append(clause)
    if clause.race or clause.hangup:
        plan.neighbours.append(clause)
    if clause.window:
        heavy = [t for t in clause.window if t.name.startswith("heavy")]
        rest = [t for t in clause.window if not t.name.startswith("heavy")]
        # On a balance that is rounded, only a heavy request could be seen to cost anything.
        rough = session.ledger is not None and session.ledger.rough
        wanted = ((heavy, effort.heavy), ([] if rough and heavy else rest, effort.light))
        cases: list[Case] = []
        for templates, most in wanted:
            for made in islice(session.shop.cases(clause, tuple(templates)), most):
                if isinstance(made, Case):
                    cases.append(made)
                elif made.reason or made.supply:
                    plan.gaps.append(made)
        if cases:
            plan.windows.append(Window(clause, cases))


def _afford(
    pools: list[tuple[Clause, list[Case]]], plan: Plan, effort: Effort, contract: Contract
) -> list[tuple[Clause, list[Case]]]:
    """
    Choose cases within the effort: first one of each clause, then a second of each, and so on, while requests last.
    """
    if effort.requests is None:
        return [(clause, cases[: effort.most]) for clause, cases in pools]
    left = effort.requests - _OVERHEAD - special_requests(plan)
    twins: set[bytes] = set()
    chosen: dict[str, list[Case]] = {clause.id: [] for clause, _ in pools}
    for turn in range(effort.most):
        for clause, cases in pools:
            if turn >= len(cases):
                continue
            case = cases[turn]
            cost = case.sends + 2 * sum(1 for step in case.steps if "charge" in step.expect or step.of_all)
            if case.twin is not None and case.twin.request is not None:
                body = (case.twin.operation.encode() + (case.twin.request.body or b"")).replace(
                    case.nonce.encode(), b""
                )
                if body not in twins:
                    cost += 1
                    twins.add(body)
            if turn == 0 or cost <= left:
                left -= cost
                chosen[clause.id].append(case)
    return [(clause, chosen[clause.id]) for clause, _ in pools]


def special_requests(plan: Plan) -> int:
    """
    Return about how many requests windows, crowds and bursts take.
    """
    windows = sum(len(window.cases) + 1 for window in plan.windows)
    crowds = sum(c.crowd["texts"] * (1 + c.crowd["rounds"]["quick"]) for c in plan.crowds if c.crowd)
    bursts = sum(c.burst["times"] // 3 for c in plan.bursts if c.burst)
    return int(windows + crowds + bursts)


def _phase(plan: Plan, case: Case, clause: Clause) -> list[Case]:
    if clause.last:
        return plan.last
    if any(step.clock is not None for step in case.steps):
        return plan.clock
    if clause.alone or "ledger" in clause.needs or any("charge" in step.expect or step.settle for step in case.steps):
        return plan.quiet
    return plan.main


def charged_requests(contract: Contract, plan: Plan) -> int:
    """
    Return how many of a plan's requests a conforming server charges for.
    """
    count = 0
    for case in plan.all():
        for step in case.steps:
            if step.request is not None and contract.operations[step.operation].charge and _served(step.expect):
                count += step.times
    return count


def _served(expect: Mapping[str, Any]) -> bool:
    return bool(expect.get("success")) and expect.get("charge") != 0
