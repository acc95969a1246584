"""
Faults of the two encodings: base64 that is something else, and floats that are none.
"""

from __future__ import annotations

import base64
from typing import Any

from conformance.reference.shape.behaviour import write_base64
from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import Changes, edit_base64, edit_row, edit_rows
from conformance.reference.shape.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _wants(call: Call) -> bool:
    return call.wish is not None and call.wish.base64


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _refuse(when: Any, message: str, *, status: int = 400) -> Changes:
    kind = "invalid_request_error" if status < 500 else "server_error"
    refusal = Refusal("format.value", status, kind, None, message, "encoding_format" if status < 500 else None)
    return {"refuses": lambda call: refusal if when(call) else None}


def _named(call: Call, value: str) -> bool:
    return isinstance(call.document, dict) and call.document.get("encoding_format") == value


def _list_of_ids(call: Call) -> bool:
    return isinstance(call.input, list) and bool(call.input) and isinstance(call.input[0], list)


def _first_only(call: Call, data: list[dict[str, Any]]) -> None:
    if _wants(call):
        for row in data[1:]:
            row["embedding"] = data[0]["embedding"]


FAULTS = (
    Fault(
        "base64_ignored",
        "answers a request for base64 with arrays of floats",
        ("base64", "clients"),
        edit_base64(lambda row: row.tolist()),
    ),
    Fault(
        "base64_ignored_in_lists",
        "ignores base64 for lists of more than one item",
        ("base64", "clients"),
        edit_row(lambda call, row: row.tolist() if _wants(call) and len(call.wish.items) > 1 else None),  # type: ignore[union-attr]
    ),
    Fault(
        "base64_float64",
        "packs numbers of double precision into base64",
        ("base64", "clients"),
        edit_base64(lambda row: _encode(row.astype("<f8").tobytes())),
    ),
    Fault(
        "base64_float16",
        "packs numbers of half precision into base64",
        ("base64", "clients"),
        edit_base64(lambda row: _encode(row.astype("<f2").tobytes())),
    ),
    Fault(
        "base64_big_endian",
        "packs big-endian numbers into base64",
        ("base64", "clients"),
        edit_base64(lambda row: _encode(row.astype(">f4").tobytes())),
    ),
    Fault(
        "base64_url_safe",
        "writes base64 in the alphabet for URLs",
        ("base64", "clients"),
        edit_base64(lambda row: write_base64(row).replace("+", "-").replace("/", "_")),
    ),
    Fault(
        "base64_unpadded",
        "leaves the padding of base64 out",
        ("base64", "clients"),
        edit_base64(lambda row: write_base64(row).rstrip("=")),
    ),
    Fault(
        "base64_with_line_breaks",
        "breaks base64 into lines",
        ("base64",),
        edit_base64(lambda row: base64.encodebytes(row.astype("<f4").tobytes()).decode()),
    ),
    Fault(
        "base64_of_json",
        "writes the base64 of a JSON array instead of bytes of numbers",
        ("base64", "clients"),
        edit_base64(lambda row: _encode(str(row.tolist()).encode())),
    ),
    Fault(
        "base64_other_values",
        "packs rounded and scaled values into base64",
        ("base64",),
        edit_base64(lambda row: write_base64((row * 127).round() / 100)),
    ),
    Fault(
        "base64_cut_short",
        "leaves the last number out of base64",
        ("base64", "dimensions"),
        edit_base64(lambda row: write_base64(row[:-1])),
    ),
    Fault(
        "base64_first_row_everywhere",
        "gives every row the base64 of the first",
        ("base64", "belongs"),
        edit_rows(_first_only),
    ),
    Fault(
        "base64_refused",
        "refuses base64 as not supported",
        ("base64", "clients"),
        _refuse(_wants, "encoding_format 'base64' is not supported."),
    ),
    Fault(
        "base64_gateway_502",
        "answers 502 to a request for base64",
        ("base64", "status", "clients"),
        _refuse(_wants, "json: cannot unmarshal string into field embedding of type []float64", status=502),
    ),
    Fault(
        "base64_refused_with_lists_of_ids",
        "refuses lists of token ids with base64",
        ("base64", "forms"),
        _refuse(lambda call: _wants(call) and _list_of_ids(call), "encoding_format is not supported for this input."),
    ),
    Fault(
        "base64_by_default",
        "answers with base64 when no format is named",
        ("float",),
        edit_row(lambda call, row: None if _named(call, "float") else write_base64(row)),
    ),
    Fault(
        "float_refused",
        "refuses encoding_format float when it is named",
        ("float",),
        _refuse(lambda call: _named(call, "float"), "encoding_format must be 'base64'."),
    ),
    Fault(
        "float_answered_as_base64",
        "answers base64 when float is named",
        ("float",),
        edit_row(lambda call, row: write_base64(row) if _named(call, "float") else None),
    ),
    Fault(
        "float_as_strings",
        "writes each number as a string",
        ("float", "vectors"),
        edit_row(lambda call, row: None if _wants(call) else [str(number) for number in row.tolist()]),
    ),
    Fault(
        "float_two_decimals",
        "rounds floats to two decimals",
        ("base64", "belongs"),
        edit_row(lambda call, row: None if _wants(call) else [round(number, 2) for number in row.tolist()]),
    ),
    Fault(
        "format_unknown_accepted",
        "takes any encoding_format for float",
        ("float", "validation"),
        {"unchecked": frozenset({"format.value", "format.type"})},
    ),
    Fault(
        "format_unknown_crashes",
        "answers 500 to an unknown encoding_format",
        ("status",),
        {
            "crashes": lambda call: (
                isinstance(call.document, dict)
                and call.document.get("encoding_format") not in (None, "float", "base64")
            )
        },
    ),
)
