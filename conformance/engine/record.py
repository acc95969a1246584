"""
Turns exchanges into what the report log keeps of them: the bytes sent, and enough of the answer to understand it.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable
from typing import Any

from conformance.exchange import Exchange, Request
from conformance.judge.view import View

__all__ = ["Recorder"]

_PLAIN = 4096
_SHOWN = 4096
_NUMBERS = re.compile(r"\[(?:\s*-?\d[\d.eE+-]*\s*,){8,}[^\]\[]*\]?")

_PACKED = re.compile(r'"[A-Za-z0-9+/_-]{64,}={0,2}"')

Redact = Callable[[str], str]


class Recorder:
    """
    Records exchanges for the log, redacting every key.
    """

    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    def request(self, request: Request) -> dict[str, Any]:
        """
        Return the record of a request; a long body is packed (zlib, base64), so that a replay needs no seed.
        """
        record: dict[str, Any] = {
            "method": request.method,
            "target": request.target,
            "headers": [[name, value] for name, value in request.headers],
            "bytes": len(request.body or b""),
        }
        if request.connection != "pooled":
            record["connection"] = request.connection
        if request.body is not None:
            text = _text(request.body) if len(request.body) <= _PLAIN else None
            if text is not None:
                record["body"] = text
            else:
                record["body_z"] = base64.b64encode(zlib.compress(request.body, 1)).decode("ascii")
        return record

    def exchange(self, view: View, *, step: str, whole: bool) -> dict[str, Any]:
        """
        Return the record of an exchange; *whole* keeps headers and the beginning of the body as well.
        """
        exchange = view.exchange
        record: dict[str, Any] = {"step": step, "request": self.request(exchange.request)}
        if exchange.status is not None:
            answer: dict[str, Any] = {
                "status": exchange.status,
                "bytes": view.size,
                "ms": round(exchange.elapsed * 1000, 3),
            }
            if whole:
                answer["headers"] = [[name, self._redact(value)] for name, value in exchange.headers]
                if exchange.body or not view.size:
                    answer["body"] = self._redact(show_body(exchange))
            record["answer"] = answer
        if exchange.failure is not None:
            record["failure"] = {"kind": exchange.failure.kind.value, "detail": self._redact(exchange.failure.detail)}
        return record


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def show_body(exchange: Exchange) -> str:
    """
    Return an answer's body as a reader should see it: vectors elided, cut at 4,096 characters.
    """
    text = exchange.body[: 1 << 18].decode("utf-8", "replace")
    text = _PACKED.sub(lambda match: f'"[… base64 of {len(match[0]) * 3 // 16} numbers …]"', text)
    text = _NUMBERS.sub(lambda match: f"[… {match.group(0).count(',') + 1} numbers …]", text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
