"""
Faults that only show in sequences: repeats that differ, caches that mix things up, and clients that disturb each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy

from conformance.reference.shape.behaviour import write_row
from conformance.reference.shape.call import Call, Item
from conformance.reference.shape.faulty.edits import Changes, Rows, edit_items, edit_rows, edit_vectors
from conformance.reference.shape.space import Vectors, scale_to_unit
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

LONG_TOKENS = 1_000


def _perturb(rows: Vectors, step: float) -> Vectors:
    return scale_to_unit(rows + step * numpy.linspace(-1, 1, rows.shape[1], dtype=numpy.float32))


def _after_long(change: Callable[[Vectors], Vectors], *, least: int, for_good: bool) -> Changes:
    def edit(call: Call, rows: Vectors) -> Vectors:
        assert call.wish is not None
        memory = call.shared.memory
        longest = max([len(item.ids) for item in call.wish.items])
        if longest >= least:
            memory["long"] = True
            return rows
        spoilt = memory.get("long", False)
        memory["long"] = spoilt and for_good
        return change(rows) if spoilt else rows

    return edit_vectors(edit)


def _one_in(every: int) -> Callable[[Call, Vectors], Vectors]:
    return lambda call, rows: _perturb(rows, 0.3) if call.shared.embeds % every == 0 else rows


def _drift(call: Call, rows: Vectors) -> Vectors:
    return _perturb(rows, 0.02 * (call.shared.embeds % 7))


def _on_repeat(call: Call, rows: Vectors) -> Vectors:
    seen = call.shared.memory.setdefault("seen", set())
    key = repr(call.input)[:2_000]
    if key in seen:
        return _perturb(rows, 0.2)
    seen.add(key)
    return rows


def _swapped(call: Call, items: list[Item]) -> list[Item]:
    for other in call.shared.running:
        if other is not call and other.wish is not None and len(other.wish.items) == len(items):
            return other.wish.items
    return items


def _rows_of_another(call: Call, items: list[Item]) -> list[Item]:
    for other in call.shared.running:
        if other is not call and other.wish is not None and len(items) > 1:
            return [other.wish.items[0], *items[1:]]
    return items


def _connection(call: Call) -> tuple[str, int]:
    return call.request.client or ("", 0)


def _resets_new_connections(call: Call) -> bool:
    now = asyncio.get_running_loop().time()
    memory = call.shared.memory
    opened: dict[tuple[str, int], float] = memory.setdefault("opened", {})
    key = _connection(call)
    if key in opened:
        return False
    recent = sum(now - since < 0.1 for since in opened.values())
    opened[key] = now
    return recent >= 6


def _dies_in_burst(call: Call) -> str:
    return "engine" if len(call.shared.running) > 12 else ""


def _overflows(call: Call) -> bool:
    return call.wish is not None and len(call.shared.running) > 12


def _cached_index(call: Call, rows: Rows) -> None:
    # An item that is known from before comes with the index that it had then, counted within the known ones.
    assert call.wish is not None
    seen: set[str] = call.shared.memory.setdefault("texts", set())
    texts = [item.text for item in call.wish.items]
    known = [text in seen for text in texts]
    if any(known) and not all(known):
        for place, row in enumerate(rows):
            row["index"] = sum(known[:place]) if known[place] else place - sum(known[:place])
    seen.update(text for text in texts if text)


def _cached_vector(call: Call, items: list[Item]) -> list[Item]:
    seen: set[str] = call.shared.memory.setdefault("texts", set())
    known = [item.text in seen for item in items]
    changed = list(items)
    if any(known) and not all(known):
        last = max(place for place, one in enumerate(known) if one)
        changed = [item if known[place] or place < last else items[last] for place, item in enumerate(items)]
    seen.update(item.text for item in items if item.text)
    return changed


def _shared_cache(key: Callable[[Call], Any]) -> Changes:
    def edit(call: Call, rows: Rows) -> Rows | None:
        cache = call.shared.memory.setdefault("cache", {})
        wanted = key(call)
        known = cache.get(wanted)
        if known is None:
            cache[wanted] = [dict(row) for row in rows]
            return None
        return [dict(row) for row in known]

    return edit_rows(edit)


def _without_dimensions(call: Call) -> Any:
    wish = call.wish
    return (repr(call.input), wish.base64) if wish is not None else None


def _without_format(call: Call) -> Any:
    wish = call.wish
    return (repr(call.input), wish.dimensions) if wish is not None else None


def _beginning(call: Call) -> Any:
    wish = call.wish
    return (repr(call.input)[:120], len(wish.items), wish.base64, wish.dimensions) if wish is not None else None


def _misses_base64(call: Call, row: Any) -> Any:
    # Values of a later computation, a little off, wherever the cache does not serve.
    if call.wish is None or not call.wish.base64:
        return write_row(call, row)
    step = numpy.float32(0.01 * (call.shared.embeds % 3))
    return write_row(call, row + step)


def _pause(seconds: float) -> Callable[[Call], float]:
    return lambda call: seconds


FAULTS = (
    Fault("repeat_differs", "gives another vector when a text comes again", ("belongs",), edit_vectors(_on_repeat)),
    Fault(
        "repeat_one_in_50_differs",
        "gives each fiftieth request another vector",
        ("belongs",),
        edit_vectors(_one_in(50)),
        rate=0.02,
    ),
    Fault("repeat_drifts", "gives vectors that drift from call to call", ("belongs",), edit_vectors(_drift)),
    Fault(
        "repeat_differs_after_long_text",
        "changes all vectors for good after a long text",
        ("belongs",),
        _after_long(lambda rows: _perturb(rows, 0.3), least=LONG_TOKENS, for_good=True),
    ),
    Fault(
        "repeat_zero_after_long_text",
        "answers the request after a very long text with zeros",
        ("vectors", "belongs"),
        _after_long(numpy.zeros_like, least=4_000, for_good=False),
    ),
    Fault(
        "crosstalk_swaps_answers",
        "gives a client the vectors of another one's request",
        ("belongs",),
        {**edit_items(_swapped), "pause": _pause(0.004)},
    ),
    Fault(
        "crosstalk_in_lists",
        "gives the first row of a list to another client's text",
        ("belongs",),
        {**edit_items(_rows_of_another), "pause": _pause(0.004)},
    ),
    Fault(
        "burst_resets_connections",
        "resets new connections when more than six come at once",
        ("http", "alive"),
        {"drops": _resets_new_connections},
    ),
    Fault(
        "burst_kills_engine",
        "answers 500 for ever after a burst",
        ("alive",),
        {"kills": _dies_in_burst, "pause": _pause(0.01)},
    ),
    Fault(
        "overload_500",
        "answers 500 to what is too much at once",
        ("limits", "status"),
        {"crashes": _overflows, "pause": _pause(0.01)},
    ),
    Fault(
        "hangup_cancels_others",
        "ends everybody's requests when one client hangs up",
        ("alive",),
        {"hangup_cancels_all": True, "pause": _pause(0.15)},
    ),
    Fault(
        "cache_wrong_index",
        "gives wrong indexes where some items are cached",
        ("belongs", "shape"),
        edit_rows(_cached_index),
    ),
    Fault(
        "cache_wrong_vector",
        "gives a new item the vector of a cached one beside it",
        ("belongs",),
        edit_items(_cached_vector),
    ),
    Fault(
        "cache_without_format",
        "serves floats and base64 from one cache",
        ("base64", "float"),
        _shared_cache(_without_format),
    ),
    Fault(
        "cache_without_dimensions",
        "serves every width from one cache",
        ("dimensions",),
        _shared_cache(_without_dimensions),
    ),
    Fault(
        "cache_by_beginning",
        "takes texts with one beginning for the same in its cache",
        ("belongs",),
        _shared_cache(_beginning),
    ),
    Fault(
        "cache_misses_base64",
        "serves floats from the cache and base64 from other values",
        ("base64", "belongs"),
        {"write_row": _misses_base64},
    ),
)
