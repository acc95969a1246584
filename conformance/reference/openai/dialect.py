"""
What the API of OpenAI says in words of its own: paths, codes, keys and models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.reference.shape.accounts import ApiKey, derive_keys
from conformance.reference.shape.call import Call, Model, Place
from conformance.reference.shape.dialect import Dialect
from conformance.reference.shape.refusals import Coding, Headers, Refused

__all__ = ["DIALECT", "KEYS", "MODELS"]

KEYS = derive_keys(("main", "no_quota", "limited", "no_access", "revoked"), "sk-proj-")
MODELS = {
    "embedding": "text-embedding-3-small",
    "fixed_dimensions": "text-embedding-ada-002",
    "not_embedding": "gpt-4o-mini",
}
_BAD = "invalid_request_error"
_CODINGS = {
    "json": Coding(400, _BAD, None),
    "body": Coding(400, _BAD, None),
    "body.size": Coding(413, _BAD, None),
    "field": Coding(400, _BAD, "unknown_parameter"),
    "model": Coding(400, _BAD, "invalid_type"),
    "model.missing": Coding(400, _BAD, "missing_required_parameter"),
    "model.empty": Coding(400, _BAD, "empty_string"),
    "model.unknown": Coding(404, _BAD, "model_not_found", keeps_param=False),
    "model.no_access": Coding(403, _BAD, "model_not_found", keeps_param=False),
    "model.kind": Coding(403, _BAD, None, keeps_param=False),
    "input": Coding(400, _BAD, "invalid_value"),
    "input.missing": Coding(400, _BAD, "missing_required_parameter"),
    "input.type": Coding(400, _BAD, "invalid_type"),
    "input.item_type": Coding(400, _BAD, "invalid_type"),
    "input.mixed": Coding(400, _BAD, "invalid_type"),
    "input.empty": Coding(400, _BAD, "empty_array"),
    "input.empty_item": Coding(400, _BAD, "empty_array"),
    "input.empty_text": Coding(400, _BAD, "empty_string"),
    "input.blank_item": Coding(400, _BAD, "empty_string"),
    "input.too_many": Coding(400, _BAD, "array_above_max_length"),
    "input.too_long": Coding(400, _BAD, None),
    "input.below": Coding(400, _BAD, "integer_below_min_value"),
    "input.above": Coding(400, _BAD, "integer_above_max_value"),
    "tokens": Coding(400, "max_tokens_per_request", "max_tokens_per_request", keeps_param=False),
    "format": Coding(400, _BAD, "invalid_value"),
    "format.type": Coding(400, _BAD, "invalid_type"),
    "dimensions": Coding(400, _BAD, "invalid_value"),
    "dimensions.type": Coding(400, _BAD, "invalid_type"),
    "dimensions.fixed": Coding(400, _BAD, "unsupported_parameter"),
    "dimensions.below": Coding(400, _BAD, "integer_below_min_value"),
    "dimensions.above": Coding(400, _BAD, "integer_above_max_value"),
    "user": Coding(400, _BAD, "invalid_type"),
    "auth": Coding(401, _BAD, "invalid_api_key"),
    "auth.missing": Coding(401, _BAD, None),
    "quota": Coding(429, "insufficient_quota", "insufficient_quota"),
    "rate": Coding(429, "requests", "rate_limit_exceeded"),
    "route": Coding(404, _BAD, "unknown_url"),
    "route.method": Coding(405, _BAD, "method_not_allowed"),
    "internal": Coding(500, "server_error", None),
    "list": Coding(400, _BAD, "invalid_value"),
    "file": Coding(400, _BAD, "invalid_value"),
    "file.missing": Coding(400, _BAD, "missing_required_parameter"),
    "file.purpose": Coding(400, _BAD, "missing_required_parameter"),
    "file.unknown": Coding(404, _BAD, None),
    "batch": Coding(400, _BAD, "invalid_value"),
    "batch.missing": Coding(400, _BAD, "missing_required_parameter"),
    "batch.unknown": Coding(404, _BAD, None),
    "batch.over": Coding(409, _BAD, None),
}
_ROUTES = {"embeddings": "embeddings", "models": "models", "files": "files", "batches": "batches"}
_ONE = {"models": "model", "files": "file", "batches": "batch"}
_DEEPER = {("files", "content"): "content", ("batches", "cancel"): "cancel"}


def _find_place(path: str) -> Place | None:
    words = path.split("/")
    if words[:2] != ["", "v1"]:
        return None
    match words[2:]:
        case [word] if word in _ROUTES:
            return Place(_ROUTES[word])
        case [word, identifier] if word in _ONE and identifier:
            return Place(_ONE[word], identifier)
        case [word, identifier, deeper] if (word, deeper) in _DEEPER and identifier:
            return Place(_DEEPER[word, deeper], identifier)
    return None


def _check_place(call: Call) -> None:
    """Every key is for every path."""


async def _check_dispatch(call: Call) -> None:
    assert call.key is not None
    assert call.wish is not None
    if call.key.state == "no_quota":
        raise Refused("quota.spent", "You exceeded your current quota, please check your plan and billing details.")
    if call.key.state == "no_access":
        message = f"Project does not have access to model '{call.wish.model.name}'."
        raise Refused("model.no_access", message, "model")


def _find_model(call: Call, named: str) -> Model | None:
    return next((model for model in DIALECT.models if model.name == named), None)


def _rate_headers(key: ApiKey) -> Headers:
    headers: list[tuple[bytes, bytes]] = []
    for name, bucket in ((b"requests", key.requests), (b"tokens", key.tokens)):
        missing = bucket.capacity - bucket.remaining()
        wait = b"%dms" % round(1_000 * missing / bucket.per_second) if missing else b"0s"
        headers += [
            (b"x-ratelimit-limit-" + name, b"%d" % bucket.capacity),
            (b"x-ratelimit-remaining-" + name, b"%d" % bucket.remaining()),
            (b"x-ratelimit-reset-" + name, wait),
        ]
    headers += [(b"openai-version", b"2020-10-01"), (b"openai-organization", b"reference")]
    return tuple(headers)


def _write_limited(wait: int) -> Mapping[str, Any]:
    return {}


DIALECT = Dialect(
    name="openai",
    codings=_CODINGS,
    secrets=KEYS,
    models=(
        Model(MODELS["embedding"]),
        Model(MODELS["fixed_dimensions"], reduces=False),
        Model(MODELS["not_embedding"], kind="chat", reduces=False),
    ),
    find_place=_find_place,
    check_place=_check_place,
    check_dispatch=_check_dispatch,
    find_model=_find_model,
    rate_headers=_rate_headers,
    write_limited=_write_limited,
    fields=frozenset({"model", "input", "encoding_format", "dimensions", "user"}),
    closed=True,
    sum_cap=300_000,
    one_model_per_job=True,
)
