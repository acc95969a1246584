"""
Whatever a server writes, looking at it never raises.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.exchange import Exchange, Request
from conformance.judge.predicates import check, in_statuses
from conformance.judge.refusal import names_field
from conformance.judge.scene import Memory, Scene, UnjudgeableError
from conformance.judge.view import MISSING, View, pointer

from .exchanges import answer_view, contract

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(width=64) | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["error", "data", "embedding", "usage", "a"]) | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def written(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=True).encode()


@settings(max_examples=150, deadline=None)
@given(json_values, st.sampled_from([200, 201, 400, 404, 500]), st.sampled_from(["create", "estimate", "models"]))
def test_any_document_can_be_looked_at(document: Any, status: int, operation: str) -> None:
    view = View(Exchange(Request("POST", "/"), status, (), written(document)), contract().operations[operation], {})
    assert (view.document is MISSING) <= bool(view.json_problem)
    assert view.outcome in ("success", "refusal", "other")
    assert isinstance(view.vectors, list)
    for path in ("/error/code", "/data/0/embedding", "/data/99/embedding", "/usage", ""):
        view.resolve(f"body:{path}", {})
    view.drop()
    assert view.exchange.body == b""
    assert view.document is not None or document is None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([200, 400]))
def test_any_bytes_can_be_looked_at(body: bytes, status: int) -> None:
    view = View(Exchange(Request("POST", "/"), status, (), body), contract().operations["create"], {})
    assert (view.document is MISSING) <= bool(view.json_problem)
    assert isinstance(view.vectors, list)


@settings(max_examples=100, deadline=None)
@given(json_values.filter(lambda value: json.dumps(value).find("NaN") < 0 and json.dumps(value).find("Infinity") < 0))
def test_strict_json_has_no_problem(document: Any) -> None:
    try:
        body = orjson.dumps(document)
    except TypeError:
        return
    assert answer_view({"status": 400, "body": body.decode()}).json_problem == ""


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", {"a": [{"b": 1}], "x/y": 2, "~": 3}),
        ("/a", [{"b": 1}]),
        ("/a/0/b", 1),
        ("/x~1y", 2),
        ("/~0", 3),
        ("/a/1", MISSING),
        ("/a/-1", MISSING),
        ("/a/b", MISSING),
        ("/a/0/b/c", MISSING),
        ("/nothing", MISSING),
    ],
)
def test_a_pointer_finds_what_it_points_at(path: str, value: Any) -> None:
    found = pointer({"a": [{"b": 1}], "x/y": 2, "~": 3}, path)
    assert found is value or found == value


def test_a_null_is_there_and_a_missing_member_is_not() -> None:
    assert pointer({"a": None}, "/a") is None
    assert pointer({}, "/a") is MISSING
    assert not MISSING


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("body:/a", 1),
        ("header:X-Id", "7"),
        ("header:x-none", MISSING),
        ("request:/model", "m"),
        ("status", 200),
        ("step:first:body:/a", 0),
        ("step:first:status", 400),
        ("step:other:body:/a", MISSING),
    ],
)
def test_a_reference_finds_what_it_names(reference: str, value: Any) -> None:
    first = answer_view({"status": 400, "body": '{"a": 0}'})
    view = answer_view({"status": 200, "headers": {"x-id": 7}, "body": '{"a": 1}'}, sent={"model": "m"})
    found = view.resolve(reference, {"first": first})
    assert found is value or found == value


def test_a_reference_of_no_kind_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        answer_view({"status": 200}).resolve("cookie:a", {})


def test_a_failure_is_neither_success_nor_refusal() -> None:
    view = answer_view({"status": 200, "failure": {"kind": "disconnect", "detail": "cut"}})
    assert (view.answered, view.success, view.refused, view.outcome) == (False, False, False, "other")


def test_deep_brackets_are_a_problem_and_no_crash() -> None:
    for text in ("[", '{"a":', "[[{},"):
        view = answer_view({"status": 200, "body_repeat": {"text": text, "times": 100_000}})
        assert view.document is MISSING
        assert view.json_problem


@pytest.mark.parametrize(
    ("status", "wanted", "inside"),
    [(400, 400, True), (400, "4xx", True), (500, "4xx", False), (404, [400, 404], True), (201, ["4xx", 201], True), (0, "4xx", False), (400, [], False)],
)
def test_a_status_is_among_those_wanted(status: int, wanted: Any, inside: bool) -> None:
    assert in_statuses(status, wanted) is inside


@given(st.text(max_size=12), st.sampled_from(["input", "model"]))
def test_any_param_is_compared(param: str, field: str) -> None:
    named = names_field(param, field)
    assert isinstance(named, bool)
    assert not named or field in param


@pytest.mark.parametrize("rest", ["", "[0]", "[3].text", ".0", ".0.image_url.url", "/0/text"])
@pytest.mark.parametrize("before", ["", "$.", "/", "body.", "$.body."])
def test_a_path_into_a_field_names_it(before: str, rest: str) -> None:
    assert names_field(f"{before}input{rest}", "input")
    assert not names_field(f"{before}inputs{rest}", "input")
    assert not names_field(f"{before}my_input{rest}", "input")


def test_an_unjudgeable_answer_is_told_apart_from_a_kept_promise() -> None:
    with pytest.raises(UnjudgeableError):
        check({"charge": 0}, answer_view({"status": 400}), Scene(contract(), Memory()))
