"""
Requests that bring the server down, and what goes wrong on the wire.
"""

from __future__ import annotations

import json
import re

from conformance.reference.asgi import Answer
from conformance.reference.aurous.call import CREATE, Call
from conformance.reference.aurous.faulty.edits import edit_answer, set_header
from conformance.reference.aurous.refusals import Refusal, malformed
from conformance.reference.documents import MalformedDocument, read_document
from conformance.reference.zoo import Fault

__all__ = ["FAULTS", "KNOWN"]

_LONE = re.compile(rb"\\u[dD][89a-fA-F]", re.ASCII)
_LONG_NUMBER = re.compile(rb"[:,\[]\s*-?[0-9]{19,}")
KNOWN = {"model", "input", "dimensions", "encoding_format", "user"}


def _posts(call: Call) -> bool:
    return call.request.method == "POST" and call.path.startswith(CREATE)


def _document(call: Call) -> object:
    try:
        return read_document(call.request.body)
    except (MalformedDocument, UnicodeError):
        return None


def _texts(call: Call) -> str:
    document = _document(call)
    return json.dumps(document.get("input"), ensure_ascii=False) if isinstance(document, dict) else ""


def _lone_surrogate(call: Call) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in _texts(call))


def _not_utf8(call: Call) -> bool:
    try:
        call.request.body.decode()
    except UnicodeDecodeError:
        return True
    return False


def _not_json(call: Call) -> bool:
    return call.request.body.strip() != b"" and _document(call) is None and not _deep(call)


def _deep(call: Call) -> bool:
    return call.request.body.count(b"[[[[[[[[") > 10 or call.request.body.count(b"{") > 1_000


def _not_object(call: Call) -> bool:
    document = _document(call)
    return document is not None and not isinstance(document, dict)


def _unknown_field(call: Call) -> bool:
    document = _document(call)
    return isinstance(document, dict) and bool(document.keys() - KNOWN)


def _null_option(call: Call) -> bool:
    document = _document(call)
    return isinstance(document, dict) and any(value is None for value in document.values())


def _empty_text(call: Call) -> bool:
    document = _document(call)
    return isinstance(document, dict) and document.get("input") == ""


def _empty_array(call: Call) -> bool:
    document = _document(call)
    return isinstance(document, dict) and document.get("input") == []


def _member_of_array(call: Call) -> bool:
    document = _document(call)
    given = document.get("input") if isinstance(document, dict) else None
    return isinstance(given, list) and any(isinstance(part, (int, list)) for part in given)


def _null_part(call: Call) -> bool:
    document = _document(call)
    given = document.get("input") if isinstance(document, dict) else None
    return isinstance(given, list) and any(
        part is None
        or (isinstance(part, dict) and not isinstance(part.get(str(part.get("type"))), (str, dict)))
        for part in given
    )


def _refuse_emoji(call: Call) -> Refusal | None:
    if any(letter > "\uffff" for letter in _texts(call)):
        return malformed("text.nul", "input holds characters that are not supported.", "input")
    return None


def _crash(name: str, what: str, when: object, *promises: str) -> Fault:
    assert callable(when)
    return Fault(
        f"crash_on_{name}",
        f"answers 500 to {what}",
        promises or ("A31",),
        {"crashes": lambda call: _posts(call) and when(call)},
    )


def _false_gzip(call: Call, answer: Answer, *, refusals: bool) -> None:
    if (call.refusal is not None) == refusals and b"gzip" in call.request.headers.get(
        b"accept-encoding", b""
    ):
        set_header(answer, b"content-encoding", b"gzip")


def _cut_body(call: Call, answer: Answer) -> None:
    if _posts(call) and call.refusal is None:
        answer.body = answer.body[: len(answer.body) // 2]


def _trailing(call: Call, answer: Answer) -> None:
    answer.body += b"{}"


def _mark_bytes(call: Call, answer: Answer) -> None:
    answer.body = b"\xef\xbb\xbf" + answer.body


def _second_on_connection(call: Call, answer: Answer) -> Answer | None:
    seen: dict[object, int] = call.shared.memory.setdefault("connections", {})
    seen[call.request.client] = seen.get(call.request.client, 0) + 1
    if seen[call.request.client] % 2 or not _posts(call) or call.refusal is not None:
        return None
    return Answer(answer.status, b'{"object":"list","data":[]}', headers=answer.headers)


def _same_id_when_busy(call: Call, fresh: str) -> str:
    return call.shared.running[0].request_id if call.shared.running and call.creates else fresh


def _fails_when_busy(call: Call) -> bool:
    return call.creates and len(call.shared.running) >= 2


def _page(call: Call, answer: Answer) -> Answer | None:
    if call.refusal is None or call.refusal.kind != "route.unknown":
        return None
    return Answer(404, b"<h1>Not Found</h1>", b"text/html", answer.headers)


FAULTS = (
    _crash("nul", "a text with NUL", lambda call: "\\u0000" in _texts(call)),
    _crash("lone_surrogate", "half a surrogate pair", _lone_surrogate),
    _crash("invalid_utf8", "a body that is not UTF-8", _not_utf8, "A45"),
    _crash("empty_body", "an empty body", lambda call: not call.request.body.strip(), "A45"),
    _crash("malformed_json", "a body that is not JSON", _not_json, "A45"),
    _crash("non_object", "a body that is JSON and no object", _not_object),
    _crash("deep_nesting", "a body with thousands of nested brackets", _deep, "A45"),
    _crash(
        "huge_integer", "an integer beyond 64 bits", lambda call: bool(_LONG_NUMBER.search(call.request.body))
    ),
    _crash("unknown_field", "a field that it does not know", _unknown_field),
    _crash("null_option", "null for a field", _null_option),
    _crash(
        "emoji", "a text with emoji", lambda call: any(letter > "\uffff" for letter in _texts(call)), "A17"
    ),
    _crash("non_ascii", "a text beyond ASCII", lambda call: not _texts(call).isascii(), "A17"),
    _crash("empty_text", "an empty text", _empty_text),
    _crash("empty_array", "an empty array", _empty_array),
    _crash("token_ids", "an array of token ids", _member_of_array),
    _crash("broken_part", "a content part without its content", _null_part),
    _crash(
        "long_text", "a text of more than 50,000 characters", lambda call: len(_texts(call)) > 50_000, "A17"
    ),
    _crash("key", "any idempotency key", lambda call: b"idempotency-key" in call.request.headers, "A24"),
    _crash("bearer", "a Bearer credential", lambda call: b"authorization" in call.request.headers, "A28"),
    Fault(
        "emoji_refused",
        "refuses texts with characters beyond the first plane",
        ("A17",),
        {"refuses": _refuse_emoji},
    ),
    Fault(
        "not_found_html",
        "answers unknown paths with a web page",
        ("A45",),
        edit_answer(_page),
    ),
    Fault(
        "method_unchecked_500",
        "answers 500 to a wrong method",
        ("A45",),
        {"crashes": lambda call: call.path == CREATE and call.request.method != "POST"},
    ),
    Fault(
        "false_gzip",
        "says gzip over plain bytes when gzip is accepted",
        ("A45",),
        edit_answer(lambda call, answer: _false_gzip(call, answer, refusals=False)),
    ),
    Fault(
        "false_gzip_on_refusals",
        "says gzip over plain refusals when gzip is accepted",
        ("A45",),
        edit_answer(lambda call, answer: _false_gzip(call, answer, refusals=True)),
    ),
    Fault("body_cut", "sends half of each embedding's JSON", ("A20", "A45"), edit_answer(_cut_body)),
    Fault(
        "body_trailing", "sends a second JSON document after each answer", ("A45",), edit_answer(_trailing)
    ),
    Fault(
        "body_byte_order_mark", "starts each body with a byte order mark", ("A45",), edit_answer(_mark_bytes)
    ),
    Fault(
        "second_on_connection",
        "answers every second request of a connection without an embedding",
        ("A20",),
        edit_answer(_second_on_connection),
    ),
    Fault(
        "request_id_shared_when_busy",
        "gives simultaneous requests the same id",
        ("A42", "A05"),
        {"make_request_id": _same_id_when_busy, "pause_s": 0.01},
    ),
    Fault(
        "crash_when_busy",
        "answers 500 when three requests run at once",
        ("A19",),
        {"crashes": _fails_when_busy, "pause_s": 0.01},
    ),
)
