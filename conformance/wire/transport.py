"""
The transport: the one seam through which a request leaves and an exchange comes back.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from conformance.errors import Fault, UsageError, shorten
from conformance.exchange import Exchange, Request
from conformance.wire.address import Address
from conformance.wire.asgi import open_asgi
from conformance.wire.envelope import Envelope
from conformance.wire.heading import Heading
from conformance.wire.http import HttpTransport
from conformance.wire.pool import Pool
from conformance.wire.proxied import open_proxied
from conformance.wire.tls import tls_context

__all__ = ["MAX_BODY", "Transport", "open_asgi", "open_transport"]

# 2,048 vectors of 4,096 numbers are 180 MB at their longest.
MAX_BODY = 256 * 1024 * 1024


class Transport(Protocol):
    """
    The one seam between the suite and a server.
    """

    @property
    def base_url(self) -> str:
        """
        The target's address, for messages and curl commands. It holds no key.
        """

    async def send(self, request: Request, *, timeout: float) -> Exchange:
        """
        Send *request* and return what came back within *timeout* seconds, head and body together.

        What the server does never raises. UsageError means that the request can't be sent as it is
        configured, and IncompleteError that the target can't be started.
        """

    async def close(self) -> None:
        """
        Give back all connections.
        """


def open_transport(
    *,
    base_url: str,
    secrets: Mapping[str, str],
    tls_verify: bool = True,
    tls_ca: str | None = None,
    proxy: str | None = None,
    max_body: int = MAX_BODY,
    in_flight: int = 16,
    connect_timeout: float = 10.0,
) -> Transport:
    """
    Return a transport to the server at *base_url*.

    *tls_ca* is the path of a PEM file to trust besides the system's roots, *proxy* a URL (proxies of the
    environment are ignored; it needs httpx), *max_body* the limit of an answer's body in bytes, before and
    after decoding, *in_flight* the number of idle connections to keep, and *connect_timeout* is in seconds.
    Raises UsageError for what can't be used.
    """
    address = Address(base_url)
    heading = Heading(secrets)
    envelope = Envelope(address)
    context = None
    # Reading the system's roots takes a while, so it is left out where nothing needs them.
    if address.scheme == "https" or tls_ca is not None or proxy is not None:
        context = _context(verify=tls_verify, ca=tls_ca)
    if proxy is not None:
        assert context is not None
        return open_proxied(
            address,
            heading=heading,
            proxy=proxy,
            context=context,
            limit=max_body,
            room=in_flight,
            connect_timeout=connect_timeout,
        )
    pool = Pool(
        envelope.host,
        envelope.port,
        context=context if address.scheme == "https" else None,
        limit=max_body,
        room=in_flight,
        connect_timeout=connect_timeout,
    )
    return HttpTransport(address, heading=heading, envelope=envelope, pool=pool)


def _context(*, verify: bool, ca: str | None) -> ssl.SSLContext:
    try:
        return tls_context(verify=verify, roots=None if ca is None else _certificate(ca))
    except ssl.SSLError as error:
        raise UsageError(
            Fault(
                "the certificate file can't be used",
                where=f"tls_ca: {ca}",
                got=shorten(str(error)),
                expected="PEM text of one or more certificates",
            )
        ) from None


def _certificate(path: str) -> str:
    try:
        pem = Path(path).read_bytes()
    except OSError as error:
        got = error.strerror or type(error).__name__
        raise UsageError(
            Fault("the certificate file can't be read", where=f"tls_ca: {path}", got=got)
        ) from None
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise UsageError(
            Fault("the certificate file holds no certificate", where=f"tls_ca: {path}", expected="PEM text")
        )
    # Comments around the certificates may be in any coding; only ASCII is looked at.
    return pem.decode("ascii", "replace").replace("\ufffd", "?")
