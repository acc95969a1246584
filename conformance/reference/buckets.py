"""
Token buckets: how much of something a caller may still use.
"""

from __future__ import annotations

import math

from conformance.reference.clock import VirtualClock

__all__ = ["Bucket"]


class Bucket:
    """A bucket of `capacity` units that fills by `per_second`, on the given clock."""

    __slots__ = ("_clock", "_level", "_seen", "capacity", "per_second")

    def __init__(self, clock: VirtualClock, *, capacity: int, per_second: float) -> None:
        """Start full."""
        self.capacity = capacity
        self.per_second = per_second
        self._clock = clock
        self._level = float(capacity)
        self._seen = clock.now()

    def _refill(self) -> None:
        now = self._clock.now()
        self._level = min(float(self.capacity), self._level + (now - self._seen) * self.per_second)
        self._seen = now

    def take(self, amount: float = 1.0) -> bool:
        """Take `amount` units; False, and nothing taken, when there are fewer."""
        self._refill()
        if self._level < amount:
            return False
        self._level -= amount
        return True

    def remaining(self) -> int:
        """Return the whole units left."""
        self._refill()
        return int(self._level)

    def wait_s(self, amount: float = 1.0) -> int:
        """Return the whole seconds until `amount` units are there, at least 1."""
        self._refill()
        return max(1, math.ceil((amount - self._level) / self.per_second))

    def full_at(self) -> int:
        """Return the epoch second when the bucket will be full again."""
        self._refill()
        return math.ceil(self._seen + (self.capacity - self._level) / self.per_second)
