"""
The sound server refuses what the documents say, in their words, and charges nothing for it.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from .caller import CHAT, CREATE, ESTIMATE, FIXED, MODEL, Ask, Caller, image, text, video

TOO_MANY = "embeddings_input_too_many_items"
DIMENSIONS = "embeddings_unsupported_dimensions"
UTF8_FAULT = b'{"model":"' + MODEL.encode() + b'","input":"\xff"}'


def raw(input: bytes) -> bytes:
    return b'{"model":"' + MODEL.encode() + b'","input":' + input + b"}"


#: Each: body, status, code (None when the documents leave it open), param (None when open).
REFUSALS: dict[str, tuple[Any, int, str | None, str | None]] = {
    "batch of one": ({"model": MODEL, "input": ["a"]}, 400, "embeddings_batch_not_supported", "input"),
    "batch of two": ({"model": MODEL, "input": ["a", "b"]}, 400, "embeddings_batch_not_supported", "input"),
    "batch of seventeen": (
        {"model": MODEL, "input": ["a"] * 17},
        400,
        "embeddings_batch_not_supported",
        "input",
    ),
    "17 texts": ({"model": MODEL, "input": [text("a")] * 17}, 400, TOO_MANY, "input"),
    "9 texts and 8 images": (
        {"model": MODEL, "input": [text("a")] * 9 + [image()] * 8},
        400,
        TOO_MANY,
        "input",
    ),
    "100 texts": ({"model": MODEL, "input": [text("a")] * 100}, 400, TOO_MANY, "input"),
    "9 images": ({"model": MODEL, "input": [image()] * 9}, 400, TOO_MANY, "input"),
    "video": ({"model": MODEL, "input": [video()]}, 400, "embeddings_video_unsupported", "input"),
    "text and video": (
        {"model": MODEL, "input": [text("a"), video()]},
        400,
        "embeddings_video_unsupported",
        "input",
    ),
    "dimensions 512": ({"model": MODEL, "input": "a", "dimensions": 512}, 400, DIMENSIONS, None),
    "dimensions 0": ({"model": MODEL, "input": "a", "dimensions": 0}, 400, DIMENSIONS, None),
    "dimensions -1": ({"model": MODEL, "input": "a", "dimensions": -1}, 400, DIMENSIONS, None),
    "dimensions huge": ({"model": MODEL, "input": "a", "dimensions": 10**40}, 400, DIMENSIONS, None),
    "dimensions of fixed": ({"model": FIXED, "input": "a", "dimensions": 768}, 400, DIMENSIONS, None),
    "dimensions text": ({"model": MODEL, "input": "a", "dimensions": "1024"}, 400, None, "dimensions"),
    "dimensions float": ({"model": MODEL, "input": "a", "dimensions": 1024.0}, 400, None, "dimensions"),
    "dimensions true": ({"model": MODEL, "input": "a", "dimensions": True}, 400, None, "dimensions"),
    "chat model": ({"model": CHAT, "input": "a"}, 400, "model_wrong_kind", "model"),
    "unknown model": ({"model": "nobody", "input": "a"}, 404, None, "model"),
    "other case of the model": ({"model": MODEL.upper(), "input": "a"}, 404, None, "model"),
    "no model": ({"input": "a"}, 400, "missing_field", "model"),
    "no input": ({"model": MODEL}, 400, "missing_field", "input"),
    "null input": ({"model": MODEL, "input": None}, 400, None, "input"),
    "numeric model": ({"model": 1, "input": "a"}, 400, "invalid_format", "model"),
    "numeric input": ({"model": MODEL, "input": 7}, 400, "invalid_format", "input"),
    "token ids": ({"model": MODEL, "input": [1, 2, 3]}, 400, None, "input"),
    "token id lists": ({"model": MODEL, "input": [[1, 2]]}, 400, None, "input"),
    "mixed": ({"model": MODEL, "input": ["a", text("b")]}, 400, None, "input"),
    "empty array": ({"model": MODEL, "input": []}, 400, None, "input"),
    "empty text": ({"model": MODEL, "input": ""}, 400, None, "input"),
    "blank text": ({"model": MODEL, "input": " \n\t"}, 400, None, "input"),
    "empty text part": ({"model": MODEL, "input": [text("")]}, 400, None, "input"),
    "NUL": ({"model": MODEL, "input": "a\0b"}, 400, None, "input"),
    "lone surrogate": (raw(b'"\\ud800"'), 400, None, "input"),
    "null part": ({"model": MODEL, "input": [None]}, 400, None, "input"),
    "unknown part": ({"model": MODEL, "input": [{"type": "audio", "audio": "x"}]}, 400, None, "input"),
    "part without text": ({"model": MODEL, "input": [{"type": "text"}]}, 400, None, "input"),
    "part with numeric text": ({"model": MODEL, "input": [{"type": "text", "text": 1}]}, 400, None, "input"),
    "image without url": (
        {"model": MODEL, "input": [{"type": "image_url", "image_url": {}}]},
        400,
        None,
        "input",
    ),
    "image as text": (
        {"model": MODEL, "input": [{"type": "image_url", "image_url": "x"}]},
        400,
        None,
        "input",
    ),
    "encoding": ({"model": MODEL, "input": "a", "encoding_format": "hex"}, 400, None, "encoding_format"),
    "encoding type": ({"model": MODEL, "input": "a", "encoding_format": [1]}, 400, None, "encoding_format"),
    "user of 257": ({"model": MODEL, "input": "a", "user": "é" * 257}, 400, None, "user"),
    "numeric user": ({"model": MODEL, "input": "a", "user": 1}, 400, None, "user"),
    "long url": (
        {"model": MODEL, "input": [image("https://a.example/".ljust(2049, "a"))]},
        400,
        None,
        "input",
    ),
    "not JSON": (b"{", 400, None, None),
    "empty body": (b"", 400, None, None),
    "invalid UTF-8": (UTF8_FAULT, 400, None, None),
    "no object": (b"[1]", 400, None, None),
    "just null": (b"null", 400, None, None),
    "NaN": (raw(b'"a","dimensions":NaN'), 400, None, None),
    "beyond range": (raw(b'"a","dimensions":1e400'), 400, None, None),
    "repeated member": (raw(b'"a","input":"b"'), 400, None, None),
    "deep": (raw(b"[" * 100_000 + b"]" * 100_000), 400, None, None),
    "deep object": (b'{"a":' * 100_000, 400, None, None),
    **{
        f"url {url}": ({"model": MODEL, "input": [image(url)]}, 400, None, "input")
        for url in (
            "http://images.example/a.png",
            "data:image/png;base64,AAAA",
            "ftp://images.example/a.png",
            "file:///etc/passwd",
            "gopher://images.example/",
            "images.example/a.png",
            "https://",
            "https://127.0.0.1/a.png",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/a.png",
            "https://[::ffff:10.0.0.1]/a.png",
            "https://169.254.169.254/latest",
            "https://[fe80::1]/",
            "https://10.1.2.3/",
            "https://172.31.0.1/",
            "https://192.168.0.1:8443/",
            "https://[fd00::1]/",
            "https://224.0.0.1/",
            "https://240.0.0.1/",
            "https://metadata.google.internal/computeMetadata",
            "https://metadata.aws.com/",
            "https://localhost./",
        )
    },
}


@pytest.fixture(scope="module")
def sound() -> Caller:
    return Caller()


@pytest.mark.parametrize("path", [CREATE, ESTIMATE])
@pytest.mark.parametrize("name", REFUSALS)
def test_refuses_in_the_envelope_and_free_of_charge(sound: Caller, name: str, path: str) -> None:
    body, status, code, param = REFUSALS[name]
    before = sound.credits()
    reply = sound.send(Ask(body, path=path))
    assert reply.status == status
    assert reply.headers["content-type"] == "application/json"
    assert sorted(reply.document) == ["error"]
    error = reply.error
    assert error["type"] == ("not_found" if status == 404 else "invalid_request")
    assert code is None or error["code"] == code
    assert param is None or error["param"].startswith(param)
    assert error["message"]
    assert error["doc_url"] == f"https://docs.aurous-labs.com/errors#{error['code']}"
    assert re.fullmatch("req_[0-9A-HJKMNP-TV-Z]{26}", error["request_id"])
    assert error["request_id"] == reply.headers["aurous-request-id"]
    assert sound.credits() == before


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"input": [text("a")] * 22}, ["22", "16"]),
        ({"input": [image()] * 11}, ["11", "8"]),
        ({"input": "a", "dimensions": 512}, ["1024", "2048", "512"]),
        ({"input": "a", "user": "u" * 300}, ["300", "256"]),
    ],
)
def test_messages_name_cap_and_count(sound: Caller, body: dict[str, Any], words: list[str]) -> None:
    message = sound.send(Ask({"model": MODEL, **body})).error["message"]
    assert all(word in re.findall(r"\d+", message) for word in words)


def test_text_cap(sound: Caller) -> None:
    longest = sound.create("é" * 1_000_000)
    assert longest.status == 200
    assert longest.document["usage"]["prompt_tokens"] == 125_000
    refused = sound.create("a" * 1_000_001)
    assert (refused.status, refused.error["type"]) == (400, "invalid_request")
    assert "1000001" in refused.error["message"]


def test_token_cap(sound: Caller) -> None:
    refused = sound.create("a " * 300_000)
    assert (refused.status, refused.error["code"]) == (400, "embeddings_input_too_large")


@pytest.mark.parametrize(
    ("ask", "status", "code", "type_"),
    [
        (Ask({}, key=None), 401, "missing_api_key", "authentication"),
        (
            Ask(b"{", key=None, headers=(("X-Api-Key", "al_live_" + "0" * 64),)),
            401,
            "invalid_api_key",
            "authentication",
        ),
        (
            Ask(b"{", key=None, headers=(("Authorization", "Bearer no"),)),
            401,
            "invalid_api_key",
            "authentication",
        ),
        (Ask({}, key="revoked"), 401, "revoked_api_key", "authentication"),
        (Ask({"model": MODEL, "input": "a"}, key="read_only"), 403, "missing_scope", "authentication"),
        (Ask({"model": MODEL, "input": "a"}, key="no_credit"), 402, "balance_too_low", "invalid_request"),
        (Ask({}, headers=(("Aurous-Version", "tomorrow"),)), 400, "invalid_format", "invalid_request"),
        (Ask({}, headers=(("Aurous-Version", "1999-01-01"),)), 400, "unknown_version", "invalid_request"),
        (Ask({}, headers=(("Idempotency-Key", ""),)), 400, "value_out_of_range", "invalid_request"),
        (Ask({}, headers=(("Idempotency-Key", "k" * 257),)), 400, "value_out_of_range", "invalid_request"),
        (Ask(path="/credits", method="GET"), 404, "resource_not_found", "not_found"),
        (Ask(path=CREATE, method="GET"), 405, "method_not_allowed", "invalid_request"),
        (Ask(path="/v1/usage/events", method="GET"), 400, "missing_field", "invalid_request"),
    ],
)
def test_doors(sound: Caller, ask: Ask, status: int, code: str, type_: str) -> None:
    reply = sound.send(ask)
    assert (reply.status, reply.error["code"], reply.error["type"]) == (status, code, type_)
    assert reply.error["request_id"] == reply.headers["aurous-request-id"]
    assert status != 405 or reply.headers["allow"] == "POST"


def test_limited_key_is_told_when_to_come_back(sound: Caller) -> None:
    replies = [sound.create("a", key="limited") for _ in range(8)]
    refused = [reply for reply in replies if reply.status == 429]
    assert refused
    assert refused[0].error["code"] == "too_many_requests"
    assert refused[0].error["type"] == "rate_limit"
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].headers["x-ratelimit-remaining"] == "0"
    sound.send(Ask({"advance_s": 2}, path="/__clock"))
    assert sound.create("a", key="limited").status == 200
