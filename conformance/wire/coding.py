"""
The content codings of an answer, undone within a limit of bytes.
"""

from __future__ import annotations

import zlib

from conformance.errors import shorten
from conformance.exchange import Failure, FailureKind

__all__ = ["decode"]

_GZIP = 31  # zlib's window bits for a gzip member
_ZLIB = 15
_RAW = -15
# More layers than this have no honest use, and each one multiplies the work that few bytes can ask for.
_MAX_LAYERS = 2


def _inflate(data: bytes, *, window: int, limit: int) -> bytes | None:
    """
    Return *data* without its coding, or None when that is more than *limit* bytes. Raises zlib.error for a
    bad stream.
    """
    parts: list[bytes] = []
    left = limit
    while True:
        stream = zlib.decompressobj(window)
        # One byte more than allowed is asked for, so that a full answer is told apart from one that goes on.
        part = stream.decompress(data, left + 1)
        if len(part) > left:
            return None
        parts.append(part)
        left -= len(part)
        if not stream.eof:
            raise zlib.error("the stream ends too early")
        data = stream.unused_data
        if not data:
            return b"".join(parts)
        if window != _GZIP:
            raise zlib.error("bytes stand after the end of the stream")
        # gzip allows several members in a row.


def decode(body: bytes, coding: str, *, limit: int) -> bytes | Failure:
    """
    Return *body* with the codings of a Content-Encoding header undone, at most *limit* bytes.

    A coding that is unknown or that the bytes break gives a PROTOCOL failure, and too many bytes a TOO_LARGE
    one. An empty body is empty in every coding.
    """
    layers = [
        name for name in (part.strip().lower() for part in coding.split(",")) if name not in ("", "identity")
    ]
    if not layers or not body:
        return body
    if len(layers) > _MAX_LAYERS:
        return Failure(FailureKind.PROTOCOL, f"Content-Encoding names {len(layers)} codings")
    for name in reversed(layers):
        if name not in ("gzip", "x-gzip", "deflate"):
            return Failure(
                FailureKind.PROTOCOL,
                f"Content-Encoding names {shorten(name, limit=40)}, which was not offered",
            )
        try:
            inflated = _layer(body, name, limit=limit)
        except zlib.error as error:
            return Failure(
                FailureKind.PROTOCOL,
                f"the body is not {name}, as Content-Encoding says: {shorten(str(error))}",
            )
        if inflated is None:
            return Failure(FailureKind.TOO_LARGE, f"the decoded body passed {limit} bytes")
        body = inflated
    return body


def _layer(body: bytes, name: str, *, limit: int) -> bytes | None:
    if name != "deflate":
        return _inflate(body, window=_GZIP, limit=limit)
    try:
        return _inflate(body, window=_ZLIB, limit=limit)
    except zlib.error:
        # The name means the zlib format, but servers that send the bare stream are common, and clients take
        # both.
        return _inflate(body, window=_RAW, limit=limit)
