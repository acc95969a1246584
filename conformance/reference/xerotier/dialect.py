"""
What the API of Xerotier says in words of its own: paths, codes, keys and states.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

from conformance.reference.shape.accounts import ApiKey, derive_keys
from conformance.reference.shape.call import Call, Model, Place
from conformance.reference.shape.dialect import Dialect
from conformance.reference.shape.refusals import Coding, Headers, Refused
from conformance.reference.xerotier.endpoints import ENDPOINTS, FIXED, MODEL, PROJECT

__all__ = ["DIALECT", "KEYS"]

KEYS = derive_keys(
    ("main", "no_quota", "delinquent", "limited", "revoked", "no_scope", "other_project"), "xero_myproject_"
)
SLOW_S = 0.3
_BAD = "invalid_request_error"
_CODINGS = {
    "json": Coding(400, _BAD, "json_parse_error"),
    "body": Coding(400, _BAD, "invalid_request"),
    "body.size": Coding(413, _BAD, "request_too_large"),
    "field": Coding(400, _BAD, "invalid_request"),
    "model": Coding(400, _BAD, "invalid_request"),
    "model.unknown": Coding(404, "not_found_error", "model_not_found"),
    "input": Coding(400, _BAD, "invalid_input"),
    "tokens": Coding(400, _BAD, "invalid_input"),
    "format": Coding(400, _BAD, "invalid_request"),
    "dimensions": Coding(400, _BAD, "invalid_request"),
    "user": Coding(400, _BAD, "invalid_request"),
    "tier": Coding(400, _BAD, "invalid_request"),
    "auth": Coding(401, "authentication_error", "authentication_error"),
    "scope": Coding(403, "authentication_error", "scope_insufficient"),
    "project.unknown": Coding(404, "not_found_error", "project_not_found"),
    "project.foreign": Coding(403, "authorization_error", "cross_project_access"),
    "endpoint.unknown": Coding(404, "not_found_error", "endpoint_not_found"),
    "endpoint.not_embedding": Coding(400, _BAD, "model_not_embedding"),
    "endpoint.inactive": Coding(503, "service_error", "endpoint_inactive"),
    "endpoint.provisioning": Coding(503, "service_error", "model_provisioning"),
    "endpoint.exhausted": Coding(503, "service_error", "capacity_exceeded"),
    "endpoint.slow": Coding(408, "service_error", "timeout"),
    "endpoint.broken": Coding(500, "internal_error", "invalid_embeddings_response"),
    "endpoint.no_model": Coding(500, "internal_error", "model_not_found"),
    "endpoint.bad_tier": Coding(500, "internal_error", "invalid_tier"),
    "endpoint.bad_model_id": Coding(500, "internal_error", "invalid_model_id"),
    "quota.spent": Coding(402, "authorization_error", "insufficient_quota"),
    "quota.delinquent": Coding(402, "authorization_error", "billing_delinquent"),
    "rate": Coding(429, "rate_limit_error", "rate_limit_exceeded"),
    "route": Coding(404, "not_found_error", "not_found"),
    "route.method": Coding(405, _BAD, "method_not_allowed"),
    "internal": Coding(500, "internal_error", "internal_error"),
    "list": Coding(400, "validation_error", "invalid_request"),
    "file": Coding(400, "validation_error", "invalid_request"),
    "file.unknown": Coding(404, "not_found_error", "file_not_found"),
    "batch": Coding(400, "validation_error", "invalid_request"),
    "batch.unknown": Coding(404, "not_found_error", "batch_not_found"),
    "batch.over": Coding(409, _BAD, "invalid_request"),
}
_OF_PROJECT = {"models": "models", "files": "files", "batches": "batches", "usage": "usage"}
_ONE = {"files": "file", "batches": "batch"}
_DEEPER = {("files", "content"): "content", ("batches", "cancel"): "cancel"}


def _find_place(path: str) -> Place | None:
    match path.split("/"):
        case ["", project, slug, "v1", ("embeddings" | "models") as word] if project and slug:
            return Place(word, "", project, slug)
        case ["", project, "v1", word] if project and word in _OF_PROJECT:
            return Place(_OF_PROJECT[word], "", project)
        case ["", project, "v1", word, identifier] if project and word in _ONE and identifier:
            return Place(_ONE[word], identifier, project)
        case ["", project, "v1", word, identifier, deeper] if project and (word, deeper) in _DEEPER and identifier:
            return Place(_DEEPER[word, deeper], identifier, project)
    return None


def _check_place(call: Call) -> None:
    assert call.place is not None
    assert call.key is not None
    if call.place.project != PROJECT:
        raise Refused("project.unknown", "There is no such project.")
    if call.key.state == "other_project":
        raise Refused("project.foreign", "This key belongs to another project.")
    if call.key.state == "no_scope":
        raise Refused("scope", "This key lacks the scope inference.")
    if call.place.slug and call.place.slug not in ENDPOINTS:
        raise Refused("endpoint.unknown", "There is no such endpoint in the project.")


async def _check_dispatch(call: Call) -> None:
    assert call.place is not None
    assert call.key is not None
    if call.key.state == "no_quota":
        raise Refused("quota.spent", "The project has no remaining credit.")
    if call.key.state == "delinquent":
        raise Refused("quota.delinquent", "Billing of the project is past due.")
    endpoint = ENDPOINTS.get(call.place.slug)
    if endpoint is None or not endpoint.kind:
        return
    if endpoint.kind == "endpoint.slow":
        await asyncio.sleep(SLOW_S)
    headers: Headers = ((b"retry-after", b"5"),) if endpoint.kind == "endpoint.provisioning" else ()
    raise Refused(endpoint.kind, endpoint.message, headers=headers)


def _find_model(call: Call, named: str) -> Model | None:
    # The endpoint decides; what the request names is informational.
    endpoint = ENDPOINTS.get(call.place.slug) if call.place is not None else None
    return MODEL if endpoint is None else endpoint.model


def _rate_headers(key: ApiKey) -> Headers:
    return (
        (b"x-ratelimit-limit", b"%d" % key.requests.capacity),
        (b"x-ratelimit-remaining", b"%d" % key.requests.remaining()),
    )


def _write_limited(wait: int) -> Mapping[str, Any]:
    strategy = {
        "type": "exponential_backoff",
        "initial_delay_ms": wait * 1_000,
        "max_delay_ms": 60_000,
        "multiplier": 2.0,
        "jitter": True,
    }
    return {"retry_after": wait, "retry_strategy": strategy}


DIALECT = Dialect(
    name="xerotier",
    codings=_CODINGS,
    secrets=KEYS,
    models=(MODEL, FIXED),
    find_place=_find_place,
    check_place=_check_place,
    check_dispatch=_check_dispatch,
    find_model=_find_model,
    rate_headers=_rate_headers,
    write_limited=_write_limited,
    fields=frozenset({"model", "input", "encoding_format", "dimensions", "user", "service_tier"}),
    closed=False,
    tiers=("flex", "default", "priority"),
    writes_tier=True,
    echoes_model=False,
    upload_status=201,
    file_status="uploaded",
    file_id=lambda fresh: f"file-{hashlib.sha256(fresh.encode()).hexdigest()[:24]}",
    file_extra={"x_relative_path": None},
    most_listed=100,
    keeps_ledger=True,
    reached_worker=frozenset({"endpoint.slow", "endpoint.broken"}),
)
