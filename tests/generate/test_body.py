"""
Bodies as bytes: other spellings of the same value.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.generate.body import VARIATIONS, RawNumber, encode, show_surrogates

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=()), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None)
@given(values, st.sampled_from([None, *VARIATIONS]))
def test_every_spelling_reads_as_the_same_value(value: Any, vary: str | None) -> None:
    data = encode(value, vary=vary)
    assert data.isascii()
    assert json.loads(data) == value


BODY = {"model": "m", "input": [{"type": "text", "text": 'Say "naïve" \\ 日本語 🚀'}], "user": "somebody"}


def test_the_variations_are_other_bytes() -> None:
    spellings = {encode(BODY, vary=vary) for vary in (None, *VARIATIONS)}
    assert len(spellings) == 1 + len(VARIATIONS)


def test_key_order_is_reversed_at_every_depth() -> None:
    read = json.loads(encode(BODY, vary="key_order"))
    assert list(read) == ["user", "input", "model"]
    assert list(read["input"][0]) == ["text", "type"]


def test_white_space_has_every_kind_of_it() -> None:
    data = encode(BODY, vary="white_space")
    assert {b" ", b"\t", b"\n", b"\r"} <= {data[i : i + 1] for i in range(len(data))}


def test_escapes_write_letters_as_escapes() -> None:
    assert b'"\\u006d"' in encode(BODY, vary="escapes")


def test_the_plain_spelling_is_compact() -> None:
    assert encode({"a": [1, 2]}) == b'{"a":[1,2]}'


@pytest.mark.parametrize("vary", [None, *VARIATIONS])
@pytest.mark.parametrize("spelling", ["1e400", "1024.0", "1.024e3", "-0", "NaN", "123456789012345678901234567890"])
def test_a_number_is_written_as_it_is_spelled(spelling: str, vary: str | None) -> None:
    data = encode({"model": "m", "dimensions": RawNumber(spelling), "input": [RawNumber(spelling)]}, vary=vary)
    assert data.count(spelling.encode()) == 2
    assert b"ue000" not in data
    read = json.loads(data)
    assert repr(read["dimensions"]) == repr(json.loads(spelling))


def test_a_lone_surrogate_goes_out_as_its_escape() -> None:
    assert encode({"a": "x\ud800"}) == b'{"a":"x\\ud800"}'


def test_schemas_are_shown_a_mark_for_a_lone_surrogate() -> None:
    assert show_surrogates({"a\udfff": ["x\ud800", "🚀", 1]}) == {"a\ufffe": ["x\ufffe", "🚀", 1]}
