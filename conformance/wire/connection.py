"""
A connection to a server: one request out, one answer in, and then perhaps the next.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from conformance.exchange import Exchange
from conformance.wire.answer import Answer
from conformance.wire.loss import disconnected, late
from conformance.wire.outbox import Outbox
from conformance.wire.tls import Tls

__all__ = ["Connection"]

# What the parser gets at once, so that no server holds up the event loop for long.
_READ_SIZE = 64 * 1024


class Connection(asyncio.BufferedProtocol):
    """
    One connection, and the exchange that it is busy with.

    It expects the answer to *exchange* from its beginning, even before the request is sent. *settled* is
    called with the connection when it has become free for another request, and *lost*, perhaps repeatedly,
    when it is gone.
    """

    __slots__ = (
        "_answer",
        "_buffer",
        "_busy",
        "_deadline",
        "_exchange",
        "_loop",
        "_lost",
        "_outbox",
        "_secured",
        "_settled",
        "_timeout",
        "_timer",
        "_tls",
        "_transport",
        "_view",
        "_waiter",
        "heard",
        "idle_since",
    )

    def __init__(
        self,
        exchange: Exchange,
        *,
        loop: asyncio.AbstractEventLoop,
        limit: int,
        tls: Tls | None,
        settled: Callable[[Connection], None] | None,
        lost: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        self._tls = tls
        self._settled = settled
        self._lost = lost
        self._exchange = exchange
        self._answer = Answer(exchange, limit=limit)
        self._buffer = bytearray(_READ_SIZE)
        self._view = memoryview(self._buffer)
        self._transport: asyncio.Transport | None = None
        self._secured: asyncio.Future[None] | None = loop.create_future() if tls is not None else None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = self._timeout = 0.0
        self._outbox = Outbox(tls)
        self._busy = True
        self.heard = False  # whether anything of the current answer came
        self.idle_since = 0.0

    async def secured(self) -> None:
        """
        Return when TLS, if there is any, is ready. Raises OSError when that fails.
        """
        if self._secured is not None:
            await self._secured

    def expect(self, exchange: Exchange) -> None:
        """
        Make ready for the answer to the next request.
        """
        self._exchange = exchange
        self._answer.expect(exchange)
        self._busy = True
        self.heard = False

    def ask(self, head: bytes, body: bytes, *, deadline: float, timeout: float) -> asyncio.Future[None]:
        """
        Send a request, and return a future that is done when the expected exchange has its answer or failure.

        *deadline* is in the loop's time; *timeout* is the same in seconds from the beginning, for messages.
        """
        waiter = self._waiter = self._loop.create_future()
        if not self._busy:
            waiter.set_result(None)
            return waiter
        self._deadline = deadline
        self._timeout = timeout
        # One timer serves many requests: it is set anew only when it would ring too late.
        if self._timer is None or self._timer.when() > deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(deadline, self._ring)
        try:
            self._outbox.send(head, body)
        except ssl.SSLError as error:
            self._broken(error)
        return waiter

    def abort(self, error: Exception | None = None) -> None:
        """
        End the connection at once; *error* is raised to whoever waits for an answer.
        """
        self._busy = False
        if error is not None and self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        self._lost(self)
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._outbox.open(transport)
        if self._tls is not None:
            self._tls.shake()
            self._outbox.flush()

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._tls is not None:
            self._decipher(self._tls, nbytes)
        else:
            self._take(nbytes)

    def eof_received(self) -> None:
        # Under TLS an end that was not announced may be anybody's.
        if self._busy and (self._tls is None or self._tls.ended) and self._answer.end():
            self._settle()
        else:
            self._lose(None)
            self._lost(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._busy and exc is not None:
            self._drain(exc)
        self._lose(exc)
        self._lost(self)
        if self._timer is not None:
            self._timer.cancel()
        self._refuse(exc or ConnectionError("the server closed it within the handshake"))
        self._answer.release()

    def pause_writing(self) -> None:
        self._outbox.pause()

    def resume_writing(self) -> None:
        # The loop's own books get mixed up when a write fails inside of this call.
        self._loop.call_soon(self._resume)

    def _resume(self) -> None:
        try:
            self._outbox.resume()
        except ssl.SSLError as error:
            self._broken(error)

    def _ring(self) -> None:
        self._timer = None
        if self._busy and self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._ring)
        elif self._busy:
            self._exchange.failure = late(self._answer.place, timeout=self._timeout)
            self._settle()

    def _take(self, count: int) -> None:
        if not self._busy:
            self.abort()  # bytes that nobody asked for
            return
        self.heard = True
        if self._answer.feed(self._view[:count]):
            self._settle()

    def _settle(self) -> None:
        self._busy = False
        # An answer may come before there was a request; what that stands for, nobody knows.
        is_free = self._waiter is not None and self._answer.reusable and self._outbox.empty
        if self._settled is not None and is_free and self._exchange.failure is None:
            self._settled(self)
        else:
            self._outbox.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _lose(self, error: Exception | None) -> None:
        if self._busy:
            self._exchange.failure = disconnected(self._answer.place, error)
            self._answer.reusable = False
            self._settle()

    def _broken(self, error: ssl.SSLError) -> None:
        self._refuse(error)
        self._lose(error)
        self.abort()

    def _refuse(self, error: Exception) -> None:
        if self._secured is not None and not self._secured.done():
            self._secured.set_exception(error)

    def _drain(self, error: Exception) -> None:
        # The system's event loop stops to read when a write fails; but the answer may have come before: that
        # of a server which refuses a long body and closes.
        try:
            assert self._transport is not None
            with self._transport.get_extra_info("socket").dup() as rest:
                rest.setblocking(False)
                while self._busy and (count := rest.recv_into(self._buffer)):
                    self.buffer_updated(count)
                # The system says so when the server had ended its side before it refused ours.
                if isinstance(error, BrokenPipeError):
                    self.eof_received()
        except OSError:
            pass

    def _decipher(self, tls: Tls, count: int) -> None:
        tls.receive(self._view[:count])
        try:
            if not tls.ready:
                if tls.shake() and self._secured is not None and not self._secured.done():
                    self._secured.set_result(None)
                self._outbox.flush()
            while tls.ready and (size := tls.read(self._buffer)):
                self._take(size)
        except ssl.SSLError as error:
            self._outbox.flush()
            self._broken(error)
            return
        if tls.ended:
            self.eof_received()
            self._outbox.close()
