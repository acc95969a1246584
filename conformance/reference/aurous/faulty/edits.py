"""
The changes that many faults have in common: edits of refusals, of documents and of whole answers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from conformance.reference.asgi import Answer
from conformance.reference.aurous.call import Call
from conformance.reference.aurous.refusals import Refusal

__all__ = [
    "Changes",
    "Document",
    "drop_header",
    "edit_answer",
    "edit_error",
    "edit_estimate",
    "edit_item",
    "edit_models",
    "edit_refusal",
    "edit_success",
    "edit_usage",
    "edit_vector",
    "input_of",
    "is_text",
    "leave_out",
    "leave_out_on_estimate",
    "replace_envelope",
    "set_header",
]

Changes = dict[str, Any]
Document = dict[str, Any]


def leave_out(*kinds: str) -> Changes:
    """Do not hold these rules."""
    return {"unchecked": frozenset(kinds)}


def leave_out_on_estimate(*kinds: str) -> Changes:
    """Do not hold these rules when a cost is estimated."""
    return {"unchecked_on_estimate": frozenset(kinds)}


def edit_refusal(*kinds: str, **changes: Any) -> Changes:
    """Change fields of the refusals of these kinds; of every refusal when none is named."""

    def edit(call: Call, refusal: Refusal) -> Refusal:
        return dataclasses.replace(refusal, **changes) if not kinds or refusal.kind in kinds else refusal

    return {"on_refusal": edit}


def edit_error(change: Callable[[Call, Document], object], *kinds: str) -> Changes:
    """Change the error object of refusals, of these kinds or of all, in place."""

    def edit(call: Call, envelope: Document) -> Any:
        if not kinds or (call.refusal is not None and call.refusal.kind in kinds):
            change(call, envelope["error"])
        return envelope

    return {"on_envelope": edit}


def replace_envelope(make: Callable[[Document], Any]) -> Changes:
    """Write every refusal in another shape, made from its error object."""
    return {"on_envelope": lambda call, envelope: make(envelope["error"])}


def edit_success(change: Callable[[Call, Document], object]) -> Changes:
    """Change the document of a created embedding in place."""

    def edit(call: Call, document: Document) -> Document:
        change(call, document)
        return document

    return {"on_document": edit}


def edit_item(change: Callable[[Call, Document], object]) -> Changes:
    """Change the one item of `data` in place."""
    return edit_success(lambda call, document: change(call, document["data"][0]))


def edit_vector(change: Callable[[Call, list[Any]], Any]) -> Changes:
    """Replace the vector."""
    return edit_item(lambda call, item: item.update(embedding=change(call, item["embedding"])))


def edit_usage(change: Callable[[Document], object]) -> Changes:
    """Change the usage object in place."""
    return edit_success(lambda call, document: change(document["usage"]))


def edit_estimate(change: Callable[[Document], object]) -> Changes:
    """Change an estimate in place."""

    def edit(call: Call, document: Document) -> Document:
        change(document)
        return document

    return {"on_estimate": edit}


def edit_models(change: Callable[[Document], object]) -> Changes:
    """Change each row of the model list in place."""

    def edit(call: Call, document: Document) -> Document:
        if call.path == "/v1/models":
            for row in document["data"]:
                change(row)
        return document

    return {"on_read": edit}


def edit_answer(change: Callable[[Call, Answer], Answer | None]) -> Changes:
    """Change a whole answer just before it is sent, in place or by returning another."""
    return {"on_answer": lambda call, answer: change(call, answer) or answer}


def drop_header(answer: Answer, name: bytes) -> None:
    """Take a header off an answer."""
    answer.headers = [header for header in answer.headers if header[0] != name]


def set_header(answer: Answer, name: bytes, value: bytes) -> None:
    """Put a header on an answer in place of any of that name."""
    drop_header(answer, name)
    answer.headers.append((name, value))


def is_text(call: Call) -> bool:
    """Tell whether a call's input is one string."""
    return isinstance(call.document, dict) and isinstance(call.document.get("input"), str)


def input_of(call: Call) -> Any:
    """Return a call's input, whatever it is."""
    return call.document.get("input") if isinstance(call.document, dict) else None
