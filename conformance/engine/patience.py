"""
Waiting for what a target does in its own time: a balance that settles, a job that ends, a medium that is fetched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from conformance.engine.session import Session
from conformance.generate.case import Step
from conformance.judge.predicates import holds
from conformance.judge.view import View

__all__ = ["awaited", "earlier", "fetches", "settled"]

_FETCH_GRACE = 0.25
_FETCH_STEP = 0.02
_SETTLE = 2.0
_SETTLE_STEP = 0.1
_POLL_FIRST = 0.05
_POLL_MOST = 5.0


def earlier(reference: str, steps: Mapping[str, View]) -> Any:
    """
    Return what an earlier step's answer holds at ``step:NAME:REFERENCE``, or None where there is no such step; or the
    time, in UTC, so many seconds from now (``now:-60``).
    """
    if reference.startswith("now:"):
        moment = datetime.now(timezone.utc) + timedelta(seconds=int(reference.removeprefix("now:")))
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    _, name, rest = reference.split(":", 2)
    return steps[name].resolve(rest, steps) if name in steps else None


async def awaited(session: Session, step: Step, steps: Mapping[str, View]) -> View:
    """
    Ask again, less and less often, until the answer is what the step waits for, or its time is up.
    """
    assert step.until is not None
    pause, deadline = _POLL_FIRST, time.monotonic() + step.within
    while True:
        view = await session.send(step)
        if time.monotonic() >= deadline or holds(step.until, view, session.scene(steps)):
            return view
        await asyncio.sleep(pause)
        pause = min(2 * pause, _POLL_MOST)


async def settled(session: Session, step: Step, steps: Mapping[str, View]) -> View:
    """
    Ask again until the answer is as expected, or has had time enough to become so.
    """
    waited = 0.0
    while True:
        view = await session.send(step)
        if waited >= _SETTLE or holds(step.expect, view, session.scene(steps)):
            return view
        await asyncio.sleep(_SETTLE_STEP)
        waited += _SETTLE_STEP


async def fetches(session: Session, step: Step) -> dict[str, int]:
    """
    Return how often each of a step's canary URLs was fetched, once there was time for it.
    """
    assert session.canary is not None
    waited = 0.0
    wanted = step.expect["fetched"]
    while waited < _FETCH_GRACE or (wanted == "all" and waited < 8 * _FETCH_GRACE):
        counts = {token: session.canary.fetches(token) for token in step.tokens}
        if (wanted == "all" and all(counts.values())) or (wanted == "none" and any(counts.values())):
            return counts
        await asyncio.sleep(_FETCH_STEP)
        waited += _FETCH_STEP
    return {token: session.canary.fetches(token) for token in step.tokens}
