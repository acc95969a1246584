"""
A caller without sockets for the servers of one shape: it knows where each of them has its embeddings.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from conformance.reference.__main__ import load_provider

SCOPES = {"openai": ("", ""), "xerotier": ("/proj_ABC123", "/my-endpoint")}
MODELS = {"openai": "text-embedding-3-small", "xerotier": "bge-large-en-v1.5"}


@dataclass
class Reply:
    """One answer, headers by lower-case name; status 0 is a connection that ended without one."""

    status: int
    headers: dict[str, str]
    body: bytes
    names: tuple[bytes, ...] = ()
    pieces: int = 1

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.document["error"]
        return error

    @property
    def vectors(self) -> list[Any]:
        return [row["embedding"] for row in self.document["data"]]


@dataclass
class Ask:
    """One request; `body` is a document, or bytes that are sent as they are."""

    body: Any = None
    path: str = ""
    method: str = "POST"
    key: str | None = "main"
    headers: tuple[tuple[str, str], ...] = ()
    port: int = 1
    leaves_after: float | None = None


class Caller:
    """Calls one application, one request after the other or several at once."""

    def __init__(self, provider: str, fault: str | None = None, variant: str | None = None) -> None:
        self.provider = provider
        made = load_provider(provider)
        self.keys: dict[str, str] = made.ready["keys"]
        self.ready = made.ready
        self.app: Any = made.make_app(fault, variant)
        self.model = MODELS[provider]
        self.project, slug = SCOPES[provider]
        self.path = f"{self.project}{slug}/v1/embeddings"
        self.exact = variant is not None

    def scope(self, ask: Ask) -> dict[str, Any]:
        path, _, query = (ask.path or self.path).partition("?")
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in ask.headers]
        if ask.key is not None:
            headers.append((b"authorization", b"Bearer " + self.keys[ask.key].encode()))
        return {
            "type": "http",
            "method": ask.method,
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", ask.port),
        }

    async def exchange(self, ask: Ask) -> Reply:
        sent: list[Any] = []
        content = ask.body if isinstance(ask.body, bytes) else b"" if ask.body is None else json.dumps(ask.body).encode()
        first = [True]

        async def receive() -> dict[str, Any]:
            if first:
                first.clear()
                return {"type": "http.request", "body": content, "more_body": False}
            await asyncio.sleep(3600 if ask.leaves_after is None else ask.leaves_after)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(self.scope(ask), receive, send)
        if not sent:
            return Reply(0, {}, b"")
        headers = {bytes(name).decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        names = tuple(bytes(name) for name, _ in sent[0]["headers"])
        body = b"".join(message["body"] for message in sent[1:])
        return Reply(sent[0]["status"], headers, body, names, len(sent))

    async def exchange_all(self, asks: Iterable[Ask]) -> list[Reply]:
        return list(await asyncio.gather(*[self.exchange(ask) for ask in asks]))

    def send(self, ask: Ask) -> Reply:
        return asyncio.run(self.exchange(ask))

    def send_all(self, asks: Iterable[Ask]) -> list[Reply]:
        return asyncio.run(self.exchange_all(asks))

    def wish(self, input: Any, **body: Any) -> dict[str, Any]:
        return {"model": self.model, "input": input, **body}

    def embed(self, input: Any, *, key: str | None = "main", path: str = "", **body: Any) -> Reply:
        return self.send(Ask(self.wish(input, **body), path, key=key))

    def get(self, path: str) -> Reply:
        return self.send(Ask(path=self.project + path, method="GET"))

    def upload(self, lines: Iterable[Any], purpose: str = "batch") -> Ask:
        rows = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        return Ask(
            b"".join(
                [
                    b'--XX\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n' + purpose.encode() + b"\r\n",
                    b'--XX\r\nContent-Disposition: form-data; name="file"; filename="lines.jsonl"\r\n',
                    b"Content-Type: application/jsonl\r\n\r\n" + b"\n".join(rows) + b"\n\r\n--XX--\r\n",
                ]
            ),
            f"{self.project}/v1/files",
            headers=(("content-type", "multipart/form-data; boundary=XX"),),
        )

    def line(self, identifier: str, input: Any, *, url: str = "/v1/embeddings", **body: Any) -> dict[str, Any]:
        return {"custom_id": identifier, "method": "POST", "url": url, "body": self.wish(input, **body)}

    async def run_job(self, lines: Iterable[Any], *, cancel: bool = False) -> tuple[Reply, dict[str, Any]]:
        """Return the last answer about a job, and the contents of its files."""
        file = (await self.exchange(self.upload(lines))).document["id"]
        body = {"input_file_id": file, "endpoint": "/v1/embeddings", "completion_window": "24h"}
        reply = await self.exchange(Ask(body, f"{self.project}/v1/batches"))
        if reply.status != 200:
            return reply, {}
        path = f"{self.project}/v1/batches/{reply.document['id']}"
        for step in range(5):
            self.app.clock.advance(0.1)
            if cancel and step == 0:
                await self.exchange(Ask(None, f"{path}/cancel"))
            reply = await self.exchange(Ask(path=path, method="GET"))
            if reply.status != 200:
                break
        files = {}
        for name in ("output_file_id", "error_file_id"):
            if reply.status == 200 and reply.document[name]:
                content = f"{self.project}/v1/files/{reply.document[name]}/content"
                files[name] = await self.exchange(Ask(path=content, method="GET"))
        return reply, files
