"""
The invariants of a whole contract over whatever a server may answer.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.exchange import Exchange, Request
from conformance.generate.forms import Environment, fill
from conformance.judge.invariants import Invariant, judge_invariants, make_invariant
from conformance.judge.predicates import check
from conformance.judge.refusal import Refusal, refusal_of
from conformance.judge.scene import Memory, Scene, UnjudgeableError
from conformance.judge.view import View, finite

from .exchanges import answer_view, contract
from .test_view import json_values

FACTS = {
    "model": {"id": "m", "dimensions": [4, 8], "text_rate": 18.75, "visual_rate": 48.75},
    "fixed_model": {"id": "f"},
    "chat_model": {"id": "c"},
    "catalogue": {"ids": ["m", "f", "c"]},
    "media": {"pattern": "^https://media\\.example/"},
}
GOOD = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5, 0.5, -0.5]}],
    "model": "m",
    "usage": {"prompt_tokens": 3, "total_tokens": 3, "credits_charged": 0.00005625, "breakdown": {"input": {"text": 0.00005625, "visual": 0, "video": 0}, "model": "m"}},
}
REFUSED = {"error": {"type": "invalid_request", "code": "missing_field", "message": "input is required.", "param": "input", "doc_url": "https://d.example/missing_field", "request_id": "req_01J8ZQ6T5M3V"}}
HUGE = "9" * 401
SENT = {"model": "m", "input": "some words"}


@cache
def invariants() -> tuple[Invariant, ...]:
    env = Environment(FACTS, contract().parts)
    return tuple(
        make_invariant(clause.id, fill(clause.on, env), fill(clause.expect, env))
        for clause in contract().clauses
        if clause.on is not None
    )


def judged(view: View, memory: Memory | None = None) -> dict[str, list[Any]]:
    return dict(judge_invariants(invariants(), view, Scene(contract(), memory or Memory())))


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found.extend(spots(item, (*path, key)))
    return found


def replaced(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], other)
    return copy


def view_of(document: Any, status: int, operation: str = "create", sent: Any = SENT) -> View:
    headers = (("content-type", "application/json"), ("aurous-request-id", "req_01J8ZQ6T5M3V"), ("aurous-version", "2026-05-15"))
    return View(Exchange(Request("POST", "/"), status, headers, json.dumps(document).encode()), contract().operations[operation], sent)


def test_a_right_success_keeps_every_invariant() -> None:
    found = judged(view_of(GOOD, 200))
    assert {clause: f for clause, f in found.items() if f and clause != "rate_limit.announced"} == {}
    assert {"success.envelope", "vector.floats", "vector.width", "usage.rates", "status.never_5xx"} <= set(found)
    assert not {"refusal.envelope", "estimate.shape"} & set(found)


def test_a_right_refusal_keeps_every_invariant() -> None:
    found = judged(view_of(REFUSED, 400))
    assert {clause for clause, f in found.items() if f} <= {"refusal.request_id.length"}
    assert "success.envelope" not in found


def test_an_answer_that_never_came_is_judged_by_few() -> None:
    found = judged(answer_view({"failure": {"kind": "timeout", "detail": "30 s"}}, sent=SENT))
    assert {clause for clause, f in found.items() if not f} <= {"request_id.unique"}
    assert "status.answers" in found
    # A hang is no status, good or bad, and has no head that could be wrong.
    assert not {"status.never_5xx", "content_type"} & set(found)


@settings(max_examples=200, deadline=None)
@given(json_values, st.sampled_from([200, 201, 400, 401, 409, 422, 500, 503]), st.sampled_from(["create", "estimate", "models", "balance"]))
def test_no_document_makes_an_invariant_raise(document: Any, status: int, operation: str) -> None:
    judged(view_of(document, status, operation))


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([(GOOD, 200), (REFUSED, 400)]))
def test_no_member_in_place_of_another_makes_an_invariant_raise(data: st.DataObject, start: tuple[Any, int]) -> None:
    document, status = start
    path = data.draw(st.sampled_from(spots(document)))
    judged(view_of(replaced(document, path, data.draw(json_values)), status))


@settings(max_examples=100, deadline=None)
@given(json_values)
def test_whatever_was_sent_is_matched_or_not(body: Any) -> None:
    judged(view_of(GOOD, 200, sent=body))


@settings(max_examples=200, deadline=None)
@given(json_values, st.sampled_from([200, 400, 500]), st.sampled_from(["any", "missing_field", {"codes": "any", "status": [400], "type": "any", "param": {"field": "input"}}]))
def test_no_document_makes_a_refusal_raise(document: Any, status: int, argument: Any) -> None:
    refusal = refusal_of(argument, contract())
    assert isinstance(refusal, Refusal)
    view = view_of({"error": document} if not isinstance(document, dict) else document, status)
    found = list(refusal.judge(view, contract()))
    assert found or status == 400


def test_every_refusal_of_the_contract_is_read() -> None:
    for trigger in contract().triggers:
        refusal = refusal_of(trigger.refusal, contract())
        assert refusal.status <= set(range(400, 500))
        if refusal.codes is not None:
            assert refusal.codes <= set(contract().errors)
        assert refusal.describe()


def test_an_id_is_remembered_over_the_whole_run() -> None:
    memory = Memory()
    assert judged(view_of(GOOD, 200), memory)["request_id.unique"] == []
    assert judged(view_of(REFUSED, 400), memory)["request_id.unique"] != []


def test_a_width_is_remembered_for_each_model() -> None:
    memory = Memory()
    wide = replaced(GOOD, ("data", 0, "embedding"), [0.5] * 8)
    assert judged(view_of(GOOD, 200), memory)["vector.width"] == []
    assert judged(view_of(wide, 200, sent={"model": "f", "input": "x"}), memory)["vector.width"] == []
    assert judged(view_of(wide, 200), memory)["vector.width"] != []


@pytest.mark.parametrize("odd", [[], ["a"], {}, {"a": "b"}, [[]], 5, None, True])
@pytest.mark.parametrize("name", ["type", "code"])
def test_a_type_or_a_code_that_is_no_text_is_a_breach(name: str, odd: Any) -> None:
    view = view_of(replaced(REFUSED, ("error", name), odd), 400)
    for argument in ("missing_field", {"codes": ["missing_field", "bad"], "status": [400], "type": "invalid_request"}):
        found = list(refusal_of(argument, contract()).judge(view, contract()))
        assert [finding.where for finding in found] == [f"body:/error/{name}"]
    if name == "code":
        found = check({"code_in": ["missing_field"]}, view, Scene(contract(), Memory()))
        assert [finding.where for finding in found] == ["body:/error/code"]


@pytest.mark.parametrize("id_", ["missing", None, 5, ["req_1"]])
def test_an_id_that_is_no_text_is_not_unique(id_: Any) -> None:
    document = {} if id_ == "missing" else {"id": id_}
    with pytest.raises(UnjudgeableError):
        check({"unique": "body:/id"}, view_of(document, 400), Scene(contract(), Memory()))


def test_an_invariant_that_can_not_be_judged_is_left_out() -> None:
    view = View(Exchange(Request("POST", "/"), 400, (), b"{}"), contract().operations["create"], SENT)
    assert "request_id.unique" not in judged(view)
    assert "refusal.status_of_type" not in judged(view)


@pytest.mark.parametrize(
    ("schema", "value", "expected", "actual"),
    [
        ({"const": "list"}, "lists", "list", '"lists"'),
        ({"const": 0}, 1, "0", "1"),
        ({"const": "list"}, None, "list", "null"),
        ({"const": "list"}, [1, 2, 3], "list", "an array of 3"),
        ({"const": "list"}, {"a": 1}, "list", "an object of 1"),
        ({"type": "string"}, 5, "string", "5"),
        ({"type": "string"}, [0.5] * 4096, "string", "an array of 4096"),
        ({"enum": ["a", "b"]}, "c", "one of", '"c"'),
        ({"pattern": "^req_"}, "id_1", "^req_", '"id_1"'),
        ({"required": ["a"]}, {"b": 1}, "a member a", "nothing"),
    ],
)
def test_a_finding_shows_what_came(schema: Any, value: Any, expected: str, actual: str) -> None:
    (found,) = check({"body": {"/object": schema}}, view_of({"object": value}, 200), Scene(contract(), Memory()))
    assert expected in found.expected
    assert found.actual == actual
    assert found.where == "body:/object"


def test_a_finding_shows_no_more_than_fits() -> None:
    view = view_of({"object": "x" * 5000}, 200)
    (found,) = check({"body": {"/object": {"const": "list"}}}, view, Scene(contract(), Memory()))
    assert len(found.actual) <= 120


@pytest.mark.parametrize("number", [HUGE, f"-{HUGE}", "NaN", "Infinity", "1e400", "true", '"x"', "null"], ids=lambda n: n[:9])
@pytest.mark.parametrize(
    "expect",
    [
        {"at_most": {"of": "body:/a", "value": 5}},
        {"near": {"of": "body:/a", "value": 5, "within": 1}},
        {"more_than": {"of": "body:/a", "value": -5}},
        {"costs": {"of": "body:/a", "value": -5}},
        {"product": {"of": ["body:/a", 1], "is": "body:/a", "within": 1}},
    ],
    ids=lambda expect: next(iter(expect)),
)
def test_what_is_no_number_is_not_compared(expect: Any, number: str) -> None:
    exchange = Exchange(Request("POST", "/"), 400, (), f'{{"a": {number}}}'.encode())
    with pytest.raises(UnjudgeableError):
        check(expect, View(exchange, contract().operations["create"], SENT), Scene(contract(), Memory()))


@pytest.mark.parametrize("number", [HUGE, f"-{HUGE}", "NaN", "Infinity", "1e400", "true", '"0.5"', "null"], ids=lambda n: n[:9])
@pytest.mark.parametrize("argument", ["reported", "once"])
def test_a_charge_that_is_no_number_is_not_compared(argument: str, number: str) -> None:
    exchange = Exchange(Request("POST", "/"), 200, (), f'{{"usage": {{"credits_charged": {number}}}}}'.encode())
    scene = Scene(contract(), Memory(), charged=0.5, tolerance=1e-6)
    with pytest.raises(UnjudgeableError):
        check({"charge": argument}, View(exchange, contract().operations["create"], SENT), scene)


@pytest.mark.parametrize(
    ("value", "number"), [(5, 5.0), (0.5, 0.5), (-1, -1.0), (True, None), ("5", None), (None, None), ([], None)]
)
def test_a_json_number_is_finite(value: Any, number: float | None) -> None:
    assert finite(value) == number


@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), float("inf"), float("-inf")])
def test_what_no_float_holds_is_no_number(value: Any) -> None:
    assert finite(value) is None


# What an expectation leaves to another clause


LEFT = {"status": "4xx", "unless": {"status": "5xx"}}


@pytest.mark.parametrize(("status", "found"), [(401, []), (200, ["status 4xx"]), (302, ["status 4xx"])])
def test_what_is_not_left_to_another_clause_is_judged(status: int, found: list[str]) -> None:
    assert [finding.expected for finding in check(LEFT, view_of({}, status), Scene(contract(), Memory()))] == found


@pytest.mark.parametrize(
    "answer", [{"status": 500, "body": "{}"}, {"status": 503}, {"failure": {"kind": "disconnect", "detail": "it hung up"}}]
)
def test_what_is_left_to_another_clause_is_neither_kept_nor_broken(answer: Any) -> None:
    for expect in (LEFT, {"any_of": [{"success": True}, LEFT]}, {**LEFT, "header": {"x-nowhere": "present"}}):
        with pytest.raises(UnjudgeableError):
            check(expect, answer_view(answer), Scene(contract(), Memory()))
