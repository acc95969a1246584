"""
The changes that many faults have in common: edits of refusals, of documents and of whole answers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.reference.asgi import Answer
from conformance.reference.shape.behaviour import write_row
from conformance.reference.shape.call import Call, Item
from conformance.reference.shape.refusals import Refusal
from conformance.reference.shape.space import Vectors
from conformance.reference.zoo import Fault

__all__ = [
    "Changes",
    "Document",
    "Rows",
    "adopt",
    "drop_header",
    "edit_answer",
    "edit_base64",
    "edit_error",
    "edit_items",
    "edit_refusal",
    "edit_row",
    "edit_rows",
    "edit_success",
    "edit_usage",
    "edit_vectors",
    "leave_out",
    "members",
    "of_kind",
    "replace_envelope",
    "set_header",
]

Changes = dict[str, Any]
Document = dict[str, Any]
Rows = list[dict[str, Any]]


def adopt(faults: Iterable[Fault], topics: Mapping[str, str], *, without: Iterable[str] = ()) -> tuple[Fault, ...]:
    """Return shared faults for one provider: the promises are its own, by the topics that the faults name."""
    left_out = frozenset(without)
    return tuple(
        dataclasses.replace(fault, promises=tuple(dict.fromkeys(topics[topic] for topic in fault.promises)))
        for fault in faults
        if fault.name not in left_out
    )


def leave_out(*kinds: str) -> Changes:
    """Do not hold these rules."""
    return {"unchecked": frozenset(kinds)}


def of_kind(refusal: Refusal | None, kinds: tuple[str, ...]) -> bool:
    """Tell whether a refusal is of one of these kinds, or of any when none is named; a first word stands for all."""
    if refusal is None:
        return False
    return not kinds or refusal.kind in kinds or refusal.kind.partition(".")[0] in kinds


def edit_refusal(*kinds: str, **changes: Any) -> Changes:
    """Change fields of the refusals of these kinds; of every refusal when none is named."""

    def edit(call: Call, refusal: Refusal) -> Refusal:
        return dataclasses.replace(refusal, **changes) if of_kind(refusal, kinds) else refusal

    return {"on_refusal": edit}


def edit_error(change: Callable[[Call, Document], object], *kinds: str) -> Changes:
    """Change the error object of refusals, of these kinds or of all, in place."""

    def edit(call: Call, envelope: Document) -> Any:
        if of_kind(call.refusal, kinds):
            change(call, envelope["error"])
        return envelope

    return {"on_envelope": edit}


def replace_envelope(make: Callable[[Document], Any]) -> Changes:
    """Write every refusal in another shape, made from its error object."""
    return {"on_envelope": lambda call, envelope: make(envelope["error"])}


def edit_success(change: Callable[[Call, Document], object]) -> Changes:
    """Change the document of embeddings in place, or return another."""

    def edit(call: Call, document: Document) -> Any:
        return change(call, document) or document

    return {"on_document": edit}


def edit_rows(change: Callable[[Call, Rows], Rows | None]) -> Changes:
    """Change the rows of `data` in place, or return others."""

    def edit(call: Call, document: Document) -> Document:
        document["data"] = change(call, document["data"]) or document["data"]
        return document

    return {"on_document": edit}


def edit_row(change: Callable[[Call, Any], Any]) -> Changes:
    """Write each vector, still an array of single precision, in another way; None keeps the right one."""

    def edit(call: Call, row: Any) -> Any:
        changed = change(call, row)
        return write_row(call, row) if changed is None else changed

    return {"write_row": edit}


def edit_base64(encode: Callable[[Any], Any]) -> Changes:
    """Encode vectors in another way where base64 is asked for."""
    return edit_row(lambda call, row: encode(row) if call.wish is not None and call.wish.base64 else None)


def edit_usage(change: Callable[[Call, Document], object]) -> Changes:
    """Change the usage object in place."""

    def edit(call: Call, document: Document) -> Document:
        change(call, document["usage"])
        return document

    return {"on_document": edit}


def edit_items(change: Callable[[Call, list[Item]], list[Item]]) -> Changes:
    """Embed other items than those of the request."""
    return {"on_items": change}


def edit_vectors(change: Callable[[Call, Vectors], Vectors]) -> Changes:
    """Change the vectors of a request, a row each."""
    return {"on_vectors": change}


def edit_answer(change: Callable[[Call, Answer], Answer | None]) -> Changes:
    """Change a whole answer just before it is sent, in place or by returning another."""
    return {"on_answer": lambda call, answer: change(call, answer) or answer}


def drop_header(answer: Answer, *names: bytes) -> None:
    """Take headers off an answer."""
    answer.headers = [header for header in answer.headers if header[0] not in names]


def set_header(answer: Answer, name: bytes, value: bytes) -> None:
    """Put a header on an answer in place of any of that name."""
    drop_header(answer, name)
    answer.headers.append((name, value))


def members(call: Call) -> list[Any]:
    """Return the members of an input that is an array, else none."""
    return call.input if isinstance(call.input, list) else []
