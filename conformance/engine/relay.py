"""
A relay on this machine: what a client library sends to it goes on to the target, with the target's own key.

So a library needs no key, every request that it makes is counted and seen, and a target in this process, behind a proxy
or with a certificate of its own is reached as every other request of the run reaches it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from conformance.errors import IncompleteError
from conformance.exchange import Exchange, Request

__all__ = ["Relay"]

# What belongs to one connection, and what the wire sets itself.
_OWN = frozenset({"host", "authorization", "content-length", "connection", "accept-encoding", "transfer-encoding"})
_MADE = frozenset(
    {"content-encoding", "content-length", "connection", "transfer-encoding", "keep-alive", "date", "server"}
)

Send = Callable[[Request], Awaitable[Exchange]]


@dataclass(slots=True)
class Relay:
    """
    Passes requests on by *send*. *headers* are laid over those of each request, *passed* are the exchanges since they
    were last taken, *problem* what kept one from being sent.
    """

    send: Send
    headers: tuple[tuple[str, str], ...] = ()
    passed: list[Exchange] = field(default_factory=list)
    port: int = 0
    problem: IncompleteError | None = None
    _server: Any = None
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """
        Listen on a free port of this machine.
        """
        import uvicorn

        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(self._app, log_level="critical", lifespan="off", interface="asgi3", access_log=False)
        self._server = uvicorn.Server(config)
        # The run's own handlers of signals stay as they are.
        self._server.install_signal_handlers = lambda: None
        self._task = asyncio.ensure_future(self._server.serve(sockets=[listener]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """
        Stop listening.
        """
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await asyncio.wait([self._task], timeout=5)

    async def _app(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"] if n.decode() not in _OWN]
        target = scope["raw_path"].decode("ascii") + (f"?{query.decode()}" if (query := scope["query_string"]) else "")
        try:
            exchange = await self.send(Request(scope["method"], target, (*headers, *self.headers), body or None))
        except IncompleteError as problem:
            # The end of the run's budget is no answer of the target; whoever made the call hears of it afterwards.
            self.problem = problem
            exchange = Exchange(Request(scope["method"], target), status=400)
        self.passed.append(exchange)
        answer = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in exchange.headers if n not in _MADE]
        status = exchange.status or 502
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": exchange.body})
