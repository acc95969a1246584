"""
What the sound servers of the shape answer to what is asked rightly.
"""

from __future__ import annotations

import asyncio
import base64
import time

import numpy
import pytest

from conformance.reference.shape.space import VectorSpace, shorten
from conformance.reference.shape.tokens import EMPTY, VOCABULARY, encode_text

from .shape_caller import Ask, Caller

PROVIDERS = ("openai", "xerotier")
SENTENCE = "The capital of France is Paris."


@pytest.fixture(params=PROVIDERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


def decode(written: str) -> list[float]:
    return numpy.frombuffer(base64.b64decode(written, validate=True), dtype="<f4").tolist()


def nearness(first: list[float], second: list[float]) -> float:
    return float(numpy.dot(first, second) / numpy.linalg.norm(first) / numpy.linalg.norm(second))


def test_the_document_of_one_text(caller: Caller) -> None:
    reply = caller.embed(SENTENCE)
    document = reply.document
    (row,) = document.pop("data")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-request-id"].startswith("req_")
    assert document.pop("service_tier", None) is None
    assert document == {"object": "list", "model": caller.model, "usage": {"prompt_tokens": 7, "total_tokens": 7}}
    assert (row["object"], row["index"], len(row["embedding"])) == ("embedding", 0, 64)
    assert numpy.linalg.norm(row["embedding"]) == pytest.approx(1, abs=1e-6)


def test_a_text_and_its_tokens_are_one(caller: Caller) -> None:
    ids = [791, 6864, 315, 9822, 374, 12366, 13]
    assert list(encode_text(SENTENCE)) == ids
    (vector,) = caller.embed(SENTENCE).vectors
    assert caller.embed(ids).vectors == [vector]
    assert caller.embed([SENTENCE]).vectors == [vector]
    assert caller.embed([ids, [15339, 1917]]).vectors == [vector, *caller.embed("hello world").vectors]


def test_a_batch_gives_what_each_text_gives_alone(caller: Caller) -> None:
    texts = [f"text number {n} " + "and more " * (n % 7) for n in range(70)]
    together = caller.embed(texts).document
    assert [row["index"] for row in together["data"]] == list(range(70))
    alone = [caller.embed(text).document for text in texts]
    assert [row["embedding"] for row in together["data"]] == [one["data"][0]["embedding"] for one in alone]
    assert together["usage"]["prompt_tokens"] == sum(one["usage"]["prompt_tokens"] for one in alone)


def test_base64_is_the_very_same_numbers(caller: Caller) -> None:
    floats = caller.embed([SENTENCE, "x"], encoding_format="float").vectors
    written = caller.embed([SENTENCE, "x"], encoding_format="base64").vectors
    assert [decode(one) for one in written] == [numpy.float32(one).tolist() for one in floats]
    assert floats == caller.embed([SENTENCE, "x"]).vectors


@pytest.mark.parametrize("width", [1, 2, 63, 64])
def test_dimensions_shorten_and_scale(caller: Caller, width: int) -> None:
    (native,) = caller.embed(SENTENCE).vectors
    (short,) = caller.embed(SENTENCE, dimensions=width).vectors
    assert len(short) == width
    assert numpy.linalg.norm(short) == pytest.approx(1, abs=1e-6)
    assert nearness(short, native[:width]) == pytest.approx(1, abs=1e-6)
    (written,) = caller.embed(SENTENCE, dimensions=width, encoding_format="base64").vectors
    assert decode(written) == numpy.float32(short).tolist()


def test_null_is_as_good_as_absent(caller: Caller) -> None:
    nothing = dict.fromkeys(("encoding_format", "dimensions", "user"))
    assert caller.embed(SENTENCE, **nothing).vectors == caller.embed(SENTENCE, user="somebody").vectors


@pytest.mark.parametrize("length", [1, 10, 200, 511, 2_001, 8_000])
def test_each_token_moves_the_vector(caller: Caller, length: int) -> None:
    body = "a " * (length - 1)
    (first,), (second,), (moved,) = (caller.embed(text).vectors for text in (body + "cat", body + "dog", "cat " + body))
    assert nearness(first, second) < 0.995
    assert length == 1 or nearness(first, moved) < 0.995


def test_near_texts_are_nearer_than_far_ones(caller: Caller) -> None:
    texts = ["The cat sat on the mat today", "Today a cat sat on the mat", "Quarterly revenue grew by five percent"]
    first, near, far = caller.embed(texts).vectors
    assert nearness(first, near) > nearness(first, far) + 0.1


def test_many_short_items_are_quick_and_all_different(caller: Caller) -> None:
    texts = [f"item {n}" for n in range(2_048)]
    caller.embed(texts[:9])
    began = time.perf_counter()
    vectors = caller.embed(texts, dimensions=16).vectors
    assert time.perf_counter() - began < 1
    assert len({tuple(vector) for vector in vectors}) == 2_048


@pytest.mark.parametrize("text", ["naïve café ☕", "日本語のテキスト", "😀😃", "a\x00b", " ", "\n", "مرحبا", "e\u0301", "x" * 9_999])
def test_any_unicode_text_embeds(caller: Caller, text: str) -> None:
    reply = caller.embed([text, "other"])
    assert reply.status == 200
    assert numpy.isfinite(reply.vectors).all()
    assert reply.vectors[0] != reply.vectors[1]


def test_requests_that_overlap_keep_apart(caller: Caller) -> None:
    texts = [f"client {n}" for n in range(40)]
    replies = caller.send_all(Ask(caller.wish(text)) for text in texts)
    assert [reply.vectors[0] for reply in replies] == caller.embed(texts).vectors


def test_models_are_listed() -> None:
    caller = Caller("openai")
    rows = caller.get("/v1/models").document["data"]
    assert {row["id"] for row in rows} == set(caller.ready["models"].values())
    assert caller.get(f"/v1/models/{caller.model}").document["object"] == "model"
    assert caller.get("/v1/models/none").error["code"] == "model_not_found"
    other = Caller("xerotier")
    assert other.get("/v1/models").document["data"] == other.get("/my-endpoint/v1/models").document["data"]


def test_priority_costs_a_fourth_more() -> None:
    caller = Caller("xerotier")

    def cost(**body: object) -> int:
        before = caller.get("/v1/usage").document["totals"]["cost"]
        reply = caller.embed(SENTENCE, **body)
        assert reply.status in (200, 400, 402)
        return int(caller.get("/v1/usage").document["totals"]["cost"] - before)

    assert [cost(), *(cost(service_tier=tier) for tier in ("flex", "default", "priority"))] == [28, 28, 28, 35]
    assert cost(dimensions=0) == 0
    assert [caller.embed(SENTENCE, service_tier=tier).vectors for tier in ("flex", "priority")] == [caller.embed(SENTENCE).vectors] * 2


def test_pages_of_other_origins_are_let_in(caller: Caller) -> None:
    page = (("origin", "https://page.example"),)
    preflight = caller.send(Ask(method="OPTIONS", key=None, headers=page))
    assert preflight.status == 204
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    for body in (caller.wish("a"), b"{"):
        assert caller.send(Ask(body, headers=page)).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in caller.embed("a").headers


def test_the_tokenizer_tells_texts_apart() -> None:
    texts = [*(f"w{n}" for n in range(500)), "a b", "ab", " ab", "a  b", "", "\u00e9", "e\u0301", "A b", "12 3", "123"]
    ids = [encode_text(text) for text in texts]
    assert len(set(ids)) == len(texts)
    assert all(0 <= one < VOCABULARY for text in ids for one in text)
    assert EMPTY == VOCABULARY


def test_groups_of_long_items_change_nothing() -> None:
    space = VectorSpace()
    items = [encode_text("word " * (300 * n + 1) + str(n)) for n in range(1, 25)]
    alone = numpy.concatenate([space.embed([item]) for item in items])
    assert numpy.array_equal(space.embed(items), alone)
    assert shorten(alone, 64) is alone


def test_a_lazy_app_serves() -> None:
    from conformance.reference.openai import app

    async def ask() -> list[int]:
        caller = Caller("openai")
        caller.app = app
        return [(await caller.exchange(Ask(caller.wish("a")))).status for _ in range(2)]

    assert asyncio.run(ask()) == [200, 200]
