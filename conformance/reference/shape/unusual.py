"""
Odd servers that keep the contract: whoever judges them must raise no alarm.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Callable
from typing import Any

import numpy
import orjson

from conformance.reference.asgi import Answer, VerbatimName
from conformance.reference.shape.behaviour import write_row
from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import leave_out
from conformance.reference.shape.refusals import Refusal
from conformance.reference.shape.space import Vectors
from conformance.reference.zoo import Variant

__all__ = ["SHARED_VARIANTS"]

Changes = dict[str, Any]
FILLER = {"note": "ignore me", "n": [1, 2, {"deep": None}]}
_FIELDS = ("body", "field", "model", "input", "format", "dimensions", "user", "tier")


def _rewrite(change: Callable[[Any], Any], dump: Callable[[Any], bytes] = orjson.dumps) -> Changes:
    def edit(call: Call, answer: Answer) -> Answer:
        if answer.content_type == b"application/json" and answer.body:
            answer.body = dump(change(orjson.loads(answer.body)))
        return answer

    return {"on_answer": edit}


def _reverse(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reverse(value[name]) for name in reversed(value)}
    return [_reverse(item) for item in value] if isinstance(value, list) else value


def _extend(value: Any) -> Any:
    if isinstance(value, dict):
        return {"_before": FILLER, **{name: _extend(item) for name, item in value.items()}, "zz_after": FILLER}
    return [_extend(item) for item in value] if isinstance(value, list) else value


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _write_exponents(value: Any) -> bytes:
    if isinstance(value, dict):
        members = (orjson.dumps(name) + b":" + _write_exponents(item) for name, item in value.items())
        return b"{" + b",".join(members) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(_write_exponents, value)) + b"]"
    return f"{value:.12E}".encode() if isinstance(value, float) else orjson.dumps(value)


def _write_pretty(value: Any) -> bytes:
    return b"\n" + json.dumps(value, indent=4, ensure_ascii=True).encode() + b"\r\n\t "


def _same(value: Any) -> Any:
    return value


def _long_digits(call: Call, row: Any) -> Any:
    written = write_row(call, row)
    return written if isinstance(written, str) else row.astype(numpy.float64)


def _headers(change: Callable[[bytes], bytes]) -> Changes:
    def edit(call: Call, answer: Answer) -> Answer:
        answer.headers = [(VerbatimName(change(name)), value) for name, value in answer.headers]
        return answer

    return {"on_answer": edit}


def _compress(call: Call, answer: Answer) -> Answer:
    if b"gzip" in call.request.headers.get(b"accept-encoding", b"") and answer.body:
        answer.body = gzip.compress(answer.body, 1, mtime=0)
        answer.headers.append((b"content-encoding", b"gzip"))
        answer.headers.append((b"vary", b"accept-encoding"))
    return answer


def _chunk(call: Call, answer: Answer) -> Answer:
    answer.chunks = 7 if answer.body else 0
    return answer


def _close(call: Call, answer: Answer) -> Answer:
    answer.headers.append((b"connection", b"close"))
    return answer


def _content_type(value: bytes) -> Changes:
    def edit(call: Call, answer: Answer) -> Answer:
        if answer.content_type == b"application/json":
            answer.content_type = value
        return answer

    return {"on_answer": edit}


def _unprocessable(call: Call, refusal: Refusal) -> Refusal:
    concerns_a_field = refusal.kind.partition(".")[0] in _FIELDS
    return dataclasses.replace(refusal, status=422) if refusal.status == 400 and concerns_a_field else refusal


def _reword(call: Call, refusal: Refusal) -> Refusal:
    return dataclasses.replace(refusal, message=f"Sorry, that did not work out ({refusal.kind.replace('.', ', ')}).")


def _null(**changes: Any) -> Changes:
    def edit(call: Call, refusal: Refusal) -> Refusal:
        return dataclasses.replace(refusal, **changes) if refusal.status == 400 else refusal

    return {"on_refusal": edit}


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, (int, list)) for one in value)


def _refuse(when: Callable[[Call], bool], kind: str, field: str) -> Changes:
    message = f"'{field}' is not supported in this form by this server."
    refusal = Refusal(kind, 400, "invalid_request_error", None, message, field)
    return {"refuses": lambda call: refusal if when(call) else None}


def _drift(call: Call, rows: Vectors) -> Vectors:
    step = numpy.float32(1e-5 * (call.shared.embeds % 3 - 1))
    drifted: Vectors = rows + step * numpy.linspace(-1, 1, rows.shape[1], dtype=numpy.float32)
    return drifted


def _scaled(call: Call, rows: Vectors) -> Vectors:
    return rows * numpy.float32(7.5)


def _with_whole_numbers(call: Call, rows: Vectors) -> Vectors:
    # The first number of each vector is 1 or -1.
    scaled: Vectors = (rows / numpy.abs(rows[:, :1])).astype(numpy.float32)
    return scaled


def _dimensions(call: Call) -> bool:
    return call.wish is not None and call.wish.dimensions is not None


SHARED_VARIANTS = (
    Variant("other_words", "words its messages differently", {"on_refusal": _reword}),
    Variant("keys_reversed", "writes the keys of each object in reverse", _rewrite(_reverse)),
    Variant("extra_fields", "adds unknown fields to every object", _rewrite(_extend)),
    Variant("pretty", "indents its JSON", _rewrite(_same, _write_pretty)),
    Variant("exponents", "writes each float with an exponent", _rewrite(_same, _write_exponents)),
    Variant(
        "digits_of_double",
        "writes the numbers of single precision with the digits of doubles",
        {"write_row": _long_digits},
    ),
    Variant(
        "whole_floats_as_integers",
        "writes 1.0 as 1, which each vector begins with",
        {**_rewrite(_whole), "on_vectors": _with_whole_numbers},
    ),
    Variant("chunked", "sends each body in chunks", {"on_answer": _chunk}),
    Variant("gzip_when_asked", "compresses bodies for callers that accept it", {"on_answer": _compress}),
    Variant("headers_upper", "writes header names in capitals", _headers(bytes.upper)),
    Variant("headers_title", "writes header names with capital initials", _headers(bytes.title)),
    Variant("connection_close", "closes the connection after each answer", {"on_answer": _close}),
    Variant("charset", "names the charset of its JSON", _content_type(b"application/json; charset=utf-8")),
    Variant("slow", "takes 40 ms for each answer", {"pause": lambda call: 0.04}),
    Variant(
        "one_at_a_time",
        "serves one request after the other, a millisecond each",
        {"pause": lambda call: 0.001, "one_at_a_time": True},
    ),
    Variant("rate_limited", "refuses each fortieth call with 429 and Retry-After: 1", {"refuses_every": 40}),
    Variant("param_null", "has null for param in each 400", _null(param=None)),
    Variant("status_422", "answers 422 where a field is not valid", {"on_refusal": _unprocessable}),
    Variant("not_normalised", "answers with vectors of length 7.5", {"on_vectors": _scaled}),
    Variant("vector_drifts_slightly", "gives vectors that differ by 0.00001 from call to call", {"on_vectors": _drift}),
    Variant("width_1536", "has a native width of 1536", {"width": 1_536}),
    Variant("width_8", "has a native width of 8", {"width": 8}),
    Variant(
        "no_token_input",
        "refuses token ids",
        _refuse(lambda call: _is_ids(call.input), "input.type", "input"),
        declares={"token_input": "no"},
    ),
    Variant(
        "no_dimensions",
        "refuses dimensions",
        _refuse(_dimensions, "dimensions.fixed", "dimensions"),
        declares={"dimensions": "fixed"},
    ),
    Variant("surrogates_replaced", "embeds half a surrogate pair as some character", leave_out("input.surrogate")),
    Variant(
        "job_lines_checked_at_once", "refuses a job with bad lines when it is created", {"checks_lines_first": True}
    ),
    Variant("cors_none", "offers nothing to pages of other origins", {"cors": "none"}),
    Variant("cors_echo", "repeats the origin of each page", {"cors": "echo"}),
    Variant("no_rate_headers", "sends no headers about limits", {"rate_headers": False}),
    Variant(
        "no_base64",
        "refuses base64",
        _refuse(lambda call: call.wish is not None and call.wish.base64, "format.value", "encoding_format"),
        declares={"base64": "no"},
    ),
)
