"""
The sound server answers, charges and replays as the documents say.
"""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import pytest

from conformance.reference.aurous import app

from .caller import ESTIMATE, FIXED, MODEL, Ask, Caller, image, text


@pytest.fixture(scope="module")
def sound() -> Caller:
    return Caller()


def keyed(body: Any, key: str, caller_key: str = "main") -> Ask:
    return Ask(body, key=caller_key, headers=(("Idempotency-Key", key),))


def test_envelope(sound: Caller) -> None:
    reply = sound.create("hello world")
    document = reply.document
    assert reply.status == 200
    assert (document["object"], document["model"], len(document["data"])) == ("list", MODEL, 1)
    assert {name: document["data"][0][name] for name in ("object", "index")} == {
        "object": "embedding",
        "index": 0,
    }
    assert len(reply.vector) == 1024
    assert math.isclose(sum(number * number for number in reply.vector), 1.0, abs_tol=1e-5)
    usage = document["usage"]
    assert usage["prompt_tokens"] == usage["total_tokens"] == 2
    assert set(usage["breakdown"]["input"]) == {"text", "visual", "video"}
    assert usage["breakdown"]["model"] == MODEL
    assert reply.headers["aurous-version"] == "2026-05-15"
    for name in ("x-ratelimit-limit", "x-ratelimit-tpm-remaining", "x-ratelimit-reset"):
        assert reply.headers[name].isdigit()
    assert "aurous-idempotent-replayed" not in reply.headers


def test_prices(sound: Caller) -> None:
    usage = sound.create(" ".join(["word"] * 500)).document["usage"]
    assert usage["credits_charged"] == 0.009375
    before = sound.credits()
    usage = sound.create([text("word " * 5000), image(), image()]).document["usage"]
    assert usage["breakdown"]["input"] == {"text": 0.09375, "visual": 0.121875, "video": 0}
    assert usage["credits_charged"] == 0.215625
    assert before - sound.credits() == 215_625


@pytest.mark.parametrize("name", ["bearer", "x-api-key"])
def test_both_credentials(sound: Caller, name: str) -> None:
    from conformance.reference.aurous import KEYS

    header = ("Authorization", f"bearer {KEYS['main']}") if name == "bearer" else ("X-Api-Key", KEYS["main"])
    assert sound.send(Ask({"model": MODEL, "input": "a"}, key=None, headers=(header,))).status == 200


@pytest.mark.parametrize(
    "extra",
    [
        {"dimensions": 1024},
        {"dimensions": 2048},
        {"encoding_format": "base64"},
        {"encoding_format": "float"},
        {"user": "é" * 256},
        {"user": None, "dimensions": None, "encoding_format": None},
        {"unknown": {"deep": [1, 10**60]}},
    ],
)
def test_options_change_nothing(sound: Caller, extra: dict[str, Any]) -> None:
    reply = sound.create("same", **extra)
    assert reply.status == 200
    assert reply.vector == sound.create("same").vector


def test_vectors_tell_content_apart(sound: Caller) -> None:
    a, b = text("a"), text("b")
    cat, dog = image("https://images.example/cat"), image("https://images.example/dog")
    inputs: list[Any] = [
        "a",
        "A",
        [a, b],
        [b, a],
        [b],
        [a, a],
        [a, cat],
        [a, dog],
        [cat],
        [cat, dog],
        [a] * 16,
    ]
    vectors = {tuple(sound.create(given).vector) for given in inputs}
    assert len(vectors) == len(inputs)
    assert sound.create([a]).vector == sound.create("a").vector


def test_most_parts(sound: Caller) -> None:
    for given in ([text("a")] * 16, [image()] * 8, [image()] * 8 + [text("a")] * 8):
        assert sound.create(given).status == 200


def test_fixed_model(sound: Caller) -> None:
    reply = sound.send(Ask({"model": FIXED, "input": "a"}))
    assert (len(reply.vector), reply.document["model"]) == (768, FIXED)


def test_estimate(sound: Caller) -> None:
    before = sound.credits()
    body = {"model": MODEL, "input": [text("word " * 500), image()]}
    document = sound.send(Ask(body, path=ESTIMATE)).document
    assert document["estimated"] is True
    assert document["tokens"] == {"text": 500, "image": 1250, "video": 0, "total": 1750}
    assert document["credits_estimated"] == sum(document["breakdown"]["input"].values())
    assert sound.credits() == before
    assert sound.send(Ask(body)).document["usage"]["prompt_tokens"] == 1750


def test_models(sound: Caller) -> None:
    rows = {row["id"]: row for row in sound.send(Ask(path="/v1/models", method="GET")).document["data"]}
    vision = rows[MODEL]
    assert vision["kind"] == "embedding"
    assert vision["aurous_metadata"] == {
        "context_window": 128_000,
        "dimensions": [1024, 2048],
        "max_input_items": 100,
        "capabilities": ["multimodal_input"],
    }
    assert vision["embedding_pricing"] == {
        "text": {"credits_per_M": 18.75},
        "visual": {"credits_per_M": 48.75},
    }
    assert vision["chat_pricing"] is None
    assert rows[FIXED]["aurous_metadata"]["dimensions"] is None
    assert "chat" in {row["kind"] for row in rows.values()}


def test_reads(sound: Caller) -> None:
    balance = sound.send(Ask(path="/v1/balance", method="GET", key="read_only")).document
    assert balance["available_credits"] == balance["credits"] - balance["held_credits"]
    assert (balance["currency"], balance["billing_mode"]) == ("credit", "metered")
    exempt = sound.credits("exempt")
    assert sound.create("a", key="exempt").status == 200
    assert sound.credits("exempt") == exempt
    assert sound.send(Ask(path="/v1/team", method="GET")).document["id"].startswith("team_")


def test_events(sound: Caller) -> None:
    reply = sound.create("an event", user="me", key="other_team")
    sound.create(["refused"], key="other_team")
    query = "/v1/usage/events?start_time=2020-01-01T00:00:00Z&type=embedding&limit=500"
    rows = sound.send(Ask(path=query, method="GET", key="other_team")).document["data"]
    assert [row["request_id"] for row in rows] == [reply.headers["aurous-request-id"]]
    assert rows[0]["credits_charged"] == reply.document["usage"]["credits_charged"]
    assert rows[0]["user_id"] == "me"


def test_replay(sound: Caller) -> None:
    body = {"model": MODEL, "input": "once", "user": "u"}
    first = sound.send(keyed(body, "replay"))
    before = sound.credits()
    reordered = json.dumps(dict(reversed(body.items())), indent=3).encode()
    for ask in (keyed(body, "replay"), keyed(reordered, "replay"), keyed(body, "replay", "same_team")):
        again = sound.send(ask)
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["aurous-idempotent-replayed"] == "true"
        assert again.headers["aurous-request-id"] != first.headers["aurous-request-id"]
    assert sound.credits() == before
    assert "aurous-idempotent-replayed" not in sound.send(keyed(body, "replay", "other_team")).headers


@pytest.mark.parametrize(
    "change", [{"input": "twice"}, {"user": "v"}, {"dimensions": 1024}, {"encoding_format": "float"}]
)
def test_conflict(sound: Caller, change: dict[str, Any]) -> None:
    key = f"conflict {change}"
    body = {"model": MODEL, "input": "once", "user": "u"}
    sound.send(keyed(body, key))
    before = sound.credits()
    reply = sound.send(keyed({**body, **change}, key))
    assert (reply.status, reply.error["code"]) == (409, "idempotency_key_in_use")
    assert reply.error["type"] == "invalid_request"
    assert "retry-after" not in reply.headers
    assert sound.credits() == before


def test_refusals_are_not_stored(sound: Caller) -> None:
    for _ in range(2):
        reply = sound.send(keyed({"model": MODEL, "input": ["a"]}, "refused"))
        assert reply.status == 400
        assert "aurous-idempotent-replayed" not in reply.headers
    assert sound.send(keyed({"model": MODEL, "input": "a"}, "refused")).status == 200


def test_window(sound: Caller) -> None:
    body = {"model": MODEL, "input": "window"}
    sound.send(keyed(body, "window"))
    sound.send(Ask({"advance_s": 86_000}, path="/__clock"))
    assert "aurous-idempotent-replayed" in sound.send(keyed(body, "window")).headers
    sound.send(Ask({"advance_s": 500}, path="/__clock"))
    assert "aurous-idempotent-replayed" not in sound.send(keyed(body, "window")).headers


def test_simultaneous_key_is_charged_once(sound: Caller) -> None:
    before = sound.credits()
    replies = sound.send_all([keyed({"model": MODEL, "input": "crowd"}, "crowd")] * 5)
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409, 409]
    assert before - sound.credits() == 19
    assert (
        sound.send(keyed({"model": MODEL, "input": "crowd"}, "crowd")).headers["aurous-idempotent-replayed"]
        == "true"
    )


@pytest.mark.parametrize("length", [1, 64, 256])
def test_key_lengths(sound: Caller, length: int) -> None:
    assert sound.send(keyed({"model": MODEL, "input": "a"}, "k" * length)).status == 200


def test_media_are_fetched_after_every_check() -> None:
    hits: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        target = head.split(b" ")[1].decode()
        hits.append(target)
        status = b"404 No" if "missing" in target else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 3\r\n\r\npng")
        await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        caller = Caller(media_origins=[origin])
        good, bad = image(f"{origin}/a.png?q=1"), image(f"{origin}/missing.png")
        for body in (
            {"input": [good] * 9},
            {"input": [good], "dimensions": 5},
            {"input": [good] + [text("a")] * 16},
        ):
            assert (await caller.exchange(Ask({"model": MODEL, **body}))).status == 400
        assert (await caller.exchange(Ask({"model": MODEL, "input": [good]}, path=ESTIMATE))).status == 200
        assert hits == []
        assert (await caller.exchange(Ask({"model": MODEL, "input": [good]}))).status == 200
        assert hits == ["/a.png?q=1"]
        balance = Ask(path="/v1/balance", method="GET")
        before = (await caller.exchange(balance)).body
        refused = await caller.exchange(keyed({"model": MODEL, "input": [bad]}, "media"))
        assert (refused.status, refused.error["code"]) == (400, "image_fetch_failed")
        assert (await caller.exchange(balance)).body == before
        assert (await caller.exchange(keyed({"model": MODEL, "input": [good]}, "media"))).status == 200
        server.close()

    asyncio.run(run())


def test_app_is_made_when_first_asked() -> None:
    caller = Caller()
    caller.app = app  # type: ignore[assignment]
    assert caller.create("lazily").status == 200
