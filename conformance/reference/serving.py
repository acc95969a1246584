"""
Running a server as a process of its own: one line when it listens, a quick end when told or when orphaned.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from conformance.reference.asgi import ASGIApp

__all__ = ["StreamHandler", "open_socket", "serve_app", "serve_streams"]

StreamHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PARENT_POLL_S = 1.0


def open_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only for sockets that name it.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def announce(listener: socket.socket, ready: Mapping[str, Any]) -> None:
    """Print the ready line: one JSON object with the base URL and what the server wants known."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    sys.stdout.write(orjson.dumps({"base_url": f"http://{shown}:{port}", **ready}).decode() + "\n")
    sys.stdout.flush()


async def _leave_with_parent(stop: Callable[[], None], parent: int) -> None:
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_POLL_S)
    stop()


def serve_app(app: ASGIApp, *, host: str, port: int, ready: Mapping[str, Any]) -> None:
    """Serve an ASGI application until SIGTERM, SIGINT or the end of the parent process."""
    import uvicorn  # a third of the start-up time, and of no use to the stream servers

    parent = os.getppid()
    listener = open_socket(host, port)
    config = uvicorn.Config(
        app,
        log_level="error",
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        loop="asyncio",
        server_header=False,
        backlog=2048,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        proxy_headers=False,
    )

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            announce(listener, ready)
            self.watch = asyncio.ensure_future(_leave_with_parent(self.leave, parent))

        def leave(self) -> None:
            self.should_exit = True

    server = Announcing(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def serve_streams(handler: StreamHandler, *, host: str, port: int, ready: Mapping[str, Any]) -> None:
    """Serve raw connections until SIGTERM, SIGINT or the end of the parent process."""
    asyncio.run(_serve_streams(handler, open_socket(host, port), ready, os.getppid()))


async def _serve_streams(
    handler: StreamHandler, listener: socket.socket, ready: Mapping[str, Any], parent: int
) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    connections: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await handler(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(accept, sock=listener, limit=1 << 20)
    announce(listener, ready)
    watch = asyncio.ensure_future(_leave_with_parent(over.set, parent))
    await over.wait()
    watch.cancel()
    server.close()
    for task in list(connections):
        task.cancel()
    await asyncio.sleep(0)
