"""
The transport: the one seam through which a request leaves and an exchange comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError
from pyreqwest.http import Url
from pyreqwest.proxy import ProxyBuilder

from conformance import __version__
from conformance.errors import Fault, UsageError, shorten
from conformance.exchange import Exchange, Request
from conformance.wire.address import Address
from conformance.wire.asgi import open_asgi
from conformance.wire.heading import Heading
from conformance.wire.http import HttpTransport

__all__ = ["MAX_BODY", "Transport", "open_asgi", "open_transport"]

MAX_BODY = 64 * 1024 * 1024
# Many servers close a connection after five idle seconds; closing first avoids that a request meets a closed
# one.
_IDLE_SECONDS = 4


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
    environment are ignored), *max_body* the limit of an answer's body in bytes, before and after decoding,
    *in_flight* the number of idle connections to keep, and *connect_timeout* is in seconds. Raises UsageError
    for what can't be used.
    """
    address = Address(base_url)
    builder = _builder(
        tls_verify=tls_verify, ca=_certificate(tls_ca), proxy=_proxy(proxy), connect_timeout=connect_timeout
    )
    try:
        pooled = builder.pool_max_idle_per_host(in_flight).build()
    except (PyreqwestError, ValueError) as error:
        raise UsageError(
            Fault(
                "the HTTP client can't be set up",
                where="target",
                got=shorten(str(error)),
                move="check tls_ca and proxy",
            )
        ) from None
    # A proxy or certificate may be taken by a builder only once, so the second client gets its own.
    fresh = (
        _builder(
            tls_verify=tls_verify,
            ca=_certificate(tls_ca),
            proxy=_proxy(proxy),
            connect_timeout=connect_timeout,
        )
        .pool_max_idle_per_host(0)
        .build()
    )
    return HttpTransport(address, heading=Heading(secrets), pooled=pooled, fresh=fresh, max_body=max_body)


def _builder(
    *, tls_verify: bool, ca: bytes | None, proxy: ProxyBuilder | None, connect_timeout: float
) -> ClientBuilder:
    # One runtime thread is faster than several here: the event loop is the bottleneck, and every other thread
    # takes the interpreter's lock from it.
    builder: ClientBuilder = (
        ClientBuilder()
        .runtime_multithreaded(False)
        .http1_only()
        .follow_redirects(False)
        .referer(False)
        .default_cookie_store(False)
        .error_for_status(False)
        .gzip(False)
        .deflate(False)
        .brotli(False)
        .zstd(False)
        .no_proxy()
        .user_agent(f"embeddings-conformance/{__version__}")
        .pool_idle_timeout(timedelta(seconds=_IDLE_SECONDS))
        .connect_timeout(timedelta(seconds=connect_timeout))
        .danger_accept_invalid_certs(not tls_verify)
    )
    if ca is not None:
        builder = builder.add_root_certificate_pem(ca)
    if proxy is not None:
        builder = builder.proxy(proxy)
    return builder


def _certificate(path: str | None) -> bytes | None:
    if path is None:
        return None
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
    return pem


def _proxy(url: str | None) -> ProxyBuilder | None:
    if url is None:
        return None
    if not url.lower().startswith(("http://", "https://")) or not Url.is_valid(url):
        raise UsageError(
            Fault("the proxy is not a URL", where="proxy", expected="http://host:port or https://host:port")
        )
    return ProxyBuilder.all(url)
