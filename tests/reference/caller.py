"""
A caller without sockets: sends ASGI requests straight to an application and keeps what comes back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from conformance.reference.aurous import KEYS, make_app

MODEL = "aurous-embed-vision-1.0"
FIXED = "aurous-embed-fixed-1.0"
CHAT = "aurous-grow-2.0-pro"
CREATE = "/v1/embeddings"
ESTIMATE = "/v1/embeddings/estimate"


@dataclass
class Reply:
    """One answer, headers by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.document["error"]
        return error

    @property
    def vector(self) -> list[float]:
        vector: list[float] = self.document["data"][0]["embedding"]
        return vector


@dataclass
class Ask:
    """One request; `body` is a document, or bytes that are sent as they are."""

    body: Any = None
    path: str = CREATE
    method: str = "POST"
    key: str | None = "main"
    headers: tuple[tuple[str, str], ...] = ()
    port: int = 1

    def scope(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers]
        if self.key is not None:
            headers.append((b"x-api-key", KEYS[self.key].encode()))
        return {
            "type": "http",
            "method": self.method,
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", self.port),
        }

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


class Caller:
    """Calls one application, one request after the other or several at once."""

    def __init__(
        self, fault: str | None = None, variant: str | None = None, media_origins: Iterable[str] = ()
    ) -> None:
        self.app = make_app(fault, variant, media_origins)
        self.exact = variant is not None  # compare how answers are written, not only what they say

    async def exchange(self, ask: Ask) -> Reply:
        sent: list[Any] = []
        body = ask.content()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(ask.scope(), receive, send)
        headers = {name.lower().decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], headers, b"".join(message["body"] for message in sent[1:]))

    async def exchange_all(self, asks: Iterable[Ask]) -> list[Reply]:
        return list(await asyncio.gather(*[self.exchange(ask) for ask in asks]))

    def send(self, ask: Ask) -> Reply:
        return asyncio.run(self.exchange(ask))

    def send_all(self, asks: Iterable[Ask]) -> list[Reply]:
        return asyncio.run(self.exchange_all(asks))

    def create(
        self, input: Any, *, headers: dict[str, str] | None = None, key: str | None = "main", **body: Any
    ) -> Reply:
        return self.send(
            Ask({"model": MODEL, "input": input, **body}, key=key, headers=tuple((headers or {}).items()))
        )

    def credits(self, key: str = "main") -> int:
        reply = self.send(Ask(path="/v1/balance", method="GET", key=key))
        credits: float = reply.document["credits"]
        return round(credits * 1_000_000)


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def image(url: str = "https://images.example/cat.png") -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def video(url: str = "https://videos.example/cat.mp4") -> dict[str, Any]:
    return {"type": "video_url", "video_url": {"url": url}}
