"""
What a schema asks for, in words that a reader knows who never saw the schema.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.exchange import Exchange, Request
from conformance.judge.predicates import check
from conformance.judge.scene import Memory, Scene
from conformance.judge.schema import described, violations
from conformance.judge.view import View

from .exchanges import contract

NONE_WORDS = {"not": {"anyOf": [{"enum": ["None", ""]}, {"type": "string", "pattern": "^[0-9]{3}$"}]}}
NAMED = {"contains": {"properties": {"id": {"const": "m"}}, "required": ["id"]}}


@pytest.mark.parametrize(
    ("schema", "value", "expected", "actual"),
    [
        ({"minimum": 1}, 0, "at least 1", "0"),
        ({"maximum": 1}, 2.5, "at most 1", "2.5"),
        ({"exclusiveMinimum": 0}, 0, "more than 0", "0"),
        ({"exclusiveMaximum": 1}, 1, "less than 1", "1"),
        ({"multipleOf": 2}, 3, "a multiple of 2", "3"),
        ({"type": "string"}, 3, "a string", "3"),
        ({"type": "integer"}, True, "a whole number", "true"),
        ({"type": ["string", "null"]}, [], "a string or null", "an array of 0"),
        ({"type": "object"}, None, "an object", "null"),
        ({"enum": ["a", None]}, "b", 'one of "a", null', '"b"'),
        ({"const": "list"}, "embedding", '"list"', '"embedding"'),
        ({"const": True}, 1, "true", "1"),
        ({"pattern": r"\S"}, " ", "text that is not blank", '" "'),
        ({"pattern": r"^\d+$"}, "many", r"text that matches ^\d+$", '"many"'),
        ({"required": ["a"]}, {}, "a member a", "nothing"),
        ({"minItems": 1}, [], "at least 1 item", "an array of 0"),
        ({"maxItems": 2}, [1, 2, 3], "at most 2 items", "an array of 3"),
        ({"minLength": 1}, "", "at least 1 character", '""'),
        ({"maxLength": 2}, "abc", "at most 2 characters", '"abc"'),
        ({"minProperties": 1}, {}, "at least 1 member", "an object of 0"),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, "at most 1 member", "an object of 2"),
        ({"uniqueItems": True}, [1, 1], "each item once", "an array of 2"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"z": 1}, "no other members", "z"),
        ({"properties": {"a": False}}, {"a": 1}, "nothing here", "1"),
        ({"not": {"enum": ["None"]}}, "None", 'anything but "None"', '"None"'),
        (NONE_WORDS, "422", 'anything but one of "None", "" or a string, text that matches ^[0-9]{3}$', '"422"'),
        ({"anyOf": [{"type": "string"}, {"minimum": 1}]}, 0, "a string or at least 1", "0"),
        (NAMED, [{"id": "n"}], 'an item like this: id: "m", a member id', "an array of 1"),
        ({"propertyNames": {"pattern": "^x"}}, {"a": 1}, "names of members like this: text that matches ^x", "an object of 1"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_a_breach_is_told_in_words(schema: Any, value: Any, expected: str, actual: str) -> None:
    (found,) = violations(schema, value, "body:/x")
    assert (found.expected, found.actual) == (expected, actual)
    assert found.where.startswith("body:/x")


def test_what_is_asked_for_deep_inside_is_told_where_it_stands() -> None:
    schema = {"properties": {"data": {"items": {"anyOf": [{"properties": {"n": {"minimum": 1}}}]}}}}
    (found,) = violations(schema, {"data": [{"n": 0}]}, "body:")
    assert (found.expected, found.where) == ("n: at least 1", "body:/data/0")


def test_a_schema_that_asks_for_nothing_is_anything() -> None:
    assert [described(schema) for schema in ({}, True, False)] == ["anything", "anything", "nothing"]


def test_every_keyword_of_the_envelopes_has_words() -> None:
    for name in ("openai", "xerotier", "aurous"):
        for schema in contract(name).envelopes.values():
            assert "what the schema asks for" not in described(schema)


def refused(body: str, status: int = 400) -> View:
    return View(
        Exchange(Request("POST", "/"), status, (), body.encode()), contract("openai").operations["create"], {"model": "m"}
    )


TRACES = [
    json.dumps({"object": "error", "message": 'File "/srv/serve/openai_api_server.py", line 707, in create_embeddings'}),
    json.dumps({"error": {"message": 'Traceback (most recent call last):\n  File "C:\\srv\\app.py", line 3'}}),
    '{"error": {"message": "no", "stack": "TypeError: no\\n    at handle (/srv/app.js:3:7)"}}',
    "TypeError: no\n    at async Server.handle (file:///srv/app.js:3:7)",
    '{"message": "java.lang.NullPointerException\\n\\tat com.example.Api.embed(Api.java:123)"}',
    "panic: nil map\n\ngoroutine 7 [running]:",
    '{"detail": [{"msg": "File \\"\\/srv\\/app.py\\", line 9, in encode"}]}',
]
HONEST = [
    '{"error": {"message": "Line 3 of the file \\"batch.jsonl\\" can\'t be read."}}',
    '{"error": {"message": "Invalid input\\n  at position (3)"}}',
    '{"error": {"message": "input is required\\n    at body (see the documents)"}}',
    '{"error": {"message": "See the traceback in the log."}}',
    "",
]


@pytest.mark.parametrize("body", TRACES)
def test_the_inside_of_a_server_is_found_wherever_it_stands(body: str) -> None:
    (found,) = check(contract("openai").clause("refusal.no_trace").expect, refused(body), Scene(contract("openai"), Memory()))
    assert found.expected == "a body that shows nothing of the server's inside"
    assert len(found.actual) <= 80
    assert found.actual[0] == found.actual[-1] == '"'


@pytest.mark.parametrize("body", HONEST)
def test_a_refusal_that_says_where_the_mistake_is_shows_nothing(body: str) -> None:
    assert check(contract("openai").clause("refusal.no_trace").expect, refused(body), Scene(contract("openai"), Memory())) == []
