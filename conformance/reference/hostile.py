"""
Servers that mean harm to whoever asks them: endless, huge, misleading or poisoned answers.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable
from functools import cache

import orjson

from conformance.reference.serving import StreamHandler, open_socket
from conformance.reference.streams import read_raw_request, write_answer, write_head

__all__ = ["list_hostiles", "make_hostiles"]

JSON = "Content-Type: application/json"
SCRIPT = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&<!--]]>"
ESCAPES = (
    "\x1b[2J\x1b[31m\x1b]0;owned\x07\x1b]8;;http://evil.example\x07click\x1b]8;;\x07\x9b31m\r\nINJECTED: yes"
)
MARKUP = "| a | b |\n`x` ![i](http://evil.example/i.png) [l](javascript:alert(3)) ::error::forged\n## forged"

Answering = Callable[[asyncio.StreamWriter, int], "asyncio.Future[None]"]


def _each(write: Callable[[asyncio.StreamWriter], object]) -> StreamHandler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_raw_request(reader) is not None:
            outcome = write(writer)
            if asyncio.iscoroutine(outcome):
                await outcome
            await writer.drain()
            if writer.is_closing():
                return

    return handle


def _body(status: int, body: bytes, *headers: str) -> StreamHandler:
    return _each(lambda writer: writer.write(write_answer(status, body, *headers)))


def _envelope(text: str) -> bytes:
    error = {
        "type": "invalid_request",
        "code": text,
        "message": text,
        "param": text,
        "doc_url": f"javascript:{text}",
        "request_id": text,
    }
    return orjson.dumps({"error": error})


async def _endless_body(writer: asyncio.StreamWriter) -> None:
    writer.write(write_head(200, JSON, "Transfer-Encoding: chunked") + b"1\r\n[\r\n")
    piece = b"0.25," * 13_107
    framed = b"%x\r\n" % len(piece) + piece + b"\r\n"
    while not writer.is_closing():
        writer.write(framed)
        await writer.drain()


async def _endless_string(writer: asyncio.StreamWriter) -> None:
    writer.write(write_head(400, JSON, "Connection: close") + b'{"error":{"message":"')
    while not writer.is_closing():
        writer.write(b"a" * 65_536)
        await writer.drain()


async def _drip(writer: asyncio.StreamWriter) -> None:
    body = orjson.dumps({"object": "list", "data": [0.5] * 1000})
    writer.write(write_head(200, JSON, length=len(body)))
    for start in range(len(body)):
        writer.write(body[start : start + 1])
        await writer.drain()
        await asyncio.sleep(1)


async def _drip_headers(writer: asyncio.StreamWriter) -> None:
    for byte in write_head(200, JSON, length=2) + b"{}":
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


async def _endless_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    number = 0
    while not writer.is_closing():
        writer.write(b"".join([b"X-Filler-%d: %s\r\n" % (number + step, b"f" * 200) for step in range(100)]))
        number += 100
        await writer.drain()


async def _endless_interim(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)
        await writer.drain()


@cache
def _bomb() -> bytes:
    # One megabyte is packed once: after a full flush its bytes can stand as often as one likes.
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(b'{"data":"') + packer.flush(zlib.Z_FULL_FLUSH)
    megabyte = packer.compress(b"0" * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + megabyte * 1024


def _bomb_answer(writer: asyncio.StreamWriter) -> None:
    writer.write(write_answer(200, _bomb(), "Content-Encoding: gzip"))


def _short_length(writer: asyncio.StreamWriter) -> None:
    writer.write(write_head(200, JSON, length=5) + orjson.dumps({"object": "list", "data": [], "model": "x"}))


def _long_length(writer: asyncio.StreamWriter) -> None:
    writer.write(write_head(200, JSON, length=100_000) + b'{"object":"list"}')
    writer.close()


def _two_lengths(writer: asyncio.StreamWriter) -> None:
    writer.write(write_head(200, JSON, "Content-Length: 2", length=17) + b'{"object":"list"}')
    writer.close()


def _bad_chunk(writer: asyncio.StreamWriter) -> None:
    writer.write(
        write_head(200, JSON, "Transfer-Encoding: chunked") + b'FFFFFFFFFFFFFFFFF\r\n{"object":"list"}\r\n'
    )


def _no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n" + bytes(range(256)))
    writer.close()


def _poisoned(text: str, *, raw_headers: bool = False) -> StreamHandler:
    # Control characters in a header make many clients give up before they see the body: a server of its own.
    kept = (
        letter if letter.isprintable() or (raw_headers and letter not in "\r\n") else " " for letter in text
    )
    flat = "".join(kept)
    headers = (
        f"X-Note: {flat}",
        f"Aurous-Request-Id: {flat}",
        f"X-Request-Id: {flat}",
        f"Retry-After: {flat}",
    )
    return _body(400, _envelope(text), *headers)


def _redirect(location: str, status: int = 307) -> StreamHandler:
    return _body(status, b"{}", f"Location: {location}")


class _Elsewhere:
    """Redirects to a second port of this process, which counts, and tells, what it was sent."""

    def __init__(self) -> None:
        self._port = 0
        self._hits: list[str] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Redirect everything; GET /__hits tells what arrived at the other port."""
        if not self._port:
            listener = open_socket("127.0.0.1", 0)
            self._port = listener.getsockname()[1]
            await asyncio.start_server(self._collect, sock=listener)
        while (request := await read_raw_request(reader)) is not None:
            if request.target == "/__hits":
                writer.write(write_answer(200, orjson.dumps({"hits": self._hits})))
            else:
                location = f"Location: http://127.0.0.1:{self._port}{request.target}"
                writer.write(write_answer(307, b"{}", location))
            await writer.drain()

    async def _collect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self._hits.append(head.decode("latin-1"))
        writer.write(write_answer(200, b'{"object":"list"}', "Connection: close"))
        writer.close()


def make_hostiles() -> dict[str, tuple[str, StreamHandler]]:
    """Return each server by name, with one sentence about it."""
    vector = b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":%s}],"model":"x"}'
    digits = b"9" * 100_000
    return {
        "endless_body": ("sends a JSON array without end", _each(_endless_body)),
        "endless_string": ("sends an error message without end", _each(_endless_string)),
        "drip": ("sends one byte of the body a second", _each(_drip)),
        "drip_headers": ("sends one byte of the head a second", _each(_drip_headers)),
        "endless_headers": ("sends headers without end", _each(_endless_headers)),
        "endless_interim": ("sends 103 answers without end", _each(_endless_interim)),
        "nested": ("answers with 100,000 nested brackets", _body(200, b"[" * 100_000 + b"]" * 100_000)),
        "nested_error": (
            "refuses with 100,000 nested objects",
            _body(400, b'{"error":' * 100_000 + b"1" + b"}" * 100_000),
        ),
        "huge_integer": (
            "answers with integers of 100,000 digits",
            _body(200, vector % (b"[" + digits + b"]")),
        ),
        "huge_usage": (
            "tells a usage of 100,000 digits",
            _body(200, b'{"usage":{"total_tokens":' + digits + b"}}"),
        ),
        "bad_utf8": (
            "answers with JSON that is not UTF-8",
            _body(200, b'{"object":"\xff\xfe\xc3(","data":[]}'),
        ),
        "gzip_bomb": ("answers with a gigabyte packed into a megabyte, and no end", _each(_bomb_answer)),
        "bad_gzip": (
            "says gzip over bytes that are not",
            _body(200, b'{"object":"list"}', "Content-Encoding: gzip"),
        ),
        "cut_gzip": (
            "cuts its gzip short",
            _body(200, gzip.compress(b'{"a":1}' * 99)[:40], "Content-Encoding: gzip"),
        ),
        "redirect": ("redirects to another port, which listens", _Elsewhere().handle),
        "redirect_host": ("redirects to another host", _redirect("http://127.0.0.2:9/v1/embeddings")),
        "redirect_loop": ("redirects to itself without end", _redirect("/v1/embeddings", 302)),
        "redirect_file": ("redirects to a file", _redirect("file:///etc/passwd", 302)),
        "short_length": ("sends more than its Content-Length says", _each(_short_length)),
        "long_length": ("sends less than its Content-Length says and hangs up", _each(_long_length)),
        "two_lengths": ("sends two lengths that differ", _each(_two_lengths)),
        "bad_chunk": ("sends a chunk of an impossible size", _each(_bad_chunk)),
        "no_http": ("does not speak HTTP", _each(_no_http)),
        "nan": ("answers with NaN and Infinity", _body(200, vector % b"[NaN, Infinity, -Infinity]")),
        "overflow": ("answers with 1e999", _body(200, vector % b"[1e999, -1e999]")),
        "script": ("puts HTML and scripts into every text and header", _poisoned(SCRIPT)),
        "escape_headers": (
            "puts terminal escapes into headers as they are",
            _poisoned(ESCAPES, raw_headers=True),
        ),
        "escapes": ("puts terminal escapes into every text and header", _poisoned(ESCAPES)),
        "markup": ("puts Markdown and log commands into every text and header", _poisoned(MARKUP)),
        "repeated_names": (
            "names each member of its error twice",
            _body(400, b'{"error":{"code":"a","code":"b"},"error":1}'),
        ),
        "long_texts": (
            "refuses with texts of two million letters each",
            _body(400, _envelope("x" * 2_000_000)),
        ),
    }


def list_hostiles() -> dict[str, str]:
    """Return what each hostile server does, by name."""
    return {name: says for name, (says, _) in make_hostiles().items()}
