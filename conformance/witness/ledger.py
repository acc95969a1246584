"""
The ledger: a balance that is read before and after, to see what a request cost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["Ledger", "LedgerError", "Reading"]

Read = Callable[[], Awaitable["Reading"]]

_SETTLE = 3.0
_STEP = 0.02
_REST = 0.4
_ROUND = 4
_LATE = 0.05
_USUAL = 1.5


class LedgerError(Exception):
    """
    Raised when the balance can't be read, or moves by itself.
    """


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One reading of the balance: the number, and how it was written, which tells its precision; *pulse* is a number that
    every request moves, whatever it costs.
    """

    value: float
    text: str
    pulse: float | None = None

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
        self._opened = 0.0
        self.lag = 0.0
        self.decimals = 0
        self.readings = 0
        self._rounded = False
        self._pulse: float | None = None
        self._first_pulse: float | None = None
        self._fastest = float("inf")

    async def read(self) -> float:
        """
        Return the balance. Raises LedgerError.
        """
        began = time.monotonic()
        reading = await self._read()
        self._fastest = min(self._fastest, time.monotonic() - began)
        self.readings += 1
        self.decimals = max(self.decimals, reading.decimals)
        self._pulse = reading.pulse
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

    async def open(self) -> None:
        """
        Read the balance for the first time, before anything is charged. Raises LedgerError.
        """
        self._opened = await self.read()
        self._first_pulse = self._pulse

    async def prove(self, charged: float, *, since: float | None = None) -> None:
        """
        See the balance lose what all requests since the opening were said to cost (*charged*), and learn from that how
        long a charge takes to show and how exactly it can be known.

        A balance that loses something else is believed as well, once it rests: that its losses differ from what the
        answers say is for the clauses about charges. *since* is when the last charge was answered (`time.monotonic`).

        Raises:
            LedgerError: when the balance does not move, or never rests.
        """
        began = time.monotonic() if since is None else since
        waited, rested = 0.0, 0.0
        value = await self.read()
        # A first reading that takes longer than others can't tell how early the charge showed.
        late = time.monotonic() - began
        lag = late if late > max(_LATE, _USUAL * self._fastest) else 0.0
        while not self._matches(value, charged) and waited < _SETTLE and (rested < _REST or value == self._opened):
            await asyncio.sleep(_STEP)
            waited += _STEP
            before, value = value, await self.read()
            rested = rested + _STEP if value == before else 0.0
            if value != before:
                lag = time.monotonic() - began
        if value > self._opened + self.tolerance:
            raise LedgerError("it gains where a served request should take from it; is it a count of what was used?")
        if value == self._opened and self._beats():
            # Its owner counts the requests and takes nothing for them: that is for the clauses about charges.
            return
        if value == self._opened:
            raise LedgerError("the balance does not move although served requests report a cost")
        if rested < _REST and not self._matches(value, charged):
            raise LedgerError("the balance never rests; other traffic uses the same account")
        self.lag = lag
        self._rounded = abs(self._opened - value - charged) > self.tolerance

    def _beats(self) -> bool:
        return self._pulse is not None and self._first_pulse is not None and self._pulse != self._first_pulse

    def _matches(self, value: float, charged: float) -> bool:
        return value != self._opened and abs(self._opened - value - charged) <= self.tolerance * 20

    @property
    def pulse(self) -> float | None:
        """
        What the last reading said of the number that every request moves, or None.
        """
        return self._pulse

    @property
    def tolerance(self) -> float:
        # A cost that is rounded to six decimals may differ from a finer balance by half a unit of its last one. A
        # balance that never showed more than a few decimals is taken for rounded, until a reading shows more.
        if self._rounded and self.decimals <= _ROUND:
            return 10.0**-self.decimals + 1e-9
        return 6e-7 + 1e-12 * abs(self._opened)

    @property
    def rough(self) -> bool:
        """
        Whether the balance is rounded so much that small charges don't show.
        """
        return self.tolerance > 1e-4

    @property
    def margin(self) -> float:
        """
        How far what a window cost may be from the difference of two readings, each of which may be rounded.
        """
        return self.tolerance * (2 if self.rough else 1)
