"""
Clauses about what one client's request does to another's: waiting for it, and ending with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.contract import Clause
from conformance.contract.model import StepTemplate
from conformance.engine.execute import Outcome
from conformance.engine.session import Session
from conformance.engine.settle import settle, write_case
from conformance.exchange import Request
from conformance.generate.case import Case, Step
from conformance.judge.view import View
from conformance.verdict import Finding

__all__ = ["run_hangup", "run_race"]

_ROUNDS = 3
# When the small request sets out, as a part of the time that the large one takes.
_START = 0.2
# When those who hang up do so, as shares of the time that the request beside them takes; at least so many seconds.
_HANGUPS = (0.1, 0.3, 0.5, 0.7)
_PATIENCE = 0.03
# How many items a first try has, how long the large request is to take (seconds), and how many it may have at most.
_FEW, _GOAL, _MOST = 20, 1.6, 1500
_SLOW = 3.0


def _steps(
    session: Session, clause: Clause, names: tuple[str, str], sends: tuple[Mapping[str, Any], Mapping[str, Any]], n: int
) -> Case:
    shop = session.shop
    nonce = shop.nonce()
    made = tuple(
        shop.step(StepTemplate(name, send, {"success": True}), shop.environment(nonce, {"n": n}))
        for name, send in zip(names, sends, strict=True)
    )
    return Case(f"{clause.id}/{names[0]}", clause.id, made, nonce)


async def _sized(
    session: Session, clause: Clause, names: tuple[str, str], sends: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> tuple[Case, float]:
    """
    Return the case with its ``$n`` so chosen that its first request takes about as long as this needs, and the seconds
    that a first try of it took: a server on a processor and one on a fast card are asked for very different amounts.
    """
    case = _steps(session, clause, names, sends, _FEW)
    _, began, ended = await _timed(session, case.steps[0])
    spent = max(ended - began, 1e-4)
    n = min(_MOST, max(_FEW, int(_FEW * _GOAL / spent)))
    return _steps(session, clause, names, sends, n), spent


async def _timed(session: Session, step: Step) -> tuple[View, float, float]:
    began = time.monotonic()
    view = await session.send(step)
    view.drop()
    return view, began, time.monotonic()


def _end(session: Session, outcome: Outcome) -> None:
    settle(session, outcome, seen=1, of=1)
    write_case(session, outcome, seen=1, of=1)
    session.done += 1


async def run_race(session: Session, clause: Clause) -> None:
    """
    Send a large request and, while it is under way, a small one; the small one must not wait for the large one's end.
    It is broken only when that happens each time.
    """
    assert clause.race is not None
    case, _ = await _sized(session, clause, ("large", "small"), (clause.race["large"], clause.race["small"]))
    outcome = Outcome(case)
    large, small = case.steps
    alone, began, ended = await _timed(session, large)
    quick, small_began, small_ended = await _timed(session, small)
    spent, least = ended - began, float(clause.race["least"])
    if not (alone.success and quick.success):
        outcome.reason = "one of its two requests is not served by itself"
    elif spent < least:
        outcome.reason = f"the large request takes only {spent:.2f} s, too short to tell who waits for whom"
    waits: list[float] = []
    while not outcome.reason and len(waits) < _ROUNDS:
        running = asyncio.ensure_future(_timed(session, large))
        await asyncio.sleep(_START * spent)
        view, sent, answered = await _timed(session, replace(small, request=_fresh(small)))
        _, _, done = await running
        outcome.views = [("small", view)]
        if not view.success or sent >= done:
            outcome.reason = "the small request could not be sent while the large one ran"
        elif answered < done - 0.1 * spent:
            break
        waits.append(answered - sent)
    if not outcome.reason and len(waits) == _ROUNDS:
        outcome.add(
            clause.id,
            [
                Finding(
                    "an answer to the small request before the large one is done",
                    f"it waits {min(waits):.2f} s, each time until the large one is done; alone it takes "
                    f"{small_ended - small_began:.3f} s",
                    "time",
                    "one client's large request keeps everybody else waiting",
                )
            ],
        )
    _end(session, outcome)


def _fresh(step: Step) -> Request:
    assert step.request is not None
    return replace(step.request, connection="fresh")


async def _once(session: Session, step: Step) -> View:
    # A lost answer is what this is about, so nobody asks again.
    assert step.request is not None
    exchange = await session.client.send(step.request, retry=False)
    session.clean(exchange)
    return View(exchange, session.contract.operations[step.operation], step.body, key=step.key)


async def run_hangup(session: Session, clause: Clause) -> None:
    """
    Send a request, and beside it others whose clients hang up; it has to be answered as if they had never come.
    """
    assert clause.hangup is not None
    case, first = await _sized(session, clause, ("kept", "given_up"), (clause.hangup["send"], clause.hangup["beside"]))
    outcome = Outcome(case)
    kept, given_up = case.steps
    assert given_up.request is not None
    leaving = replace(given_up.request, connection="fresh")
    began = time.monotonic()
    alone = await session.send(kept)
    takes = time.monotonic() - began
    alone.drop()
    if not alone.success:
        outcome.reason = "its request is not served by itself"
    elif first > _SLOW:
        outcome.reason = f"a small request takes {first:.1f} s already, so those who leave would hold it up for long"
    met = 0
    for _ in range(clause.hangup["rounds"]):
        if outcome.reason or outcome.breaches:
            break
        # On a connection that was used before, a lost answer would be taken for a stale one, and asked for again.
        running = asyncio.ensure_future(_once(session, replace(kept, request=_fresh(kept))))
        await asyncio.sleep(0.005)
        gone = await asyncio.gather(
            *(
                session.client.send(leaving, retry=False, patience=max(_PATIENCE, share * takes))
                for share in _HANGUPS
            )
        )
        met += any(exchange.failure is not None for exchange in gone)
        view = await running
        outcome.views = [("kept", view)]
        if view.status in session.contract.transient.get("statuses", ()):
            continue
        if not view.success:
            lost = view.exchange.failure
            shown = f"no answer ({lost.kind.value})" if lost is not None else str(view.status)
            outcome.add(
                clause.id,
                [
                    Finding(
                        "the answer that the request gets when nobody hangs up",
                        shown,
                        "status",
                        "whoever hangs up ends the requests of others",
                    )
                ],
            )
        else:
            view.drop()
    if not outcome.reason and not outcome.breaches and not met:
        outcome.reason = "every answer came before anybody could hang up"
    _end(session, outcome)
