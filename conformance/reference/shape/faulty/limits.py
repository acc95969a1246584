"""
Faults of usage, of the length of texts and of the number of items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conformance.reference.shape.call import Call, Item
from conformance.reference.shape.faulty.edits import Changes, Document, edit_refusal, edit_usage
from conformance.reference.shape.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

_TOO_LONG = Refusal(
    "input.too_long", 400, "invalid_request_error", "invalid_input", "Inputs hold at most 32000 characters.", "input"
)


def _count(count: Callable[[Call, Sequence[Item]], int]) -> Changes:
    return {"count": count}


def _right(items: Sequence[Item]) -> int:
    return sum([len(item.ids) for item in items])


def _characters(call: Call, items: Sequence[Item]) -> int:
    return sum([len(item.ids) if item.text is None else len(item.text) for item in items])


def _padded(call: Call, items: Sequence[Item]) -> int:
    # Every item counts as the longest of all that are embedded at the same time.
    running = [other.wish for other in call.shared.running if other.wish is not None]
    longest = max([len(item.ids) for wish in running for item in wish.items], default=1)
    return longest * len(items) if len(running) > 1 else _right(items)


def _padded_alone(call: Call, items: Sequence[Item]) -> int:
    return max([len(item.ids) for item in items], default=0) * len(items)


def _plateau(call: Call, items: Sequence[Item]) -> int:
    return sum([min(len(item.ids), 512) for item in items])


def _add_to_total(call: Call, usage: Document) -> None:
    usage["total_tokens"] += 1


def _cut(most: int) -> Changes:
    return {"on_ids": lambda call, item: Item(item.ids[:most], item.text)}


def _cut_served(most: int) -> Changes:
    # What is above the limit is cut as well, instead of being refused.
    return {**_cut(most), "unchecked": frozenset({"input.too_long", "tokens.sum"})}


def _too_long(call: Call) -> bool:
    return call.refusal is not None or (
        call.wish is not None and any(len(item.ids) > 8_192 for item in call.wish.items)
    )


def _long_text(call: Call, length: int) -> bool:
    return isinstance(call.input, str) and len(call.input) > length


def _many_ids(call: Call, count: int) -> bool:
    listed = call.input if isinstance(call.input, list) else []
    return any(isinstance(one, list) and len(one) > count for one in (*listed[:1], listed))


FAULTS = (
    Fault("usage_zero", "reports no tokens", ("usage",), _count(lambda call, items: 0)),
    Fault("usage_constant", "reports 37 tokens for everything", ("usage",), _count(lambda call, items: 37)),
    Fault("usage_counts_characters", "reports characters instead of tokens", ("usage",), _count(_characters)),
    Fault("usage_counts_items", "reports items instead of tokens", ("usage",), _count(lambda call, items: len(items))),
    Fault(
        "usage_of_first_item",
        "reports the tokens of the first item only",
        ("usage",),
        _count(lambda call, items: _right(items[:1])),
    ),
    Fault(
        "usage_wrong_in_company",
        "reports the padded width of all requests that run together",
        ("usage",),
        {"count": _padded, "pause": lambda call: 0.004},
    ),
    Fault("usage_counts_padding", "reports the padding of shorter items too", ("usage",), _count(_padded_alone)),
    Fault("usage_stops_at_512", "reports at most 512 tokens of an item", ("usage",), _count(_plateau)),
    Fault(
        "usage_missing",
        "leaves usage out",
        ("usage", "shape"),
        {"on_document": lambda call, document: {name: value for name, value in document.items() if name != "usage"}},
    ),
    Fault(
        "usage_null",
        "writes null for usage",
        ("usage", "shape"),
        {"on_document": lambda call, document: {**document, "usage": None}},
    ),
    Fault(
        "usage_without_prompt_tokens",
        "leaves prompt_tokens out",
        ("usage",),
        edit_usage(lambda call, usage: usage.pop("prompt_tokens")),
    ),
    Fault(
        "usage_total_differs",
        "reports one token more in total than in the prompt",
        ("usage",),
        edit_usage(_add_to_total),
    ),
    Fault(
        "usage_as_strings",
        "writes token counts as strings",
        ("usage",),
        edit_usage(lambda call, usage: usage.update({name: str(value) for name, value in usage.items()})),
    ),
    Fault(
        "usage_drifts",
        "reports more tokens for every repeat",
        ("usage",),
        _count(lambda call, items: _right(items) + call.shared.embeds % 5),
    ),
    Fault("truncates_at_200", "embeds and counts the first 200 tokens only", ("tokens", "belongs"), _cut(200)),
    Fault("truncates_at_512", "embeds and counts the first 512 tokens only", ("tokens", "belongs"), _cut(512)),
    Fault("truncates_at_2000", "embeds and counts the first 2,000 tokens only", ("tokens", "belongs"), _cut(2_000)),
    Fault("truncates_at_8000", "embeds and counts the first 8,000 tokens only", ("tokens", "belongs"), _cut(8_000)),
    Fault(
        "truncates_above_limit", "cuts what is above the limit instead of refusing it", ("tokens",), _cut_served(8_192)
    ),
    Fault(
        "truncates_in_lists",
        "embeds the first 512 tokens only of items in a list",
        ("tokens", "belongs"),
        {"on_ids": lambda call, item: Item(item.ids[:512], item.text) if isinstance(call.input, list) else item},
    ),
    Fault("too_long_accepted", "embeds items above its limit of tokens", ("tokens",), {"token_cap": 1_000_000}),
    Fault(
        "too_long_500",
        "answers 500 to an item above its limit of tokens",
        ("status", "tokens"),
        edit_refusal("input.too_long", status=500, type="server_error", code=None),
    ),
    Fault(
        "too_long_kills",
        "hangs up on an item above its limit, and on everybody afterwards",
        ("alive",),
        {
            "unchecked": frozenset({"input.too_long", "tokens.sum"}),
            "kills": lambda call: "drop" if _too_long(call) else "",
        },
    ),
    Fault(
        "far_too_long_kills",
        "goes down on an input of more than 16,000 token ids",
        ("alive",),
        {"kills": lambda call: "drop" if _many_ids(call, 16_000) else ""},
    ),
    Fault(
        "too_long_in_characters",
        "refuses texts above 32,000 characters, whatever their tokens",
        ("tokens",),
        {"refuses": lambda call: _TOO_LONG if _long_text(call, 32_000) else None},
    ),
    Fault("token_cap_4096", "refuses items of more than 4,096 tokens", ("tokens",), {"token_cap": 4_096}),
    Fault("item_cap_2047", "refuses 2,048 items", ("cap",), {"item_cap": 2_047}),
    Fault("item_cap_2049", "accepts 2,049 items", ("cap",), {"item_cap": 2_049}),
    Fault("item_cap_32", "refuses more than 32 items", ("cap",), {"item_cap": 32}),
    Fault("item_cap_none", "accepts any number of items", ("cap",), {"item_cap": 10_000_000}),
    Fault("item_cap_of_ids_512", "refuses more than 512 arrays of token ids", ("cap", "forms"), {"ids_item_cap": 512}),
    Fault("item_cap_of_ids_none", "accepts any number of arrays of token ids", ("cap",), {"ids_item_cap": 10_000_000}),
    Fault(
        "item_cap_cuts",
        "embeds the first 2,048 items of a longer list",
        ("cap", "one"),
        {
            "on_input": lambda call, value: (
                value[:2_048]
                if isinstance(value, list) and len(value) > 2_048 and not isinstance(value[0], int)
                else value
            )
        },
    ),
    Fault(
        "item_cap_500",
        "answers 500 to too many items",
        ("cap", "status"),
        edit_refusal("input.too_many", status=500, type="server_error", code=None),
    ),
)
