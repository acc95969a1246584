"""
Cases about the clock, side by side: the target's time is advanced once for all that wait for the same hour.
"""

from __future__ import annotations

import asyncio

from conformance.engine.execute import Outcome, attempt
from conformance.engine.session import Session
from conformance.engine.settle import run_case
from conformance.errors import IncompleteError
from conformance.generate.case import Case, refreshed
from conformance.witness.clock import Clock, ClockError

__all__ = ["Timeline", "run_clock"]


class Timeline:
    """
    The target's time as *size* cases share it. Each advances as if it were alone; the clock moves only when all of them
    wait for it, and then to the next moment that one of them waits for.
    """

    def __init__(self, clock: Clock, size: int) -> None:
        self._clock = clock
        self._going = size
        self._now = 0.0
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []

    async def advance(self, seconds: float) -> None:
        """
        Return when so many *seconds* have passed at the target. Raises ClockError when its clock can't be moved.
        """
        due: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._now + seconds, due))
        await self._move()
        await due

    async def leave(self) -> None:
        """
        Go on without a case that has ended.
        """
        self._going -= 1
        await self._move()

    async def _move(self) -> None:
        if not self._waiting or len(self._waiting) < self._going:
            return
        moment = min(when for when, _ in self._waiting)
        ready = [due for when, due in self._waiting if when == moment]
        self._waiting = [(when, due) for when, due in self._waiting if when != moment]
        try:
            await self._clock.advance(moment - self._now)
        except (ClockError, IncompleteError) as problem:
            for due in ready:
                due.set_exception(problem)
            return
        self._now = moment
        for due in ready:
            due.set_result(None)


async def run_clock(session: Session, cases: list[Case]) -> list[Case]:
    """
    Run *cases* side by side, and count those that showed something; returns those to be fired again, by themselves.
    Raises BudgetSpent.
    """
    if session.clock is None or len(cases) < 2:
        return cases
    timeline = Timeline(session.clock, len(cases))

    async def go(case: Case) -> Outcome:
        try:
            return await attempt(session, case, timeline=timeline)
        finally:
            await timeline.leave()

    ended = await asyncio.gather(*(go(case) for case in cases), return_exceptions=True)
    left: list[Case] = []
    for case, outcome in zip(cases, ended, strict=True):
        if isinstance(outcome, IncompleteError) or not isinstance(outcome, (Outcome, Exception)):
            raise outcome
        if isinstance(outcome, Outcome) and not outcome.reason:
            await run_case(session, case, first=outcome)
        else:
            # What had no chance beside the others, and a fault of our own, show again by themselves.
            left.append(refreshed(case, session.shop.nonce()))
    return left
