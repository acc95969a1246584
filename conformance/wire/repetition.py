"""
The repetition inside a long body: what stands before it, the piece that repeats, how often, and what stands
after.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Repetition", "find_repetition"]

_PROBE = 24  # bytes; shorter ones recur by chance
_LONGEST_PIECE = 4096
_PLACES = (2, 4, 8)  # where to look, as fractions of the body from either end


@dataclass(frozen=True, slots=True)
class Repetition:
    """
    A body that is ``before + piece * count + after``.
    """

    before: bytes
    piece: bytes
    count: int
    after: bytes

    @property
    def size(self) -> int:
        """
        The bytes that have to be written down.
        """
        return len(self.before) + len(self.piece) + len(self.after)


def find_repetition(body: bytes) -> Repetition | None:
    """
    Return the form of *body* with the fewest bytes to write, or None when nothing in it repeats at length.
    """
    found = []
    for part in _PLACES:
        for place in (len(body) // part, len(body) - len(body) // part):
            repetition = _around(body, place)
            if repetition is not None:
                found.append(repetition)
    return min(found, key=lambda repetition: repetition.size, default=None)


def _around(body: bytes, place: int) -> Repetition | None:
    probe = body[place : place + _PROBE]
    if len(probe) < _PROBE:
        return None
    again = body.find(probe, place + 1, place + _PROBE + _LONGEST_PIECE)
    if again < 0:
        return None
    period = again - place
    # The run is as long as each byte equals the one that is a period further on.
    start = place - _agreeing_before(body, place, period)
    end = place + _agreeing_after(body, place, period) + period
    count = (end - start) // period
    stop = start + count * period
    return Repetition(body[:start], body[start : start + period], count, body[stop:])


def _agreeing_after(body: bytes, place: int, period: int) -> int:
    low, high = 0, len(body) - place - period
    while low < high:
        middle = (low + high + 1) // 2
        if body[place : place + middle] == body[place + period : place + period + middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _agreeing_before(body: bytes, place: int, period: int) -> int:
    low, high = 0, place
    while low < high:
        middle = (low + high + 1) // 2
        if body[place - middle : place] == body[place + period - middle : place + period]:
            low = middle
        else:
            high = middle - 1
    return low
