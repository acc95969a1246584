"""
Servers without sense: they give the same answer to everything, or none, and so establish nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from conformance.reference.serving import StreamHandler
from conformance.reference.streams import RawRequest, read_raw_request, write_answer

__all__ = ["list_nulls", "make_nulls"]

Reply = Callable[[RawRequest], bytes]

EMBEDDING = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5, 0.5, -0.5]}],
    "model": "any",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}
REFUSAL = {"error": {"type": "invalid_request", "code": "invalid_request", "message": "No.", "param": None}}


def make_nulls(samples: Mapping[str, bytes] | None = None) -> dict[str, tuple[str, StreamHandler]]:
    """
    Return each server by name, with one sentence about it.

    `samples` may hold the provider's own `success` and `refusal` bodies.
    """
    given = samples or {}
    success = given.get("success") or orjson.dumps(EMBEDDING)
    refusal = given.get("refusal") or orjson.dumps(REFUSAL)
    server_fault = orjson.dumps(
        {"error": {**REFUSAL["error"], "type": "server_error", "code": "internal_error"}}
    )
    page = b"<!doctype html><title>Welcome</title><h1>It works!</h1>"
    servers: dict[str, tuple[str, StreamHandler]] = {
        "ok": ('answers 200 {"ok":true} to everything', _repeat(write_answer(200, b'{"ok":true}'))),
        "embedding": (
            "answers 200 with one perfect embedding to everything",
            _repeat(write_answer(200, success)),
        ),
        "refusal": (
            "answers 400 with a plausible refusal to everything",
            _repeat(write_answer(400, refusal)),
        ),
        "empty_400": ("answers 400 with an empty body to everything", _repeat(write_answer(400, b""))),
        "empty_200": ("answers 200 with an empty body to everything", _repeat(write_answer(200, b""))),
        "always_500": ("answers 500 to everything", _repeat(write_answer(500, server_fault))),
        "always_503": (
            "answers 503 to everything",
            _repeat(write_answer(503, server_fault, "Retry-After: 1")),
        ),
        "silence": ("accepts everything and never answers", _stay_silent),
        "echo": (
            "answers 200 with the body it was sent",
            _reply(lambda request: write_answer(200, request.body)),
        ),
        "hang_up": ("closes every connection at once", _hang_up),
        "html": (
            "answers 200 with a web page to everything",
            _repeat(write_answer(200, page, content_type="text/html")),
        ),
    }
    return servers


def _reply(reply: Reply) -> StreamHandler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await read_raw_request(reader)) is not None:
            writer.write(reply(request))
            await writer.drain()

    return handle


def _repeat(answer: bytes) -> StreamHandler:
    return _reply(lambda request: answer)


async def _stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        continue


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def list_nulls() -> dict[str, Any]:
    """Return what each null server does, by name."""
    return {name: says for name, (says, _) in make_nulls().items()}
