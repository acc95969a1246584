"""
What no fixture says of rows and lines: how an answer of lines is read, and what a contract's tolerances change.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from conformance.judge.predicates import check
from conformance.judge.scene import Memory, Scene, UnjudgeableError
from conformance.judge.view import MISSING, View
from conformance.verdict import Finding

from .exchanges import answer_view, contract


def answer(*rows: Any, indexes: list[int] | None = None) -> View:
    numbered = zip(indexes or range(len(rows)), rows, strict=True)
    body = json.dumps({"data": [{"index": index, "embedding": row} for index, row in numbered]})
    return answer_view({"status": 200, "body": body}, judged_by="openai")


def lines(text: str) -> View:
    return answer_view({"status": 200, "body": text}, operation="content", judged_by="openai")


def judged(predicate: str, argument: Any, view: View, **steps: View) -> list[Finding] | str:
    try:
        return check({predicate: argument}, view, Scene(contract("openai"), Memory(), steps=steps))
    except UnjudgeableError:
        return "unjudgeable"


# Lines


def test_an_answer_of_lines_is_a_document_of_them() -> None:
    view = lines('{"custom_id": "a"}\r\n\n{"custom_id": "b", "text": "one\u2028line"}')
    assert view.document == {"lines": [{"custom_id": "a"}, {"custom_id": "b", "text": "one\u2028line"}]}
    assert view.json_problem == ""


def test_an_answer_of_no_lines_is_a_document_of_none() -> None:
    assert lines("").document == {"lines": []}


def test_a_refusal_of_an_answer_of_lines_is_one_document() -> None:
    refused = answer_view({"status": 404, "body": '{"error": {"message": "No."}}'}, operation="content", judged_by="openai")
    assert refused.document == {"error": {"message": "No."}}


def test_a_line_that_is_broken_is_no_json() -> None:
    view = lines('{"custom_id": "a"}\n{"custom_id":\n')
    assert view.document is MISSING
    assert view.json_problem


@pytest.mark.parametrize("text", ['{"custom_id": "\\ud800"}\n', '{"custom_id": "\\ud800"}\n{"custom_id": "b"}\n'])
def test_a_lone_surrogate_in_a_line_is_read_as_it_is_elsewhere(text: str) -> None:
    view = lines(text)
    assert view.json_problem == ""
    assert view.document["lines"][0] == {"custom_id": "\ufffd"}


def test_a_line_without_a_vector_is_told_so() -> None:
    argument = {"by": "/custom_id", "at": "/embedding", "are": {"a": "alone"}}
    (found,) = judged("line_vectors", argument, lines('{"custom_id": "a"}\n'), alone=answer([1, 0]))
    assert "number" not in found.actual


# Vectors that are no vectors


NAN = float("nan")


@pytest.mark.parametrize(
    ("predicate", "argument"),
    [("same_norm_as", "first"), ("vectors", {"unit": True}), ("moved_from", {"step": "first", "beyond": "again"})],
)
def test_a_vector_of_nan_keeps_nothing(predicate: str, argument: Any) -> None:
    assert judged(predicate, argument, answer([NAN, 1.0]), first=answer([1.0, 0.0]), again=answer([1.0, 0.0])) != []


def test_rows_of_nan_are_not_told_apart() -> None:
    assert judged("distinct_rows", True, answer([1.0, NAN], [1.0, NAN])) != []


def test_two_drifting_copies_are_one_vector_wherever_they_are_rounded() -> None:
    assert judged("distinct_rows", True, answer([1.0, 0.5000049], [1.0, 0.5000051])) != []


def test_rows_in_another_order_are_the_same_by_their_index() -> None:
    first, again = answer([1.0, 0.0], [0.0, 1.0]), answer([0.0, 1.0], [1.0, 0.0], indexes=[1, 0])
    assert judged("same_vector_as", "first", again, first=first) == []


def test_rows_of_zeros_say_as_little_as_one_of_them() -> None:
    zeros = answer([0.0, 0.0], [0.0, 0.0])
    assert judged("same_vector_as", "first", zeros, first=zeros) == "unjudgeable"


def test_a_row_is_not_blamed_for_zeros_that_its_text_has_alone() -> None:
    assert judged("row_vectors", {"0": "alone"}, answer([1.0, 0.0]), alone=answer([0.0, 0.0])) == "unjudgeable"


# Tolerances


TURNED = [0.998, 0.0632]  # at a cosine of 0.998 from the first axis


@pytest.mark.parametrize(
    ("same_text", "kept"), [(None, False), (0.99, True), (0.9995, False)], ids=["not said", "lower", "higher"]
)
@pytest.mark.parametrize("predicate", ["same_vector_as", "row_vectors", "vector_of_row"])
def test_a_contract_says_from_which_cosine_two_vectors_are_one(predicate: str, same_text: float | None, kept: bool) -> None:
    tolerances = {} if same_text is None else {"same_text": {"cosine": same_text, "reason": "So."}}
    argument = {"same_vector_as": "first", "row_vectors": {"0": "first"}, "vector_of_row": {"step": "first", "index": 0}}[predicate]
    scene = Scene(replace(contract("openai"), tolerances=tolerances), Memory(), steps={"first": answer([1.0, 0.0])})
    assert (check({predicate: argument}, answer(TURNED), scene) == []) is kept


@pytest.mark.parametrize(("other_text", "kept"), [(None, True), (0.99, False)], ids=["not said", "lower"])
def test_a_contract_says_above_which_cosine_no_search_tells_two_apart(other_text: float | None, kept: bool) -> None:
    tolerances = {} if other_text is None else {"other_text": {"cosine": other_text, "reason": "So."}}
    scene = Scene(replace(contract("openai"), tolerances=tolerances), Memory(), steps={"first": answer([1.0, 0.0])})
    assert (check({"other_vector_than": "first"}, answer(TURNED), scene) == []) is kept


def test_a_vector_of_huge_numbers_is_judged_without_a_warning() -> None:
    assert judged("vectors", {"finite": True, "nonzero": True}, answer([1.3407807929942597e154, 0.5])) == []


# Rows of a list


EVENTS = answer_view(
    {"status": 200, "body": '{"data": [{"id": 1, "for": "a", "cost": 0.5}, {"id": 2, "for": "b", "cost": 0}]}'}, judged_by="openai"
)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"where": {"/for": "a"}, "has": {"/cost": 0.5}}, ""),
        ({"where": {"/for": "a"}, "has": {"/cost": 0.25}}, "0.25 in the row with /for"),
        ({"where": {"/for": "a"}, "has": {"/price": 0.5}}, "0.5 in the row with /for"),
        ({"where": {"/for": "c"}}, "a row with /for"),
        ({"where": {"/for": "c"}, "optional": True, "has": {"/cost": 0}}, ""),
        ({"where": {"/for": "b"}, "optional": True, "has": {"/cost": 0}}, ""),
        ({"where": {"/for": "a"}, "optional": True, "has": {"/cost": 0}}, "0 in the row with /for"),
        ({"where": {"/for": "step:first:body:/data/0/for"}, "has": {"/id": 1}}, ""),
        ({"where": {"/for": "a", "/id": 2}}, "and /id"),
    ],
)
def test_a_row_is_found_by_what_is_told_of_it(argument: dict[str, Any], said: str) -> None:
    findings = judged("listed", {"in": "/data", **argument}, EVENTS, first=EVENTS)
    assert not isinstance(findings, str)
    assert [finding for finding in findings if said not in finding.expected] == []
    assert bool(findings) is bool(said)


@pytest.mark.parametrize("row", [{"where": {"/for": "step:first:body:/nothing"}}, {"in": "/rows", "where": {"/for": "a"}}])
def test_a_list_that_is_not_there_and_a_value_that_nobody_told_say_nothing(row: dict[str, Any]) -> None:
    assert judged("listed", {"in": "/data", **row}, EVENTS, first=EVENTS) == "unjudgeable"


def test_no_change_can_be_seen_where_every_text_gets_the_same_vector() -> None:
    same = answer([1.0, 2.0])
    scene = Scene(contract("openai"), Memory(constant=True), steps={"first": same})
    with pytest.raises(UnjudgeableError, match="no change"):
        check({"moved_from": "first"}, same, scene)
