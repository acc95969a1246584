"""
The connections of the HTTP transport: what they send, how they read, and when they are kept.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from conformance.errors import InternalError, UsageError
from conformance.exchange import Exchange, FailureKind, Request
from conformance.wire.transport import Transport, open_transport

GET = Request("GET", "/x")
START = b"HTTP/1.1 200 OK\r\n"
OK = START + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"


class Peer:
    """
    A server in a thread: it sends the same bytes for everything that it reads, on every connection.
    """

    def __init__(self, data: bytes, *, family: socket.AddressFamily = socket.AF_INET) -> None:
        self.data = data
        self.heard: list[bytes] = []
        self._listener = socket.create_server(
            ("::1" if family is socket.AF_INET6 else "127.0.0.1", 0), family=family
        )
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            self.heard.append(b"")
            threading.Thread(target=self._talk, args=(connection, len(self.heard) - 1), daemon=True).start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    self.heard[number] += data
                    connection.sendall(self.data)
                    if b"Connection: close" in self.data or b"Content-Length" not in self.data:
                        return
            except OSError:
                pass

    def close(self) -> None:
        self._listener.close()


@contextmanager
def peer(data: bytes) -> Iterator[Peer]:
    with closing(Peer(data)) as running:
        yield running


def ask(url: str, *requests: Request, timeout: float = 3.0, connect_timeout: float = 10.0) -> list[Exchange]:
    async def run() -> list[Exchange]:
        transport = open_transport(base_url=url, secrets={}, connect_timeout=connect_timeout)
        try:
            return [await transport.send(request, timeout=timeout) for request in requests]
        finally:
            await transport.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("request_", "sent"),
    [
        (
            Request("get", "/x", (("x-cUstom", " a\t"), ("B", "é"))),
            b"|x-cUstom:  a\t|B: \xc3\xa9|",
        ),
        (
            Request("GET", "/", (("Host", "other"), ("user-agent", ""))),
            b"GET / HTTP/1.1|Host: other|user-agent: |",
        ),
        (Request("POST", "/", body=b""), b"Content-Length: 0||"),
        (Request("POST", "/", (("Content-Length", "2"),), b"hello"), b"Content-Length: 2|"),
        (Request("POST", "/", (("Content-Length", "x"),), b"hello"), b"Content-Length: x|"),
        (Request("POST", "/", (("Transfer-Encoding", "chunked"),), b"hello"), b"||5|hello|0||"),
        (Request("POST", "/", (("Transfer-Encoding", "Chunked"),)), b"||0||"),
    ],
)
def test_what_is_given_stands_on_the_wire_as_it_is(request_: Request, sent: bytes) -> None:
    with peer(OK) as server:
        [exchange] = ask(server.url, request_)
        assert exchange.status == 200
        assert sent.replace(b"|", b"\r\n") in server.heard[0]
        assert b"ccept" not in server.heard[0]


def test_a_long_body_arrives_whole() -> None:
    body = bytes(range(256)) * 40000

    async def run() -> bytes:
        got = b""

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal got
            await reader.readuntil(b"\r\n\r\n")
            got = await reader.readexactly(len(body))
            writer.write(OK)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        transport = open_transport(
            base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", secrets={}
        )
        assert (await transport.send(Request("POST", "/", body=body), timeout=10)).status == 200
        await transport.close()
        server.close()
        return got

    assert asyncio.run(run()) == body


@pytest.mark.skipif(sys.platform != "linux", reason="other systems drop what came before a reset")
def test_a_refusal_is_read_even_when_the_connection_is_reset_right_behind_it() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            connection.recv(1)
            connection.sendall(START.replace(b"200 OK", b"413 No") + b"Content-Length: 3\r\n\r\nbig")
            connection.close()

    threading.Thread(target=refuse, daemon=True).start()
    with closing(listener):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        exchanges = ask(url, *[Request("POST", "/", body=bytes(16 << 20))] * 10)
    assert [(e.status, e.body, e.failure, e.attempts) for e in exchanges] == [(413, b"big", None, 1)] * 10


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (CHUNKED + b"2;x=y\r\nhi\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n", b"hi!"),
        (b"HTTP/1.0 200 OK\r\n\r\nhi!", b"hi!"),
        (START + b"\r\nhi!", b"hi!"),
        (START + b"Transfer-Encoding: gzip\r\n\r\nhi!", b"hi!"),
        (b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK, b"{}"),
        (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", b"x"),
        (b"HTTP/1.1 101 Over\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz", b""),
        (b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", b""),
        (b"HTTP/1.1 204 None\r\nTransfer-Encoding: chunked\r\n\r\n", b""),
    ],
)
def test_framings(data: bytes, body: bytes) -> None:
    with peer(data) as server:
        [exchange] = ask(server.url, GET)
    assert (exchange.failure, exchange.body) == (None, body)
    assert not {"trailer", "link"} & {name for name, _ in exchange.headers}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"HTTP/1.1 199 Odd\r\nContent-Length: 2\r\n\r\nhi" + OK, FailureKind.PROTOCOL),
        (b"HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n", FailureKind.PROTOCOL),
        (START + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", None),
        (CHUNKED + b"2\r\nhi\r\n0\r\nX: " + b"y" * 600_000, FailureKind.TOO_LARGE),
        (CHUNKED + b"2;" + b"y" * 600_000, FailureKind.TOO_LARGE),
        (b"HTTP/1.1 100 Go\r\n\r\n" * 60_000, FailureKind.TOO_LARGE),
        (START + b"X: " + b"y" * 600_000, FailureKind.TOO_LARGE),
    ],
)
def test_what_breaks_the_framing(data: bytes, kind: FailureKind | None) -> None:
    with peer(data) as server:
        [exchange] = ask(server.url, GET)
    if kind is None:  # versions of the parser differ
        assert exchange.failure is None or exchange.failure.kind is FailureKind.PROTOCOL
    else:
        assert exchange.failure is not None
        assert exchange.failure.kind is kind, exchange.failure


def test_more_than_a_hundred_headers_are_no_fault() -> None:
    with peer(
        START + b"".join(b"X-%d: y\r\n" % n for n in range(900)) + b"Content-Length: 0\r\n\r\n"
    ) as server:
        [exchange] = ask(server.url, GET)
    assert len(exchange.headers) == 901


@pytest.mark.parametrize(
    ("data", "method", "connections"),
    [
        (OK, "GET", 1),
        (OK + b"HTTP/1.1 500 Smuggled\r\nContent-Length: 0\r\n\r\n", "GET", 3),
        (OK + b"x", "GET", 3),
        (OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), "GET", 3),
        (OK.replace(b"/1.1", b"/1.0"), "GET", 3),
        (OK[:-2], "HEAD", 1),
        (OK, "HEAD", 3),
        (b"HTTP/1.1 204 None\r\nContent-Length: 2\r\n\r\n", "GET", 3),
        (b"HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\n", "GET", 1),
    ],
)
def test_a_connection_is_kept_only_when_nothing_is_left_on_it(
    data: bytes, method: str, connections: int
) -> None:
    with peer(data) as server:
        exchanges = ask(server.url, *[Request(method, "/x")] * 3)
        assert len({(e.status, e.body) for e in exchanges}) == 1
        assert [(e.failure, e.attempts) for e in exchanges] == [(None, 1)] * 3
        assert len(server.heard) == connections


def with_transport(url: str, talk: Callable[[Transport], object]) -> None:
    async def run() -> None:
        transport = open_transport(base_url=url, secrets={})
        try:
            await talk(transport)  # type: ignore[misc]
        finally:
            await transport.close()

    asyncio.run(run())


def test_bytes_on_an_idle_connection_end_it() -> None:
    async def run() -> None:
        connections = 0

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            await asyncio.sleep(0.05)
            writer.write(OK.replace(b"200", b"500"))
            await reader.read()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        transport = open_transport(base_url=url, secrets={})
        for _ in range(2):
            exchange = await transport.send(GET, timeout=2)
            assert (exchange.status, exchange.attempts) == (200, 1)
            await asyncio.sleep(0.15)
        await transport.close()
        server.close()
        assert connections == 2

    asyncio.run(run())


def test_closing_under_a_request_is_said() -> None:
    async def talk(transport: Transport) -> None:
        sending = asyncio.ensure_future(transport.send(GET, timeout=9))
        await asyncio.sleep(0.1)
        await transport.close()
        with pytest.raises(InternalError):
            await sending

    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        with_transport(f"http://127.0.0.1:{mute.getsockname()[1]}", talk)


def test_a_cancelled_request_leaves_nothing_behind() -> None:
    async def talk(transport: Transport) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(transport.send(GET, timeout=9), 0.1)

    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        with_transport(f"http://127.0.0.1:{mute.getsockname()[1]}", talk)
        connection = mute.accept()[0]
        connection.settimeout(2)
        with connection:
            while connection.recv(4096):
                pass


def test_a_transport_serves_one_loop_after_another() -> None:
    with peer(OK) as server, warnings.catch_warnings():
        # What a loop that is over has left open only the garbage collector can close.
        warnings.simplefilter("ignore", ResourceWarning)
        transport = open_transport(base_url=server.url, secrets={})
        for _ in range(2):
            assert asyncio.run(transport.send(GET, timeout=2)).status == 200
        asyncio.run(transport.close())
        gc.collect()


def test_no_connection_in_time_is_told_apart_from_no_answer_in_time() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        port = mute.getsockname()[1]
        for url, limit, kind in (
            (f"https://127.0.0.1:{port}", 0.2, FailureKind.CONNECT),
            (f"https://127.0.0.1:{port}", 9.0, FailureKind.TIMEOUT),
            (f"http://127.0.0.1:{port}", 0.2, FailureKind.TIMEOUT),
        ):
            started = time.perf_counter()
            failure = ask(url, GET, timeout=0.4, connect_timeout=limit)[0].failure
            assert failure is not None
            assert failure.kind is kind
            assert time.perf_counter() - started < 1


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_addresses_of_both_families() -> None:
    with closing(Peer(OK, family=socket.AF_INET6)) as server:
        assert ask(f"http://[::1]:{server.port}", GET)[0].status == 200
        assert f"Host: [::1]:{server.port}\r\n".encode() in server.heard[0]
    with peer(OK) as other:
        assert ask(f"http://localhost:{other.port}", GET)[0].status == 200


def test_a_proxy_without_its_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(UsageError, match="pip install"):
        open_transport(base_url="http://name.invalid", secrets={}, proxy="http://127.0.0.1:1")


def test_a_proxy_that_is_not_there_is_a_connect_failure() -> None:
    async def run() -> Exchange:
        transport = open_transport(base_url="http://a.invalid", secrets={}, proxy="http://127.0.0.1:1")
        try:
            return await transport.send(GET, timeout=2)
        finally:
            await transport.close()

    failure = asyncio.run(run()).failure
    assert failure is not None
    assert failure.kind is FailureKind.CONNECT
