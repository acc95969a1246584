"""
The canary: a small HTTP server of our own whose images show, by being fetched, that a target follows a URL.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import re
import struct
import zlib

from conformance.errors import Fault, IncompleteError, UsageError, shorten

__all__ = ["Canary", "draw_png"]

_SIDE = 64  # pixels
_PATH = "/canary/"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^ ]+) HTTP/1\.([01])")
_MAX_HEAD = 32 * 1024
_MAX_BODY = 1024 * 1024
_MAX_TOKENS = 65536  # that we never gave out; ours are always counted
_MAX_CONNECTIONS = 512
_IDLE_SECONDS = 30.0


@functools.lru_cache(maxsize=256)
def draw_png(token: str) -> bytes:
    """
    Return a valid PNG image of 64 by 64 pixels, RGB, in a colour that is derived from *token*.
    """
    colour = hashlib.sha256(token.encode("utf-8")).digest()[:3]
    rows = (b"\x00" + colour * _SIDE) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


class Canary:
    """
    Serves an image for each token and counts who fetched it, in the event loop that starts it.

    *listen* is ``host:port``; the default is a free port of 127.0.0.1. *public_url* is how the target reaches
    it, when that is another address. *connections* counts every connection, also those that never sent a
    request.
    """

    def __init__(self, *, listen: str | None = None, public_url: str | None = None) -> None:
        self._host, self._port = _parse(listen)
        if public_url is not None and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", public_url):
            raise UsageError(
                Fault(
                    "the canary's public address is not a URL",
                    where="canary.public_url",
                    got=shorten(public_url),
                    expected="https://host, with an optional path",
                )
            )
        self._public = None if public_url is None else public_url.rstrip("/")
        self._server: asyncio.Server | None = None
        self._talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._fetches: dict[str, int] = {}
        self._strangers = 0
        self._issued: set[str] = set()
        self.connections = 0

    @property
    def base_url(self) -> str:
        """
        The address that `url` builds upon. Raises IncompleteError before `start` when the port isn't known
        yet.
        """
        if self._public is not None:
            return self._public
        if self._port == 0:
            raise IncompleteError(
                Fault("the canary has no address before it is started", where="canary.listen")
            )
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    def url(self, token: str, length: int | None = None) -> str:
        """
        Return the URL of the image for *token*, padded by a query string to exactly *length* characters if
        given.

        *token* has 1 to 128 letters, digits, ``-`` and ``_``. Raises UsageError for another one, and for a
        *length* that the URL already exceeds.
        """
        if not _TOKEN.fullmatch(token):
            raise UsageError(Fault("this can't be a canary's token", where="token", got=shorten(token)))
        url = f"{self.base_url}{_PATH}{token}.png"
        if length is not None and len(url) != length:
            if len(url) > length:
                raise UsageError(
                    Fault(
                        "a canary's URL is longer than it may be",
                        where="length",
                        got=f"{length}",
                        expected=f"{len(url)} or more",
                        move="use a shorter public_url",
                    )
                )
            url = f"{url}?{'x' * (length - len(url) - 1)}"
        self._issued.add(token)
        return url

    def fetches(self, token: str) -> int:
        """
        Return how many requests, of any method, asked for *token*.
        """
        return self._fetches.get(token, 0)

    async def start(self) -> None:
        """
        Listen. Raises IncompleteError when the address can't be had.
        """
        if self._server is not None:
            return
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=_MAX_HEAD)
        except OSError as error:
            raise IncompleteError(
                Fault(
                    "the canary can't listen",
                    where=f"canary.listen: {self._host}:{self._port}",
                    got=error.strerror or type(error).__name__,
                    move="choose another port, or leave it out to get a free one",
                )
            ) from None
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """
        Stop listening and end every connection. What was counted stays readable.
        """
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        talks = tuple(self._talks.items())
        for _, writer in talks:
            writer.transport.abort()
        await asyncio.gather(*(task for task, _ in talks), return_exceptions=True)
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        if task is None or len(self._talks) >= _MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._talks[task] = writer
        try:
            while await asyncio.wait_for(self._exchange(reader, writer), _IDLE_SECONDS):
                pass
        except (asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            # Whoever talks so to a canary gets no answer; a target's bad manners must not end a run.
            pass
        finally:
            del self._talks[task]
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """
        Serve one request, and return whether another may follow.
        """
        head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
        line, _, fields = head.partition(b"\r\n")
        request = _REQUEST_LINE.fullmatch(line)
        if request is None:
            await _answer(writer, "400 Bad Request", b"", keep=False)
            return False
        lowered = fields.lower()
        keep = (
            request[3] == b"1" and b"connection: close" not in lowered and b"transfer-encoding" not in lowered
        )
        token = _token(request[2].decode("latin-1"))
        if token is not None:
            self._count(token)
        length = re.search(rb"^content-length:\s*(\d{1,9})\s*$", lowered, re.MULTILINE)
        if length is not None:
            size = int(length[1])
            keep = keep and size <= _MAX_BODY
            left = size if keep else 0
            while left > 0:
                part = await reader.read(min(left, _MAX_HEAD))
                if not part:
                    return False
                left -= len(part)
        image = b"" if token is None else draw_png(token)
        status = "404 Not Found" if token is None else "200 OK"
        await _answer(writer, status, image, keep=keep, is_head=request[1] == b"HEAD")
        return keep

    def _count(self, token: str) -> None:
        if token in self._fetches:
            self._fetches[token] += 1
        elif token in self._issued:
            self._fetches[token] = 1
        elif self._strangers < _MAX_TOKENS:
            self._strangers += 1
            self._fetches[token] = 1


async def _answer(
    writer: asyncio.StreamWriter, status: str, image: bytes, *, keep: bool, is_head: bool = False
) -> None:
    head = (
        f"HTTP/1.1 {status}\r\n"
        + (f'Content-Type: image/png\r\nETag: "{zlib.crc32(image):08x}"\r\n' if image else "")
        # A cached image would be fetched without our seeing it.
        + f"Cache-Control: no-store\r\nContent-Length: {len(image)}\r\n"
        + f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    )
    writer.write(head.encode("ascii") + (b"" if is_head else image))
    await writer.drain()


def _token(target: str) -> str | None:
    """
    Return the token that a request's target names, or None. A path prefix of a public address may stand
    before it.
    """
    path = target.partition("#")[0].partition("?")[0]
    _, found, name = path.rpartition(_PATH)
    name = name.removesuffix(".png")
    return name if found and _TOKEN.fullmatch(name) else None


def _parse(listen: str | None) -> tuple[str, int]:
    if listen is None:
        return "127.0.0.1", 0
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError(
            Fault(
                "the canary's address can't be read",
                where="canary.listen",
                got=shorten(listen),
                expected="host:port such as 127.0.0.1:8080",
            )
        )
    return host.strip("[]"), int(port)
