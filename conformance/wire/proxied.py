"""
Transport through an HTTP proxy, for which httpx is needed: a way for few, so no code of ours.
"""

from __future__ import annotations

import asyncio
import importlib
import ssl
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from conformance.errors import Fault, InternalError, UsageError, shorten
from conformance.exchange import Exchange, Failure, FailureKind, Request
from conformance.wire.address import Address
from conformance.wire.coding import decode
from conformance.wire.envelope import USER_AGENT
from conformance.wire.heading import Heading
from conformance.wire.loss import disconnected, late, unconnected

__all__ = ["ProxiedTransport", "open_proxied"]

_IDLE_SECONDS = 4.0


def open_proxied(
    address: Address,
    *,
    heading: Heading,
    proxy: str,
    context: ssl.SSLContext,
    limit: int,
    room: int,
    connect_timeout: float,
) -> ProxiedTransport:
    """
    Return a transport to *address* through *proxy*, a URL; *room* connections are kept.

    Raises UsageError for another kind of URL, and when httpx is not installed.
    """
    refusal = UsageError(
        Fault("the proxy is not a URL", where="proxy", expected="http://host:port or https://host:port")
    )
    try:
        parts = urlsplit(proxy)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or (parts.port or 1) < 1:
            raise refusal
    except ValueError:
        raise refusal from None
    try:
        httpx = importlib.import_module("httpx")
    except ImportError:
        raise UsageError(
            Fault(
                "a proxy needs the package httpx, which is not installed",
                where="proxy",
                expected="httpx 0.27 or later",
                move="pip install 'embeddings-conformance[proxy]'",
            )
        ) from None

    def client(kept: int) -> Any:
        # The layer below httpx's client: it follows no redirects, keeps no cookies and adds no headers.
        return httpx.AsyncHTTPTransport(
            verify=context,
            trust_env=False,
            http2=False,
            proxy=httpx.Proxy(proxy),
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=kept, keepalive_expiry=_IDLE_SECONDS
            ),
        )

    try:
        clients = (client(room), client(0))
    except ValueError:
        raise refusal from None
    return ProxiedTransport(
        address,
        heading=heading,
        httpx=httpx,
        clients=clients,
        limit=limit,
        connect_timeout=connect_timeout,
    )


class ProxiedTransport:
    """
    Sends each request through a proxy.
    """

    __slots__ = (
        "_address",
        "_closed",
        "_connect_timeout",
        "_fresh",
        "_heading",
        "_httpx",
        "_limit",
        "_pooled",
    )

    def __init__(
        self,
        address: Address,
        *,
        heading: Heading,
        httpx: Any,
        clients: tuple[Any, Any],
        limit: int,
        connect_timeout: float,
    ) -> None:
        self._address = address
        self._heading = heading
        self._httpx = httpx
        self._pooled, self._fresh = clients
        self._limit = limit
        self._connect_timeout = connect_timeout
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
        exchange = Exchange(request)
        started = perf_counter()
        try:
            talk = self._talk(self._fresh if alone else self._pooled, exchange, headers)
            await asyncio.wait_for(talk, timeout)
        except asyncio.TimeoutError:
            exchange.failure = late(_place(exchange), timeout=timeout)
        except (self._httpx.LocalProtocolError, self._httpx.InvalidURL):
            # The library's message would show the value, and a key with it.
            where = f"{shorten(request.method)} {shorten(request.target)}"
            raise UsageError(
                Fault("a request can't be sent through a proxy", where=where, expected="valid headers")
            ) from None
        except self._httpx.TransportError as error:
            exchange.failure = self._explain(error, exchange)
        exchange.elapsed = perf_counter() - started
        return exchange

    async def close(self) -> None:
        """
        Give back all connections.
        """
        self._closed = True
        await self._pooled.aclose()
        await self._fresh.aclose()

    async def _talk(self, client: Any, exchange: Exchange, headers: list[tuple[str, str]]) -> None:
        request = exchange.request
        sent = [(name.encode(), value.encode()) for name, value in headers]
        names = {name.lower() for name, _ in headers}
        if "user-agent" not in names:
            sent.append((b"User-Agent", USER_AGENT.encode()))
        if request.body == b"" and not names & {"content-length", "transfer-encoding"}:
            sent.append((b"Content-Length", b"0"))
        url = self._address.url(request.target)
        extensions: dict[str, object] = {"timeout": {"connect": self._connect_timeout}}
        if self._address.scheme == "http":
            # The line of the request goes to the proxy as it is, without being tidied.
            extensions["target"] = url.encode("ascii", "replace")
        sending = self._httpx.Request(
            request.method, url, headers=sent, content=request.body or None, extensions=extensions
        )
        response = await client.handle_async_request(sending)
        try:
            exchange.status = response.status_code
            exchange.headers = tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t"))
                for name, value in response.headers.raw
            )
            await self._read(response, exchange)
        finally:
            await response.aclose()

    async def _read(self, response: Any, exchange: Exchange) -> None:
        body = bytearray()
        async for part in response.stream:
            body += part
            if len(body) > self._limit:
                exchange.failure = Failure(FailureKind.TOO_LARGE, f"the body passed {self._limit} bytes")
                return
        codings = ",".join(value for name, value in exchange.headers if name == "content-encoding")
        decoded = decode(bytes(body), codings, limit=self._limit)
        if isinstance(decoded, Failure):
            exchange.failure = decoded
        else:
            exchange.body = decoded

    def _explain(self, error: Exception, exchange: Exchange) -> Failure:
        httpx = self._httpx
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
            return unconnected(error)
        place = _place(exchange)
        # The library has one class for a server that closes and one that speaks no HTTP.
        if (
            isinstance(error, httpx.NetworkError)
            or "disconnected" in str(error)
            or "incomplete" in str(error)
        ):
            return disconnected(place, error)
        reason = shorten(str(error), limit=120)
        return Failure(FailureKind.PROTOCOL, f"{place} can't be read as HTTP: {reason}")


def _place(exchange: Exchange) -> str:
    return "the answer's head" if exchange.status is None else "the body"
