"""
Faults of servers that don't keep what they declare of themselves, or treat one field otherwise than its neighbour.
"""

from __future__ import annotations

import dataclasses

from conformance.reference.asgi import Answer
from conformance.reference.shape.call import Call
from conformance.reference.shape.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

_NO_NULL = Refusal(
    "null.format", 400, "invalid_request_error", "invalid_type", "encoding_format must be a string.", "encoding_format"
)

_TOGETHER = Refusal("tokens.sum", 400, "invalid_request_error", "invalid_input", "Too many tokens at once.", "input")


def _null_format(call: Call) -> Refusal | None:
    document = call.document
    null = isinstance(document, dict) and "encoding_format" in document and document["encoding_format"] is None
    return _NO_NULL if null else None


def _ids_together(call: Call) -> int:
    rows = call.input if isinstance(call.input, list) else []
    return sum(len(row) for row in rows if isinstance(row, list))


def _uploads_refused(call: Call, answer: Answer) -> Answer:
    upload = call.request.method == "POST" and call.request.path.rstrip("/").endswith("/files")
    return dataclasses.replace(answer, status=403) if upload and answer.status < 300 else answer


FAULTS = (
    Fault(
        "declared_tokens_embedded",
        "embeds token ids that it declares not to take",
        ("forms",),
        {},
        declares={"token_input": "no"},
    ),
    Fault(
        "declared_base64_served",
        "serves base64 that it declares not to serve",
        ("base64",),
        {},
        declares={"base64": "no"},
    ),
    Fault(
        "declared_dimensions_served",
        "gives shorter vectors of a model that it declares fixed",
        ("dimensions",),
        {},
        declares={"dimensions": "fixed"},
    ),
    Fault(
        "declared_inputs_fewer",
        "refuses as many inputs as it declares to take",
        ("cap",),
        {"item_cap": 63},
        declares={"item_cap": "own"},
        limits={"inputs": 64},
    ),
    Fault(
        "declared_inputs_more",
        "takes more inputs than it declares to take",
        ("cap",),
        {"item_cap": 65},
        declares={"item_cap": "own"},
        limits={"inputs": 64},
    ),
    Fault(
        "declared_together_more",
        "takes more tokens in a request than it declares to take",
        ("tokens",),
        {},
        limits={"tokens_per_request": 2_000},
    ),
    Fault(
        "declared_together_fewer",
        "refuses a request of as many tokens as it declares to take",
        ("tokens",),
        {"refuses": lambda call: _TOGETHER if _ids_together(call) == 2_000 else None},
        limits={"tokens_per_request": 2_000},
    ),
    Fault("null_format_refused", "refuses null for encoding_format only", ("validation",), {"refuses": _null_format}),
    Fault("file_upload_403", "answers 403 to every upload", ("batch",), {"on_answer": _uploads_refused}),
)
