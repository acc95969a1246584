"""
Faults of credentials, of limits and of plain HTTP.
"""

from __future__ import annotations

import gzip

from conformance.reference.asgi import Answer
from conformance.reference.shape.accounts import ApiKey, Keyring
from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import (
    Changes,
    drop_header,
    edit_answer,
    edit_error,
    edit_refusal,
    leave_out,
    of_kind,
    set_header,
)
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _by_beginning(keys: Keyring, presented: str) -> ApiKey | None:
    if presented in keys:
        return keys[presented]
    alike = [key for secret, key in keys.items() if len(presented) > 12 and secret[:24] == presented[:24]]
    return alike[0] if alike else None


def _ignoring_case(keys: Keyring, presented: str) -> ApiKey | None:
    return {secret.lower(): key for secret, key in keys.items()}.get(presented.lower())


def _revoked_too(keys: Keyring, presented: str) -> ApiKey | None:
    key = keys.get(presented)
    if key is not None and key.state == "revoked":
        return next(iter(keys.values()))
    return key


def _quote_key(call: Call, error: dict[str, object]) -> None:
    presented = (call.header(b"authorization") or "").partition(" ")[2]
    error["message"] = f"{error['message']} Received: {presented}"


def _ok_without_key(call: Call, answer: Answer) -> Answer | None:
    if of_kind(call.refusal, ("auth.invalid",)):
        return Answer(
            200, b'{"object":"list","data":[],"usage":{"prompt_tokens":0,"total_tokens":0}}', headers=answer.headers
        )
    return None


def _false_gzip(*, refusals: bool) -> Changes:
    def edit(call: Call, answer: Answer) -> None:
        asked = b"gzip" in call.request.headers.get(b"accept-encoding", b"")
        if asked and (call.refusal is not None) == refusals:
            set_header(answer, b"content-encoding", b"gzip")

    return edit_answer(edit)


def _compress_anyway(call: Call, answer: Answer) -> None:
    if answer.body and call.refusal is None:
        answer.body = gzip.compress(answer.body, 1, mtime=0)
        set_header(answer, b"content-encoding", b"gzip")


def _stale_encoding(call: Call, answer: Answer) -> None:
    if call.refusal is not None:
        set_header(answer, b"content-encoding", b"br")


def _same_id(call: Call, answer: Answer) -> None:
    set_header(answer, b"x-request-id", b"req_00000000000000000000000000")


def _wrong_rates(call: Call, answer: Answer) -> None:
    answer.headers = [
        (name, b"unlimited" if name.startswith(b"x-ratelimit") else value) for name, value in answer.headers
    ]


def _more_than_limit(call: Call, answer: Answer) -> None:
    answer.headers = [(name, b"99999999999" if b"remaining" in name else value) for name, value in answer.headers]


def _retry_zero(call: Call, answer: Answer) -> None:
    if answer.status == 429:
        set_header(answer, b"retry-after", b"soon")


FAULTS = (
    Fault("key_missing_accepted", "serves callers without a key", ("auth",), leave_out("auth.missing")),
    Fault("key_invalid_accepted", "serves callers with any key", ("auth",), leave_out("auth.invalid")),
    Fault("key_invalid_403", "answers 403 to a bad key", ("auth",), edit_refusal("auth.invalid", status=403)),
    Fault("key_invalid_500", "answers 500 to a bad key", ("auth", "status"), edit_refusal("auth.invalid", status=500)),
    Fault("key_invalid_200", "answers 200 with no data to a bad key", ("auth", "status"), edit_answer(_ok_without_key)),
    Fault("key_missing_400", "answers 400 to a missing key", ("auth",), edit_refusal("auth.missing", status=400)),
    Fault(
        "key_missing_500", "answers 500 to a missing key", ("auth", "status"), edit_refusal("auth.missing", status=500)
    ),
    Fault("key_revoked_accepted", "serves callers with a revoked key", ("auth",), {"find_key": _revoked_too}),
    Fault("key_by_beginning", "looks at the first 24 characters of a key only", ("auth",), {"find_key": _by_beginning}),
    Fault("key_case_ignored", "takes keys in capitals too", ("auth",), {"find_key": _ignoring_case}),
    Fault("key_scheme_not_checked", "takes a key with any scheme, or none", ("auth",), {"checks_scheme": False}),
    Fault(
        "key_in_other_header",
        "reads keys from X-Api-Key only",
        ("auth",),
        {"credential_header": b"x-api-key", "checks_scheme": False},
    ),
    Fault("key_leaked", "repeats the caller's key in messages", ("auth", "envelope"), edit_error(_quote_key)),
    Fault(
        "key_after_validation", "validates the body before it looks at the key", ("auth",), {"validates_first": True}
    ),
    Fault("limit_without_retry_after", "answers 429 without Retry-After", ("limits",), {"retry_after": None}),
    Fault(
        "limit_with_other_header",
        "sends the time to wait as llm_provider-retry-after",
        ("limits",),
        {"retry_after": "llm_provider-retry-after"},
    ),
    Fault("limit_retry_after_words", "writes a word in Retry-After", ("limits",), edit_answer(_retry_zero)),
    Fault(
        "limit_500",
        "answers 500 to too many requests",
        ("limits", "status"),
        edit_refusal("rate", status=500, type="server_error"),
    ),
    Fault("limit_403", "answers 403 to too many requests", ("limits",), edit_refusal("rate", status=403)),
    Fault(
        "limit_when_idle",
        "answers 429 to each fifteenth call of a caller far below the limit",
        ("limits",),
        {"refuses_every": 15, "retry_after": None},
        rate=0.07,
    ),
    Fault("rate_headers_missing", "sends no headers about limits", ("limits",), {"rate_headers": False}),
    Fault("rate_headers_words", "writes words in the headers about limits", ("limits",), edit_answer(_wrong_rates)),
    Fault("rate_headers_above_limit", "has more remaining than the limit", ("limits",), edit_answer(_more_than_limit)),
    Fault(
        "request_id_missing",
        "sends no request id",
        ("http",),
        edit_answer(lambda call, answer: drop_header(answer, b"x-request-id")),
    ),
    Fault("request_id_constant", "sends one request id for ever", ("http",), edit_answer(_same_id)),
    Fault("gzip_unasked", "compresses for everybody", ("http",), edit_answer(_compress_anyway)),
    Fault("gzip_header_over_plain", "claims gzip over plain bytes", ("http",), _false_gzip(refusals=False)),
    Fault(
        "gzip_header_over_plain_refusals",
        "claims gzip over plain bytes of refusals",
        ("http",),
        _false_gzip(refusals=True),
    ),
    Fault(
        "content_encoding_stale",
        "keeps a Content-Encoding that is not true on refusals",
        ("http",),
        edit_answer(_stale_encoding),
    ),
    Fault(
        "cors_without_authorization",
        "does not let browsers send Authorization",
        ("http",),
        {"cors": "no_authorization"},
    ),
    Fault("cors_preflight_401", "wants a key from a preflight", ("http",), {"cors": "preflight_401"}),
    Fault("cors_preflight_405", "answers 405 to a preflight", ("http",), {"cors": "preflight_405"}),
    Fault("cors_preflight_only", "lets browsers ask but not read", ("http",), {"cors": "preflight_only"}),
    Fault("cors_not_on_errors", "does not let browsers read refusals", ("http",), {"cors": "not_on_errors"}),
    Fault("cors_empty_origin", "sends an empty Access-Control-Allow-Origin", ("http",), {"cors": "empty_origin"}),
)
