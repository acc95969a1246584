"""
The gate that a whole client waits at while its target is overloaded.
"""

from __future__ import annotations

import asyncio

__all__ = ["Gate"]

_SLOWEST = 1.0
_FIRST_GAP = 0.005
_NO_GAP = 0.002


class Gate:
    """
    Open until an overload closes it for a while; afterwards requests pass one by one, faster with each
    success.

    The limit that a 429 tells of belongs to the account, and a 503 to the server, so waiting with one request
    while others go on would only make it worse. And if all went on at the same moment, they would be refused
    together again.
    """

    __slots__ = ("_closed_until", "_floor", "_gap", "_next")

    def __init__(self, *, distance: float = 0.0) -> None:
        """
        *distance* is the pace's own distance between requests in seconds; after a closing they never come
        closer.
        """
        self._floor = max(distance, _NO_GAP)
        self._closed_until = 0.0
        self._next = 0.0
        self._gap = 0.0

    async def wait(self) -> None:
        """
        Return when it is the caller's turn.
        """
        if not self._gap and not self._closed_until:
            return
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            turn = max(now, self._closed_until, self._next)
            self._next = turn + self._gap
            if turn <= now:
                return
            await asyncio.sleep(turn - now)
            # It may have been closed again in the meantime.
            if self._closed_until <= loop.time():
                return

    def close(self, *, seconds: float) -> float:
        """
        Close the gate for *seconds* from now, and return by how many seconds that is longer than before.
        """
        now = asyncio.get_running_loop().time()
        before = max(self._closed_until, now)
        if before <= now:
            # Answers that were on their way when the gate closed tell nothing new, so the gap grows once for
            # each closing.
            # A target that asks for no patience is not pressed less than it asks for.
            widest = max(min(_SLOWEST, seconds), self._floor)
            self._gap = min(max(self._gap, _FIRST_GAP, self._floor) * 2, widest)
            self._next = 0.0
        self._closed_until = max(before, now + seconds)
        return self._closed_until - before

    def ease(self) -> None:
        """
        Take note of an answer that was no overload.
        """
        if self._gap:
            self._gap = max(self._gap * 0.7, self._floor)
            # Those who still wait for their turn would all go at once if there were no gap any more.
            if self._gap <= self._floor and self._next <= asyncio.get_running_loop().time():
                self._gap = 0.0
        elif self._closed_until and self._closed_until <= asyncio.get_running_loop().time():
            self._closed_until = 0.0

    def open(self) -> None:
        """
        Stop holding anything back.
        """
        self._closed_until = self._next = self._gap = 0.0
