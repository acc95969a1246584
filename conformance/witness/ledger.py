"""
The ledger: a balance that is read before and after, to see what a request cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Ledger", "LedgerError", "Reading"]

Read = Callable[[], Awaitable["Reading"]]

_SETTLE = 3.0
_STEP = 0.02


class LedgerError(Exception):
    """
    Raised when the balance can't be read, or moves by itself.
    """


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One reading of the balance: the number, and how it was written, which tells its precision.
    """

    value: float
    text: str

    @property
    def decimals(self) -> int:
        return len(self.text.partition(".")[2]) if "." in self.text and "e" not in self.text.lower() else 0


class Ledger:
    """
    A balance that is believed only after a charged request has been seen to move it.

    *lag* is in seconds: how long a charge takes to show. *tolerance* is how exactly a charge can be known: half a unit
    of the last decimal that was ever seen, twice (before and after), or 6e-7 where the balance is written in full.
    """

    def __init__(self, read: Read, *, sent: Callable[[], int]) -> None:
        """
        *read* asks the target for its balance, *sent* tells how many requests were sent so far.
        """
        self._read = read
        self._sent = sent
        self._rested: tuple[int, float] | None = None
        self.lag = 0.0
        self.decimals = 0
        self.readings = 0
        self.tolerance = 6e-7

    async def read(self) -> float:
        """
        Return the balance. Raises LedgerError.
        """
        reading = await self._read()
        self.readings += 1
        self.decimals = max(self.decimals, reading.decimals)
        return reading.value

    async def settled(self) -> float:
        """
        Return the balance after any charge that is still under way had time to show. Raises LedgerError.
        """
        if self._rested is not None and self._rested[0] == self._sent():
            # Nothing was sent since the last quiet reading, so the end of one window is the beginning of the next.
            return self._rested[1]
        if self.lag:
            await asyncio.sleep(self.lag * 1.5 + _STEP)
        value = await self.read()
        self._rested = self._sent(), value
        return value

    async def prove(self, charge: Callable[[], Awaitable[float | None]]) -> None:
        """
        See the balance rest, then move by a charged request (*charge* sends it and returns what the answer says it
        cost), and learn lag and precision from that.

        Raises:
            LedgerError: when it moves by itself, or doesn't move although the answer reports a cost.
        """
        before = await self.read()
        if await self.read() != before:
            raise LedgerError("the balance moves although nothing was sent; other traffic uses the same account")
        reported = await charge()
        if reported is None:
            raise LedgerError("the request that should prove the balance alive was not served")
        waited = 0.0
        after = await self.read()
        while after == before and waited < _SETTLE:
            await asyncio.sleep(_STEP)
            waited += _STEP
            after = await self.read()
        if after == before:
            raise LedgerError("the balance does not move although a served request reports a cost")
        self.lag = waited
        await asyncio.sleep(_STEP * 2 + waited)
        again = await self.read()
        if again != after:
            # The charge came in pieces, or late: wait for as long as it took, and once more.
            self.lag = waited + _STEP * 2
        rough = abs(abs(before - again) - reported)
        # A cost that is rounded to six decimals may differ from a finer balance by half a unit of its last one.
        self.tolerance = 6e-7 + 1e-12 * abs(before)
        if rough > self.tolerance and self.decimals <= 4:
            self.tolerance = 10.0**-self.decimals + 1e-9

    @property
    def rough(self) -> bool:
        """
        Whether the balance is rounded so much that small charges don't show.
        """
        return self.tolerance > 1e-4


def reading_of(value: Any, text: str) -> Reading:
    """
    Return a reading of a JSON number; raises LedgerError for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise LedgerError("the balance is no number")
    return Reading(float(value), text)
