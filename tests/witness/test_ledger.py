"""
The ledger: believed only when it was seen to move, and only as exactly as it is written.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from conformance.witness.ledger import Ledger, LedgerError, Reading, reading_of


class Bank:
    """
    A balance that shows a charge after *lag* seconds, rounded to *decimals*; *drift* is lost at every reading.
    """

    def __init__(self, *, lag: float = 0.0, decimals: int | None = None, drift: float = 0.0, frozen: bool = False, steps: int = 1) -> None:
        self.lag, self.decimals, self.drift, self.frozen, self.steps = lag, decimals, drift, frozen, steps
        self.balance = 1000.0
        self.due: list[tuple[float, float]] = []
        self.sent = 0
        self.readings = 0
        self.ledger = Ledger(self.read, sent=lambda: self.sent)

    async def read(self) -> Reading:
        self.sent += 1
        self.readings += 1
        self.balance -= self.drift
        now = time.monotonic()
        for moment, cost in [item for item in self.due if item[0] <= now]:
            self.due.remove((moment, cost))
            self.balance -= cost
        shown = self.balance if self.decimals is None else round(self.balance, self.decimals)
        return Reading(shown, repr(shown) if self.decimals is None else f"{shown:.{self.decimals}f}")

    def charge(self, cost: float) -> None:
        self.sent += 1
        if not self.frozen:
            for step in range(self.steps):
                self.due.append((time.monotonic() + self.lag * (1 + step), cost / self.steps))

    async def prove(self, cost: float | None = 0.25) -> None:
        async def send() -> float | None:
            if cost is not None:
                self.charge(cost)
            return cost

        await self.ledger.prove(send)

    async def lost(self, cost: float) -> float:
        before = await self.ledger.settled()
        self.charge(cost)
        return before - await self.ledger.settled()


def play(part: Any) -> Any:
    return asyncio.run(part)


def test_a_balance_that_moves_by_what_is_reported_is_exact() -> None:
    bank = Bank()
    play(bank.prove())
    assert bank.ledger.tolerance < 1e-5
    assert not bank.ledger.rough
    assert bank.ledger.lag < 0.05
    assert play(bank.lost(0.000019)) == pytest.approx(0.000019, abs=1e-7)
    assert play(bank.lost(0)) == 0


@pytest.mark.parametrize("lag", [0.06, 0.15])
def test_a_charge_that_shows_late_is_waited_for(lag: float) -> None:
    async def part() -> tuple[float, float]:
        bank = Bank(lag=lag)
        await bank.prove()
        return bank.ledger.lag, await bank.lost(0.5)

    learnt, lost = play(part())
    assert learnt == pytest.approx(lag, abs=0.1)
    assert lost == pytest.approx(0.5, abs=1e-6)


def test_a_charge_in_two_pieces_is_waited_for() -> None:
    async def part() -> float:
        bank = Bank(lag=0.05, steps=2)
        await bank.prove()
        await asyncio.sleep(0.1)
        return bank.ledger.lag

    assert play(part()) >= 0.05


@pytest.mark.parametrize("decimals", [2, 3])
def test_a_balance_that_is_rounded_is_as_rough_as_its_last_digit(decimals: int) -> None:
    bank = Bank(decimals=decimals)
    play(bank.prove(0.2512345))
    assert bank.ledger.tolerance == pytest.approx(10.0**-decimals, rel=0.01)
    assert bank.ledger.rough
    assert bank.ledger.decimals == decimals
    assert abs(play(bank.lost(0.2512345)) - 0.2512345) <= bank.ledger.tolerance


def test_a_balance_of_six_digits_is_not_rough() -> None:
    bank = Bank(decimals=6)
    play(bank.prove(0.2512345))
    assert not bank.ledger.rough


def test_a_balance_that_moves_by_itself_is_not_believed() -> None:
    with pytest.raises(LedgerError, match="other traffic"):
        play(Bank(drift=0.001).prove())


def test_a_balance_that_never_moves_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.witness.ledger._SETTLE", 0.1)
    with pytest.raises(LedgerError, match="does not move"):
        play(Bank(frozen=True).prove())


def test_a_charge_that_is_lost_in_the_rounding_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.witness.ledger._SETTLE", 0.1)
    with pytest.raises(LedgerError, match="does not move"):
        play(Bank(decimals=2).prove(0.0001))


def test_a_proof_that_is_not_served_proves_nothing() -> None:
    with pytest.raises(LedgerError, match="not served"):
        play(Bank().prove(None))


def test_a_fault_while_reading_is_passed_on() -> None:
    async def read() -> Reading:
        raise LedgerError("the balance can't be read")

    with pytest.raises(LedgerError, match="can't be read"):
        play(Ledger(read, sent=lambda: 0).settled())


def test_the_end_of_a_quiet_window_is_the_beginning_of_the_next() -> None:
    async def part() -> list[int]:
        bank = Bank()
        await bank.prove()
        counts = []
        for _ in range(3):
            await bank.ledger.settled()
            counts.append(bank.readings)
        bank.charge(0.1)
        await bank.ledger.settled()
        counts.append(bank.readings)
        return counts

    first, second, third, after = play(part())
    assert first == second == third
    assert after == first + 1


def test_what_was_sent_between_two_readings_is_seen() -> None:
    async def part() -> list[float]:
        bank = Bank()
        await bank.prove()
        return [round(await bank.lost(cost), 6) for cost in (0.1, 0, 0.2)]

    assert play(part()) == [0.1, 0, 0.2]


@pytest.mark.parametrize(("text", "decimals"), [("1", 0), ("1.0", 1), ("999.750000", 6), ("1e-05", 0), ("1.5E3", 0)])
def test_a_reading_tells_its_precision(text: str, decimals: int) -> None:
    assert Reading(float(text), text).decimals == decimals


def test_a_reading_is_a_number() -> None:
    assert reading_of(5, "5") == Reading(5.0, "5")
    for value in (True, None, "5", [5], {}):
        with pytest.raises(LedgerError, match="no number"):
            reading_of(value, "x")
