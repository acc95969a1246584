"""
Vectors that are not what they should be: in shape, in content, in width.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy

from conformance.reference.asgi import Answer
from conformance.reference.shape.call import Call, Item
from conformance.reference.shape.faulty.edits import Changes, edit_items, edit_row, edit_vectors
from conformance.reference.shape.space import Vectors, scale_to_unit, shorten
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _wants_base64(call: Call) -> bool:
    return call.wish is not None and call.wish.base64


def _literal(literal: bytes) -> Changes:
    # No JSON writer makes this, so it is put where a word of ours stood.
    def write(call: Call, row: Any) -> Any:
        return None if _wants_base64(call) else [*row[:-1].tolist(), "@literal@"]

    def answer(call: Call, made: Answer) -> Answer:
        made.body = made.body.replace(b'"@literal@"', literal)
        return made

    return {**edit_row(write), "on_answer": answer}


def _zeros(call: Call, rows: Vectors) -> Vectors:
    return numpy.zeros_like(rows)


def _zero_for_odd(call: Call, rows: Vectors) -> Vectors:
    assert call.wish is not None
    for place, item in enumerate(call.wish.items[: len(rows)]):
        if item.text is not None and any(letter in item.text for letter in "0123456789{}"):
            rows[place] = 0
    return rows


def _per_token(call: Call, row: Any) -> Any:
    return None if _wants_base64(call) else [row.tolist(), row.tolist()]


def _width_by_length(call: Call, row: Any) -> Any:
    if _wants_base64(call) or call.wish is None:
        return None
    return row.tolist() * min(8, max(1, call.wish.tokens))


def _wrong_rows(call: Call, row: Any) -> Any:
    # Whoever stands beside an item of a length that is a multiple of 32 loses the numbers.
    if call.wish is None or len(call.wish.items) < 2:
        return None
    longest = max([len(item.ids) for item in call.wish.items])
    place = call.shared.memory.get((call.serial, "row"), 0)
    call.shared.memory[call.serial, "row"] = place + 1
    if longest % 32 or len(call.wish.items[place % len(call.wish.items)].ids) == longest:
        return None
    return [None] * len(row)


def _with_noise(rows: Vectors, amount: float) -> Vectors:
    noise = numpy.linspace(-1, 1, rows.shape[1], dtype=numpy.float32)
    return scale_to_unit(rows + amount * noise)


def _by_batch(call: Call, rows: Vectors) -> Vectors:
    return rows if len(rows) == 1 else _with_noise(rows, 0.02 * min(len(rows), 10))


def _slightly_by_batch(call: Call, rows: Vectors) -> Vectors:
    return rows if len(rows) < 8 else _with_noise(rows, 0.08)


def _padded(call: Call, items: list[Item]) -> list[Item]:
    longest = max([len(item.ids) for item in items], default=0)
    return [Item((*item.ids, *([0] * (longest - len(item.ids)))), item.text) for item in items]


def _digest(text: str | None) -> int:
    return zlib.crc32((text or "").encode("utf-8", "replace")) % 90_000


def _by_digest(call: Call, items: list[Item]) -> list[Item]:
    return [Item((zlib.crc32(repr(item.ids).encode()) % 99_991,), item.text) for item in items]


def _with_user(call: Call, items: list[Item]) -> list[Item]:
    user = call.wish.user if call.wish is not None else None
    return items if not user else [Item((*item.ids, _digest(user)), item.text) for item in items]


def _unit_slice(call: Call, rows: Vectors, width: int) -> Vectors:
    return rows[:, :width]


def _scaled_by_length(call: Call, rows: Vectors) -> Vectors:
    assert call.wish is not None
    lengths = [len(item.ids) for item in call.wish.items][: len(rows)]
    factors = numpy.array(lengths, dtype=numpy.float32)[:, None]
    return rows * factors if len(factors) == len(rows) else rows


def _first_seen_width(call: Call, rows: Vectors, width: int) -> Vectors:
    return shorten(rows, min(rows.shape[1], max(1, width - 1)))


def _is_huge(value: object) -> bool:
    return isinstance(value, int) and value >= 1 << 31


FAULTS = (
    Fault("vector_nan", "writes NaN as the last number", ("vectors",), _literal(b"NaN")),
    Fault("vector_infinity", "writes a number beyond any range last", ("vectors",), _literal(b"1e999")),
    Fault("vector_null_member", "writes null as the last number", ("vectors",), _literal(b"null")),
    Fault("vector_null", "writes null in place of a vector", ("vectors",), {"write_row": lambda call, row: None}),
    Fault("vector_zero", "answers with vectors of zeros", ("vectors",), edit_vectors(_zeros)),
    Fault(
        "vector_zero_for_digits",
        "gives texts with digits or braces a vector of zeros",
        ("vectors",),
        edit_vectors(_zero_for_odd),
    ),
    Fault(
        "vector_nan_crashes",
        "answers 500 to texts with braces, whose numbers it can not write",
        ("vectors", "status"),
        {"crashes": lambda call: isinstance(call.input, str) and "{" in call.input},
    ),
    Fault("vector_nested", "answers with a row for each token", ("vectors",), edit_row(_per_token)),
    Fault(
        "vector_width_by_text", "answers with wider vectors for longer texts", ("vectors",), edit_row(_width_by_length)
    ),
    Fault(
        "vector_empty",
        "answers with empty vectors",
        ("vectors",),
        {"write_row": lambda call, row: "" if _wants_base64(call) else []},
    ),
    Fault(
        "vector_constant",
        "answers with one vector for every text",
        ("belongs",),
        edit_items(lambda call, items: [Item((1,), "")] * len(items)),
    ),
    Fault(
        "vector_ignores_order",
        "embeds the set of words only",
        ("belongs",),
        edit_items(lambda call, items: [Item(tuple(sorted(set(item.ids))), item.text) for item in items]),
    ),
    Fault(
        "vector_without_meaning",
        "gives texts that share words vectors that share nothing",
        ("belongs",),
        edit_items(_by_digest),
    ),
    Fault(
        "vector_integers",
        "rounds each number to an integer",
        ("vectors", "belongs"),
        edit_vectors(lambda call, rows: rows.round()),
    ),
    Fault(
        "vector_length_by_tokens",
        "scales vectors by the length of the text",
        ("vectors",),
        edit_vectors(_scaled_by_length),
    ),
    Fault(
        "batch_differs_from_single",
        "gives a text another vector within a list than alone",
        ("belongs",),
        edit_vectors(_by_batch),
    ),
    Fault(
        "batch_differs_from_8",
        "gives a text another vector within a list of eight or more",
        ("belongs",),
        edit_vectors(_slightly_by_batch),
    ),
    Fault("batch_padding_embedded", "embeds the padding of shorter items too", ("belongs",), edit_items(_padded)),
    Fault(
        "batch_padded_rows_null",
        "answers null for padded rows when the longest item has a multiple of 32 tokens",
        ("vectors", "belongs"),
        {"write_row": edit_row(_wrong_rows)["write_row"]},
    ),
    Fault("user_changes_vector", "lets user change the vector", ("user", "belongs"), edit_items(_with_user)),
    Fault(
        "dimensions_ignored",
        "answers at native width whatever dimensions says",
        ("dimensions",),
        {"shrink": lambda call, rows, width: rows},
    ),
    Fault(
        "dimensions_not_renormalised",
        "cuts vectors to dimensions without scaling them",
        ("dimensions",),
        {"shrink": _unit_slice},
    ),
    Fault(
        "dimensions_give_empty_arrays",
        "answers with empty arrays when dimensions is there",
        ("dimensions", "vectors"),
        {"shrink": lambda call, rows, width: rows[:, :0]},
    ),
    Fault(
        "dimensions_one_short",
        "answers with one number less than dimensions says",
        ("dimensions",),
        {"shrink": _first_seen_width},
    ),
    Fault(
        "dimensions_power_of_two",
        "answers with the next power of two of dimensions",
        ("dimensions",),
        {"shrink": lambda call, rows, width: shorten(rows, 1 << (width - 1).bit_length())},
    ),
    Fault(
        "dimensions_padded_with_zeros",
        "answers at native width with zeros after dimensions",
        ("dimensions",),
        {"shrink": lambda call, rows, width: numpy.where(numpy.arange(rows.shape[1]) < width, rows, numpy.float32(0))},
    ),
    Fault(
        "dimensions_huge_crash",
        "ends at a dimensions value of more than 31 bits",
        ("dimensions", "alive"),
        {"kills": lambda call: "drop" if _is_huge((call.document or {}).get("dimensions")) else ""},
    ),
    Fault(
        "dimensions_above_native_served",
        "serves a width above the native one at native width",
        ("dimensions",),
        {"unchecked": frozenset({"dimensions.above"})},
    ),
    Fault(
        "dimensions_zero_accepted",
        "serves dimensions 0 and below at native width",
        ("dimensions", "validation"),
        {"unchecked": frozenset({"dimensions.below"})},
    ),
    Fault(
        "dimensions_at_native_crash",
        "answers 500 to dimensions equal to the native width",
        ("dimensions",),
        {"crashes": lambda call: call.wish is not None and call.wish.dimensions == 64},
    ),
    Fault(
        "dimensions_mistyped_accepted",
        "ignores dimensions that are no integer",
        ("validation",),
        {"unchecked": frozenset({"dimensions.type"})},
    ),
    Fault(
        "dimensions_fixed_model_ignores",
        "ignores dimensions where the model has only one width",
        ("dimensions",),
        {"unchecked": frozenset({"dimensions.fixed"})},
    ),
    Fault(
        "dimensions_change_values",
        "lets dimensions change the values too",
        ("dimensions", "belongs"),
        {"shrink": lambda call, rows, width: shorten(rows[:, ::-1], width)},
    ),
)
