"""
Vectors leave the JSON as they came, however many there are.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.judge.vectors import Vector, cosine, cut_vectors, take_vectors

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)


def taken(*embeddings: Any) -> list[Vector]:
    return take_vectors({"data": [{"index": i, "embedding": e} for i, e in enumerate(embeddings)]}, "/data", "/embedding")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=1, max_size=5))
def test_floats_round_trip(rows: list[list[float]]) -> None:
    document = orjson.loads(orjson.dumps({"data": [{"embedding": row} for row in rows]}))
    found = take_vectors(document, "/data", "/embedding")
    for vector, row in zip(found, rows, strict=True):
        assert vector.form == "floats" and vector.problem == ""
        assert vector.values is not None and vector.values.tolist() == [float(n) for n in row]
    assert document == {"data": [{"embedding": {"$vector": {"form": "floats", "length": 3}}} for _ in rows]}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=16))
def test_base64_round_trips(row: list[float]) -> None:
    packed = base64.b64encode(np.array(row, dtype="<f4").tobytes()).decode()
    (vector,) = taken(packed)
    assert vector.form == "base64" and vector.problem == ""
    assert vector.values is not None and vector.values.tolist() == row


def naive(document: Any) -> list[list[float]]:
    return [[float(number) for number in row["embedding"]] for row in document["data"]]


def test_many_rows_are_taken_as_one_by_one() -> None:
    rng = np.random.default_rng(7)
    rows = rng.standard_normal((2048, 24)).astype(np.float32).tolist()
    rows[17][3], rows[2047][0], rows[5] = 0, 1, [0.0, 1.0] * 12
    document = json.loads(json.dumps({"data": [{"index": i, "embedding": row} for i, row in enumerate(rows)]}))
    expected = naive(document)
    found = take_vectors(document, "/data", "/embedding")
    assert len(found) == 2048
    assert all(vector.form == "floats" and vector.problem == "" for vector in found)
    assert [vector.values.tolist() for vector in found if vector.values is not None] == expected


@pytest.mark.parametrize("odd", [[0.5, True, 0.5], [0.5, 0.25], None, {}, "", [[0.5]], ["x", 0.5, 0.5], [0.5, 0.5, {}]])
def test_one_odd_row_among_many_is_the_only_one_that_is_odd(odd: Any) -> None:
    rows: list[Any] = [[0.5, 1.0, 0.0]] * 40
    rows[23] = odd
    found = taken(*rows)
    alone = taken(odd)[0]
    assert (found[23].form, found[23].problem, found[23].width) == (alone.form, alone.problem, alone.width)
    assert all(vector.form == "floats" and vector.width == 3 for i, vector in enumerate(found) if i != 23)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.text(max_size=6),
            st.lists(st.one_of(st.floats(), st.booleans(), st.none(), st.text(max_size=3), st.integers(), st.just([])), max_size=4),
        ),
        max_size=4,
    )
)
def test_whatever_stands_in_a_vector_s_place_is_described(embeddings: list[Any]) -> None:
    found = taken(*embeddings)
    assert len(found) == len(embeddings)
    for vector in found:
        assert vector.form in ("floats", "base64", "other")
        assert vector.values is not None or vector.problem


@pytest.mark.parametrize("document", [None, [], {}, {"data": None}, {"data": {}}, {"data": "x"}, 5, "data"])
def test_a_document_without_rows_has_no_vectors(document: Any) -> None:
    assert take_vectors(document, "/data", "/embedding") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("AACAPw==", ""),
        ("AACAPw", "no padded standard base64"),
        ("AACA_w==", "no padded standard base64"),
        ("AACA\nPw==", "no padded standard base64"),
        ("", "0 bytes"),
        ("AAA=", "2 bytes"),
        ("é", "no padded standard base64"),
    ],
)
def test_a_string_is_base64_of_floats_or_has_a_problem(text: str, problem: str) -> None:
    (vector,) = taken(text)
    assert vector.form == "base64"
    assert problem in vector.problem and bool(problem) == bool(vector.problem)


def test_a_problem_never_prints_numbers_of_the_vector() -> None:
    for odd in ([0.123456789, True], ["0.123456789"], [[0.123456789]]):
        assert "0.1234" not in taken(odd)[0].problem


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4), st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4))
def test_a_cosine_is_a_cosine(a: list[float], b: list[float]) -> None:
    left, right = np.array(a), np.array(b)
    value = cosine(left, right)
    assert -1.000001 <= value <= 1.000001
    assert value == pytest.approx(cosine(right, left))


def test_a_zero_vector_has_no_direction() -> None:
    assert cosine(np.zeros(3), np.ones(3)) == 0.0


@pytest.mark.parametrize("scale", [1e200, 1e308, 1e-200, 1e-308])
def test_numbers_near_the_end_of_a_float_have_a_direction(scale: float) -> None:
    a, b = np.array([1.0, -0.5, 0.25]) * scale, np.array([0.25, 1.0, 0.5])
    assert cosine(a, a) == pytest.approx(1.0)
    assert cosine(a, b) == pytest.approx(cosine(a / scale, b))
    assert cosine(a, -a) == pytest.approx(-1.0)
    assert cosine(a, a * 0) == 0.0


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_has_no_direction(odd: float) -> None:
    assert cosine(np.array([odd, 1.0]), np.ones(2)) == 0.0


@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize(
    "row", [["0.5", "0.25", "0.125"], [0.5, "0.25", 0.125], ["1", 0.5, 0.5], [0.5, 0.5, "0"], ["nan", 0.5, 0.5]]
)
def test_numbers_in_quotes_are_no_numbers_in_however_many_rows(row: list[Any], count: int) -> None:
    for vector in taken(*[row] * count):
        assert (vector.form, vector.problem, vector.values) == ("other", "it holds a string", None)


@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("row", [[None, 0.5, 0.5], [0.5, 0.5, None], [None, None, None]])
def test_nulls_are_no_numbers_in_however_many_rows(row: list[Any], count: int) -> None:
    for vector in taken(*[row] * count):
        assert (vector.form, vector.problem, vector.values) == ("other", "it holds null", None)


@pytest.mark.parametrize("count", [1, 2])
def test_a_number_that_no_float_holds_is_a_problem(count: int) -> None:
    for vector in taken(*[[10**400, 0.5]] * count):
        assert (vector.form, vector.values) == ("other", None)
        assert "no float" in vector.problem


def test_rows_of_nulls_and_quotes_are_found_in_a_whole_answer() -> None:
    for cell in ("null", '"0.5"', "true", "[0.5]"):
        body = f'{{"data": [{{"embedding": [0.5, {cell}]}}, {{"embedding": [0.5, {cell}]}}]}}'
        found = take_vectors(json.loads(body), "/data", "/embedding")
        assert [vector.form for vector in found] == ["other", "other"]
        assert all(vector.problem for vector in found)


ROW = [0.25, -1.5e-3, 3, 0]


def cut(rows: list[object], **extra: object) -> object:
    members = [{"index": i, "embedding": row} for i, row in enumerate(rows)]
    return cut_vectors(json.dumps({"data": members, **extra}).encode(), "/data", "/embedding")


@pytest.mark.parametrize("extra", [{}, {"note": '"embedding": [1, 2]'}, {"embedding": "x"}, {"text": 'embedding":[1]'}])
def test_a_large_answer_is_read_as_a_small_one_is(extra: dict[str, object]) -> None:
    document = {"data": [{"index": i, "embedding": ROW} for i in range(3)], **extra}
    found = cut([ROW, ROW, ROW], **extra)
    assert found is not None
    plain = take_vectors(document, "/data", "/embedding")
    assert found[0] == document
    assert [(v.form, v.values.tolist()) for v in found[1]] == [(v.form, v.values.tolist()) for v in plain]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [[]],
        [ROW, ROW[:2]],
        [ROW, "AAAA"],
        [ROW, None],
        [ROW, [True, 1, 1, 1]],
        [ROW, ["1", 1, 1, 1]],
        [ROW, [10**400, 1, 1, 1]],
        [ROW, [[1, 2, 3, 4]]],
    ],
)
def test_what_is_odd_in_a_large_answer_takes_the_longer_way(rows: list[object]) -> None:
    assert cut(rows) is None


def test_numbers_elsewhere_in_a_large_answer_are_no_vectors() -> None:
    assert cut([ROW], embedding=ROW) is None
    assert cut([ROW], other={"embedding": ROW}) is None


@pytest.mark.parametrize("broken", [b'{"data":[{"embedding":[1,,2]}]}', b'{"data":[{"embedding":[1,2]}', b"nothing"])
def test_a_large_answer_that_is_no_json_takes_the_longer_way(broken: bytes) -> None:
    assert cut_vectors(broken, "/data", "/embedding") is None
