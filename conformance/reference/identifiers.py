"""
Identifiers that sort by time: 26 characters of Crockford's base 32.
"""

from __future__ import annotations

import os
import time

__all__ = ["ALPHABET", "UlidMaker"]

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]


class UlidMaker:
    """Makes unique ULIDs; two of one millisecond differ by a counter over a random start."""

    def __init__(self) -> None:
        """Draw the random part once; it is counted up afterwards."""
        self._random = int.from_bytes(os.urandom(10), "big") >> 1

    def make(self) -> str:
        """Return the next ULID: 10 characters of time, 16 of randomness."""
        self._random += 0x9E37_79B9_7F4A_7C15_F39D
        number = (int(time.time() * 1000) << 80) | (self._random & ((1 << 80) - 1))
        return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
