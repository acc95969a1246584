"""
The pool of a transport's connections: those that wait for a request, and how new ones are made.
"""

from __future__ import annotations

import asyncio
import ssl

from conformance.errors import InternalError
from conformance.exchange import Exchange
from conformance.wire.connection import Connection
from conformance.wire.loss import late, unconnected
from conformance.wire.tls import Tls

__all__ = ["Pool"]

# Many servers close a connection after five idle seconds; closing first avoids that a request meets a closed
# one.
_IDLE_SECONDS = 4.0
# A second address of a host is tried after so long.
_NEXT_ADDRESS_SECONDS = 0.25


class Pool:
    """
    The connections to one server, at most *room* of them idle, all in the event loop of the last request.
    """

    __slots__ = (
        "_all",
        "_connect_timeout",
        "_context",
        "_host",
        "_idle",
        "_limit",
        "_loop",
        "_port",
        "_room",
    )

    def __init__(
        self,
        host: str,
        port: int,
        *,
        context: ssl.SSLContext | None,
        limit: int,
        room: int,
        connect_timeout: float,
    ) -> None:
        """
        *context* None speaks without TLS. *limit* is that of an answer's body in bytes.
        """
        self._host = host
        self._port = port
        self._context = context
        self._limit = limit
        self._room = room
        self._connect_timeout = connect_timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()

    def take(self, loop: asyncio.AbstractEventLoop) -> Connection | None:
        """
        Return the idle connection that was used last, or None when there is none.
        """
        self._enter(loop)
        while self._idle:
            connection = self._idle.pop()
            if loop.time() - connection.idle_since < _IDLE_SECONDS:
                return connection
            connection.abort()
        return None

    async def dial(
        self, exchange: Exchange, *, keep: bool, deadline: float, timeout: float
    ) -> Connection | None:
        """
        Return a new connection that expects the answer to *exchange*, or None when that got a failure.

        *keep* says whether it may become idle afterwards. *deadline* is in the loop's time, and *timeout* is
        the same in seconds, for messages.
        """
        loop = asyncio.get_running_loop()
        self._enter(loop)
        connection = Connection(
            exchange,
            loop=loop,
            limit=self._limit,
            tls=None if self._context is None else Tls(self._context, self._host),
            settled=self._shelve if keep else None,
            lost=self._forget,
        )
        self._all.add(connection)
        left = deadline - loop.time()
        try:
            await asyncio.wait_for(self._connect(loop, connection), min(left, self._connect_timeout))
            return connection
        except asyncio.TimeoutError as error:
            # From Python 3.11 on this is also what a system's own timeout is.
            if getattr(error, "errno", None) is not None:
                exchange.failure = unconnected(error)
            elif left <= self._connect_timeout:
                exchange.failure = late("the connection", timeout=timeout)
            else:
                exchange.failure = unconnected(TimeoutError(f"none after {self._connect_timeout:g} s"))
        except (OSError, UnicodeError) as error:
            exchange.failure = unconnected(error)
        except BaseException:
            self._drop(connection)
            raise
        self._drop(connection)
        return None

    async def close(self) -> None:
        """
        End all connections; a request that waits on one of them raises InternalError.
        """
        if asyncio.get_running_loop() is self._loop:
            for connection in tuple(self._all):
                connection.abort(InternalError("the transport was closed under a request"))
            # Sockets are closed one turn of the loop after their connections.
            await asyncio.sleep(0)
        self._idle.clear()
        self._all.clear()

    def _enter(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            # The connections of a loop that is over can't even be closed any more.
            self._loop = loop
            self._idle.clear()
            self._all.clear()

    async def _connect(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> None:
        is_name = not self._host.replace(".", "").isdigit() and ":" not in self._host
        await loop.create_connection(
            lambda: connection,
            self._host,
            self._port,
            happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS if is_name else None,
        )
        await connection.secured()

    def _drop(self, connection: Connection) -> None:
        connection.abort()
        self._all.discard(connection)

    def _shelve(self, connection: Connection) -> None:
        if len(self._idle) < self._room:
            assert self._loop is not None
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
        else:
            connection.abort()

    def _forget(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
