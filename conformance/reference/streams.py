"""
Just enough HTTP over raw streams for servers that have no sense, or bad intentions.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

__all__ = ["RawRequest", "read_raw_request", "write_answer", "write_head"]

REASONS = {
    200: "OK",
    302: "Found",
    307: "Temporary Redirect",
    400: "Bad Request",
    500: "Internal Server Error",
}


@dataclass(frozen=True)
class RawRequest:
    """A request line and a body; headers are of no interest here."""

    method: str
    target: str
    body: bytes


async def read_raw_request(reader: asyncio.StreamReader) -> RawRequest | None:
    """Read one request; None when the connection has ended."""
    line = await reader.readline()
    if not line.strip():
        return None
    words = line.decode("latin-1").split()
    length, chunked = 0, False
    while (header := (await reader.readline()).strip()) != b"":
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif name.lower() == b"transfer-encoding":
            chunked = b"chunked" in value.lower()
    body = b""
    if chunked:
        while size := int((await reader.readline()).split(b";")[0] or b"0", 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    elif length:
        body = await reader.readexactly(length)
    return RawRequest(words[0], words[1] if len(words) > 1 else "/", body)


def write_head(status: int, *headers: str, length: int | None = None) -> bytes:
    """Return a status line and headers; `length` adds Content-Length."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def write_answer(status: int, body: bytes, *headers: str, content_type: str = "application/json") -> bytes:
    """Return a whole answer."""
    return write_head(status, f"Content-Type: {content_type}", *headers, length=len(body)) + body
