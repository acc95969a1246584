"""
Fetching media: really, from the origins that a test allows; otherwise as if it had been fetched.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from urllib.parse import urlsplit

from conformance.reference.urls import read_origin

__all__ = ["FetchFailed", "MediaFetcher"]

TIMEOUT_S = 10.0
LARGEST_BYTES = 10_000_000


class FetchFailed(Exception):
    """The media could not be had; the text says why."""


class MediaFetcher:
    """Gets the content behind URLs without ever leaving the allowed origins."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        """Allow real requests to these origins, such as http://127.0.0.1:8001."""
        self._origins = frozenset(read_origin(origin) for origin in origins)

    def is_allowed(self, url: str) -> bool:
        """Tell whether a URL belongs to an origin that is really asked."""
        return bool(self._origins) and read_origin(url) in self._origins

    async def fetch(self, url: str) -> bytes:
        """
        Return what stands for the content of a URL.

        Raises:
            FetchFailed: an allowed origin did not answer 200 with a body in time.
        """
        if not self.is_allowed(url):
            return b"url:" + url.encode()
        try:
            return b"body:" + await asyncio.wait_for(_get(url), TIMEOUT_S)
        except asyncio.TimeoutError:
            raise FetchFailed("it took longer than 10 seconds") from None
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise FetchFailed(f"it could not be read ({type(error).__name__})") from None


async def _get(url: str) -> bytes:
    parts = urlsplit(url)
    secure = parts.scheme.lower() == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    context = ssl.create_default_context() if secure else None
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nAccept: image/*\r\n"
        writer.write((head + "User-Agent: reference-media/1\r\nConnection: close\r\n\r\n").encode())
        await writer.drain()
        status = (await reader.readline()).split(b" ")
        length, chunked = -1, False
        while (line := (await reader.readline()).strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"transfer-encoding":
                chunked = b"chunked" in value.lower()
        if len(status) < 2 or status[1] != b"200":
            raise FetchFailed("the host did not answer 200")
        if length > LARGEST_BYTES:
            raise FetchFailed("it is larger than 10 MB")
        body = await (_read_chunks(reader) if chunked else _read_plain(reader, length))
        if not body:
            raise FetchFailed("it is empty")
        return body
    finally:
        writer.close()


async def _read_plain(reader: asyncio.StreamReader, length: int) -> bytes:
    if length >= 0:
        return await reader.readexactly(length)
    body = await reader.read(LARGEST_BYTES + 1)
    while piece := await reader.read(65_536):
        body += piece
        if len(body) > LARGEST_BYTES:
            raise FetchFailed("it is larger than 10 MB")
    return body


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        if len(body) + size > LARGEST_BYTES:
            raise FetchFailed("it is larger than 10 MB")
        body += await reader.readexactly(size)
        await reader.readline()
    return body
