"""
Transport into an ASGI application in this process, without sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import perf_counter
from urllib.parse import unquote

from conformance.errors import shorten
from conformance.exchange import Exchange, Failure, FailureKind, Request
from conformance.wire.address import Address
from conformance.wire.coding import decode
from conformance.wire.envelope import USER_AGENT
from conformance.wire.heading import Heading
from conformance.wire.lifespan import Application, Lifespan, Message, load_application

__all__ = ["AsgiTransport", "open_asgi"]

_LINGER_SECONDS = 5.0


def open_asgi(
    app: str | Application,
    *,
    secrets: Mapping[str, str],
    max_body: int = 256 * 1024 * 1024,
    base_url: str = "http://app.invalid",
) -> AsgiTransport:
    """
    Return a transport into *app*, a callable or an import path such as ``package.module:attribute``.

    *max_body* is the limit of an answer's body in bytes, before and after decoding. *base_url* gives the Host
    header and a path prefix. Raises UsageError for an application that can't be imported. Its startup runs at
    the first send and raises IncompleteError when it fails. An application that blocks the thread blocks the
    suite with it.
    """
    return AsgiTransport(
        load_application(app), address=Address(base_url), heading=Heading(secrets), max_body=max_body
    )


class AsgiTransport:
    """
    Calls an ASGI application once for each request.
    """

    __slots__ = ("_address", "_app", "_heading", "_lifespan", "_max_body", "_running")

    def __init__(self, app: Application, *, address: Address, heading: Heading, max_body: int) -> None:
        self._app = app
        self._address = address
        self._heading = heading
        self._max_body = max_body
        self._lifespan = Lifespan(app)
        # Tasks of applications that work on after their answer, as background tasks do.
        self._running: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        return self._address.base

    async def send(self, request: Request, *, timeout: float) -> Exchange:
        """
        Call the application with *request*; see `Transport.send`.
        """
        scope = self._scope(request, self._heading.fill(request)[0])
        await self._lifespan.start()
        scope["state"] = dict(self._lifespan.state)
        answer = _Answer(request, limit=self._max_body)
        started = perf_counter()
        task = asyncio.create_task(self._call(scope, answer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(answer.end)
        try:
            in_time = await answer.wait(timeout=timeout)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not in_time:
            answer.fail(FailureKind.TIMEOUT, f"the answer was not complete after {timeout:g} s")
            task.cancel()
        exchange = answer.finish()
        exchange.elapsed = perf_counter() - started
        return exchange

    async def close(self) -> None:
        """
        End what still runs after its answer, and run the application's shutdown.
        """
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=_LINGER_SECONDS)
        for task in tuple(self._running):
            task.cancel()
        await self._lifespan.stop()

    async def _call(self, scope: dict[str, object], answer: _Answer) -> None:
        try:
            await self._app(scope, answer.receive, answer.send)
        except (Exception, SystemExit) as error:
            # An answer that was complete stays one: a server has sent it before the exception comes.
            if not answer.complete:
                answer.fail(FailureKind.DISCONNECT, f"the application raised {type(error).__name__}")

    def _scope(self, request: Request, headers: list[tuple[str, str]]) -> dict[str, object]:
        raw_path, _, query = self._address.path(request.target).partition("?")
        sent = [(name.lower().encode("ascii"), value.strip().encode("utf-8")) for name, value in headers]
        names = {name for name, _ in sent}
        # What the HTTP transport adds by itself, so that an application sees the same request on both ways.
        defaults = [(b"user-agent", USER_AGENT.encode())]
        defaults.append((b"host", self._address.origin.partition("://")[2].encode("ascii", "replace")))
        if request.body is not None and b"transfer-encoding" not in names:
            defaults.append((b"content-length", b"%d" % len(request.body)))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method.upper(),
            "scheme": self._address.scheme,
            "path": unquote(raw_path, errors="replace"),
            "raw_path": raw_path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": sent + [pair for pair in defaults if pair[0] not in names],
            "client": ("127.0.0.1", 0),
            "server": (self._address.host, 443 if self._address.scheme == "https" else 80),
        }


class _Answer:
    """
    One call's messages, both ways.
    """

    __slots__ = (
        "_asked",
        "_ended",
        "_exchange",
        "_finished",
        "_limit",
        "_parts",
        "_returned",
        "_size",
        "complete",
    )

    def __init__(self, request: Request, *, limit: int) -> None:
        self._exchange = Exchange(request)
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._asked = False
        self._returned = False
        self._finished = False
        self._ended = asyncio.Event()
        self.complete = False

    async def wait(self, *, timeout: float) -> bool:
        """
        Return True when the answer or the application ended, and False after *timeout* seconds without
        either.
        """
        handle = asyncio.get_running_loop().call_later(timeout, self._ended.set)
        await self._ended.wait()
        handle.cancel()
        return self.complete or self._exchange.failure is not None or self._returned

    def end(self, task: asyncio.Task[None]) -> None:
        self._returned = True
        self._ended.set()

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._exchange.request.body or b"", "more_body": False}
        # The suite stays connected until it has its answer.
        await self._ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self._finished and not self.complete:
            # The exchange is with the judges by now, and must not change any more.
            raise ConnectionError("the client went away")
        kind = message["type"]
        if kind == "http.response.start":
            if self._exchange.status is not None:
                raise RuntimeError("http.response.start was sent twice")
            self._exchange.headers = tuple(
                (bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1").strip())
                for name, value in message.get("headers", ())
            )
            self._exchange.status = int(message["status"])
        elif kind == "http.response.body":
            if self._exchange.status is None:
                raise RuntimeError("http.response.body was sent before http.response.start")
            if self.complete:
                raise RuntimeError("http.response.body was sent after the last one")
            part = bytes(message.get("body", b""))
            self._size += len(part)
            if self._size > self._limit:
                self.fail(FailureKind.TOO_LARGE, f"the body passed {self._limit} bytes")
                self._ended.set()
                raise ConnectionError("the client went away")
            self._parts.append(part)
            if not message.get("more_body", False):
                self.complete = True
                self._ended.set()
        elif not kind.startswith("http.response."):
            raise RuntimeError(f"an unknown message {shorten(kind)} was sent")

    def fail(self, kind: FailureKind, detail: str) -> None:
        # The first failure is the cause of those that follow.
        if self._exchange.failure is None and not self._finished:
            self._exchange.failure = Failure(kind, detail)

    def finish(self) -> Exchange:
        """
        Return the exchange, with the failures that a server between would have made of a bad answer.
        """
        exchange = self._exchange
        if not self.complete:
            self.fail(FailureKind.DISCONNECT, "the application returned before its answer was complete")
        self._finished = True
        if exchange.failure is not None or exchange.request.method.upper() == "HEAD":
            return exchange
        declared = exchange.header("content-length")
        if declared is not None and declared != str(self._size):
            is_short = declared.isdigit() and int(declared) > self._size
            exchange.failure = Failure(
                FailureKind.DISCONNECT if is_short else FailureKind.PROTOCOL,
                f"Content-Length is {shorten(declared, limit=40)}, but the body has {self._size} bytes",
            )
            return exchange
        coding = ", ".join(value for name, value in exchange.headers if name == "content-encoding")
        body = decode(b"".join(self._parts), coding, limit=self._limit)
        if isinstance(body, Failure):
            exchange.failure = body
        else:
            exchange.body = body
        return exchange
