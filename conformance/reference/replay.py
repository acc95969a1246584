"""
The idempotency store: one finished answer for each key, for as long as the window lasts.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from conformance.reference.clock import VirtualClock

__all__ = ["Entry", "ReplayStore"]

Key = tuple[str, str]


@dataclass(slots=True)
class Entry:
    """What one key stands for: the request it was first used with, and the answer once there is one."""

    fingerprint: str
    request_id: str
    started_at: float
    status: int = 0
    body: bytes = b""
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def running(self) -> bool:
        """Tell whether the first request is still being served."""
        return not self.done.is_set()


class ReplayStore:
    """Entries by (scope, key), dropped when the window has passed or when too many are kept."""

    def __init__(self, clock: VirtualClock, *, window_s: float, capacity: int = 10_000) -> None:
        """Keep at most `capacity` entries, each for `window_s` seconds of the given clock."""
        self._clock = clock
        self._window_s = window_s
        self._capacity = capacity
        self._entries: dict[Key, Entry] = {}

    def find(self, key: Key) -> Entry | None:
        """Return the live entry of a key."""
        entry = self._entries.get(key)
        if entry is not None and not entry.running and self._clock.now() - entry.started_at >= self._window_s:
            del self._entries[key]
            return None
        return entry

    def begin(self, key: Key, *, fingerprint: str, request_id: str) -> Entry:
        """Enter a key whose request is about to be served."""
        if len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        entry = Entry(fingerprint, request_id, self._clock.now())
        self._entries[key] = entry
        return entry

    def finish(self, entry: Entry, *, status: int, body: bytes) -> None:
        """Keep the answer of a request that was served."""
        entry.status = status
        entry.body = body
        entry.done.set()

    def abandon(self, key: Key, entry: Entry) -> None:
        """Forget a request that was not served, so that its key is new again."""
        if self._entries.get(key) is entry:
            del self._entries[key]
        entry.done.set()
