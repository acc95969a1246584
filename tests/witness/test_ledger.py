"""
The ledger: believed only when it was seen to move, and only as exactly as it is written.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from conformance.witness.ledger import Ledger, LedgerError, Reading


class Bank:
    """
    A balance that shows a charge after *lag* seconds, in as many *steps*, rounded to *decimals*; *drift* is lost at
    every reading.
    """

    def __init__(
        self, *, lag: float = 0.0, decimals: int | None = None, drift: float = 0.0, frozen: bool = False, steps: int = 1
    ) -> None:
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

    async def prove(self, cost: float = 0.25, *, said: float | None = None) -> None:
        """
        Charge *cost* between the opening and the proof, while the answers say it is *said*.
        """
        await self.ledger.open()
        self.charge(cost)
        await self.ledger.prove(cost if said is None else said)

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


def test_what_was_charged_before_the_proof_counts_as_well() -> None:
    async def part() -> Bank:
        bank = Bank(lag=0.05)
        await bank.ledger.open()
        for cost in (0.001, 0.002, 0.25):
            bank.charge(cost)
        await bank.ledger.prove(0.253)
        return bank

    bank = play(part())
    assert not bank.due
    assert bank.ledger.lag >= 0.02
    assert not bank.ledger.rough


@pytest.mark.parametrize("lag", [0.06, 0.15])
def test_a_charge_that_shows_late_is_waited_for(lag: float) -> None:
    async def part() -> tuple[float, float]:
        bank = Bank(lag=lag)
        await bank.prove()
        return bank.ledger.lag, await bank.lost(0.5)

    learnt, lost = play(part())
    # What is learnt counts the pauses alone, so it may be somewhat short, and a settled reading waits for half more.
    assert learnt == pytest.approx(lag, abs=0.1)
    assert lost == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("steps", [2, 3])
def test_a_charge_in_pieces_is_waited_for_to_its_last_piece(steps: int) -> None:
    async def part() -> tuple[Bank, float]:
        bank = Bank(lag=0.06, steps=steps)
        await bank.prove()
        assert bank.due == []
        return bank, await bank.lost(0.5)

    bank, lost = play(part())
    assert bank.ledger.lag >= 0.06 * (steps - 1)
    assert lost == pytest.approx(0.5, abs=1e-6)


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
    assert bank.ledger.tolerance < 1e-5


def test_a_loss_that_is_not_what_was_said_is_believed_and_not_excused() -> None:
    # That the answers lie about their cost is for the clauses about charges, which need an exact balance for it.
    bank = Bank()
    play(bank.prove(0.5012345, said=0.25))
    assert bank.ledger.tolerance < 1e-5
    assert not bank.ledger.rough


@pytest.mark.parametrize("opened", [1e3, 1e6, 1e9])
def test_the_tolerance_grows_with_a_balance_that_a_float_holds_less_exactly(opened: float) -> None:
    bank = Bank()
    bank.balance = opened
    play(bank.prove(0.25))
    assert 6e-7 <= bank.ledger.tolerance < 2e-3
    assert bank.ledger.tolerance >= 1e-12 * opened
    assert play(bank.lost(0.5)) == pytest.approx(0.5, abs=bank.ledger.tolerance)


def test_a_balance_that_moves_by_itself_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.witness.ledger._SETTLE", 0.6)
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


def test_requests_that_cost_nothing_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.witness.ledger._SETTLE", 0.1)
    with pytest.raises(LedgerError, match="does not move"):
        play(Bank().prove(0.0))


def test_a_fault_while_reading_is_passed_on() -> None:
    async def read() -> Reading:
        raise LedgerError("the balance can't be read")

    ledger = Ledger(read, sent=lambda: 0)
    for part in (ledger.open, ledger.settled, lambda: ledger.prove(0.25)):
        with pytest.raises(LedgerError, match="can't be read"):
            play(part())


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


def test_a_reading_that_was_not_quiet_is_not_used_again() -> None:
    # The proof's own readings may have come before the last charge was seen.
    async def part() -> tuple[int, int]:
        bank = Bank()
        await bank.prove()
        before = bank.readings
        await bank.ledger.settled()
        return before, bank.readings

    before, after = play(part())
    assert after == before + 1


def test_what_was_sent_between_two_readings_is_seen() -> None:
    async def part() -> list[float]:
        bank = Bank()
        await bank.prove()
        return [round(await bank.lost(cost), 6) for cost in (0.1, 0, 0.2)]

    assert play(part()) == [0.1, 0, 0.2]


@pytest.mark.parametrize(
    ("text", "decimals"), [("1", 0), ("1.0", 1), ("999.750000", 6), ("1e-05", 0), ("1.5E3", 0)]
)
def test_a_reading_tells_its_precision(text: str, decimals: int) -> None:
    assert Reading(float(text), text).decimals == decimals
