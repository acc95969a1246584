"""
Credentials, versions and models: doors that are open, or closed, when they should not be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from conformance.reference.asgi import Answer
from conformance.reference.aurous.accounts import ApiKey
from conformance.reference.aurous.behaviour import Keyring
from conformance.reference.aurous.call import CREATE, ESTIMATE, Call
from conformance.reference.aurous.faulty.edits import (
    Changes,
    drop_header,
    edit_answer,
    edit_models,
    edit_refusal,
    leave_out,
    set_header,
)
from conformance.reference.zoo import Fault

__all__ = ["FAULTS", "Row"]

Row = dict[str, Any]


def _by_prefix(keys: Keyring, presented: str) -> ApiKey | None:
    matches = [
        key for secret, key in keys.items() if len(presented) >= 16 and secret.startswith(presented[:16])
    ]
    return matches[0] if matches else None


def _by_start(keys: Keyring, presented: str) -> ApiKey | None:
    matches = [key for secret, key in keys.items() if presented and secret.startswith(presented)]
    return matches[0] if matches else None


def _any_case(keys: Keyring, presented: str) -> ApiKey | None:
    return keys.get(presented.lower())


def _well_formed(keys: Keyring, presented: str) -> ApiKey | None:
    if re.fullmatch("al_live_[0-9a-f]{64}", presented):
        return keys.get(presented) or next(iter(keys.values()))
    return None


def _version_echo(value: bytes | None) -> Changes:
    def edit(call: Call, answer: Answer) -> None:
        if value is None:
            drop_header(answer, b"aurous-version")
        else:
            set_header(answer, b"aurous-version", value)

    return edit_answer(edit)


def _pinned(call: Call) -> bool:
    return b"aurous-version" in call.request.headers


def _no_version_on_refusals(call: Call, answer: Answer) -> Answer:
    if answer.status >= 400:
        drop_header(answer, b"aurous-version")
    return answer


def _other_default(call: Call, answer: Answer) -> Answer:
    if b"aurous-version" not in call.request.headers:
        set_header(answer, b"aurous-version", b"2026-11-01")
    return answer


def _bad_version(call: Call) -> bool:
    pinned = call.header(b"aurous-version")
    return pinned is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", pinned)


def _any_case_slug(slug: str, slugs: Sequence[str]) -> str | None:
    return next((known for known in slugs if known.lower() == slug.lower()), None)


def _prefix_slug(slug: str, slugs: Sequence[str]) -> str | None:
    return (
        slug
        if slug in slugs
        else next((known for known in slugs if len(slug) > 5 and known.startswith(slug)), None)
    )


def _any_slug(slug: str, slugs: Sequence[str]) -> str | None:
    return slug if slug in slugs else slugs[0]


def _trimmed_slug(slug: str, slugs: Sequence[str]) -> str | None:
    return slug.strip() if slug.strip() in slugs else None


def _drop_rate(call: Call, answer: Answer) -> None:
    if call.refusal is None and call.path == CREATE:
        limit = dict(answer.headers)[b"x-ratelimit-limit"]
        set_header(answer, b"x-ratelimit-remaining", limit + b"0")


def _drop_metadata(name: str) -> Changes:
    return edit_models(lambda row: row["aurous_metadata"].pop(name, None))


def _embedding_only(change: Any) -> Changes:
    def edit(row: Row) -> None:
        if row["kind"] == "embedding":
            change(row)

    return edit_models(edit)


def _refuse_pin(call: Call, answer: Answer) -> Answer | None:
    if b"aurous-version" not in call.request.headers or call.refusal is not None:
        return None
    error = (
        '{"error":{"type":"invalid_request","code":"unknown_version","message":"There is no such version.",'
        f'"param":null,"doc_url":"https://docs.aurous-labs.com/errors#unknown_version","request_id":"{call.request_id}"}}}}'
    )
    return Answer(400, error.encode(), headers=answer.headers)


FAULTS = (
    Fault("no_key_accepted", "serves calls without a key", ("A28",), leave_out("auth.missing")),
    Fault("bad_key_accepted", "serves calls with any key", ("A28",), leave_out("auth.invalid")),
    Fault(
        "well_formed_key_accepted", "serves any key of the right form", ("A28",), {"find_key": _well_formed}
    ),
    Fault("revoked_key_accepted", "serves a revoked key", ("A28",), leave_out("auth.revoked")),
    Fault(
        "key_prefix_compared",
        "compares only the first 16 characters of a key",
        ("A28",),
        {"find_key": _by_prefix},
    ),
    Fault("key_start_accepted", "serves the beginning of a key", ("A28",), {"find_key": _by_start}),
    Fault("key_case_ignored", "compares keys without regard to case", ("A28",), {"find_key": _any_case}),
    Fault(
        "x_api_key_unsupported",
        "does not look at X-Api-Key",
        ("A28",),
        {"credential_headers": (b"authorization",)},
    ),
    Fault(
        "bearer_unsupported",
        "does not look at Authorization",
        ("A28",),
        {"credential_headers": (b"x-api-key",)},
    ),
    Fault(
        "read_key_may_create",
        "lets a key with the scope read create embeddings",
        ("A28",),
        leave_out("auth.scope"),
    ),
    Fault(
        "missing_scope_401",
        "answers 401 to a key whose scope is too small",
        ("A28",),
        edit_refusal("auth.scope", status=401, code="invalid_api_key"),
    ),
    Fault("no_credit_served", "serves a team without credit", ("A23",), leave_out("credit")),
    Fault("estimate_open", "estimates without a key", ("A28", "A44"), {"open_paths": frozenset({ESTIMATE})}),
    Fault(
        "balance_open", "tells a balance without a key", ("A28",), {"open_paths": frozenset({"/v1/balance"})}
    ),
    Fault(
        "version_echo_wrong", "echoes a version that nobody asked for", ("A29",), _version_echo(b"2024-01-01")
    ),
    Fault(
        "version_echo_missing_on_refusals",
        "does not echo the version on a refusal",
        ("A29",),
        {"on_answer": _no_version_on_refusals},
    ),
    Fault(
        "version_default_other",
        "applies another version than the default to a request without a pin",
        ("A29",),
        {"on_answer": _other_default},
    ),
    Fault("version_echo_missing", "does not echo the version", ("A29",), _version_echo(None)),
    Fault(
        "version_syntax_500", "answers 500 to a version that is no date", ("A29",), {"crashes": _bad_version}
    ),
    Fault(
        "version_syntax_unchecked", "accepts a version that is no date", ("A29",), leave_out("version.syntax")
    ),
    Fault(
        "version_pin_refused",
        "refuses the version 2026-05-15",
        ("A29",),
        {"crashes": None, **edit_answer(_refuse_pin)},
    ),
    Fault(
        "models_without_kind", "lists models without kind", ("A36",), edit_models(lambda row: row.pop("kind"))
    ),
    Fault(
        "models_without_metadata",
        "lists models without aurous_metadata",
        ("A36",),
        edit_models(lambda row: row.pop("aurous_metadata")),
    ),
    Fault(
        "models_without_dimensions",
        "lists embedding models without dimensions",
        ("A36", "A41"),
        _drop_metadata("dimensions"),
    ),
    Fault(
        "models_without_context",
        "lists models without context_window",
        ("A36",),
        _drop_metadata("context_window"),
    ),
    Fault(
        "models_without_max_items",
        "lists embedding models without max_input_items",
        ("A36",),
        _drop_metadata("max_input_items"),
    ),
    Fault(
        "models_without_capabilities",
        "lists models without capabilities",
        ("A36",),
        _drop_metadata("capabilities"),
    ),
    Fault(
        "models_without_pricing",
        "lists embedding models without embedding_pricing",
        ("A36",),
        _embedding_only(lambda row: row.pop("embedding_pricing")),
    ),
    Fault(
        "models_rate_text",
        "lists the rate of visual tokens as a text",
        ("A36",),
        _embedding_only(lambda row: row["embedding_pricing"]["visual"].update(credits_per_M="48.75")),
    ),
    Fault(
        "models_video_rate",
        "lists a rate for video, which it does not embed",
        ("A36", "A13"),
        _embedding_only(lambda row: row["embedding_pricing"].update(video={"credits_per_M": 48.75})),
    ),
    Fault(
        "models_other_row_bare",
        "lists no dimensions for a model that has one length only",
        ("A36",),
        _embedding_only(
            lambda row: row["aurous_metadata"]["dimensions"] or row["aurous_metadata"].pop("dimensions", None)
        ),
    ),
    Fault(
        "models_dimensions_text",
        "lists dimensions as texts",
        ("A36",),
        _embedding_only(lambda row: row["aurous_metadata"].update(dimensions=["1024", "2048"])),
    ),
    Fault(
        "models_dimensions_extra",
        "lists 512 among the dimensions although it refuses it",
        ("A37", "A41"),
        _embedding_only(lambda row: (row["aurous_metadata"]["dimensions"] or []).append(512)),
    ),
    Fault(
        "models_without_data",
        "lists models without the list object around them",
        ("A36",),
        {"on_read": lambda call, document: document["data"] if call.path == "/v1/models" else document},
    ),
    Fault(
        "models_object_wrong",
        "calls a model row a list",
        ("A36",),
        edit_models(lambda row: row.update(object="list")),
    ),
    Fault(
        "models_other_slugs",
        "lists slugs that it then refuses",
        ("A30",),
        _embedding_only(lambda row: row.update(id=row["id"].removesuffix("-1.0"))),
    ),
    Fault("chat_model_accepted", "makes embeddings with a chat model", ("A31",), leave_out("model.kind")),
    Fault(
        "unknown_model_accepted",
        "takes the default model for an unknown slug",
        ("A30",),
        {"find_model_slug": _any_slug},
    ),
    Fault(
        "unknown_model_500",
        "answers 500 to an unknown slug",
        ("A30",),
        edit_refusal("model.unknown", status=500, type="server_error", code="internal_error"),
    ),
    Fault(
        "slug_case_ignored",
        "compares slugs without regard to case",
        ("A30",),
        {"find_model_slug": _any_case_slug},
    ),
    Fault(
        "slug_prefix_accepted", "accepts the beginning of a slug", ("A30",), {"find_model_slug": _prefix_slug}
    ),
    Fault("slug_trimmed", "accepts white space around a slug", ("A30",), {"find_model_slug": _trimmed_slug}),
    Fault(
        "rate_remaining_above_limit",
        "says that more requests remain than the limit",
        ("A28",),
        edit_answer(_drop_rate),
    ),
)
