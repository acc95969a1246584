"""
Paths with places in them: the target's variables, those of one request, and what an earlier answer tells.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from conformance.contract import Contract, load_contract
from conformance.exchange import Request
from conformance.generate.directed import Workshop
from conformance.generate.forms import MissingFact

VARS = {"project_id": "proj_1", "endpoint_slug": "my-embed"}


@cache
def contract() -> Contract:
    return load_contract("xerotier")


def shop(**variables: str) -> Workshop:
    return Workshop(
        contract=contract(),
        facts={"model": {"id": "m"}, "vars": variables, "slugs": {"inactive": "asleep"}},
        key_names={"main": "KEY_MAIN"},
        available=lambda need: None,
        image=lambda index, chars: "",
        video=lambda index: "",
        canary_url=None,
    )


def made(send: dict[str, Any], **variables: str) -> Request:
    workshop = shop(**(variables or VARS))
    return workshop.request(send, workshop.environment("0" * 12))[1]


def test_the_target_s_variables_stand_in_their_places() -> None:
    assert made({}).target == "/proj_1/my-embed/v1/embeddings"
    assert made({"operation": "models"}).target == "/proj_1/my-embed/v1/models"


def test_a_path_alone_is_filled_as_well() -> None:
    assert shop(**VARS).path("/{project_id}/{endpoint_slug}/v1") == "/proj_1/my-embed/v1"
    assert shop().path("/v1") == "/v1"


@pytest.mark.parametrize(
    ("value", "shown"), [("a b", "a%20b"), ("a/b", "a%2Fb"), ("größe", "gr%C3%B6%C3%9Fe"), ("100%", "100%25"), ("x?y#z", "x%3Fy%23z"), ("{x}", "%7Bx%7D")]
)
def test_a_variable_is_one_part_of_the_path(value: str, shown: str) -> None:
    assert made({}, project_id=value, endpoint_slug="s").target == f"/{shown}/s/v1/embeddings"


def test_a_request_may_have_a_variable_of_its_own() -> None:
    send = {"vars": {"endpoint_slug": "$slugs.inactive"}}
    assert made(send).target == "/proj_1/asleep/v1/embeddings"
    assert made({"vars": {"endpoint_slug": "no such"}}).target == "/proj_1/no%20such/v1/embeddings"


def test_a_request_may_have_a_path_of_its_own_with_places_in_it() -> None:
    assert made({"path": "/{project_id}/v1/embeddings"}).target == "/proj_1/v1/embeddings"
    assert made({"path": "/v1/{other}", "vars": {"other": "x"}}).target == "/v1/x"


def test_what_an_earlier_answer_tells_leaves_its_mark_in_the_path() -> None:
    send = {"operation": "batch", "vars": {"batch_id": {"$from": "step:create:body:/id"}}}
    assert made(send).target == "/proj_1/v1/batches/%{step:create:body:/id}"


def test_what_an_earlier_answer_tells_may_stand_behind_other_text() -> None:
    send = {"operation": "batch", "vars": {"batch_id": {"$join": ["x-", {"$from": "step:create:body:/id"}]}}}
    assert "%{step:create:body:/id}" in made(send).target


@pytest.mark.parametrize(
    ("send", "variables", "name"),
    [
        ({}, {"project_id": "p"}, "vars.endpoint_slug"),
        ({"operation": "batch"}, VARS, "vars.batch_id"),
        ({"vars": {"endpoint_slug": "$slugs.exhausted"}}, VARS, "slugs.exhausted"),
    ],
)
def test_a_variable_that_nobody_gives_is_named(send: dict[str, Any], variables: dict[str, str], name: str) -> None:
    with pytest.raises(MissingFact) as missing:
        made(send, **variables)
    assert missing.value.name == name


def test_a_form_makes_its_own_content_type() -> None:
    request = made({"operation": "upload", "multipart": {"purpose": "batch", "file": {"name": "f", "lines": [{"model": "$model.id"}]}}})
    assert (request.header("content-type") or "").startswith("multipart/form-data; boundary=")
    assert b'{"model": "m"}\n' in (request.body or b"")
    assert [name.lower() for name, _ in request.headers].count("content-type") == 1


def test_a_target_without_a_key_is_sent_none() -> None:
    workshop = shop(**VARS)
    workshop.key_names = {}
    request = workshop.request({}, workshop.environment("0" * 12))[1]
    assert request.header("authorization") is None
    stranger = workshop.request({"key": "stranger"}, workshop.environment("0" * 12))[1]
    assert (stranger.header("authorization") or "").startswith("Bearer ")
    with pytest.raises(MissingFact, match=r"key\.revoked"):
        workshop.request({"key": "revoked"}, workshop.environment("0" * 12))
