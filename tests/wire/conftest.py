"""
Servers that behave as a test says, on free ports of 127.0.0.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

Handler = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]


class Served:
    """
    A running server: its *url*, how many *connections* it got, and every request as (head, body).
    """

    def __init__(self) -> None:
        self.url = ""
        self.port = 0
        self.connections = 0
        self.requests: list[tuple[bytes, bytes]] = []


@pytest.fixture
def serve() -> Callable[[Handler], AbstractAsyncContextManager[Served]]:
    """
    Return a context manager that runs a server; its handler gets each request's head and says whether to go
    on.
    """

    @asynccontextmanager
    async def serving(handler: Handler) -> AsyncIterator[Served]:
        served = Served()
        tasks: set[asyncio.Task[None]] = set()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            served.connections += 1
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = 0
                    for line in head.lower().split(b"\r\n"):
                        if line.startswith(b"content-length:"):
                            length = int(line[15:])
                    body = await reader.readexactly(length)
                    served.requests.append((head, body))
                    if not await handler(head, reader, writer):
                        return
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.close()
                tasks.discard(task)

        server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=1 << 20)
        served.port = server.sockets[0].getsockname()[1]
        served.url = f"http://127.0.0.1:{served.port}"
        try:
            yield served
        finally:
            server.close()
            for task in tuple(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

    return serving
