"""
Clauses about many at once: a crowd of clients that each check their own answers, and a burst that empties a bucket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from conformance.contract import Clause
from conformance.contract.model import StepTemplate
from conformance.engine.execute import Outcome
from conformance.engine.session import Session
from conformance.engine.settle import settle, write_case
from conformance.generate.case import Case, Step, stamped
from conformance.generate.forms import words
from conformance.judge.invariants import judge_invariants
from conformance.judge.predicates import check, in_statuses
from conformance.judge.scene import UnjudgeableError
from conformance.judge.view import View
from conformance.wire.client import retry_after

__all__ = ["run_burst", "run_crowd"]

_TOO_MANY = 429
# A burst of so few is no burst, but one question that must not meet the target's limit by chance.
_FEW = 9
_PATIENCE = 2.0
# How many of a longer burst are under way at once.
_ABREAST = 4
# Of texts that are asked for so often, every sixth is asked for alone as well.
_OFTEN = 10
_SAMPLED = 6
# So many answers of an overload, one after the other, are asked about.
_IN_A_ROW = 5
_ROUNDS = 2


def _texts(count: int) -> list[str]:
    """
    Return texts of different lengths and scripts, each of which has a vector of its own.
    """
    scripts = ["", " 日本語の文", " émigré naïveté", " 🚀🌍", " Дом и сад"]
    return [
        f"Client {i + 1} asks about {words(3 + 7 * i)[7 * i % 11 :]}{scripts[i % len(scripts)]}." for i in range(count)
    ]


async def run_crowd(session: Session, clause: Clause, rounds: int) -> None:
    """
    Ask for texts alone, then for all of them at once and again and again, and compare every answer with its own.

    Where every text is asked for often, a sixth of them are asked for alone, and the others are held against their own
    first answer: it would show in those whether a crowd gets other answers than one client, and in all of them whether
    answers go astray.
    """
    every = _SAMPLED if rounds >= _OFTEN else 1
    outcome = await _crowd(session, clause, rounds, alone=every)
    if every > 1 and outcome.breaches:
        # What each text gets alone says which of two answers is the wrong one.
        again = await _crowd(session, clause, rounds, alone=1)
        if again.reason:
            # It is not served alone either, so that the crowd is not to blame; what else was seen stays.
            again.breaches = {name: found for name, found in outcome.breaches.items() if name != clause.id}
        outcome = again if again.reason or again.breaches.keys() >= outcome.breaches.keys() else outcome
    settle(session, outcome, seen=1, of=1)
    write_case(session, outcome, seen=1, of=1)
    session.done += 1


async def _crowd(session: Session, clause: Clause, rounds: int, *, alone: int) -> Outcome:
    """
    Return what a crowd showed, with every *alone*-th of its texts asked for alone before.
    """
    spec: Any = clause.crowd
    shop = session.shop
    nonce = shop.nonce()
    steps: list[Step] = []
    for index, text in enumerate(_texts(spec["texts"])):
        env = shop.environment(nonce, {"text": text})
        steps.append(shop.step(StepTemplate(f"reference{index + 1}", spec["send"], spec["reference"]), env))
    outcome = Outcome(Case(f"{clause.id}/crowd", clause.id, tuple(steps), nonce))
    references: dict[int, View] = {}
    for index in range(0, len(steps), alone):
        view = await session.send(steps[index])
        if not view.success or not view.vectors:
            # One in many may be refused by chance, which must not hide what the crowd is about to show.
            view = await session.send(steps[index])
        if not view.success or not view.vectors:
            outcome.reason = "a text of the crowd is not served when it is asked for alone"
            return outcome
        references[index] = view
        outcome.views.append((steps[index].name, view))
    limit = asyncio.Semaphore(spec["clients"])
    wrong: list[int] = []

    async def ask(index: int) -> None:
        async with limit:
            view = await session.send(replace(steps[index], name="crowd"))
        # The next in line is sent before this answer is looked at.
        await asyncio.sleep(0)
        if index not in references and view.success and view.vectors:
            references[index] = view
        if _judge(session, clause, spec, view, references.get(index, view), outcome):
            wrong.append(index)
            if len(wrong) <= 3:
                outcome.views.append((f"client{index + 1}", view))
        elif references.get(index) is not view:
            view.drop()

    # Neighbours in time are different texts, and every text meets every other one.
    order = [(index + turn) % len(steps) for turn in range(rounds) for index in range(len(steps))]
    await asyncio.gather(*(ask(index) for index in order))
    if wrong:
        tally = session.tally(clause.id)
        if tally is not None:
            tally.seen, tally.repeated = len(wrong), len(order)
        kept = [pair for pair in outcome.views if pair[0].startswith("client")]
        outcome.views = kept or outcome.views
    return outcome


def _judge(session: Session, clause: Clause, spec: Any, view: View, reference: View, outcome: Outcome) -> bool:
    scene = session.scene({"reference": reference})
    broken = False
    for name, findings in judge_invariants(session.invariants, view, scene):
        outcome.add(name, findings)
        broken = broken or bool(findings)
    if session.overloaded(view):
        return False
    try:
        findings = check(spec["expect"], view, scene)
    except UnjudgeableError:
        return broken
    if findings:
        outcome.breaches.setdefault(clause.id, []).extend(findings)
    return broken or bool(findings)


async def _only_for_this_key(session: Session, ask: Callable[[], Awaitable[View]]) -> bool:
    """
    Whether a key goes on being told that the target is overloaded while another is served: then it met its limit.
    """
    for _ in range(_ROUNDS):
        if not (await session.plain(session.contract.default_operation)).success or not session.overloaded(await ask()):
            return False
    return True


async def run_burst(session: Session, clause: Clause) -> None:
    """
    Send a request again and again, without patience, until the target asks for it; then judge how it asks.
    """
    spec: Any = clause.burst
    shop = session.shop
    nonce = shop.nonce()
    step = shop.step(StepTemplate("burst", spec["send"], spec["expect"]), shop.environment(nonce))
    case = Case(f"{clause.id}/burst", clause.id, (step,), nonce)
    outcome = Outcome(case)
    assert step.request is not None
    operation = session.contract.operations[step.operation]
    outcome.reason = f"{spec['times']} requests in a row did not empty the bucket"
    abreast = 1 if spec["times"] <= _FEW else min(_ABREAST, session.target.in_flight)

    async def ask() -> View:
        assert step.request is not None
        request = stamped(step.request, step.key_header, session.fresh_key())
        exchange = await session.client.send(request, retry=False)
        session.clean(exchange)
        return View(exchange, operation, step.body, key=step.key)

    answers: list[View] = []
    busy = 0
    for sent in range(spec["times"]):
        if not answers:
            answers.extend(await asyncio.gather(*(ask() for _ in range(min(abreast, spec["times"] - sent)))))
        view = answers.pop(0)
        if view.status == _TOO_MANY and spec["times"] <= _FEW and view.exchange.header("retry-after"):
            # It is asked a few times only, about something else than limits, and the target says when to come back.
            outcome.reason = "the target asks for patience each time"
            await asyncio.sleep(min(retry_after(view.exchange.header("retry-after")) or 0.0, _PATIENCE))
            continue
        if spec["times"] > _FEW and session.overloaded(view):
            # What is behind the target may be busy, which says nothing of this key's limit.
            busy += 1
            if busy != _IN_A_ROW or "refusal" not in step.expect or not await _only_for_this_key(session, ask):
                continue
        elif not in_statuses(view.status, spec["until"]["status"]):
            busy = 0
            continue
        outcome.views.append(("burst", view))
        outcome.reason = ""
        # That it is an overload's status is what the clause itself is about.
        for name, findings in () if busy else judge_invariants(session.invariants, view, session.scene()):
            outcome.add(name, findings)
        try:
            outcome.add(clause.id, check(step.expect, view, session.scene()))
        except UnjudgeableError as problem:
            outcome.reason = str(problem)
        break
    settle(session, outcome, seen=1, of=1)
    write_case(session, outcome, seen=1, of=1)
    session.done += 1
