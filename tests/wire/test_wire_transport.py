"""
The HTTP transport against servers that are honest, broken and hostile.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import time
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import InternalError, UsageError
from conformance.exchange import Exchange, FailureKind, Request
from conformance.wire.transport import open_transport

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Serve = Any
POST = Request("POST", "/v1/embeddings", (("Authorization", "Bearer ${KEY}"),), b'{"input":"hi"}')
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def script(data: bytes, *, keep: bool = False) -> Callable[[bytes, Reader, Writer], Awaitable[bool]]:
    async def handler(head: bytes, reader: Reader, writer: Writer) -> bool:
        writer.write(data)
        await writer.drain()
        return keep

    return handler


def ask(
    serve: Serve, handler: Any, *requests: Request, timeout: float = 5.0, path: str = "", **options: Any
) -> tuple[list[Exchange], Any]:
    """
    Send the requests one after another, and return their exchanges with the server's notes.
    """

    async def run() -> tuple[list[Exchange], Any]:
        async with serve(handler) as served:
            transport = open_transport(base_url=served.url + path, secrets={"KEY": "sk-secret"}, **options)
            try:
                return [await transport.send(r, timeout=timeout) for r in requests or (POST,)], served
            finally:
                await transport.close()

    return asyncio.run(run())


def test_sends_what_it_is_given_and_nothing_else(serve: Serve) -> None:
    [exchange], served = ask(serve, script(OK))
    assert (exchange.status, exchange.body, exchange.failure) == (200, b"{}", None)
    assert exchange.headers == (("content-type", "application/json"), ("content-length", "2"))
    assert 0 < exchange.elapsed < 5
    head, body = served.requests[0]
    assert body == POST.body
    lines = head.strip().split(b"\r\n")
    assert lines[0] == b"POST /v1/embeddings HTTP/1.1"
    names = sorted(line.split(b":")[0].lower() for line in lines[1:])
    assert names == [b"authorization", b"content-length", b"host", b"user-agent"]
    assert b"Authorization: Bearer sk-secret" in lines
    assert any(line.startswith(b"User-Agent: embeddings-conformance/") for line in lines)


def test_a_given_user_agent_replaces_the_default(serve: Serve) -> None:
    _, served = ask(serve, script(OK), Request("GET", "/x", (("User-Agent", "mine"),)))
    assert served.requests[0][0].count(b"mine") == 1
    assert b"embeddings-conformance" not in served.requests[0][0]


def test_repeated_and_empty_headers_are_sent_as_they_are(serve: Serve) -> None:
    _, served = ask(serve, script(OK), Request("GET", "/x", (("X-A", "1"), ("X-A", "2"), ("X-B", ""))))
    head = served.requests[0][0]
    assert b"X-A: 1\r\nX-A: 2\r\n" in head
    assert b"X-B: \r\n" in head


@pytest.mark.parametrize(
    ("path", "target", "sent"),
    [
        ("", "/v1/embeddings", b"/v1/embeddings"),
        ("/v1", "/v1/embeddings", b"/v1/embeddings"),
        ("/v1/", "/v1/embeddings?a=[b]", b"/v1/embeddings?a=[b]"),
        ("/v1", "/v10/embeddings", b"/v1/v10/embeddings"),
        ("/api", "/v1/models/a%2Fb", b"/api/v1/models/a%2Fb"),
        ("", "//evil.example/x", b"//evil.example/x"),
        ("", "/a b?q=é", b"/a%20b?q=%C3%A9"),
    ],
)
def test_joins_the_target_to_the_base_url(serve: Serve, path: str, target: str, sent: bytes) -> None:
    _, served = ask(serve, script(OK), Request("GET", target), path=path)
    assert served.requests[0][0].split(b" ")[1] == sent


@pytest.mark.parametrize(
    "target", ["@evil.example/", ".evil.example/", "x", "/a/../b", "/a#b", "/a\\b", "/\r\nX: y"]
)
def test_refuses_a_target_that_would_become_another(serve: Serve, target: str) -> None:
    with pytest.raises(UsageError, match="target"):
        ask(serve, script(OK), Request("GET", target))


@pytest.mark.parametrize(
    "url",
    ["", "localhost:80", "ftp://h", "http://", "http://a b", "http://h:99999", "http://h/?q", "http://u:p@h"],
)
def test_refuses_an_unusable_base_url(url: str) -> None:
    with pytest.raises(UsageError, match="base_url") as caught:
        open_transport(base_url=url, secrets={})
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/", (("X", "a\r\nY: b"),)),
        Request("GET", "/", (("X", "a\nY: b"),)),
        Request("GET", "/", (("X", "a\0b"),)),
        Request("GET", "/", (("X", "\ud800"),)),
        Request("GET", "/", (("X\r\nY", "a"),)),
        Request("GET", "/", (("X Y", "a"),)),
        Request("GET", "/", (("", "a"),)),
        Request("GET", "/", (("X", "${BROKEN}"),)),
        Request("GET", "/", (("X", "${UNKNOWN}"),)),
        Request("GET / HTTP/1.1\r\nX:", "/"),
        Request("CONNECT", "/"),
    ],
)
def test_no_header_can_be_injected(request_: Request) -> None:
    async def run() -> None:
        transport = open_transport(base_url="http://127.0.0.1:9", secrets={"BROKEN": "sk-hidden\r\nX: y"})
        try:
            with pytest.raises(UsageError) as caught:
                await transport.send(request_, timeout=1)
            assert "sk-hidden" not in str(caught.value)
        finally:
            await transport.close()

    asyncio.run(run())


def test_a_redirect_is_an_answer_and_takes_no_key_elsewhere(serve: Serve) -> None:
    async def run() -> None:
        async with serve(script(OK)) as thief:
            location = b"Location: " + thief.url.encode() + b"/steal"
            async with serve(
                script(answer(b"", location, b"Set-Cookie: a=b", status=b"307 Go"), keep=True)
            ) as served:
                transport = open_transport(base_url=served.url, secrets={"KEY": "sk-secret"})
                for _ in range(2):
                    exchange = await transport.send(POST, timeout=2)
                    assert exchange.status == 307
                    assert exchange.header("location") == thief.url + "/steal"
                await transport.close()
            assert thief.requests == []
            assert thief.connections == 0
            assert all(b"cookie" not in head.lower() for head, _ in served.requests)

    asyncio.run(run())


@pytest.mark.parametrize("coding", [b"gzip", b"x-gzip", b"deflate", b"raw", b"gzip, deflate"])
def test_decodes_what_it_knows(serve: Serve, coding: bytes) -> None:
    body = b"hello" * 100
    raw = zlib.compressobj(wbits=-15)
    data = {
        b"gzip": gzip.compress(body[:250]) + gzip.compress(body[250:]),
        b"x-gzip": gzip.compress(body),
        b"deflate": zlib.compress(body),
        b"raw": raw.compress(body) + raw.flush(),
        b"gzip, deflate": zlib.compress(gzip.compress(body)),
    }[coding]
    name = b"deflate" if coding == b"raw" else coding
    [exchange], _ = ask(serve, script(answer(data, b"Content-Encoding: " + name)))
    assert (exchange.failure, exchange.body) == (None, body)


@pytest.mark.parametrize(
    ("data", "coding"),
    [
        (b"plain text", b"gzip"),
        (gzip.compress(b"hello" * 99)[:-9], b"gzip"),
        (gzip.compress(b"hello") + b"junk", b"gzip"),
        (b"plain text", b"deflate"),
        (b"plain text", b"br"),
        (b"plain text", b"gzip, gzip, gzip"),
    ],
)
def test_a_broken_coding_is_a_protocol_failure_with_status(serve: Serve, data: bytes, coding: bytes) -> None:
    [exchange], _ = ask(serve, script(answer(data, b"Content-Encoding: " + coding)))
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.PROTOCOL
    assert "Content-Encoding" in exchange.failure.detail
    assert (exchange.status, exchange.header("content-encoding")) == (200, coding.decode())


def test_a_gzip_bomb_is_stopped(serve: Serve) -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024), 1)
    tracemalloc.start()
    try:
        exchanges, _ = ask(serve, script(answer(bomb, b"Content-Encoding: gzip")), max_body=4 << 20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    failure = exchanges[0].failure
    assert failure is not None
    assert failure.kind is FailureKind.TOO_LARGE
    assert exchanges[0].status == 200
    assert peak < 64 << 20


def endless(
    prefix: bytes, piece: bytes, *, pause: float = 0.0
) -> Callable[[bytes, Reader, Writer], Awaitable[bool]]:
    async def handler(head: bytes, reader: Reader, writer: Writer) -> bool:
        writer.write(prefix)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler


HEAD = b"HTTP/1.1 200 OK\r\nX-Seen: yes\r\n"
LONG = HEAD + b"Content-Length: 99999999\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("handler", "kind", "status"),
    [
        (endless(CHUNKED, b"10000\r\n" + bytes(65536) + b"\r\n"), FailureKind.TOO_LARGE, 200),
        (endless(HEAD + b"\r\n", bytes(65536)), FailureKind.TOO_LARGE, 200),
        (endless(LONG, bytes(65536)), FailureKind.TOO_LARGE, 200),
        (endless(CHUNKED, b"1\r\nx\r\n", pause=0.05), FailureKind.TIMEOUT, 200),
        (endless(b"HTTP/1.1 200 OK\r\nX: ", b"a", pause=0.05), FailureKind.TIMEOUT, None),
        (
            endless(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.01),
            FailureKind.TIMEOUT,
            None,
        ),
        (endless(b"HTTP/1.1 200 OK\r\nX: ", bytes(65536).replace(b"\0", b"a")), FailureKind.TOO_LARGE, None),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9999), FailureKind.TOO_LARGE, None),
        (endless(b"", b"", pause=0.05), FailureKind.TIMEOUT, None),
        (script(b""), FailureKind.DISCONNECT, None),
        (script(b"HTTP/1.1 200 OK\r\nX-"), FailureKind.DISCONNECT, None),
        (script(HEAD + b"Content-Length: 9\r\n\r\nhi"), FailureKind.DISCONNECT, 200),
        (script(CHUNKED + b"9\r\nhi"), FailureKind.DISCONNECT, 200),
        (script(CHUNKED + b"2\r\nhi\r\n"), FailureKind.DISCONNECT, 200),
        (script(CHUNKED + b"2\r\nhi\r\nzz\r\n"), FailureKind.PROTOCOL, 200),
        (script(b"hello\r\n\r\n"), FailureKind.PROTOCOL, None),
        (script(b"\x16\x03\x01\x00\x01\x02\x03\x04\x05\x06\r\n\r\n"), FailureKind.PROTOCOL, None),
        (script(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi"), FailureKind.PROTOCOL, None),
        (script(HEAD + b"Content-Length: -2\r\n\r\nhi"), FailureKind.PROTOCOL, None),
    ],
)
def test_hostile_answers_end_as_failures(
    serve: Serve, handler: Any, kind: FailureKind, status: int | None
) -> None:
    started = time.perf_counter()
    [exchange], _ = ask(serve, handler, timeout=0.4, max_body=1 << 20)
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.status) == (kind, status), exchange.failure
    assert exchange.header("x-seen") == ("yes" if status else None)
    assert len(exchange.failure.detail) < 250
    assert "\n" not in exchange.failure.detail
    assert time.perf_counter() - started < 3


def test_a_reset_is_a_disconnect(serve: Serve) -> None:
    async def reset(head: bytes, reader: Reader, writer: Writer) -> bool:
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
        return False

    [exchange], served = ask(serve, reset)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.DISCONNECT
    assert len(served.requests) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://name.invalid", "https://127.0.0.1:1"])
def test_no_connection_is_a_connect_failure(url: str) -> None:
    async def run() -> Exchange:
        transport = open_transport(base_url=url, secrets={"KEY": "sk-secret"})
        try:
            return await transport.send(POST, timeout=5)
        finally:
            await transport.close()

    failure = asyncio.run(run()).failure
    assert failure is not None
    assert failure.kind is FailureKind.CONNECT


def test_plain_http_behind_https_is_a_connect_failure(serve: Serve) -> None:
    async def run() -> Exchange:
        async def talk(reader: Reader, writer: Writer) -> None:
            writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport = open_transport(base_url=f"https://127.0.0.1:{port}", secrets={"KEY": "x"})
        try:
            return await transport.send(POST, timeout=5)
        finally:
            await transport.close()
            server.close()

    failure = asyncio.run(run()).failure
    assert failure is not None
    assert failure.kind is FailureKind.CONNECT


def test_a_head_without_its_body_is_reported_with_its_status(serve: Serve) -> None:
    exchanges, _ = ask(serve, script(HEAD + b"Content-Length: 9\r\n\r\n"), POST, POST)
    assert [e.failure and e.failure.kind for e in exchanges] == [FailureKind.DISCONNECT] * 2
    assert [e.status for e in exchanges] == [200, 200]


def test_a_stale_connection_is_no_failure(serve: Serve) -> None:
    requests = 0

    async def close_on_second(head: bytes, reader: Reader, writer: Writer) -> bool:
        nonlocal requests
        requests += 1
        if requests == 2:
            return False
        writer.write(OK)
        await writer.drain()
        return True

    exchanges, served = ask(serve, close_on_second, POST, POST, POST)
    assert [e.status for e in exchanges] == [200] * 3
    assert [e.attempts for e in exchanges] == [1, 2, 1]
    assert len(served.requests) == 4
    assert served.connections == 3


def test_a_server_that_always_closes_is_asked_twice_at_most(serve: Serve) -> None:
    async def close_later(head: bytes, reader: Reader, writer: Writer) -> bool:
        if b"/first" in head:
            writer.write(OK)
            return True
        return False

    exchanges, served = ask(serve, close_later, Request("GET", "/first"), POST)
    assert exchanges[1].failure is not None
    assert exchanges[1].failure.kind is FailureKind.DISCONNECT
    assert len(served.requests) == 3


def test_connections_are_reused_and_fresh_ones_are_not(serve: Serve) -> None:
    get = Request("GET", "/x")
    assert ask(serve, script(OK, keep=True), *[get] * 5)[1].connections == 1
    fresh = Request("GET", "/x", connection="fresh")
    assert ask(serve, script(OK, keep=True), *[fresh] * 5)[1].connections == 5
    closing = Request("GET", "/x", (("Connection", "close"),))
    assert ask(serve, script(OK, keep=True), get, closing, get)[1].connections == 2


def test_bodies_are_told_apart_from_none(serve: Serve) -> None:
    requests = [Request("POST", "/", body=body) for body in (None, b"", b"\0\xff")]
    _, served = ask(serve, script(OK, keep=True), *requests)
    assert [body for _, body in served.requests] == [b"", b"", b"\0\xff"]
    assert b"content-length: 0" in served.requests[1][0].lower()


@pytest.mark.parametrize("status", [204, 304, 999])
def test_odd_statuses_are_answers(serve: Serve, status: int) -> None:
    exchanges, _ = ask(serve, script(b"HTTP/1.1 %d X\r\n\r\n" % status))
    assert (exchanges[0].status, exchanges[0].body, exchanges[0].failure) == (status, b"", None)


def test_head_has_no_body(serve: Serve) -> None:
    data = HEAD + b"Content-Encoding: gzip\r\nContent-Length: 99999999\r\n\r\n"
    exchanges, _ = ask(serve, script(data), Request("HEAD", "/"), max_body=1000)
    assert (exchanges[0].status, exchanges[0].body, exchanges[0].failure) == (200, b"", None)


def test_a_header_value_is_read_byte_by_byte(serve: Serve) -> None:
    exchanges, _ = ask(serve, script(answer(b"{}", b"X-A: \xff\xe9\xa0 ", b"X-B: b", b"x-a:\t2")))
    assert exchanges[0].failure is None
    assert exchanges[0].headers[1:] == (("x-a", "\xff\xe9\xa0"), ("x-b", "b"), ("x-a", "2"))


def test_a_wrong_content_length_harms_no_other_request(serve: Serve) -> None:
    lying = Request("POST", "/", (("Content-Length", "1"),), b"GET /smuggled HTTP/1.1\r\n\r\n")
    exchanges, served = ask(serve, script(OK, keep=True), POST, lying, POST, timeout=1)
    assert exchanges[0].status == exchanges[2].status == 200
    assert not any(b"/smuggled HTTP" in head for head, _ in served.requests)


def test_environment_proxies_are_ignored(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert ask(serve, script(OK))[0][0].status == 200


def test_a_given_proxy_is_used(serve: Serve) -> None:
    async def run() -> None:
        async with serve(script(OK)) as proxy:
            transport = open_transport(base_url="http://name.invalid", secrets={}, proxy=proxy.url)
            assert (await transport.send(Request("GET", "/x"), timeout=2)).status == 200
            await transport.close()
            assert proxy.requests[0][0].startswith(b"GET http://name.invalid/x ")

    asyncio.run(run())


def test_unusable_settings_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing")
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n")
    for options in (
        {"tls_ca": str(tmp_path / "no.pem")},
        {"tls_ca": str(empty)},
        {"tls_ca": str(broken)},
        {"proxy": "x"},
    ):
        with pytest.raises(UsageError):
            open_transport(base_url="https://127.0.0.1", secrets={}, **options)  # type: ignore[arg-type]


def test_a_closed_transport_says_so() -> None:
    async def run() -> None:
        transport = open_transport(base_url="http://127.0.0.1:1", secrets={"KEY": "x"})
        await transport.close()
        with pytest.raises(InternalError):
            await transport.send(POST, timeout=1)

    asyncio.run(run())


def test_a_refusal_before_the_body_is_read_is_an_answer(serve: Serve) -> None:
    async def run() -> list[int | None]:
        async def talk(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(b"{}", b"Connection: close", status=b"413 Too Large"))
            await writer.drain()
            # A server that closed at once would reset the connection, and could take its own answer back.
            await asyncio.sleep(0.2)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport = open_transport(base_url=f"http://127.0.0.1:{port}", secrets={})
        try:
            request = Request("POST", "/", body=bytes(4 << 20))
            return [(await transport.send(request, timeout=5)).status for _ in range(3)]
        finally:
            await transport.close()
            await asyncio.sleep(0.25)
            server.close()

    assert asyncio.run(run()) == [413] * 3
