"""
Transport over HTTP: one request out, one exchange back, whatever the server does.
"""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter

from pyreqwest.client import Client as HttpClient
from pyreqwest.exceptions import ClientClosedError, PyreqwestError
from pyreqwest.http import Url
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from conformance.errors import Fault, InternalError, UsageError, shorten
from conformance.exchange import Exchange, Failure, FailureKind, Request
from conformance.wire.address import Address
from conformance.wire.coding import decode
from conformance.wire.heading import Heading
from conformance.wire.loss import explain, has_head

__all__ = ["HttpTransport"]

_MAX_URLS = 4096
_MAX_DIGITS = 19
# The client library can't show a header value that is not ASCII; the name is kept, with this in the value's
# place.
_UNREADABLE = "\ufffd"


class HttpTransport:
    """
    Two clients: one that keeps connections, and one that never does.
    """

    __slots__ = (
        "_address",
        "_closed",
        "_fresh",
        "_heading",
        "_kept",
        "_max_body",
        "_pooled",
        "_read_ahead",
        "_urls",
    )

    def __init__(
        self, address: Address, *, heading: Heading, pooled: HttpClient, fresh: HttpClient, max_body: int
    ) -> None:
        self._address = address
        self._heading = heading
        self._pooled = pooled
        self._fresh = fresh
        self._max_body = max_body
        self._closed = False
        self._kept = False  # whether an earlier exchange may have left an idle connection behind
        self._read_ahead = 1
        self._urls: dict[str, Url] = {}

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
        url = self._urls.get(request.target) or self._url(request.target)
        if alone:
            return (await self._once(self._fresh, request, url, headers, timeout=timeout))[0]
        may_be_stale = self._kept
        exchange, answered = await self._once(self._pooled, request, url, headers, timeout=timeout)
        failure = exchange.failure
        if failure is None:
            self._kept = True
        elif may_be_stale and not answered and failure.kind is FailureKind.DISCONNECT:
            # A server may close an idle connection at the very moment a request leaves on it. That is
            # nobody's fault, and a connection of its own tells it apart from a server that closes on this
            # request.
            left = max(timeout - exchange.elapsed, 0.001)
            exchange, _ = await self._once(self._fresh, request, url, headers, timeout=left)
            exchange.attempts = 2
        return exchange

    async def close(self) -> None:
        """
        Give back all connections.
        """
        self._closed = True
        await self._pooled.close()
        await self._fresh.close()

    def _url(self, target: str) -> Url:
        if len(self._urls) >= _MAX_URLS:
            self._urls.clear()
        return self._urls.setdefault(target, Url(self._address.url(target)))

    async def _once(
        self,
        client: HttpClient,
        request: Request,
        url: Url,
        headers: list[tuple[str, str]],
        *,
        timeout: float,
    ) -> tuple[Exchange, bool]:
        """
        Return the exchange of one sending, and whether the head of an answer came.
        """
        sending = self._build(client, request, url, headers, timeout=timeout)
        exchange = Exchange(request)
        answered = False
        started = perf_counter()
        try:
            async with sending as response:
                answered = True
                exchange.status = response.status
                exchange.headers = _headers(response)
                await self._read(response, exchange)
        except ClientClosedError:
            raise InternalError("the transport was closed under a request") from None
        except PyreqwestError as error:
            if not answered and has_head(error):
                # Waiting for the first piece of the body together with the head saves a turn between two
                # threads, a quarter of the rate; but then a body that never begins takes the head with it.
                # From such a server on, heads are taken by themselves.
                self._read_ahead = 0
                answered = True
            exchange.failure = explain(error, answered=answered, timeout=timeout)
        exchange.elapsed = perf_counter() - started
        return exchange, answered

    def _build(
        self,
        client: HttpClient,
        request: Request,
        url: Url,
        headers: list[tuple[str, str]],
        *,
        timeout: float,
    ) -> StreamRequest:
        try:
            builder = client.request(request.method, url).headers(headers).timeout(timedelta(seconds=timeout))
            if request.body:
                builder = builder.body_bytes(request.body)
            elif request.body is not None and request.header("content-length") is None:
                # The library takes an empty body for none, and would leave its length out.
                builder = builder.header("Content-Length", "0")
            sending: StreamRequest = builder.streamed_read_buffer_limit(self._read_ahead).build_streamed()
        except ValueError:
            # The library's message would show the value, and a key with it.
            where = f"{shorten(request.method)} {shorten(request.target)}"
            raise UsageError(
                Fault("a request can't be built", where=where, expected="valid headers")
            ) from None
        return sending

    async def _read(self, response: Response, exchange: Exchange) -> None:
        limit = self._max_body
        length: int | None = None
        framed = False  # by chunks, whatever Content-Length says
        codings = ""
        for name, value in exchange.headers:
            if name == "content-length" and value.isdigit() and len(value) < _MAX_DIGITS:
                length = int(value)
            elif name == "content-encoding":
                codings += f",{value}"
            elif name == "transfer-encoding":
                framed = True
        if length is not None:
            if framed:
                length = None
            elif length > limit and exchange.request.method != "HEAD":
                exchange.failure = Failure(
                    FailureKind.TOO_LARGE, f"Content-Length is {length}, over {limit} bytes"
                )
                return
        reader = response.body_reader
        parts = []
        size = 0
        # A body of known length is complete without asking for its end, which saves another turn.
        while length is None or size < length:
            chunk = await reader.read_chunk()
            if chunk is None:
                break
            size += len(chunk)
            if size > limit:
                exchange.failure = Failure(FailureKind.TOO_LARGE, f"the body passed {limit} bytes")
                return
            parts.append(chunk)
        body = b"".join(parts)
        if codings:
            decoded = decode(body, codings, limit=limit)
            if isinstance(decoded, Failure):
                exchange.failure = decoded
                return
            body = decoded
        exchange.body = body


def _headers(response: Response) -> tuple[tuple[str, str], ...]:
    headers = response.headers
    try:
        return tuple(headers.items())
    except ValueError:
        pass
    found: list[tuple[str, str]] = []
    for name in dict.fromkeys(headers.keys()):
        try:
            found.extend((name, value) for value in headers.getall(name))
        except ValueError:
            found.append((name, _UNREADABLE))
    return tuple(found)
