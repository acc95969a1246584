"""
Refusals with the wrong words: status, type, code, param, message, page, identifier or shape.
"""

from __future__ import annotations

from conformance.reference.aurous.call import Call
from conformance.reference.aurous.faulty.edits import (
    Changes,
    Document,
    edit_error,
    edit_refusal,
)
from conformance.reference.zoo import Fault

__all__ = ["CODES_UNSTATED", "FAULTS", "REFUSED", "WITH_PARAM"]

#: Each: name, kinds, what is refused, promises, wrong code, wrong status, wrong type.
REFUSED = (
    ("batch", ("input.batch",), "an array of strings", ("A01",), "invalid_format", 422, "validation_error"),
    ("parts", ("caps.parts",), "too many parts", ("A10",), "value_out_of_range", 413, "validation_error"),
    (
        "images",
        ("caps.images",),
        "too many images",
        ("A11",),
        "embeddings_too_many_images",
        422,
        "server_error",
    ),
    ("video", ("caps.video",), "video", ("A13",), "invalid_format", 415, "not_found"),
    (
        "dimensions",
        ("dimensions.value",),
        "wrong dimensions",
        ("A38",),
        "invalid_format",
        422,
        "validation_error",
    ),
    ("model_kind", ("model.kind",), "a chat model", ("A31",), "resource_not_found", 404, "not_found"),
    (
        "conflict",
        ("idempotency.conflict",),
        "a key reused with another body",
        ("A25",),
        "conflict",
        422,
        "conflict",
    ),
    ("no_key", ("auth.missing",), "a call without a key", ("A28",), "unauthorized", 403, "invalid_request"),
    ("bad_key", ("auth.invalid",), "a call with a bad key", ("A28",), "forbidden", 403, "invalid_request"),
    (
        "missing_field",
        ("model.missing", "input.missing"),
        "a missing field",
        ("A31",),
        "bad_request",
        422,
        "missing",
    ),
    (
        "bad_type",
        ("input.type", "model.type"),
        "a value of the wrong type",
        ("A31",),
        "bad_request",
        422,
        "type_error",
    ),
    ("long_text", ("caps.text",), "a text that is too long", ("A17",), "bad_request", 413, "length"),
    ("long_user", ("caps.user",), "a user that is too long", ("A34",), "bad_request", 422, "length"),
    (
        "blocked_url",
        ("url.scheme", "url.blocked"),
        "a URL that it may not fetch",
        ("A31",),
        "bad_url",
        403,
        "forbidden",
    ),
    ("many_tokens", ("caps.tokens",), "too many tokens", ("A36",), "context_length_exceeded", 413, "length"),
    ("no_credit", ("credit",), "a team without credit", ("A23",), "insufficient_quota", 400, "billing"),
    ("rate", ("rate.requests",), "a call beyond the rate", ("A28",), "slow_down", 503, "invalid_request"),
)
CODES_UNSTATED = {"missing_field", "bad_type", "long_text", "long_user", "blocked_url"}
WITH_PARAM = {"batch", "parts", "images", "video", "dimensions", "missing_field", "long_user"}


def _reword(**words: str) -> Changes:
    def reword(call: Call, error: Document) -> None:
        kind = call.refusal.kind if call.refusal else ""
        if kind in _BY_WORD:
            error["message"] = words[_BY_WORD[kind]] if _BY_WORD[kind] in words else error["message"]

    return edit_error(reword)


_BY_WORD = {
    "caps.parts": "caps",
    "caps.images": "caps",
    "dimensions.value": "dimensions",
}


def _sent(call: Call) -> int:
    parts = call.document.get("input") if isinstance(call.document, dict) else None
    kind = call.refusal.kind if call.refusal else ""
    if not isinstance(parts, list):
        return 0
    return len(parts) if kind == "caps.parts" else sum(part.get("type") == "image_url" for part in parts)


def _only_count(call: Call, error: Document) -> None:
    error["message"] = f"input has {_sent(call)} items, which is too many."


def _only_received(call: Call, error: Document) -> None:
    error["message"] = f"The model does not accept {call.document['dimensions']} for dimensions."


FAULTS = (
    *[
        Fault(
            f"{name}_wrong_code",
            f"refuses {what} with the code {code}",
            promises,
            edit_refusal(*kinds, code=code),
        )
        for name, kinds, what, promises, code, _, _ in REFUSED
        if name not in CODES_UNSTATED
    ],
    *[
        Fault(
            f"{name}_wrong_status",
            f"refuses {what} with {status}",
            promises,
            edit_refusal(*kinds, status=status),
        )
        for name, kinds, what, promises, _, status, _ in REFUSED
    ],
    *[
        Fault(
            f"{name}_wrong_type",
            f"refuses {what} with the type {type_}",
            promises,
            edit_refusal(*kinds, type=type_),
        )
        for name, kinds, what, promises, _, _, type_ in REFUSED
    ],
    *[
        Fault(
            f"{name}_wrong_param",
            f"blames the field encoding_format when it refuses {what}",
            ("A02",) if name == "batch" else promises,
            edit_refusal(*kinds, param="encoding_format"),
        )
        for name, kinds, what, promises, _, _, _ in REFUSED
        if name in WITH_PARAM
    ],
    Fault(
        "batch_without_param",
        "does not name input when it refuses an array of strings",
        ("A02",),
        edit_refusal("input.batch", param=None),
    ),
    Fault(
        "parts_without_param",
        "does not name input when it refuses too many parts",
        ("A10",),
        edit_refusal("caps.parts", "caps.images", param=None),
    ),
    Fault(
        "param_none_text",
        'writes the text "None" where param is null',
        ("A04",),
        edit_error(lambda call, error: error.update(param=error["param"] or "None")),
    ),
    Fault("message_empty", "leaves every error message empty", ("A06",), edit_refusal(message="")),
    Fault(
        "message_missing",
        "leaves the message out of every error",
        ("A06",),
        edit_error(lambda call, error: error.pop("message")),
    ),
    Fault(
        "message_not_text",
        "writes the message as a list",
        ("A06",),
        edit_error(lambda call, error: error.update(message=[error["message"]])),
    ),
    Fault(
        "caps_message_vague",
        "names neither cap nor count when there are too many parts or images",
        ("A16",),
        _reword(caps="input has too many items."),
    ),
    Fault(
        "caps_message_without_cap",
        "names the count but not the cap",
        ("A16",),
        edit_error(_only_count, "caps.parts", "caps.images"),
    ),
    Fault(
        "caps_message_without_count",
        "names the cap but not the count",
        ("A16",),
        _reword(caps="The maximum is 16 parts, 8 of them images."),
    ),
    Fault(
        "caps_message_constant_count",
        "says 22 parts whatever was sent",
        ("A16",),
        edit_refusal("caps.parts", message="input has 22 parts; the maximum is 16 per request."),
    ),
    Fault(
        "dimensions_message_vague",
        "names neither the accepted values nor the one received",
        ("A39",),
        _reword(dimensions="dimensions is not supported."),
    ),
    Fault(
        "dimensions_message_without_accepted",
        "does not list the accepted dimensions",
        ("A39",),
        edit_error(_only_received, "dimensions.value"),
    ),
    Fault(
        "dimensions_message_without_received",
        "does not say which dimensions it received",
        ("A39",),
        _reword(dimensions="This model only accepts 1024, 2048 for dimensions."),
    ),
)
