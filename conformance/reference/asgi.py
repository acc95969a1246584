"""
The little of ASGI that a JSON server needs: a whole request in, a whole answer out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ASGIApp",
    "Answer",
    "BodyTooLarge",
    "ClientGone",
    "Receive",
    "Request",
    "Scope",
    "Send",
    "VerbatimName",
    "read_request",
    "run_lifespan",
    "send_answer",
]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyTooLarge(Exception):
    """The request body is longer than the server is willing to hold."""


class ClientGone(Exception):
    """The client hung up before its request was complete."""


@dataclass(slots=True)
class Request:
    """
    One request, read whole. Header names are lower case; of a repeated header the first value stands.
    """

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes
    client: tuple[str, int] | None = None


@dataclass(slots=True)
class Answer:
    """
    One answer, ready to send.

    `chunks` is the number of pieces of a chunked body; 0 sends the body whole, with its length.
    """

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    chunks: int = 0


class VerbatimName(bytes):
    """
    A header name that keeps its case through a server that lower-cases names, and still compares like one.
    """

    def lower(self) -> VerbatimName:
        """Return the name as it was written."""
        return self

    def __eq__(self, other: object) -> bool:
        """Compare without regard to case."""
        return isinstance(other, bytes) and bytes(self).lower() == bytes(other).lower()

    def __hash__(self) -> int:
        """Hash without regard to case."""
        return hash(bytes(self).lower())


async def read_request(scope: Scope, receive: Receive, *, limit: int) -> Request:
    """
    Read one HTTP request to its end.

    Raises:
        BodyTooLarge: the body exceeds `limit` bytes; the rest of it has been read and dropped.
        ClientGone: the client disconnected first.
    """
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        body = message.get("body", b"")
        size += len(body)
        if size <= limit:
            pieces.append(body)
        if not message.get("more_body", False):
            break
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.lower(), value)
    if size > limit:
        raise BodyTooLarge(size)
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope.get("query_string", b""),
        headers=headers,
        body=pieces[0] if len(pieces) == 1 else b"".join(pieces),
        client=(client[0], client[1]) if client else None,
    )


async def send_answer(send: Send, answer: Answer) -> None:
    """Send one answer, whole or in pieces."""
    headers = (
        [(b"content-type", answer.content_type), *answer.headers] if answer.content_type else answer.headers
    )
    if not answer.chunks:
        headers = [*headers, (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    step = max(1, -(-len(answer.body) // answer.chunks))
    for start in range(0, len(answer.body), step):
        piece = answer.body[start : start + step]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def run_lifespan(receive: Receive, send: Send) -> None:
    """Answer the lifespan protocol of a server that speaks it."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
