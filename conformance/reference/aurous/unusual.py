"""
Odd servers that keep the contract: whoever judges them must raise no alarm.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Callable
from typing import Any

import orjson

from conformance.reference.asgi import Answer, VerbatimName
from conformance.reference.aurous.call import Call, Part
from conformance.reference.aurous.refusals import Refusal
from conformance.reference.zoo import Variant

__all__ = ["VARIANTS"]

Changes = dict[str, Any]
Document = dict[str, Any]
FILLER = {"note": "ignore me", "n": [1, 2, {"deep": None}]}
WORDS = {
    "input.batch": "Several strings at once? Loop over them, or send content parts for one combined vector.",
    "message": "Sorry, that did not work out",
}


def _rewrite(change: Callable[[Any], Any], dump: Callable[[Any], bytes] = orjson.dumps) -> Changes:
    def edit(call: Call, answer: Answer) -> Answer:
        answer.body = dump(change(orjson.loads(answer.body)))
        return answer

    return {"on_answer": edit}


def _reverse(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reverse(value[name]) for name in reversed(value)}
    return [_reverse(item) for item in value] if isinstance(value, list) else value


def _extend(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            "_before": FILLER,
            **{name: _extend(item) for name, item in value.items()},
            "zz_after": FILLER,
        }
    if isinstance(value, list):
        return [_extend(item) for item in value]
    return value


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


def _reword(call: Call, refusal: Refusal) -> Refusal:
    message = WORDS.get(refusal.kind)
    if message is None:
        message = refusal.message
        for old, new in (
            (" has ", " came with "),
            ("the maximum is", "we take at most"),
            ("only accepts", "offers"),
        ):
            message = message.replace(old, new)
        message = f"{WORDS['message']}: {message}" if message == refusal.message else message
    return dataclasses.replace(refusal, message=message)


def _param_null(call: Call, refusal: Refusal) -> Refusal:
    seeded = refusal.kind in ("input.batch", "caps.parts", "caps.images")
    return refusal if seeded else dataclasses.replace(refusal, param=None)


def _param_absent(call: Call, envelope: Document) -> Document:
    if call.refusal is not None and call.refusal.kind not in ("input.batch", "caps.parts", "caps.images"):
        del envelope["error"]["param"]
    return envelope


def _recode(kind: str, **changes: Any) -> Changes:
    def edit(call: Call, refusal: Refusal) -> Refusal:
        return dataclasses.replace(refusal, **changes) if refusal.kind == kind else refusal

    return {"on_refusal": edit}


def _headers(change: Callable[[bytes], bytes]) -> Changes:
    def edit(call: Call, answer: Answer) -> Answer:
        answer.headers = [(VerbatimName(change(name)), value) for name, value in answer.headers]
        return answer

    return {"on_answer": edit}


def _drop_but_on_429(prefix: bytes) -> Changes:
    def edit(call: Call, answer: Answer) -> Answer:
        if answer.status == 429:
            return answer
        answer.headers = [header for header in answer.headers if not header[0].startswith(prefix)]
        return answer

    return {"on_answer": edit}


def _compress(call: Call, answer: Answer, *, always: bool) -> Answer:
    if always or b"gzip" in call.request.headers.get(b"accept-encoding", b""):
        answer.body = gzip.compress(answer.body, 1, mtime=0)
        answer.headers.append((b"content-encoding", b"gzip"))
        answer.headers.append((b"vary", b"accept-encoding"))
    return answer


def _chunk(call: Call, answer: Answer) -> Answer:
    answer.chunks = 7
    return answer


def _close(call: Call, answer: Answer) -> Answer:
    answer.headers.append((b"connection", b"close"))
    return answer


def _content_type(value: bytes) -> Changes:
    def edit(call: Call, answer: Answer) -> Answer:
        answer.content_type = value
        return answer

    return {"on_answer": edit}


def _first_id(call: Call, answer: Answer) -> Answer:
    if call.replayed:
        answer.headers = [header for header in answer.headers if header[0] != b"aurous-request-id"]
        answer.headers.append((b"aurous-request-id", call.replay_of.encode()))
    return answer


def _without_video(call: Call, document: Document) -> Document:
    del document["usage"]["breakdown"]["input"]["video"]
    return document


def _estimate_without_video(call: Call, document: Document) -> Document:
    del document["tokens"]["video"]
    del document["breakdown"]["input"]["video"]
    return document


def _generous_estimate(call: Call, document: Document) -> Document:
    # An upper bound: what the images may cost at most, not what they cost.
    more = document["tokens"]["image"] // 5
    document["tokens"]["image"] += more
    document["tokens"]["total"] += more
    document["breakdown"]["input"]["visual"] = round(document["tokens"]["image"] * 48.75 / 1e6, 6)
    document["credits_estimated"] = round(sum(document["breakdown"]["input"].values()), 6)
    return document


def _round_balance(call: Call, document: Document) -> Document:
    if call.path == "/v1/balance":
        for name in ("credits", "held_credits", "available_credits"):
            document[name] = round(document[name], 2)
    return document


def _kind_inside(call: Call, document: Document) -> Document:
    if call.path == "/v1/models":
        for row in document["data"]:
            row["aurous_metadata"]["kind"] = row.pop("kind")
    return document


def _quote_key(call: Call, refusal: Refusal) -> Refusal:
    if refusal.kind != "auth.invalid":
        return refusal
    presented = call.header(b"x-api-key") or call.header(b"authorization")
    return dataclasses.replace(refusal, message=f"{refusal.message} Received {presented}.")


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _fold_case(call: Call, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(part._replace(value=part.value.casefold()) if part.kind == "text" else part for part in parts)


def _one_embedding_model(call: Call, document: Document) -> Document:
    if call.path == "/v1/models":
        document["data"] = [row for row in document["data"] if row["kind"] == "embedding"][:1]
    return document


VARIANTS = (
    Variant("other_words", "words its messages differently", {"on_refusal": _reword}),
    Variant("keys_reversed", "writes the keys of each object in reverse", _rewrite(_reverse)),
    Variant("extra_fields", "adds unknown fields to every object", _rewrite(_extend)),
    Variant("pretty", "indents its JSON", _rewrite(_same, _write_pretty)),
    Variant("exponents", "writes each float with an exponent", _rewrite(_same, _write_exponents)),
    Variant("whole_floats_as_integers", "writes 0.0 as 0", _rewrite(_whole)),
    Variant("chunked", "sends each body in chunks", {"on_answer": _chunk}),
    Variant(
        "gzip_always",
        "compresses each body, asked or not",
        {"on_answer": lambda call, answer: _compress(call, answer, always=True)},
    ),
    Variant(
        "gzip_when_asked",
        "compresses bodies for callers that accept it",
        {"on_answer": lambda call, answer: _compress(call, answer, always=False)},
    ),
    Variant("headers_upper", "writes header names in capitals", _headers(bytes.upper)),
    Variant("headers_title", "writes header names with capital initials", _headers(bytes.title)),
    Variant(
        "param_null", "has null for param where the documents leave it open", {"on_refusal": _param_null}
    ),
    Variant(
        "param_absent", "leaves param out where the documents leave it open", {"on_envelope": _param_absent}
    ),
    Variant(
        "ids_of_24",
        "has request ids of 24 characters after the prefix",
        {"make_request_id": lambda call, fresh: fresh[:4] + fresh[6:]},
    ),
    Variant(
        "ids_of_29",
        "has request ids of 29 characters after the prefix",
        {"make_request_id": lambda call, fresh: fresh + "xyz"},
    ),
    Variant("slow", "takes 40 ms for each answer", {"delay_s": 0.04}),
    Variant("rate_limited", "refuses each fortieth call with 429 and Retry-After: 1", {"refuses_every": 40}),
    Variant(
        "rate_limited_zero",
        "refuses each fifth call with 429 and Retry-After: 0",
        {"refuses_every": 5, "retry_after": b"0"},
    ),
    Variant("connection_close", "closes the connection after each answer", {"on_answer": _close}),
    Variant("status_201", "answers 201 to an embedding", {"success_status": 201}),
    Variant(
        "doc_url_path",
        "writes doc_url as a path of its own",
        {"write_doc_url": lambda code: f"https://docs.aurous-labs.com/errors/{code}"},
    ),
    Variant(
        "doc_url_reference",
        "writes doc_url as a page of the API reference",
        {"write_doc_url": lambda code: f"https://docs.aurous-labs.com/api-reference/errors/{code}"},
    ),
    Variant(
        "doc_url_spec",
        "points doc_url into the specification of the preview host",
        {"write_doc_url": lambda code: f"https://api.preprod.aurous-labs.com/api-spec.json#errors-{code}"},
    ),
    Variant(
        "revoked_as_invalid",
        "calls a revoked key invalid",
        _recode("auth.revoked", code="invalid_api_key", message="This API key is not valid."),
    ),
    Variant(
        "missing_as_invalid", "calls a missing key invalid", _recode("auth.missing", code="invalid_api_key")
    ),
    Variant(
        "unknown_model_400",
        "refuses an unknown model with 400",
        _recode("model.unknown", status=400, type="invalid_request", code="value_out_of_range"),
    ),
    Variant(
        "tokens_other_code",
        "calls too many tokens max_input_tokens_exceeded",
        _recode("caps.tokens", code="max_input_tokens_exceeded"),
    ),
    Variant(
        "unknown_fields_refused",
        "refuses unknown fields",
        {"strict_fields": frozenset({"create", "estimate"})},
    ),
    Variant(
        "estimate_strict",
        "refuses user and encoding_format in an estimate",
        {"strict_fields": frozenset({"estimate"})},
    ),
    Variant("nulls_refused", "refuses null for optional fields", {"refuses_null": True}),
    Variant(
        "empty_text_accepted", "makes a vector of an empty text", {"unchecked": frozenset({"text.empty"})}
    ),
    Variant("blank_text_accepted", "makes a vector of white space", {"unchecked": frozenset({"text.blank"})}),
    Variant(
        "surrogates_replaced",
        "replaces half surrogate pairs",
        {"unchecked": frozenset({"text.surrogate", "user.surrogate"})},
    ),
    Variant(
        "simultaneous_waits",
        "lets a simultaneous use of a key wait, and replays",
        {"waits_for_running": True},
    ),
    Variant(
        "replay_keeps_id", "repeats the request id of the first answer in a replay", {"on_answer": _first_id}
    ),
    Variant("no_video_share", "leaves video out of the breakdown", {"on_document": _without_video}),
    Variant("estimate_no_video", "leaves video out of an estimate", {"on_estimate": _estimate_without_video}),
    Variant("estimate_generous", "estimates a fifth more for images", {"on_estimate": _generous_estimate}),
    Variant("balance_rounded", "rounds the balance to two decimals", {"on_read": _round_balance}),
    Variant("ledger_lags", "shows a charge 150 ms late", {"ledger_lag_s": 0.15}),
    Variant("ledger_frozen", "never moves the balance", {"ledger_moves": False}, witness="broken"),
    Variant("width_2048", "has a native width of 2048", {"width": 2048}),
    Variant("kind_inside_metadata", "lists kind inside aurous_metadata", {"on_read": _kind_inside}),
    Variant("one_model", "lists one model and no chat model", {"on_read": _one_embedding_model}),
    Variant("charset", "names the charset of its JSON", _content_type(b"application/json; charset=utf-8")),
    Variant(
        "charset_odd",
        "names the charset in capitals and quotes",
        _content_type(b'Application/JSON;charset="UTF-8"'),
    ),
    Variant("no_rate_headers", "sends X-RateLimit headers with 429 only", _drop_but_on_429(b"x-ratelimit")),
    Variant(
        "empty_text_accepted_as_space",
        "makes a vector of an empty text as of white space",
        {"unchecked": frozenset({"text.empty", "text.blank"})},
    ),
    Variant(
        "empty_array_accepted", "makes a vector of an empty array", {"unchecked": frozenset({"input.empty"})}
    ),
    Variant("fetch_on_estimate", "fetches the images for an estimate", {"fetches_on_estimate": True}),
    Variant("fetch_on_replay", "fetches the images again for a replay", {"fetches_on_replay": True}),
    Variant("models_open", "lists models without a key", {"open_paths": frozenset({"/v1/models"})}),
    Variant("text_cap_in_utf16", "counts the cap on text in UTF-16 units", {"measure_text": _utf16}),
    Variant("user_cap_in_utf16", "counts the cap on user in UTF-16 units", {"measure_user": _utf16}),
    Variant("vector_case_folded", "gives texts that differ in case the same vector", {"content": _fold_case}),
    Variant("key_leaked", "repeats a refused key in the message", {"on_refusal": _quote_key}),
    Variant(
        "batch_message_no_way_out",
        "does not say what to do instead of an array of strings",
        _recode("input.batch", message="input is not valid."),
    ),
)
