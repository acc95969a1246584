"""
TLS for a connection: plain text on one side, and what goes over the socket on the other.
"""

from __future__ import annotations

import ssl

__all__ = ["Tls", "tls_context"]


def tls_context(*, verify: bool, roots: str | None) -> ssl.SSLContext:
    """
    Return how TLS is spoken: with the system's roots, and those of *roots* (PEM text) besides.

    *verify* False takes every certificate. Raises ssl.SSLError for roots that can't be read.
    """
    context = ssl.create_default_context()
    if roots is not None:
        context.load_verify_locations(cadata=roots)
    # Python 3.13 began to ask for extensions that many a private authority leaves out; all versions should
    # judge alike.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Tls:
    """
    One connection's TLS, apart from its socket.

    It stands here, and not in the event loop's own TLS, because there an answer is lost whose request could
    not be written to its end.
    """

    __slots__ = ("_incoming", "_object", "_outgoing", "ended", "ready")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.ready = False  # whether the handshake is over
        self.ended = False  # whether the server said that nothing more comes

    def receive(self, data: memoryview) -> None:
        """
        Take what came over the socket.
        """
        self._incoming.write(data)

    def shake(self) -> bool:
        """
        Go on with the handshake, and return whether it is over. Raises ssl.SSLError when it fails.
        """
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.ready = True
        return True

    def read(self, buffer: bytearray) -> int:
        """
        Put plain text into *buffer* and return how much, 0 when there is none. Raises ssl.SSLError for what
        is no TLS.
        """
        try:
            count = int(self._object.read(len(buffer), buffer))
        except ssl.SSLWantReadError:
            return 0
        except ssl.SSLZeroReturnError:
            count = 0
        if not count:
            self.ended = True
        return count

    def write(self, data: bytes | memoryview) -> None:
        """
        Take plain text, for `pending`. Raises ssl.SSLError when the server ended TLS.
        """
        rest = memoryview(data)
        while rest:
            rest = rest[self._object.write(rest) :]

    def close(self) -> None:
        """
        Say that nothing more will be sent.
        """
        try:
            self._object.unwrap()
        except ssl.SSLError:
            pass

    def pending(self) -> bytes:
        """
        Return what has to go over the socket.
        """
        return self._outgoing.read()
