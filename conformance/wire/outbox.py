"""
The outbox of a connection: what is sent, a long body piece by piece.
"""

from __future__ import annotations

import asyncio

from conformance.wire.tls import Tls

__all__ = ["Outbox"]

# A body up to this size leaves together with its head; a longer one in such pieces, each when the last is
# nearly gone.
_PIECE = 256 * 1024


class Outbox:
    """
    Writes requests to a transport of the event loop, through *tls* if there is any.
    """

    __slots__ = ("_is_paused", "_tls", "_transport", "_unsent")

    def __init__(self, tls: Tls | None) -> None:
        self._tls = tls
        self._transport: asyncio.Transport | None = None
        self._unsent: memoryview = memoryview(b"")
        self._is_paused = False

    @property
    def empty(self) -> bool:
        """
        Whether nothing is left to be sent.
        """
        return not self._unsent and (self._transport is None or not self._transport.get_write_buffer_size())

    def open(self, transport: asyncio.Transport) -> None:
        """
        Begin to use *transport*.
        """
        self._transport = transport

    def send(self, head: bytes, body: bytes) -> None:
        """
        Send a request, or as much of it as there is room for. Raises ssl.SSLError when TLS has ended.
        """
        if len(body) <= _PIECE:
            self._write(head + body)
        else:
            self._write(head)
            self._unsent = memoryview(body)
            self._pump()

    def pause(self) -> None:
        """
        Take note that there is no room at the moment.
        """
        self._is_paused = True

    def resume(self) -> None:
        """
        Go on with what is left. Raises ssl.SSLError when TLS has ended.
        """
        self._is_paused = False
        self._pump()

    def flush(self) -> None:
        """
        Send what TLS has to say by itself.
        """
        if self._tls is not None and self._transport is not None:
            self._transport.write(self._tls.pending())

    def close(self) -> None:
        """
        End the connection in good order, or at once when something is left that nobody waits for.
        """
        if self._transport is None or self._transport.is_closing():
            return
        if not self.empty:
            self._unsent = memoryview(b"")
            self._transport.abort()
            return
        if self._tls is not None and self._tls.ready:
            self._tls.close()
            self.flush()
        self._transport.close()

    def _pump(self) -> None:
        while self._unsent and not self._is_paused:
            piece = self._unsent[:_PIECE]
            self._unsent = self._unsent[_PIECE:]
            self._write(piece)

    def _write(self, data: bytes | memoryview) -> None:
        assert self._transport is not None
        if self._transport.is_closing():
            self._unsent = memoryview(b"")
        elif self._tls is None:
            self._transport.write(data)
        else:
            self._tls.write(data)
            self._transport.write(self._tls.pending())
