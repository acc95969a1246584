"""
Requests at which a server of the shape can differ from the sound one, cheap ones first.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

from .shape_caller import Ask, Caller, Reply

HEADERS = (
    *("retry-after", "llm_provider-retry-after", "content-type", "content-encoding", "allow", "vary", "connection"),
    *("access-control-allow-origin", "access-control-allow-headers", "access-control-allow-methods"),
)
STAMP = re.compile(r"\b1[0-9]{9}\b")
TEXTS = ["alpha", "beta gamma", "The capital of France is Paris.", "delta 12", "zeta eta theta"]
IDENTIFIER = re.compile(r"(req_|batch_req_|batch_|file-)[0-9a-zA-Z_]{8,}")
LONG = "a " * 1_200


def mask(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: type(item).__name__ if name.endswith("_at") else mask(item) for name, item in value.items()}
    if isinstance(value, list):
        return [mask(item) for item in value]
    return IDENTIFIER.sub(r"\1*", value) if isinstance(value, str) else value


def show(reply: Reply, exact: bool) -> str:
    headers = {name: reply.headers[name] for name in HEADERS if name in reply.headers}
    rates = sorted(name for name in reply.headers if name.startswith("x-ratelimit"))
    numbers = [reply.headers[name].isdecimal() for name in rates if "reset" not in name]
    limit, rest = (reply.headers.get(name, "0") for name in ("x-ratelimit-limit", "x-ratelimit-remaining"))
    if rates and "x-ratelimit-limit-requests" in rates:
        limit, rest = (reply.headers[f"x-ratelimit-{name}-requests"] for name in ("limit", "remaining"))
    above = limit.isdecimal() and rest.isdecimal() and int(rest) > int(limit)
    try:
        body = mask([json.loads(line) for line in reply.body.splitlines()] if b"\n{" in reply.body else reply.document)
    except ValueError:
        body = reply.body
    raw: Any = (reply.names, reply.pieces, STAMP.sub("#", IDENTIFIER.sub("*", reply.body.decode("latin-1")))) if exact else ()
    return repr((reply.status, headers, rates, numbers, above, "x-request-id" in reply.headers, body, raw))


Script = Callable[[Caller], AsyncIterator[Any]]


async def ask_forms(caller: Caller) -> AsyncIterator[Any]:
    for body in (
        caller.wish("hello world"),
        caller.wish(TEXTS),
        caller.wish([f"item {n}" for n in range(12)]),
        caller.wish([f"item {n}" + " x" * (n % 3) for n in range(40)]),
        caller.wish(["beta gamma", "alpha", "alpha"]),
        caller.wish(["only"]),
        caller.wish("Hello WORLD hello"),
        caller.wish("first line\nsecond line, with ümläut 😀 and {braces: 1}"),
        caller.wish([15339, 1917]),
        caller.wish([[15339, 1917], [791, 6864, 315]]),
        caller.wish(TEXTS, encoding_format="float"),
        caller.wish([[5, 6]], encoding_format="base64"),
        *[caller.wish(TEXTS, dimensions=n) for n in (1, 15, 16, 64)],
        caller.wish("hello world", dimensions=9, encoding_format="base64"),
        caller.wish("hello world", user="u-1"),
        caller.wish("hello world", user=None, dimensions=None, encoding_format=None),
        caller.wish("x"),
        caller.wish(["x" * 70 + " y" * 27, "short"]),
        caller.wish(["y " * 31 + "y", "short"]),
        *[caller.wish(TEXTS[2] + str(n), encoding_format="base64") for n in range(4)],
        caller.wish(TEXTS, encoding_format="base64"),
        *[caller.wish("hello world", service_tier=tier) for tier in ("flex", "default", "priority", "urgent", 5)],
        {**caller.wish("hello world"), "model": "no-such-model"},
        *(caller.wish(text) for text in ("<b>bold</b> text", "fish &amp; chips", "room%20twelve", '["one", "two"]')),
        caller.wish([[70_000, 5]]),
    ):
        yield await caller.exchange(Ask(body))


async def ask_refusals(caller: Caller) -> AsyncIterator[Any]:
    model = caller.model
    for body in (
        *(b"", b"{", b"[1]", b'"x"', {}, {"model": model}, {"input": "a"}, {"model": 5, "input": "a"}),
        *({"model": "", "input": "a"}, caller.wish([]), caller.wish(5), caller.wish({}), caller.wish(None)),
        *(caller.wish(["a", ""]), caller.wish([[]]), caller.wish(["a", 1]), caller.wish([["a"]]), caller.wish([1.5])),
        *(caller.wish([-1]), caller.wish("a", encoding_format="hex"), caller.wish("a", encoding_format=1)),
        *(caller.wish("a", dimensions=n) for n in (0, -1, 65, "x", 1.5)),
        *(caller.wish("a", user=5), caller.wish("a", surprise=1), caller.wish("nul \x00 inside")),
        *(caller.wish("half \ud83d"), caller.wish("a b"), caller.wish([100_000]), caller.wish("a b c")),
        *(caller.wish(""), caller.wish("  "), caller.wish("e" + "\u0301" * 1_000), caller.wish([[5] * 2_000]), caller.wish([[5] * 16_001]), b"[" * 5_000, caller.wish([""]), caller.wish("a b c d")),
    ):
        yield await caller.exchange(Ask(body))


async def ask_http(caller: Caller) -> AsyncIterator[Any]:
    page = ("origin", "https://page.example")
    preflight = (page, ("access-control-request-method", "POST"))
    zipped = (("accept-encoding", "gzip"),)
    good, bad = caller.wish("hello world"), caller.wish(5)
    first = await caller.exchange(Ask(good))
    second = await caller.exchange(Ask(good))
    yield first.headers.get("x-request-id") == second.headers.get("x-request-id")
    for ask in (
        *(Ask(good, headers=(page,)), Ask(bad, headers=(page,)), Ask(good, headers=zipped), Ask(bad, headers=zipped)),
        Ask(method="OPTIONS", key=None, headers=preflight),
        *(Ask(method=method) for method in ("GET", "PUT", "DELETE")),
        *(Ask(good, path) for path in ("/nothing", caller.path.replace("/v1", ""), "/v1/embeddings")),
        Ask(good, caller.project + "/v1/embeddings"),
        Ask(good, caller.path.replace("my-endpoint", "other")),
        Ask(good, caller.path.replace("proj_ABC123", "proj_OTHER")),
        *(Ask(good, key=None), Ask(caller.wish([]), key=None), Ask(good, key="revoked")),
        *(Ask(good, key=None, headers=(("authorization", value),)) for value in caller_credentials(caller)),
        Ask(good, key=None, headers=(("x-api-key", caller.keys["main"]),)),
        *(Ask(good, key="limited") for _ in range(6)),
        *(Ask(path=caller.project + path, method="GET") for path in ("/v1/models", "/v1/models/" + caller.model)),
        Ask(path=caller.project + "/v1/models", method="GET", key=None),
    ):
        yield await caller.exchange(ask)


def caller_credentials(caller: Caller) -> list[str]:
    key = caller.keys["main"]
    return ["Bearer wrong", f"Basic {key}", key, f"Bearer {key[:-3]}xyz", f"Bearer {key.upper()}", "Bearer"]


async def ask_states(caller: Caller) -> AsyncIterator[Any]:
    good = caller.wish("hello world")
    for name in caller.keys:
        if name not in ("main", "limited"):
            yield await caller.exchange(Ask(good, key=name))
    for slug in caller.ready.get("slugs", {}).values():
        yield await caller.exchange(Ask({**good, "dimensions": 8}, caller.path.replace("my-endpoint", slug)))
    if caller.provider == "openai":
        for model in caller.ready["models"].values():
            yield await caller.exchange(Ask({**good, "model": model, "dimensions": 8}))
    else:
        for tier in ("flex", "default", "priority"):
            yield await caller.exchange(Ask({**good, "service_tier": tier}))
        yield await caller.exchange(Ask(path=caller.project + "/v1/usage", method="GET"))


async def ask_jobs(caller: Caller) -> AsyncIterator[Any]:
    good = [caller.line("a", "alpha"), caller.line("b", TEXTS, encoding_format="base64"), caller.line("c", "x", dimensions=4)]
    yield await caller.exchange(caller.upload(good))
    yield await caller.exchange(caller.upload(good, purpose="no-such-purpose"))
    nowhere = {"input_file_id": "file-none", "endpoint": "/v1/nothing", "completion_window": "24h"}
    yield await caller.exchange(Ask(nowhere, caller.project + "/v1/batches"))
    for lines in (
        [caller.line("Capitals-And-Length", "käse 世界"), caller.line("pad", "word " * 900), caller.line("last", "x")],
        [*good, caller.line("d", [])],
        good,
        [*good, good[0]],
        [*good, b"{not json"],
        [*good, caller.line("d", "e", url="/other/v1/embeddings")],
    ):
        reply, files = await caller.run_job(lines)
        yield reply
        for file in files.values():
            yield file
    yield (await caller.run_job(good, cancel=True))[0]
    for path in ("/v1/batches", "/v1/files", "/v1/batches/batch_none", "/v1/files/file-none/content"):
        yield await caller.exchange(Ask(path=caller.project + path, method="GET"))
    for key in (None, "other_project"):
        if key is None or key in caller.keys:
            yield await caller.exchange(Ask(path=caller.project + "/v1/batches", method="GET", key=key))


async def ask_sequences(caller: Caller) -> AsyncIterator[Any]:
    def wish(input: Any, **body: Any) -> Ask:
        return Ask(caller.wish(input, **body))

    yield await caller.exchange(wish("alpha beta"))
    yield await caller.exchange(wish(["gamma delta", "alpha beta", "epsilon zeta"]))
    yield await caller.exchange(wish("alpha beta", encoding_format="base64"))
    yield await caller.exchange(wish("alpha beta", dimensions=8))
    for tail in ("cat", "dog"):
        yield await caller.exchange(wish(LONG + tail))
        yield await caller.exchange(wish([LONG + tail, "b c"]))
    for _ in range(55):
        yield await caller.exchange(wish("alpha beta"))
    for tail in ("cat", "dog"):
        yield await caller.exchange(wish("a " * 4_500 + tail))
        yield await caller.exchange(wish("alpha beta"))
        yield await caller.exchange(wish("a " * 8_100 + tail))
    yield await caller.exchange(wish("abcdefgh " * 3_700))
    yield await caller.exchange(wish("a " * 8_300))
    yield await caller.exchange(Ask(caller.wish("a " * 8_300), caller.path.replace("/v1", "")))
    yield await caller.exchange(wish("alpha beta"))
    for count in (600, 2_047, 2_048, 2_049, 2_060):
        yield await caller.exchange(wish([[5]] * count, dimensions=1))
        yield await caller.exchange(wish(["a"] * count, dimensions=1))


async def ask_crowds(caller: Caller) -> AsyncIterator[Any]:
    def wish(number: int, input: Any) -> Ask:
        return Ask(caller.wish(input), port=number)

    for replies in (
        await caller.exchange_all([wish(1, "alpha"), wish(1, "beta gamma delta")]),
        await caller.exchange_all([wish(1, [f"{n} one", f"{n} two"]) for n in range(4)]),
        await caller.exchange_all([wish(n, f"alone {n}") for n in range(30)]),
    ):
        for reply in replies:
            yield reply
    leaving = Ask(caller.wish("gone"), leaves_after=0.01)
    for reply in await caller.exchange_all([wish(1, "alpha"), leaving, wish(2, "beta")]):
        yield reply
    if caller.app.behaviour.pause is not None:
        # Who waits for whom is a matter of time.
        asks = [wish(1, [f"{n}" for n in range(64)]), wish(2, "small")]
        order: list[int] = []

        async def note(number: int) -> None:
            await caller.exchange(asks[number])
            order.append(number)

        await asyncio.gather(note(0), note(1))
        yield "small after big" if order[0] == 0 else "small first"
    else:
        yield "small first"


SCRIPTS: tuple[Script, ...] = (ask_crowds, ask_forms, ask_refusals, ask_http, ask_states, ask_jobs, ask_sequences)
