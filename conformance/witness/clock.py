"""
The clock: a request that advances the target's time, so that a window of hours can be seen to end.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from conformance.exchange import Exchange, Request

__all__ = ["Clock", "ClockError"]


class ClockError(Exception):
    """
    Raised when the target's clock does not take the request.
    """


class Clock:
    """
    Advances the target's time by the request that the target file describes.

    That the target's clock really moved is the operator's word: nothing in an answer shows it, so clauses that lean on
    it say so.
    """

    def __init__(
        self,
        spec: Mapping[str, Any],
        headers: tuple[tuple[str, str], ...],
        send: Callable[[Request], Awaitable[Exchange]],
    ) -> None:
        self._spec = spec
        self._headers = headers
        self._send = send

    async def advance(self, seconds: float) -> None:
        """
        Advance the target's time by *seconds*. Raises ClockError when the target refuses.
        """
        whole = int(seconds) if float(seconds).is_integer() else seconds
        body = _filled(self._spec.get("body", {"advance_s": "$seconds"}), whole)
        request = Request(
            self._spec.get("method", "POST"),
            str(self._spec["path"]).replace("$seconds", str(whole)),
            self._headers,
            json.dumps(body).encode(),
        )
        exchange = await self._send(request)
        if exchange.failure is not None or not 200 <= (exchange.status or 0) < 300:
            shown = exchange.failure.detail if exchange.failure else str(exchange.status)
            raise ClockError(f"the clock was not advanced: {self._spec['path']} answered {shown}")


def _filled(value: Any, seconds: float) -> Any:
    if value == "$seconds":
        return seconds
    if isinstance(value, Mapping):
        return {key: _filled(item, seconds) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, seconds) for item in value]
    return value
