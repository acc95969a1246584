"""
A clock that runs with the real one and can be moved forward.
"""

from __future__ import annotations

import time

__all__ = ["VirtualClock", "format_utc"]


class VirtualClock:
    """Epoch seconds, real time plus whatever was added."""

    def __init__(self) -> None:
        """Start at the real time."""
        self._ahead = 0.0

    def now(self) -> float:
        """Return the virtual epoch time in seconds."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> float:
        """Move the clock forward by `seconds` (never back) and return the new time."""
        self._ahead += max(0.0, seconds)
        return self.now()


def format_utc(epoch_s: float) -> str:
    """Write an epoch time as an RFC 3339 date-time with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch_s))
    return f"{whole}.{int(epoch_s * 1000) % 1000:03d}Z"
