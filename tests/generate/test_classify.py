"""
What a request does to the contract is known before it is sent.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.generate.body import RawNumber
from conformance.generate.classify import Classification

from .shop import contract, make_shop

SHOP = make_shop()
TEXT = {"type": "text", "text": "one"}


def image(url: str = "https://media.example/image-0.png") -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def classify(operation: str = "create", **body: Any) -> Classification:
    return SHOP.classifier.classify(operation, {"model": "embed-1", "input": "some words", **body})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": [TEXT]},
        {"input": [TEXT] * 16},
        {"input": [image()] * 8},
        {"input": [image()] * 8 + [TEXT] * 8},
        {"dimensions": 1024},
        {"encoding_format": "base64"},
        {"user": "u" * 256},
        {"input": "a" * 99_999},
        {"model": "embed-fixed"},
        {"input": '["one", "two"]'},
    ],
)
def test_a_body_that_keeps_to_the_rules_is_accepted(body: dict[str, Any]) -> None:
    found = classify(**body)
    assert found == Classification((), (), accepted=True)
    assert not found.undocumented


@pytest.mark.parametrize(
    ("body", "triggers"),
    [
        ({"input": ["one"]}, ("batch",)),
        ({"input": [TEXT] * 17}, ("caps.parts",)),
        ({"input": [image()] * 9}, ("caps.images",)),
        ({"input": [image()] * 9 + [TEXT] * 8}, ("caps.images", "caps.parts")),
        ({"input": [TEXT, "one"]}, ("input.items",)),
        ({"input": [1, 2]}, ("input.items",)),
        ({"input": 5}, ("input.mistyped",)),
        ({"dimensions": 1023}, ("dimensions.unlisted",)),
        ({"dimensions": 0}, ("dimensions.not_positive",)),
        ({"dimensions": "1024"}, ("dimensions.mistyped",)),
        ({"dimensions": RawNumber("123456789012345678901234567890")}, ("dimensions.unlisted",)),
        ({"dimensions": 1024, "model": "embed-fixed"}, ("dimensions.fixed",)),
        ({"model": "chat-1"}, ("model.kind",)),
        ({"model": "nobody"}, ("model.unknown",)),
        ({"model": None}, ("model.mistyped",)),
        ({"encoding_format": "hex"}, ("encoding_format.unknown",)),
        ({"user": 7}, ("user.mistyped",)),
        ({"user": "u" * 257}, ("caps.user",)),
        ({"input": [{"type": "paragraph", "text": "x"}]}, ("input.parts",)),
        ({"input": [{"type": "video_url", "video_url": {"url": "https://v.example"}}]}, ("video",)),
        ({"input": [image("ftp://x.example/a.png")]}, ("url.scheme",)),
        ({"input": ["one"], "dimensions": 7}, ("batch", "dimensions.unlisted")),
    ],
)
def test_a_body_calls_for_its_refusals(body: dict[str, Any], triggers: tuple[str, ...]) -> None:
    found = classify(**body)
    assert sorted(found.triggers) == sorted(triggers)
    assert not found.accepted


def test_a_missing_field_calls_for_its_refusal() -> None:
    assert SHOP.classifier.classify("create", {"input": "x"}).triggers == ("model.missing",)
    assert SHOP.classifier.classify("create", {"model": "embed-1"}).triggers == ("input.missing",)


@pytest.mark.parametrize(
    ("body", "zone"),
    [
        ({"input": ""}, "empty_text"),
        ({"input": " \n"}, "blank_text"),
        ({"input": []}, "no_parts"),
        ({"user": ""}, "empty_user"),
        ({"dimensions": None}, "null"),
        ({"colour": "green"}, "unknown_field"),
        ({"input": [{**TEXT, "more": 1}]}, "part_extras"),
        ({"input": "a\ud800"}, "lone_surrogate"),
        ({"user": "a\0"}, "nul_in_string"),
        ({"input": [image("http://media.example/a.png")]}, "http_url"),
        ({"input": "a" * 100_000}, "huge"),
        ({"dimensions": 1024.0}, "whole_float"),
    ],
)
def test_a_body_of_which_nothing_is_said_is_in_a_zone(body: dict[str, Any], zone: str) -> None:
    found = classify(**body)
    assert zone in found.zones
    assert not found.accepted
    assert found.undocumented


def test_a_zone_may_belong_to_one_operation() -> None:
    assert "estimate_extras" in classify("estimate", user="somebody").zones
    assert "estimate_extras" not in classify("create", user="somebody").zones


def test_a_trigger_belongs_to_its_operations() -> None:
    assert classify("estimate", user=7).triggers == ()
    assert classify("estimate", input=["one"]).triggers == ("batch",)


def test_a_trigger_without_its_fact_matches_nothing() -> None:
    facts = {"model": {"id": "embed-1"}, "catalogue": {"ids": ["embed-1"]}, "media": {"pattern": "^https:"}}
    classifier = make_shop(facts=facts).classifier
    assert "dimensions.unlisted" not in classifier.triggers
    assert "batch" in classifier.triggers
    assert classifier.classify("create", {"model": "embed-1", "input": "x", "dimensions": 7}).triggers == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "image_url", "url"]) | st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("model", "input", "dimensions", "encoding_format", "user", "x"), json_values)), st.sampled_from(["create", "estimate"]))
def test_any_body_is_classified(body: dict[str, Any], operation: str) -> None:
    found = SHOP.classifier.classify(operation, body)
    assert not (found.accepted and (found.triggers or found.zones))
    assert set(found.triggers) <= {trigger.id for trigger in contract().triggers}
    assert found.undocumented == (bool(found.zones) or not (found.triggers or found.accepted))
