"""
Transport over HTTP: one request out, one exchange back, whatever the server does.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

from conformance.errors import InternalError
from conformance.exchange import Exchange, FailureKind, Request
from conformance.wire.address import Address
from conformance.wire.connection import Connection
from conformance.wire.envelope import Envelope
from conformance.wire.heading import Heading
from conformance.wire.pool import Pool

__all__ = ["HttpTransport"]


class HttpTransport:
    """
    Sends each request on an idle connection, or on one of its own where that matters.
    """

    __slots__ = ("_address", "_closed", "_envelope", "_heading", "_pool")

    def __init__(self, address: Address, *, heading: Heading, envelope: Envelope, pool: Pool) -> None:
        self._address = address
        self._heading = heading
        self._envelope = envelope
        self._pool = pool
        self._closed = False

    @property
    def base_url(self) -> str:
        return self._address.base

    async def send(self, request: Request, *, timeout: float) -> Exchange:
        """
        Send *request*; see `Transport.send`.
        """
        if self._closed:
            raise InternalError("a request was sent on a transport that is closed")
        headers, alone = self._heading.fill(request)
        head, body = self._envelope.write(request, headers)
        exchange = Exchange(request)
        loop = asyncio.get_running_loop()
        started = perf_counter()
        deadline = loop.time() + timeout
        idle = None if alone else self._pool.take(loop)
        if idle is not None:
            idle.expect(exchange)
            await self._ask(idle, head, body, deadline=deadline, timeout=timeout)
            failure = exchange.failure
            if failure is None or failure.kind is not FailureKind.DISCONNECT or idle.heard:
                exchange.elapsed = perf_counter() - started
                return exchange
            # A server may close an idle connection at the very moment a request leaves on it. That is
            # nobody's fault, and a connection of its own tells it apart from a server that closes on this
            # request.
            alone = True
            exchange = Exchange(request, attempts=2)
            started = perf_counter()
        connection = await self._pool.dial(exchange, keep=not alone, deadline=deadline, timeout=timeout)
        if connection is not None:
            if self._closed:
                connection.abort()
                raise InternalError("the transport was closed under a request")
            await self._ask(connection, head, body, deadline=deadline, timeout=timeout)
        exchange.elapsed = perf_counter() - started
        return exchange

    async def close(self) -> None:
        """
        Give back all connections.
        """
        self._closed = True
        await self._pool.close()

    @staticmethod
    async def _ask(
        connection: Connection, head: bytes, body: bytes, *, deadline: float, timeout: float
    ) -> None:
        try:
            await connection.ask(head, body, deadline=deadline, timeout=timeout)
        except BaseException:
            connection.abort()
            raise
