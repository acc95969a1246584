"""
Error envelopes of another shape, identifiers that do not match, and wrong content types.
"""

from __future__ import annotations

from typing import Any

from conformance.reference.asgi import Answer
from conformance.reference.aurous.call import Call
from conformance.reference.aurous.faulty.edits import (
    Changes,
    drop_header,
    edit_answer,
    edit_error,
    edit_refusal,
    replace_envelope,
    set_header,
)
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _in_body(value: Any) -> Changes:
    return edit_error(lambda call, error: error.update(request_id=value))


def _remember_id(call: Call, fresh: str) -> str:
    previous: str = call.shared.memory.get("id", fresh)
    call.shared.memory["id"] = fresh
    return previous if call.serial % 2 == 0 else fresh


def _header_differs(call: Call, answer: Answer) -> None:
    if call.refusal is not None:
        set_header(answer, b"aurous-request-id", (call.request_id[:-1] + "Z").encode())


def _no_header(call: Call, answer: Answer, *, on_refusals: bool) -> None:
    if (call.refusal is not None) == on_refusals:
        drop_header(answer, b"aurous-request-id")


def _as_page(call: Call, answer: Answer) -> Answer | None:
    if call.refusal is None:
        return None
    page = f"<!doctype html><title>{answer.status}</title><h1>Error</h1>".encode()
    return Answer(answer.status, page, b"text/html; charset=utf-8", answer.headers)


def _as_type(content_type: bytes, *, refusals: bool) -> Changes:
    def edit(call: Call, answer: Answer) -> None:
        if (call.refusal is not None) == refusals and answer.content_type:
            answer.content_type = content_type

    return edit_answer(edit)


def _as_success(call: Call, answer: Answer) -> None:
    if call.refusal is not None and answer.status == 400:
        answer.status = 200


def _drop_rate(call: Call, answer: Answer) -> None:
    if answer.status == 429:
        answer.headers = [header for header in answer.headers if not header[0].startswith(b"x-ratelimit")]


FAULTS = (
    Fault(
        "doc_url_missing",
        "has no doc_url in its errors",
        ("A04",),
        edit_error(lambda call, error: error.pop("doc_url")),
    ),
    Fault(
        "doc_url_without_code",
        "points every error to the same page",
        ("A04",),
        {"write_doc_url": lambda code: "https://docs.aurous-labs.com/errors"},
    ),
    Fault(
        "doc_url_other_code",
        "points every error to the page of internal_error",
        ("A04",),
        {"write_doc_url": lambda code: "https://docs.aurous-labs.com/errors#internal_error"},
    ),
    Fault(
        "doc_url_relative",
        "writes doc_url without a host",
        ("A04",),
        {"write_doc_url": lambda code: f"/errors#{code}"},
    ),
    Fault(
        "request_id_body_differs",
        "writes another request id into the error than into the header",
        ("A42", "A05"),
        _in_body("req_01HXMQ7Z3K8Y2ABCDEFGHJKMNP"),
    ),
    Fault(
        "request_id_header_differs",
        "changes the last character of the header's request id on refusals",
        ("A42",),
        edit_answer(_header_differs),
    ),
    Fault(
        "request_id_body_missing",
        "leaves request_id out of the error",
        ("A05", "A42"),
        edit_error(lambda call, error: error.pop("request_id")),
    ),
    Fault("request_id_body_null", "writes request_id as null", ("A05", "A42"), _in_body(None)),
    Fault(
        "request_id_header_missing",
        "sends no request id header with refusals",
        ("A42",),
        edit_answer(lambda call, answer: _no_header(call, answer, on_refusals=True)),
    ),
    Fault(
        "request_id_missing_on_success",
        "sends no request id header with successes",
        ("A42",),
        edit_answer(lambda call, answer: _no_header(call, answer, on_refusals=False)),
    ),
    Fault(
        "request_id_constant",
        "gives every request the same id",
        ("A05", "A42"),
        {"make_request_id": lambda call, fresh: "req_01HXMQ7Z3K8Y2ABCDEFGHJKMNP"},
    ),
    Fault(
        "request_id_repeated",
        "gives every second request the id of the one before",
        ("A05", "A42"),
        {"make_request_id": _remember_id},
    ),
    Fault(
        "request_id_wrong_prefix",
        "starts request ids with request-",
        ("A05",),
        {"make_request_id": lambda call, fresh: "request-" + fresh[4:]},
    ),
    Fault(
        "request_id_only_prefix",
        "has request ids of nothing but req_",
        ("A05",),
        {"make_request_id": lambda call, fresh: "req_"},
    ),
    Fault("refusal_html", "refuses with a web page", ("A45",), edit_answer(_as_page)),
    Fault(
        "refusal_text_html",
        "sends JSON refusals as text/html",
        ("A45",),
        _as_type(b"text/html", refusals=True),
    ),
    Fault(
        "refusal_without_content_type",
        "sends refusals without a content type",
        ("A45",),
        _as_type(b"", refusals=True),
    ),
    Fault(
        "success_text_plain",
        "sends successes as text/plain",
        ("A45",),
        _as_type(b"text/plain", refusals=False),
    ),
    Fault("error_in_200", "sends refusals with status 200", ("A01", "A10", "A38"), edit_answer(_as_success)),
    Fault(
        "envelope_detail",
        'refuses with {"detail": ...}',
        ("A04", "A05"),
        replace_envelope(lambda error: {"detail": error["message"]}),
    ),
    Fault(
        "envelope_detail_list",
        "refuses with a list of validation details",
        ("A04", "A05"),
        replace_envelope(
            lambda error: {
                "detail": [{"loc": ["body", error["param"]], "msg": error["message"], "type": "value_error"}]
            }
        ),
    ),
    Fault(
        "envelope_flat",
        "refuses without the error object around the fields",
        ("A04", "A05"),
        replace_envelope(lambda error: error),
    ),
    Fault(
        "envelope_string",
        "writes the error as a text",
        ("A04", "A05"),
        replace_envelope(lambda error: {"error": error["message"]}),
    ),
    Fault(
        "envelope_list",
        "writes a list of errors",
        ("A04", "A05"),
        replace_envelope(lambda error: {"errors": [error]}),
    ),
    Fault(
        "code_numeric",
        "writes the status where the code belongs",
        ("A01",),
        edit_error(lambda call, error: error.update(code=call.refusal.status if call.refusal else 0)),
    ),
    Fault(
        "code_missing",
        "leaves the code out of every error",
        ("A01",),
        edit_error(lambda call, error: error.pop("code")),
    ),
    Fault(
        "type_missing",
        "leaves the type out of every error",
        ("A01",),
        edit_error(lambda call, error: error.pop("type")),
    ),
    Fault(
        "retry_after_missing",
        "sends no Retry-After with 429",
        ("A28",),
        edit_refusal("rate.requests", headers=()),
    ),
    Fault(
        "rate_headers_missing_on_429",
        "sends no X-RateLimit headers with 429",
        ("A28",),
        edit_answer(_drop_rate),
    ),
)
