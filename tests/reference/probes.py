"""
Requests that together reach every fault, and what of an answer two servers can be compared by.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson

from .caller import CHAT, CREATE, ESTIMATE, FIXED, MODEL, Ask, Caller, Reply, image, text, video
from .test_aurous_refusals import REFUSALS

_ID = re.compile(rb"req_[0-9A-Za-z]*")
_CHANGING = {
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-tpm-remaining",
    "x-ratelimit-tpm-reset",
}
BALANCE = Ask(path="/v1/balance", method="GET")
EVENTS = Ask(path="/v1/usage/events?start_time=2020-01-01&limit=500", method="GET")
Script = Callable[[Caller], AsyncIterator[Any]]


def keyed(body: Any, key: str, *, caller_key: str = "main") -> Ask:
    return Ask(body, key=caller_key, headers=(("Idempotency-Key", key),))


def wish(input: Any, **body: Any) -> dict[str, Any]:
    return {"model": MODEL, "input": input, **body}


class Seen:
    """Turns answers into values that are equal for equally behaving servers."""

    def __init__(self, *, exact: bool) -> None:
        self._ids: set[str] = set()
        self._exact = exact

    def describe(self, reply: Reply) -> Any:
        headers = {name: value for name, value in reply.headers.items() if name not in _CHANGING}
        identifier = headers.pop("aurous-request-id", "")
        fresh = identifier not in self._ids
        self._ids.add(identifier)
        named = _ID.findall(reply.body)
        if "x-ratelimit-limit" in headers:
            headers["within"] = str(
                int(reply.headers["x-ratelimit-remaining"]) <= int(headers["x-ratelimit-limit"])
            )
        else:
            headers.pop("content-length", None)
        relation = (
            fresh,
            re.sub("[0-9A-Z]", "0", identifier),
            [name == identifier.encode() for name in named],
        )
        if "content-length" in headers and (named or not self._exact):
            del headers["content-length"]
        return reply.status, sorted(headers.items()), relation, self._read(_ID.sub(b"req_", reply.body))

    def _read(self, body: bytes) -> Any:
        """Return the document of a body: how it is written counts only when servers are compared exactly."""
        try:
            return body if self._exact else orjson.loads(body)
        except ValueError:
            return body


async def read_balance(caller: Caller) -> Any:
    reply = await caller.exchange(BALANCE)
    try:
        return reply.status, sorted(reply.document.items())
    except ValueError:
        return reply.status, reply.body


CHEAP: list[Ask] = [
    *[Ask(body) for name, (body, *_) in REFUSALS.items() if not name.startswith(("deep", "url"))],
    *[Ask(wish([image(url)])) for url in ("http://a.example/", "https://10.1.1.1/", "https://10.1.1.1:8443/")],
    *[
        Ask(wish(given))
        for given in ("a", "hello world", "A", "Äö", "😀 x", "a b c " * 40, "x" * 700 + "tail")
    ],
    *[
        Ask(wish([text("one"), text("two"), text("three"), *more]))
        for more in ([], [image()], [image(), image()])
    ],
    *[
        Ask(wish([image()] * count + [text("x")] * rest))
        for count, rest in ((8, 8), (8, 0), (10, 3), (16, 0))
    ],
    Ask(wish([*[image()] * 5, text("x"), *[image()] * 5])),
    Ask(wish([text("x")] * 80)),
    Ask(wish([text("x")] * 16)),
    Ask(wish("hello world", dimensions=1024)),
    Ask(wish("hello world", dimensions=2048)),
    Ask(wish("hello world", dimensions=1024.5)),
    Ask(wish("hello world", dimensions=256)),
    Ask(wish("hello world", dimensions=1_000_000)),
    Ask(wish("hello world", encoding_format="base64")),
    Ask(wish("hello world", encoding_format="float")),
    Ask(wish("hello world", user="u")),
    Ask(wish("hello world", user="u" * 256)),
    Ask(wish("hello world", user="u" * 257)),
    Ask(wish("hello world", user="é" * 256)),
    Ask(wish("hello world", user="😀" * 256)),
    Ask(wish("hello world", user="u" * 4_100)),
    Ask(wish("hello world", stranger=1, number=10**30)),
    Ask(wish("hello world", user=None)),
    Ask(wish([image("https://images.example/".ljust(2048, "a"))])),
    Ask(wish("a" * 5_000)),
    Ask(wish("short")),
    Ask(wish(["a"] * 9)),
    Ask({"model": FIXED, "input": "hello"}),
    Ask({"model": FIXED, "input": "hello", "dimensions": 64}),
    Ask({"model": "aurous-embed-vision", "input": "hello"}),
    Ask({"model": f" {MODEL}", "input": "hello"}),
    Ask({"model": CHAT, "input": [image()]}),
    *[
        Ask(wish(given), path=ESTIMATE)
        for given in ("a b c d", [text("a"), image()], [image()] * 9, ["a"], [video()])
    ],
    *[Ask(wish([text("x")] * 17), path=ESTIMATE), Ask(wish("x", dimensions=5), path=ESTIMATE)],
    *[
        Ask(wish([image("http://a.example/")]), path=ESTIMATE),
        Ask({"model": CHAT, "input": "x"}, path=ESTIMATE),
    ],
    *[Ask(wish("x"), key=key) for key in (None, "revoked", "no_credit", "read_only", "exempt")],
    *[Ask(wish("x"), key="limited") for _ in range(6)],
    *[Ask(wish("x"), path=ESTIMATE, key=None), Ask(path="/v1/balance", method="GET", key=None)],
    *[Ask(path="/v1/models", method="GET", key=key) for key in (None, "main")],
    *[Ask(path="/nowhere", method="GET"), Ask(path=CREATE, method="PUT")],
    *[
        Ask(wish("x"), headers=(("Aurous-Version", value),))
        for value in ("2026-05-15", "1999-01-01", "soon", "")
    ],
    *[
        Ask(wish("x"), headers=(("Accept-Encoding", "gzip"),)),
        Ask(wish(["x"]), headers=(("Accept-Encoding", "gzip"),)),
    ],
    *[Ask(wish([video()])), Ask(wish(""), path=ESTIMATE), Ask(wish("x", user="u"), path=ESTIMATE)],
    BALANCE,
    *[Ask(path="/v1/balance", method="GET", key=key) for key in ("no_credit", "exempt")],
]


async def run_cheap(caller: Caller) -> AsyncIterator[Any]:
    """Send every cheap request once, each on a connection of its own, and read the balance after each."""
    from conformance.reference.aurous import KEYS

    seen = Seen(exact=caller.exact)
    crowd = [Ask(wish(f"crowd {number}")) for number in range(6)]
    yield [seen.describe(reply) for reply in await caller.exchange_all(crowd)]
    secret = KEYS["main"]
    spoiled = (
        secret[:40],
        secret.upper(),
        secret + "0",
        "al_live_" + "0" * 64,
        secret[:20] + "f" * 52,
        "x",
        "",
    )
    asks = list(CHEAP)
    asks += [Ask(wish("x"), key=None, headers=(("X-Api-Key", value),)) for value in spoiled]
    asks += [
        Ask(wish("x"), key=None, headers=(("Authorization", f"Bearer {value}"),)) for value in (secret, "x")
    ]
    for number, ask in enumerate(asks):
        ask.port = number
        yield seen.describe(await caller.exchange(ask))
        yield caller.app.keys[secret].team.account
        yield await read_balance(caller)


async def run_keys(caller: Caller) -> AsyncIterator[Any]:
    """Use idempotency keys in every way."""
    seen = Seen(exact=caller.exact)
    long = "k" * 40
    body = wish([text("one"), text("two")], user="u", dimensions=1024)
    spaced = b"  " + Ask(body).content().replace(b", ", b" ,\n ")
    ordered = Ask(dict(reversed(body.items()))).content()
    asks: list[Ask] = [
        keyed(body, "first"),
        keyed(body, "first"),
        keyed(spaced, "first"),
        keyed(ordered, "first"),
    ]
    asks += [keyed(body, "first", caller_key=name) for name in ("same_team", "other_team")]
    asks += [
        keyed(body, "FIRST"),
        keyed(body, "first-8-and-more"),
        keyed(body, "first-8-other"),
        keyed(body, long + "a"),
    ]
    changes: list[dict[str, Any]] = [
        {"user": "v"},
        {"dimensions": 2048},
        {"encoding_format": "float"},
        {"model": FIXED, "dimensions": None},
        {"input": [text("one"), text("tow")]},
        {"input": [text("two"), text("one")]},
        {"input": [text("on e"), text("two")]},
        {"input": "other", "user": "other", "dimensions": None},
    ]
    asks += [keyed({**body, **change}, "first") for change in changes]
    asks += [
        keyed(wish("plain"), "plain"),
        keyed({**wish("plain"), "model": FIXED}, "plain"),
        keyed(wish("p lain"), "plain"),
    ]
    asks += [
        keyed({**wish("other"), "user": "u"}, long + "b"),
        keyed(wish(["a"]), "bad"),
        keyed(wish(["a"]), "bad"),
    ]
    asks += [
        keyed(wish("a"), "bad"),
        keyed(wish("a"), "k" * 256),
        keyed(wish("a"), "k" * 257),
        Ask(wish("a")),
    ]
    for hours in (2, 21.5, 1, 26):
        asks += [Ask({"advance_s": hours * 3600}, path="/__clock"), keyed(body, "first")]
    for ask in asks:
        if ask.path == "/__clock":
            await caller.exchange(ask)
            continue
        yield seen.describe(await caller.exchange(ask))
        yield await read_balance(caller)
    replies = await caller.exchange_all([keyed(wish("crowd"), "crowd") for _ in range(3)])
    yield sorted(map(str, map(seen.describe, replies)))
    yield await read_balance(caller)


async def run_large(caller: Caller) -> AsyncIterator[Any]:
    """Send what is large or deep."""
    seen = Seen(exact=caller.exact)
    bodies: list[Any] = [
        REFUSALS["deep"][0],
        REFUSALS["deep object"][0],
        wish("a" * 60_000),
        wish(("a" * 10_000) + "b"),
        wish(("a" * 10_000) + "c"),
        wish("a" * 1_000_000),
        wish("a" * 1_000_001),
        wish("é" * 600_000),
        wish("😀" * 600_000),
        wish("a " * 130_000),
        wish("a " * 300_000),
    ]
    for body in bodies:
        yield seen.describe(await caller.exchange(Ask(body)))
    for body in (wish("a" * 1_000_001), wish("a " * 130_000)):
        yield seen.describe(await caller.exchange(Ask(body, path=ESTIMATE)))
    yield await read_balance(caller)


async def run_many(caller: Caller) -> AsyncIterator[Any]:
    """Repeat, on one connection."""
    seen = Seen(exact=caller.exact)
    for number in range(160):
        for ask in (Ask(wish([text("many"), text(str(number))])), Ask(wish(["refused"]))):
            yield seen.describe(await caller.exchange(ask))
        body = wish("keyed")
        yield (
            [seen.describe(await caller.exchange(keyed(body, f"many {number}"))) for _ in range(2)]
            if number % 4 == 0
            else 0
        )
        yield await read_balance(caller)


class Gallery:
    """A host of images that counts what is fetched."""

    def __init__(self) -> None:
        self.hits: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        self.hits.append(target)
        status = b"404 No" if "missing" in target else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 3\r\n\r\npng")
        await writer.drain()
        writer.close()


async def run_media(caller: Caller, gallery: Gallery, origin: str) -> AsyncIterator[Any]:
    """Name images that are really fetched, in requests of every kind."""
    seen = Seen(exact=caller.exact)
    good, bad, film = image(f"{origin}/a"), image(f"{origin}/missing"), video(f"{origin}/film")
    bodies: list[tuple[Any, str]] = [
        (wish([good, text("x")]), "main"),
        (wish([good] * 9), "main"),
        (wish([good] + [text("x")] * 16), "main"),
        (wish([good, film]), "main"),
        (wish([good], dimensions=5), "main"),
        (wish([good], user="u" * 300), "main"),
        (wish([good, text("x" * 1_000_001)]), "main"),
        ({**wish([good]), "model": CHAT}, "main"),
        ({**wish([good]), "model": "stranger"}, "main"),
        ({"input": [good]}, "main"),
        (wish([good, "x"]), "main"),
        (wish([good, {"type": "paragraph", "text": "x"}]), "main"),
        (wish([good], encoding_format="hex"), "main"),
        (wish([good, image("ftp://a.example/")]), "main"),
        (wish([good]), "revoked"),
        (b"{", "revoked"),
        (wish([good]), "no_credit"),
        (wish([bad]), "main"),
    ]
    for body, key in bodies:
        yield seen.describe(await caller.exchange(Ask(body, key=key)))
        yield list(gallery.hits), await read_balance(caller)
    for ask in (
        Ask(bodies[0][0], path=ESTIMATE),
        *[keyed(wish([good]), "m")] * 2,
        keyed(wish([good], user="v"), "m"),
    ):
        yield seen.describe(await caller.exchange(ask))
        yield list(gallery.hits)


async def collect_media(make: Callable[[str], Caller]) -> AsyncIterator[Any]:
    """Run the media script against a server that may fetch from a fresh gallery."""
    gallery = Gallery()
    server = await asyncio.start_server(gallery.answer, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async for seen in run_media(make(origin), gallery, origin):
            yield seen
    finally:
        server.close()


async def run_telling(caller: Caller) -> AsyncIterator[Any]:
    """Ask with both keys of a team, for both models, served and refused, and read what is told of that."""
    told: dict[str, str] = {}
    asks = [Ask(wish("a b c")), Ask(wish("a b c"), key="same_team"), Ask({"model": FIXED, "input": "a b c"}), Ask(wish(["a"]))]
    for number, ask in enumerate(asks):
        reply = await caller.exchange(ask)
        told[dict(reply.headers).get("aurous-request-id", "")] = f"request {number}"
        yield await read_balance(caller)
    reply = await caller.exchange(EVENTS)
    yield [(told.get(row["request_id"]), row["credits_charged"]) for row in reply.document["data"]]


SCRIPTS: tuple[Script, ...] = (run_cheap, run_keys, run_many, run_large, run_telling)
