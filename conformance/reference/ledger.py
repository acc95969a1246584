"""
Money in whole micro-units: balances, holds, and nothing that rounds.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MICRO", "Account", "InsufficientFunds", "to_decimal"]

MICRO = 1_000_000


class InsufficientFunds(Exception):
    """The account cannot cover the amount."""


@dataclass(slots=True)
class Account:
    """A balance in micro-units; an exempt account is served and never charged."""

    balance: int
    exempt: bool = False
    held: int = 0

    @property
    def available(self) -> int:
        """Return what is neither spent nor held."""
        return self.balance - self.held

    def hold(self, amount: int) -> None:
        """
        Set `amount` aside before the work.

        Raises:
            InsufficientFunds: less than that is available.
        """
        if self.exempt:
            return
        if self.available <= 0 or self.available < amount:
            raise InsufficientFunds
        self.held += amount

    def release(self, amount: int) -> None:
        """Give a hold back."""
        if not self.exempt:
            self.held -= amount

    def debit(self, amount: int) -> None:
        """Take `amount` for good."""
        if not self.exempt:
            self.balance -= amount


def to_decimal(micro: int) -> str:
    """Write micro-units as an exact decimal with six places, never with an exponent."""
    sign = "-" if micro < 0 else ""
    whole, part = divmod(abs(micro), MICRO)
    return f"{sign}{whole}.{part:06d}"
