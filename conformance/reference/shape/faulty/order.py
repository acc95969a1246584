"""
Faults of order: rows with wrong indexes, in wrong places, or of other items.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from conformance.reference.shape.call import Call, Item
from conformance.reference.shape.faulty.edits import Changes, Document, Rows, edit_items, edit_rows, edit_vectors
from conformance.reference.shape.space import Vectors
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _reindex(index: Callable[[int, int], Any]) -> Changes:
    def edit(call: Call, rows: Rows) -> None:
        for place, row in enumerate(rows):
            row["index"] = index(place, len(rows))

    return edit_rows(edit)


def _drop_zero(call: Call, rows: Rows) -> None:
    for row in rows:
        if row["index"] == 0:
            del row["index"]


def _reverse(least: int, *, indexes: bool) -> Changes:
    def edit(call: Call, items: list[Item]) -> list[Item]:
        return items[::-1] if len(items) >= least else items

    def document(call: Call, written: Document) -> Document:
        rows: Rows = written["data"]
        if len(rows) >= least:
            for place, row in enumerate(rows):
                row["index"] = len(rows) - 1 - place
        return written

    return {"on_items": edit, "on_document": document} if indexes else edit_items(edit)


def _swap_with_duplicates(call: Call, items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item.ids) if len(set(items)) < len(items) else items


def _sorted_as_text(call: Call, items: list[Item]) -> list[Item]:
    order = sorted(range(len(items)), key=str)
    return [items[place] for place in order]


def _by_length(call: Call, items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: -len(item.ids))


def _all_alike(place: int) -> Callable[[Call, Vectors], Vectors]:
    return lambda call, rows: numpy.repeat(rows[place : place + 1 or None], len(rows), axis=0)


def _last_repeated(call: Call, rows: Vectors) -> Vectors:
    if len(rows) > 2:
        rows[-1] = rows[-2]
    return rows


def _rolled(least: int) -> Callable[[Call, Vectors], Vectors]:
    return lambda call, rows: numpy.roll(rows, 1, axis=0) if len(rows) >= least else rows


FAULTS = (
    Fault("index_missing_when_zero", "leaves index out where it is zero", ("shape", "belongs"), edit_rows(_drop_zero)),
    Fault("index_always_zero", "gives every row index 0", ("shape", "belongs"), _reindex(lambda place, count: 0)),
    Fault("index_from_one", "counts index from 1", ("shape", "belongs"), _reindex(lambda place, count: place + 1)),
    Fault(
        "index_restarts_every_16",
        "starts index again at each sixteenth row",
        ("shape", "belongs"),
        _reindex(lambda place, count: place % 16),
    ),
    Fault(
        "index_duplicate_last",
        "gives the last two rows one index",
        ("shape", "belongs"),
        _reindex(lambda place, count: place - 1 if count > 1 and place == count - 1 else place),
    ),
    Fault("index_as_string", "writes index as a string", ("shape",), _reindex(lambda place, count: str(place))),
    Fault(
        "index_reversed",
        "gives the rows the indexes of one another",
        ("shape", "belongs"),
        _reindex(lambda place, count: count - 1 - place),
    ),
    Fault(
        "order_swapped",
        "gives the rows in reverse, with indexes of their place",
        ("belongs",),
        _reverse(2, indexes=False),
    ),
    Fault(
        "order_swapped_from_10",
        "gives ten rows or more in reverse, with indexes of their place",
        ("belongs",),
        _reverse(10, indexes=False),
    ),
    Fault(
        "order_rolled_from_32", "shifts the vectors of 32 rows or more by one", ("belongs",), edit_vectors(_rolled(32))
    ),
    Fault(
        "order_swapped_with_duplicates",
        "sorts the items where some are equal",
        ("belongs",),
        edit_items(_swap_with_duplicates),
    ),
    Fault(
        "order_reversed_indexes_right",
        "gives the rows in reverse, each with its right index",
        ("belongs",),
        _reverse(2, indexes=True),
    ),
    Fault("order_sorted_as_text", "gives row 10 before row 2", ("belongs",), edit_items(_sorted_as_text)),
    Fault("order_by_length", "gives the longest item first", ("belongs",), edit_items(_by_length)),
    Fault("one_vector_for_all", "gives every row the vector of the first", ("belongs",), edit_vectors(_all_alike(0))),
    Fault("last_vector_for_all", "gives every row the vector of the last", ("belongs",), edit_vectors(_all_alike(-1))),
    Fault(
        "last_row_repeated",
        "gives the last row the vector of the one before",
        ("belongs",),
        edit_vectors(_last_repeated),
    ),
)
