"""
The pace of a run: how many requests a second, and how many at once.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

from conformance.errors import Fault, UsageError

__all__ = ["Pace"]

# A sleep ends a little late. So much lateness, in seconds, is made up for, so that the rate is met on
# average; it is too short to let a burst through.
_CREDIT = 0.01


class Pace:
    """
    A context around each sending that holds it back until its turn.

    *requests_per_second* None means no limit of rate. The first request starts at once; later ones have a
    fixed distance, so unused time is never saved up for a burst. One Pace serves one event loop.
    """

    __slots__ = ("_next", "_room", "distance", "in_flight", "requests_per_second")

    def __init__(self, requests_per_second: float | None = None, in_flight: int = 16) -> None:
        if requests_per_second is not None and not 0 < requests_per_second < float("inf"):
            got = f"{requests_per_second}"
            raise UsageError(
                Fault("the pace has no usable rate", where="requests_per_second", got=got, expected="over 0")
            )
        if in_flight < 1:
            raise UsageError(
                Fault(
                    "the pace lets nothing through",
                    where="in_flight",
                    got=f"{in_flight}",
                    expected="1 or more",
                )
            )
        self.requests_per_second = requests_per_second
        self.in_flight = in_flight
        # In seconds, between two requests; 0 without a rate.
        self.distance = 0.0 if requests_per_second is None else 1.0 / requests_per_second
        self._next = 0.0
        self._room = asyncio.Semaphore(in_flight)

    async def __aenter__(self) -> None:
        await self._room.acquire()
        if not self.distance:
            return
        now = asyncio.get_running_loop().time()
        turn = max(now - min(_CREDIT, self.distance), self._next)
        if not self._next:
            turn = now
        self._next = turn + self.distance
        if turn > now:
            try:
                await asyncio.sleep(turn - now)
            except BaseException:
                self._room.release()
                raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._room.release()
