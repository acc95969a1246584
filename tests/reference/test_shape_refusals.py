"""
What the sound servers of the shape refuse, and how.
"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.reference.xerotier import dialect

from .shape_caller import Ask, Caller

PROVIDERS = ("openai", "xerotier")
BAD = "invalid_request_error"


@pytest.fixture(params=PROVIDERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


def check(reply: Any, status: int, kind: str, code: str | None, param: str | None) -> None:
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/json"
    assert "x-request-id" in reply.headers
    assert {name: reply.error[name] for name in ("type", "code", "param")} == {"type": kind, "code": code, "param": param}
    assert reply.error["message"]


INPUTS = [
    ([], "empty_array"), ("", "empty_string"), (["a", ""], "empty_string"), ([[]], "empty_array"), ([[1], []], "empty_array"),
    (5, "invalid_type"), (None, "invalid_type"), (True, "invalid_type"), ({}, "invalid_type"), (["a", 1], "invalid_type"),
    ([1, "a"], "invalid_type"), ([["a"]], "invalid_type"), ([True], "invalid_type"), ([1.5], "invalid_type"),
    ([100_000], "integer_above_max_value"), ([[-1]], "integer_below_min_value"), ("half \ud83d", "invalid_value"),
    (["a"] * 2_049, "array_above_max_length"), ([[1]] * 2_049, "array_above_max_length"), ("a " * 8_193, None), ([7] * 8_193, None),
]


@pytest.mark.parametrize(("value", "code"), INPUTS)
def test_inputs_that_are_refused(caller: Caller, value: Any, code: str | None) -> None:
    expected = code if caller.provider == "openai" else "invalid_input"
    check(caller.embed(value), 400, BAD, expected, "input")


@pytest.mark.parametrize("value", [["a"] * 2_048, [[1]] * 2_048, [7] * 8_192, "a" + " a" * 8_191])
def test_inputs_at_the_limit(caller: Caller, value: Any) -> None:
    assert caller.embed(value, dimensions=1).status == 200


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("encoding_format", "hex", "invalid_value"), ("encoding_format", "BASE64", "invalid_value"),
        ("encoding_format", 1, "invalid_type"), ("dimensions", 0, "integer_below_min_value"),
        ("dimensions", 65, "integer_above_max_value"), ("dimensions", "8", "invalid_type"), ("dimensions", 1.5, "invalid_type"),
        ("user", 5, "invalid_type"), ("model", 5, "invalid_type"), ("model", "\ud800", "invalid_type"), ("model", "", "empty_string"),
    ],
)
def test_options_that_are_refused(caller: Caller, field: str, value: Any, code: str) -> None:
    expected = code if caller.provider == "openai" else "invalid_request"
    check(caller.send(Ask({**caller.wish("a"), field: value})), 400, BAD, expected, field)


def test_what_is_missing_is_named(caller: Caller) -> None:
    codes = ("missing_required_parameter",) * 2 if caller.provider == "openai" else ("invalid_request", "invalid_input")
    check(caller.send(Ask({"input": "a"})), 400, BAD, codes[0], "model")
    check(caller.send(Ask({"model": caller.model})), 400, BAD, codes[1], "input")


@pytest.mark.parametrize("body", [b"", b"{", b"[1", b"\xff", b'{"a":1,"a":2}', b"[" * 100_000])
def test_what_is_not_json(caller: Caller, body: bytes) -> None:
    check(caller.send(Ask(body)), 400, BAD, None if caller.provider == "openai" else "json_parse_error", None)


def test_too_large_a_body(caller: Caller) -> None:
    assert caller.send(Ask(b" " * 32_000_001)).status == 413


def test_methods_and_paths(caller: Caller) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        reply = caller.send(Ask(method=method))
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert caller.send(Ask(caller.wish("a"), "/v2/embeddings")).status == 404


def test_keys(caller: Caller) -> None:
    main = caller.keys["main"]
    of_openai = caller.provider == "openai"
    for headers in ((), (("authorization", main),), (("authorization", f"Basic {main}"),), (("x-api-key", main),)):
        reply = caller.send(Ask(b"{", key=None, headers=headers))
        check(reply, 401, *((BAD, None) if of_openai else ("authentication_error",) * 2), None)
    for secret in (caller.keys["revoked"], main[:-1], "x" * 50, main.upper()):
        reply = caller.send(Ask(b"{", key=None, headers=(("authorization", f"Bearer {secret}"),)))
        check(reply, 401, *((BAD, "invalid_api_key") if of_openai else ("authentication_error",) * 2), None)
        assert secret not in reply.body.decode()
    assert caller.send(Ask(caller.wish("a"), key=None, headers=(("authorization", f"bearer {main}"),))).status == 200


def test_a_bucket_runs_out(caller: Caller) -> None:
    replies = [caller.embed("a", key="limited") for _ in range(6)]
    assert [reply.status for reply in replies[:4]] == [200] * 4
    last = replies[-1]
    assert last.status == 429
    assert int(last.headers["retry-after"]) >= 1
    assert last.error["code"] == "rate_limit_exceeded"
    assert last.error.get("retry_after") == (None if caller.provider == "openai" else int(last.headers["retry-after"]))


@pytest.mark.parametrize(
    ("model", "status", "code", "param"),
    [
        ("no-such-model", 404, "model_not_found", None),
        ("gpt-4o-mini", 403, None, None),
        ("text-embedding-ada-002", 400, "unsupported_parameter", "dimensions"),
    ],
)
def test_models_of_openai(model: str, status: int, code: str | None, param: str | None) -> None:
    caller = Caller("openai")
    check(caller.send(Ask({"model": model, "input": "a", "dimensions": 64})), status, BAD, code, param)


def test_extra_fields_and_states_of_openai() -> None:
    caller = Caller("openai")
    check(caller.embed("a", service_tier="flex"), 400, BAD, "unknown_parameter", "service_tier")
    check(caller.embed("a", key="no_quota"), 429, "insufficient_quota", "insufficient_quota", None)
    check(caller.embed("a", key="no_access"), 403, BAD, "model_not_found", None)
    check(caller.embed(["a " * 8_000] * 38), 400, "max_tokens_per_request", "max_tokens_per_request", None)


STATES = {
    "not_embedding": (400, BAD, "model_not_embedding"), "inactive": (503, "service_error", "endpoint_inactive"),
    "provisioning": (503, "service_error", "model_provisioning"), "exhausted": (503, "service_error", "capacity_exceeded"),
    "slow": (408, "service_error", "timeout"), "broken": (500, "internal_error", "invalid_embeddings_response"),
    "no_model": (500, "internal_error", "model_not_found"), "bad_tier": (500, "internal_error", "invalid_tier"),
    "bad_model_id": (500, "internal_error", "invalid_model_id"),
}


@pytest.mark.parametrize("state", STATES)
def test_endpoints_of_xerotier(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "SLOW_S", 0.001)
    caller = Caller("xerotier")
    check(caller.embed("a", path=f"/proj_ABC123/{caller.ready['slugs'][state]}/v1/embeddings"), *STATES[state], None)


def test_endpoints_without_a_state_of_xerotier() -> None:
    caller = Caller("xerotier")
    fixed = f"/proj_ABC123/{caller.ready['slugs']['fixed_dimensions']}/v1/embeddings"
    assert caller.embed("a", path=fixed).document["model"] == caller.ready["vars"]["fixed_model"]
    check(caller.embed("a", path=fixed, dimensions=64), 400, BAD, "invalid_request", "dimensions")
    check(caller.embed("a", path="/proj_ABC123/none/v1/embeddings"), 404, "not_found_error", "endpoint_not_found", None)
    check(caller.embed("a", path="/proj_NONE/my-endpoint/v1/embeddings"), 404, "not_found_error", "project_not_found", None)
    check(caller.embed("a", path="/v1/embeddings"), 404, "not_found_error", "not_found", None)


@pytest.mark.parametrize(
    ("key", "status", "kind", "code"),
    [
        ("no_quota", 402, "authorization_error", "insufficient_quota"),
        ("delinquent", 402, "authorization_error", "billing_delinquent"),
        ("no_scope", 403, "authentication_error", "scope_insufficient"),
        ("other_project", 403, "authorization_error", "cross_project_access"),
    ],
)
def test_keys_of_xerotier(key: str, status: int, kind: str, code: str) -> None:
    check(Caller("xerotier").embed("a", key=key), status, kind, code, None)


def test_the_model_and_extra_fields_only_inform_xerotier() -> None:
    caller = Caller("xerotier")
    reply = caller.send(Ask({"model": "another", "input": "a", "surprise": 1}))
    assert reply.document["model"] == caller.model
    check(caller.embed("a", service_tier="urgent"), 400, BAD, "invalid_request", "service_tier")
