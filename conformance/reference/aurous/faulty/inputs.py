"""
Input, encoding_format and dimensions: accepted where they should be refused, refused where they should not.
"""

from __future__ import annotations

import base64
import struct
from typing import Any

from conformance.reference.aurous.call import Call, Part
from conformance.reference.aurous.faulty.edits import (
    Changes,
    Document,
    edit_item,
    edit_success,
    edit_vector,
    input_of,
    leave_out,
)
from conformance.reference.aurous.refusals import Refusal, invalid, malformed
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _strings(call: Call) -> bool:
    given = input_of(call)
    return isinstance(given, list) and bool(given) and isinstance(given[0], str)


def _one_each(call: Call, document: Document) -> None:
    if _strings(call):
        first = document["data"][0]
        document["data"] = [{**first, "index": index} for index in range(len(input_of(call)))]


def _first_string(call: Call, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return parts[:1] if _strings(call) else parts


def _asks_base64(call: Call) -> bool:
    return bool(call.document.get("encoding_format") == "base64")


def _pack(call: Call, item: Document) -> None:
    if _asks_base64(call):
        vector = item["embedding"]
        item["embedding"] = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _refuse_encoding(value: str | None) -> Changes:
    def refuse(call: Call) -> Refusal | None:
        if call.creates and call.document.get("encoding_format") == value:
            return malformed(
                "encoding.value", f"encoding_format {value} is not supported.", "encoding_format"
            )
        return None

    return {"refuses": refuse}


def _refuse_field(name: str) -> Changes:
    def refuse(call: Call) -> Refusal | None:
        if call.document.get(name) is not None:
            return malformed("field.unknown", f"{name} is not a field of this request.", name)
        return None

    return {"refuses": refuse}


def _refuse_dimensions(call: Call) -> Refusal | None:
    wanted = call.document.get("dimensions")
    if wanted is None:
        return None
    message = f"The model only accepts 1024, 2048 for dimensions; received {wanted!a}."
    return invalid("dimensions.value", "embeddings_unsupported_dimensions", message, "dimensions")


def _accept(*wanted: Any) -> Changes:
    def accepts(call: Call, value: Any, accepted: tuple[int, ...]) -> bool:
        return any(type(value) is type(one) and value == one for one in wanted)

    return {"accepts_dimensions": accepts}


def _cut(call: Call, vector: list[float]) -> list[float]:
    wanted = call.document.get("dimensions") or len(vector)
    return (vector * 2)[:wanted]


def _refuse_many_texts(call: Call) -> Refusal | None:
    given = input_of(call)
    if (
        isinstance(given, list)
        and sum(isinstance(part, dict) and part.get("type") == "text" for part in given) > 1
    ):
        return malformed("input.type", "input may hold one text part.", "input")
    return None


FAULTS = (
    Fault(
        "batch_of_one_accepted",
        "accepts an array of one string",
        ("A03",),
        {"refuses_batch": lambda items: len(items) > 1},
    ),
    Fault(
        "batch_embedded_one_each",
        "answers an array of strings with one vector each",
        ("A01",),
        {**leave_out("input.batch"), **edit_success(_one_each)},
    ),
    Fault(
        "batch_first_only",
        "embeds only the first of an array of strings",
        ("A01",),
        {**leave_out("input.batch"), "content": _first_string},
    ),
    Fault(
        "batch_combined", "combines an array of strings into one vector", ("A01",), leave_out("input.batch")
    ),
    Fault(
        "batch_over_cap_accepted",
        "accepts an array of strings with more than eight of them",
        ("A01", "A03"),
        {"refuses_batch": lambda items: len(items) <= 8},
    ),
    Fault("token_ids_accepted", "accepts an array of token ids", ("A31",), leave_out("input.tokens")),
    Fault("mixed_input_accepted", "accepts strings among content parts", ("A31",), leave_out("input.mixed")),
    Fault(
        "unknown_part_accepted", "accepts content parts of unknown types", ("A31",), leave_out("part.type")
    ),
    Fault("nul_accepted", "accepts NUL in a text", ("A31",), leave_out("text.nul")),
    Fault(
        "many_texts_refused",
        "refuses several text parts in one request",
        ("A08",),
        {"refuses": _refuse_many_texts},
    ),
    Fault("base64_honoured", "answers base64 with a text", ("A33",), edit_item(_pack)),
    Fault("base64_refused", "refuses encoding_format base64", ("A33",), _refuse_encoding("base64")),
    Fault("float_refused", "refuses encoding_format float", ("A33",), _refuse_encoding("float")),
    Fault(
        "base64_vector_differs",
        "gives another vector when base64 is asked for",
        ("A33",),
        edit_vector(lambda call, vector: vector[::-1] if _asks_base64(call) else vector),
    ),
    Fault(
        "base64_as_bytes",
        "answers base64 with the bytes of the vector as numbers",
        ("A33",),
        edit_vector(
            lambda call, vector: (
                list(struct.pack(f"<{len(vector)}f", *vector)) if _asks_base64(call) else vector
            )
        ),
    ),
    Fault("encoding_format_unchecked", "accepts any encoding_format", ("A33",), leave_out("encoding.value")),
    Fault("user_refused", "refuses the field user", ("A34",), _refuse_field("user")),
    Fault(
        "dimensions_always_refused",
        "refuses dimensions, listed or not",
        ("A37",),
        {"refuses": _refuse_dimensions},
    ),
    Fault(
        "dimensions_truncate",
        "cuts or repeats the vector to the dimensions asked for",
        ("A37", "A43"),
        edit_vector(_cut),
    ),
    Fault(
        "dimensions_hard_coded",
        "accepts 256, 512 and 1536 although the model row does not list them",
        ("A38", "A41"),
        _accept(256, 512, 1536),
    ),
    Fault("dimensions_unchecked", "accepts any dimensions", ("A38",), leave_out("dimensions.value")),
    Fault(
        "dimensions_smaller_accepted",
        "accepts any dimensions up to the native width",
        ("A38",),
        {
            "accepts_dimensions": lambda call, value, accepted: (
                type(value) is int and 0 < value <= 1024 and bool(accepted)
            )
        },
    ),
    Fault(
        "dimensions_far_off_accepted",
        "accepts dimensions of more than 100,000",
        ("A38",),
        {"accepts_dimensions": lambda call, value, accepted: type(value) is int and value > 100_000},
    ),
    Fault(
        "dimensions_of_fixed_model_accepted",
        "accepts dimensions for a model whose row lists none",
        ("A32",),
        {"accepts_dimensions": lambda call, value, accepted: not accepted},
    ),
    Fault(
        "dimensions_text_accepted",
        'accepts the text "1024" for dimensions',
        ("A38",),
        _accept("1024", "2048"),
    ),
    Fault(
        "dimensions_fraction_accepted",
        "accepts 1024.5 for dimensions",
        ("A38",),
        {"accepts_dimensions": lambda call, value, accepted: type(value) is float and int(value) in accepted},
    ),
    Fault("dimensions_true_accepted", "accepts true for dimensions", ("A38",), _accept(True)),
    Fault("dimensions_zero_accepted", "accepts 0 for dimensions", ("A38",), _accept(0)),
    Fault(
        "dimensions_negative_accepted",
        "accepts negative dimensions",
        ("A38",),
        {"accepts_dimensions": lambda call, value, accepted: type(value) is int and value < 0},
    ),
)
