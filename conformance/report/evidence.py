"""
The evidence of a case: each request as a command that sends it again, and what came back.
"""

from __future__ import annotations

import base64
import binascii
import shlex
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.errors import Fault, UsageError
from conformance.exchange import Request
from conformance.report.line import Line

__all__ = ["Evidence", "evidence", "read_request", "replay_command"]

_LARGEST = 64 * 2**20  # bytes of one request body; more is a bomb


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    One exchange to show. *outcome* is one line; *headers* and *body* are the answer's, the body cut and
    without vectors; *blamed* are the clauses that it broke.
    """

    step: str
    curl: str
    outcome: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    blamed: tuple[str, ...] = ()


def evidence(case: Line, *, base_url: str, log_path: Path | str | None = None) -> tuple[Evidence, ...]:
    """
    Return each exchange of *case* in the order of sending.
    """
    from conformance.wire.curl import curl_command

    replay = replay_command(case["id"], log_path=log_path)
    shown = []
    for exchange in case["exchanges"]:
        answer = exchange.get("answer") or {}
        request = read_request(exchange["request"])
        try:
            curl = curl_command(request, base_url, replay=replay)
        except UsageError:  # the target is no URL: an application in this process, which curl can't reach
            curl = f"{request.method} {request.target}\n{replay}"
        headers = tuple((name, value) for name, value in answer.get("headers") or ())
        step = exchange.get("step") or ""
        blamed = tuple(exchange.get("blamed") or ())
        shown.append(Evidence(step, curl, _outcome(exchange), headers, answer.get("body") or "", blamed))
    return tuple(shown)


def replay_command(case: str, *, log_path: Path | str | None = None) -> str:
    """
    Return the command that sends *case* again and judges it.
    """
    return f"conformance replay {shlex.quote(str(log_path)) if log_path else 'LOG'} {shlex.quote(case)}"


def read_request(record: Mapping[str, Any]) -> Request:
    """
    Return the request that *record* (``exchanges[].request`` of a case line) holds, its body byte for byte.

    Raises `UsageError` when the packed body can't be unpacked.
    """
    body: bytes | None = None
    if record.get("body_z") is not None:
        body = _unpack(record["body_z"])
    elif record.get("body") is not None:
        body = record["body"].encode("utf-8", "surrogatepass")
    headers = tuple((name, value) for name, value in record["headers"])
    return Request(record["method"], record["target"], headers, body, record.get("connection") or "pooled")


def _unpack(packed: str) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        body = unpacker.decompress(base64.b64decode(packed, validate=True), _LARGEST)
    except (binascii.Error, zlib.error) as error:
        got = f"{len(packed)} characters: {error}"
    else:
        if unpacker.eof:
            return body
        got = f"more than {_LARGEST:,} bytes" if len(body) == _LARGEST else "a stream without its end"
    raise UsageError(
        Fault(
            "the body of this request can't be unpacked",
            where="body_z",
            got=got,
            expected="base64 of a zlib stream",
            move="give the log as `conformance run --out` wrote it",
        )
    )


def _outcome(exchange: Mapping[str, Any]) -> str:
    failure = exchange.get("failure")
    answer = exchange.get("answer")
    if failure:
        return f"no answer ({failure['kind']}): {failure['detail']}"
    if not answer:
        return "not sent"
    return f"{answer['status']}, {answer['bytes']:,} bytes in {answer['ms']:,.0f} ms"
