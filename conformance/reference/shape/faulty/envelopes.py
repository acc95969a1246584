"""
Faults of documents: refusals in other shapes, successes with other words.
"""

from __future__ import annotations

from typing import Any

import orjson

from conformance.reference.asgi import Answer
from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import (
    Document,
    edit_answer,
    edit_error,
    edit_refusal,
    edit_rows,
    edit_success,
    leave_out,
    replace_envelope,
)
from conformance.reference.shape.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

_NO_USER = Refusal("user.type", 400, "invalid_request_error", None, "Unsupported parameter: 'user'.", "user")


def _refused(call: Call) -> bool:
    return call.refusal is not None


def _plain(call: Call, answer: Answer) -> None:
    if _refused(call):
        answer.content_type = b"text/plain; charset=utf-8"
        answer.body = b"Bad Request: value_error"


def _html(call: Call, answer: Answer) -> None:
    if _refused(call):
        answer.content_type = b"text/html"
        answer.body = b"<html><body><h1>Bad Request</h1></body></html>"


def _empty(call: Call, answer: Answer) -> None:
    if _refused(call):
        answer.body = b""


def _hidden(call: Call, answer: Answer) -> None:
    if _refused(call) and answer.status in (400, 413):
        answer.status = 200


def _numeric(call: Call, error: Document) -> None:
    error["code"] = call.refusal.status if call.refusal is not None else 400


def _none_words(call: Call, error: Document) -> None:
    for name in ("type", "param"):
        error[name] = "None"
    error["code"] = str(call.refusal.status) if call.refusal is not None else "400"


def _mistype(name: str, value: Any) -> Any:
    return edit_error(lambda call, error: error.update({name: value}))


def _drop(name: str) -> Any:
    return edit_error(lambda call, error: error.pop(name, None))


def _cut_body(call: Call, answer: Answer) -> None:
    if answer.status == 200 and call.embeds:
        answer.body = answer.body[: len(answer.body) // 2]


def _object(name: str) -> Any:
    return edit_success(lambda call, document: document.update(object=name))


def _object_of_rows(call: Call, rows: list[Document]) -> None:
    for row in rows:
        row["object"] = "vector"


def _detail(error: Document) -> Any:
    return {"detail": [{"loc": ["body"], "msg": error["message"], "type": "value_error"}]}


def _trace(call: Call, error: Document) -> None:
    error["message"] += ' Traceback (most recent call last): File "/srv/app/engine.py", line 71, in encode'


def _nul(call: Call) -> bool:
    return b"\\u0000" in call.request.body


def _emoji(call: Call) -> bool:
    return call.wish is not None and any(letter > "\uffff" for item in call.wish.items for letter in (item.text or ""))


FAULTS = (
    Fault(
        "envelope_flat",
        "writes the members of a refusal without the object error",
        ("envelope",),
        replace_envelope(lambda error: {"object": "error", **error, "code": 400}),
    ),
    Fault("envelope_detail", "writes refusals as detail", ("envelope",), replace_envelope(_detail)),
    Fault(
        "envelope_string",
        "writes error as a string",
        ("envelope",),
        replace_envelope(lambda error: {"error": error["message"]}),
    ),
    Fault(
        "envelope_list", "writes refusals as a list", ("envelope",), replace_envelope(lambda error: [{"error": error}])
    ),
    Fault("envelope_code_number", "writes the status as a number in code", ("envelope",), edit_error(_numeric)),
    Fault("envelope_none_words", "writes None as a word for type and param", ("envelope",), edit_error(_none_words)),
    Fault("envelope_without_message", "leaves message out of refusals", ("envelope",), _drop("message")),
    Fault("envelope_without_type", "leaves type out of refusals", ("envelope",), _drop("type")),
    Fault("envelope_message_empty", "writes an empty message", ("envelope",), _mistype("message", "")),
    Fault(
        "envelope_message_object", "writes an object for message", ("envelope",), _mistype("message", {"text": "no"})
    ),
    Fault("envelope_param_list", "writes a list for param", ("envelope",), _mistype("param", ["body", "input"])),
    Fault("envelope_text_plain", "answers refusals in plain text", ("envelope",), edit_answer(_plain)),
    Fault("envelope_html", "answers refusals with a web page", ("envelope",), edit_answer(_html)),
    Fault("envelope_empty", "answers refusals with nothing", ("envelope",), edit_answer(_empty)),
    Fault("envelope_leaks_trace", "shows a stack trace in messages", ("envelope",), edit_error(_trace)),
    Fault("error_hidden_in_200", "answers 200 with an error inside", ("status",), edit_answer(_hidden)),
    Fault(
        "bad_json_500",
        "answers 500 to what is not JSON",
        ("status",),
        edit_refusal(
            "json", status=500, type="server_error", code=None, message="Unexpected token in JSON at position 0"
        ),
    ),
    Fault(
        "not_object_500",
        "answers 500 to JSON that is no object",
        ("status",),
        edit_refusal("body.object", status=500, type="server_error"),
    ),
    Fault(
        "client_errors_500",
        "answers 500 to every bad field",
        ("status",),
        edit_refusal("model.missing", "model.type", "input", "dimensions", "format", "user", status=500),
    ),
    Fault(
        "surrogate_500",
        "answers 500 to half of a surrogate pair",
        ("unicode", "status"),
        edit_refusal("input.surrogate", status=500, type="server_error"),
    ),
    Fault("nul_500", "answers 500 to a NUL in a text", ("unicode", "status"), {"crashes": _nul}),
    Fault("emoji_500", "answers 500 to characters beyond the basic plane", ("unicode", "status"), {"crashes": _emoji}),
    Fault(
        "unicode_replaced",
        "embeds a question mark for each character beyond ASCII",
        ("unicode", "belongs"),
        {
            "on_input": lambda call, value: (
                value.encode("ascii", "replace").decode() if isinstance(value, str) else value
            )
        },
    ),
    Fault(
        "surrogate_dropped_connection",
        "hangs up on half of a surrogate pair",
        ("unicode", "alive"),
        {
            "unchecked": frozenset({"input.surrogate"}),
            "kills": lambda call: (
                "drop" if isinstance(call.input, str) and any("\ud800" <= one <= "\udfff" for one in call.input) else ""
            ),
        },
    ),
    Fault(
        "marks_crash",
        "goes down on a thousand marks upon one letter",
        ("unicode", "alive"),
        {"kills": lambda call: "drop" if isinstance(call.input, str) and "\u0301" * 1_000 in call.input else ""},
    ),
    Fault("object_embedding", "names the whole document embedding", ("shape",), _object("embedding")),
    Fault(
        "object_missing",
        "leaves object out",
        ("shape",),
        edit_success(lambda call, document: document.pop("object") and None),
    ),
    Fault("object_of_rows_wrong", "names the rows vector", ("shape",), edit_rows(_object_of_rows)),
    Fault(
        "data_bare_list", "answers with a bare list", ("shape",), edit_success(lambda call, document: document["data"])
    ),
    Fault(
        "data_named_embeddings",
        "names data embeddings",
        ("shape",),
        edit_success(lambda call, document: document.update(embeddings=document.pop("data"))),
    ),
    Fault("body_cut", "sends half of the document", ("shape",), edit_answer(_cut_body)),
    Fault(
        "success_201",
        "answers 201 to embeddings",
        ("status",),
        edit_answer(
            lambda call, answer: setattr(answer, "status", 201) if call.embeds and answer.status == 200 else None
        ),
    ),
    Fault(
        "success_as_text",
        "sends embeddings as text/plain",
        ("shape",),
        edit_answer(
            lambda call, answer: (
                setattr(answer, "content_type", b"text/plain") if call.embeds and not _refused(call) else None
            )
        ),
    ),
    Fault(
        "model_missing_in_answer",
        "leaves model out of the answer",
        ("model", "shape"),
        edit_success(lambda call, document: document.pop("model") and None),
    ),
    Fault(
        "model_null_in_answer",
        "writes null for model",
        ("model", "shape"),
        edit_success(lambda call, document: document.update(model=None)),
    ),
    Fault("model_not_required", "embeds without a model", ("model", "validation"), leave_out("model.missing")),
    Fault(
        "model_mistyped_accepted",
        "takes a number or an empty string for a model",
        ("model", "validation"),
        leave_out("model.type", "model.empty"),
    ),
    Fault("user_mistyped_accepted", "takes a user that is no string", ("user", "validation"), leave_out("user.type")),
    Fault(
        "user_refused",
        "answers 400 when user is there",
        ("user",),
        {"refuses": lambda call: _NO_USER if call.wish is not None and call.wish.user else None},
    ),
    Fault(
        "null_options_500",
        "answers 500 to null for an optional field",
        ("validation", "status"),
        {
            "crashes": lambda call: (
                isinstance(call.document, dict)
                and any(value is None for name, value in call.document.items() if name not in ("model", "input"))
            )
        },
    ),
    Fault(
        "wrong_method_200",
        "answers 200 with nothing to GET",
        ("http",),
        edit_answer(
            lambda call, answer: (
                Answer(200, b"{}", headers=answer.headers)
                if call.request.method == "GET" and call.place is not None and call.place.kind == "embeddings"
                else None
            )
        ),
    ),
    Fault(
        "wrong_method_500", "answers 500 to other methods", ("http", "status"), edit_refusal("route.method", status=500)
    ),
    Fault(
        "unknown_path_200",
        "answers 200 to unknown paths",
        ("http",),
        edit_answer(
            lambda call, answer: (
                Answer(200, orjson.dumps({"status": "ok"}), headers=answer.headers) if call.place is None else None
            )
        ),
    ),
    Fault(
        "unknown_path_plain",
        "answers unknown paths in plain text",
        ("http", "envelope"),
        edit_answer(
            lambda call, answer: (
                Answer(404, b"404 page not found", b"text/plain", answer.headers) if call.place is None else None
            )
        ),
    ),
)
