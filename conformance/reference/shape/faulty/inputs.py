"""
Faults of the forms of input: refused, misread, dropped, or fatal.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from conformance.reference.asgi import Answer
from conformance.reference.shape.call import Call, Item
from conformance.reference.shape.faulty.edits import edit_answer, edit_items, edit_refusal, leave_out, members
from conformance.reference.shape.refusals import Refusal
from conformance.reference.shape.tokens import VOCABULARY
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

_NO_FORM = Refusal("input.type", 400, "invalid_request_error", "invalid_input", "This form is not supported.", "input")


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(one) is int for one in value)


def _split_ids(call: Call, value: Any) -> Any:
    return [[one] for one in value] if _is_ids(value) else value


def _join_lists(call: Call, value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(one, list) for one in value):
        return [[number for one in value for number in one]]
    return value


def _other_vocabulary(call: Call, items: list[Item]) -> list[Item]:
    return [
        item if item.text is not None else Item(tuple([(one * 7 + 11) % VOCABULARY for one in item.ids]))
        for item in items
    ]


def _as_text(call: Call, value: Any) -> Any:
    # The numbers are embedded as if they were the words of a text.
    if _is_ids(value):
        return " ".join(map(str, value))
    if isinstance(value, list):
        return [" ".join(map(str, one)) if _is_ids(one) else one for one in value]
    return value


def _without_blanks(call: Call, value: Any) -> Any:
    if isinstance(value, list) and any(one == "" for one in value):
        return [one for one in value if one != ""] or value
    return value


def _beyond(call: Call) -> bool:
    value = call.input
    flat = [one for item in value for one in (item if isinstance(item, list) else [item])] if _list(value) else []
    return any(type(one) is int and one >= VOCABULARY for one in flat)


def _blank(call: Call, answer: Answer) -> Answer | None:
    blank = isinstance(call.input, str) and bool(call.input) and not call.input.strip()
    return Answer(202, b'{"status":"accepted"}', headers=answer.headers) if blank and answer.status == 200 else None


def _deep(call: Call) -> bool:
    # Which stack is too small for it doesn't matter; the process is gone.
    if call.request.body.count(b"[[[[") > 1_000:
        call.shared.dead = "drop"
    return call.shared.dead == "drop"


def _list(value: Any) -> bool:
    return isinstance(value, list)


def _distinct(call: Call, items: list[Item]) -> list[Item]:
    return list(dict.fromkeys(items))


def _on_texts(change: Callable[[str], str]) -> dict[str, Any]:
    def edit(call: Call, value: Any) -> Any:
        if isinstance(value, list):
            return [change(one) or "-" if isinstance(one, str) and one else one for one in value]
        return change(value) or "-" if isinstance(value, str) and value else value

    return {"on_input": edit}


_SMALL = frozenset({"the", "a", "an", "of", "not", "is", "to", "in"})


def _as_list(call: Call, value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("["):
        return value
    try:
        read = json.loads(value)
    except ValueError:
        return value
    return read if isinstance(read, list) and read and all(isinstance(one, str) for one in read) else value


def _few_tokens(call: Call) -> str:
    return "drop" if call.wish is not None and call.wish.tokens < 2 else ""


def _few_in_company(call: Call) -> str:
    few = call.wish is not None and call.wish.tokens < 4
    return "drop" if few and len(call.shared.running) > 1 else ""


def _refuse_when(when: Any) -> dict[str, Any]:
    return {"refuses": lambda call: _NO_FORM if when(call) else None}


FAULTS = (
    Fault(
        "ids_taken_for_many_inputs",
        "takes an array of token ids for one input each",
        ("one",),
        {"on_input": _split_ids},
    ),
    Fault(
        "ids_lists_joined", "joins an array of arrays of ids to one input", ("one", "forms"), {"on_input": _join_lists}
    ),
    Fault(
        "ids_of_another_vocabulary",
        "decodes token ids with the wrong vocabulary",
        ("forms", "belongs"),
        edit_items(_other_vocabulary),
    ),
    Fault(
        "ids_of_sixteen_bits",
        "keeps sixteen bits of a token id",
        ("belongs",),
        edit_items(
            lambda call, items: [
                item if item.text is not None else Item(tuple([one & 0xFFFF for one in item.ids])) for item in items
            ]
        ),
    ),
    Fault(
        "ids_sorted",
        "sorts token ids before it embeds them",
        ("belongs",),
        edit_items(
            lambda call, items: [
                item if item.text is not None else Item(tuple(sorted(item.ids))) for item in items
            ]
        ),
    ),
    Fault(
        "text_in_other_scripts_lost",
        "leaves every character out that is not ASCII",
        ("belongs", "unicode"),
        _on_texts(lambda text: text.encode("ascii", "ignore").decode()),
    ),
    Fault(
        "text_markup_lost",
        "takes tags out of texts",
        ("belongs",),
        _on_texts(lambda text: re.sub(r"<[^<>]*>", "", text)),
    ),
    Fault("text_entities_decoded", "reads texts as HTML", ("belongs",), _on_texts(html.unescape)),
    Fault("text_percent_decoded", "reads texts as parts of a URL", ("belongs",), _on_texts(unquote)),
    Fault(
        "text_small_words_lost",
        "leaves small words out",
        ("belongs",),
        _on_texts(lambda text: " ".join([word for word in text.split(" ") if word not in _SMALL])),
    ),
    Fault(
        "text_middle_lost",
        "leaves the middle of a long text out",
        ("belongs", "limits"),
        {"on_ids": lambda call, item: Item(item.ids[:400] + item.ids[400:][-400:], item.text)},
    ),
    Fault("text_read_as_list", "reads a text that looks like a list as one", ("belongs",), {"on_input": _as_list}),
    Fault(
        "text_without_punctuation",
        "leaves out punctuation",
        ("belongs",),
        _on_texts(lambda text: re.sub(r"[^\w\s]", "", text)),
    ),
    Fault("ids_embedded_as_digits", "embeds the digits of token ids", ("forms", "belongs"), {"on_input": _as_text}),
    Fault("ids_refused", "refuses an array of token ids", ("forms",), _refuse_when(lambda call: _is_ids(call.input))),
    Fault(
        "ids_lists_refused",
        "refuses arrays of arrays of token ids",
        ("forms",),
        _refuse_when(lambda call: any(_list(one) for one in members(call))),
    ),
    Fault(
        "ids_beyond_vocabulary_crash_engine",
        "answers 500 to a token id beyond the vocabulary, and to everything after it",
        ("alive", "status"),
        {"kills": lambda call: "engine" if _beyond(call) else ""},
    ),
    Fault(
        "ids_beyond_vocabulary_accepted",
        "embeds token ids that it does not have",
        ("validation",),
        leave_out("input.above", "input.below"),
    ),
    Fault("ids_negative_accepted", "embeds negative token ids", ("validation",), leave_out("input.below")),
    Fault(
        "strings_refused",
        "refuses an array of strings",
        ("forms",),
        _refuse_when(lambda call: any(isinstance(one, str) for one in members(call))),
    ),
    Fault(
        "list_of_one_refused",
        "refuses an array of one string",
        ("forms",),
        _refuse_when(lambda call: len(members(call)) == 1 and isinstance(members(call)[0], str)),
    ),
    Fault(
        "list_of_one_differs",
        "gives an array of one string another vector than the string",
        ("belongs",),
        edit_items(
            lambda call, items: (
                [Item((*items[0].ids, 0), items[0].text)]
                if len(members(call)) == 1 and items[0].text is not None
                else items
            )
        ),
    ),
    Fault(
        "empty_text_crashes",
        "drops the connection on an empty string, and every one after it",
        ("alive", "validation"),
        {"kills": lambda call: "drop" if call.input in ("", [""]) else ""},
    ),
    Fault(
        "empty_member_500",
        "answers 500 to an empty string in a list",
        ("validation", "status"),
        edit_refusal(
            "input.blank_item", status=500, type="server_error", code=None, message="expected Tensor, got NoneType"
        ),
    ),
    Fault(
        "empty_members_dropped",
        "leaves empty strings of a list out",
        ("one", "validation"),
        {"on_input": _without_blanks},
    ),
    Fault(
        "empty_text_without_vector",
        "answers an empty string with no vector at all",
        ("one", "validation"),
        {
            "unchecked": frozenset({"input.empty_text"}),
            "on_items": lambda call, items: [] if call.input == "" else items,
        },
    ),
    Fault("blank_text_202", "answers 202 and no vectors to white space", ("validation", "status"), edit_answer(_blank)),
    Fault("deep_body_crashes", "goes down on a body that is nested deep", ("alive",), {"drops": _deep}),
    Fault(
        "text_cut_at_nul",
        "embeds what stands before the first NUL of a text only",
        ("unicode", "belongs"),
        {"on_input": lambda call, value: value.split("\0")[0] or value if isinstance(value, str) else value},
    ),
    Fault(
        "empty_list_413",
        "answers 413 to an empty list",
        ("validation", "status"),
        edit_refusal("input.empty", status=413),
    ),
    Fault("empty_list_accepted", "answers an empty list with no data", ("validation",), leave_out("input.empty")),
    Fault(
        "empty_forms_accepted",
        "embeds empty strings and empty lists of ids",
        ("validation",),
        leave_out("input.empty_text", "input.blank_item", "input.empty_item", "input.empty"),
    ),
    Fault("short_input_crashes", "goes down on an input of one token", ("alive",), {"kills": _few_tokens}),
    Fault(
        "short_input_crashes_in_company",
        "goes down on few tokens while another request runs",
        ("alive",),
        {"kills": _few_in_company, "pause": lambda call: 0.01},
    ),
    Fault("duplicates_merged", "gives one row to equal items of a list", ("one",), edit_items(_distinct)),
    Fault(
        "last_item_dropped",
        "leaves the last item of a list out",
        ("one",),
        edit_items(lambda call, items: items[:-1] or items),
    ),
    Fault(
        "items_in_twos_only",
        "leaves the last item out where their number is odd and above two",
        ("one",),
        edit_items(lambda call, items: items[:-1] if len(items) > 2 and len(items) % 2 else items),
    ),
    Fault(
        "text_trimmed_to_first_line",
        "embeds the first line of a text only",
        ("belongs", "unicode"),
        {"on_input": lambda call, value: value.split("\n")[0] or value if isinstance(value, str) else value},
    ),
    Fault(
        "input_missing_accepted", "embeds something when input is missing", ("validation",), leave_out("input.missing")
    ),
    Fault(
        "input_mistyped_crashes",
        "answers 500 to an input that is a number or an object",
        ("validation", "status"),
        edit_refusal("input.type", status=500, type="server_error", code=None),
    ),
    Fault(
        "input_mixed_accepted",
        "embeds a list of strings and numbers as texts",
        ("validation",),
        {
            "on_input": lambda call, value: (
                [str(one) for one in value] if _list(value) and len({type(one) for one in value}) > 1 else value
            )
        },
    ),
)
