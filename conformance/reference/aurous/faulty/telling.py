"""
A list of usage events that tells something else than happened, charges that ask who paid, and images not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from conformance.reference.aurous.accounts import KEYS
from conformance.reference.aurous.call import Call, Part
from conformance.reference.aurous.catalogue import MODELS
from conformance.reference.aurous.faulty.edits import Changes
from conformance.reference.aurous.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

Row = dict[str, Any]


def _edit_events(change: Callable[[Row], object]) -> Changes:
    def edit(call: Call, document: Row) -> Row:
        if call.path == "/v1/usage/events":
            for row in document["data"]:
                change(row)
        return document

    return {"on_read": edit}


def _list_refused(call: Call, refusal: Refusal) -> int:
    assert call.key is not None
    events = call.team.events
    if events and not refusal.kind.startswith("query"):
        id_ = f"{events[-1]['id']}r"
        events.append({**events[-1], "id": id_, "request_id": call.request_id, "credits_charged": 0.01})
    return 0


def _in_a_row(parts: Sequence[Part]) -> int:
    runs = [len(list(run)) for image, run in groupby(part.kind == "image_url" for part in parts) if image]
    return max(runs, default=0)


def _has_image(call: Call) -> bool:
    content = call.document.get("input") if isinstance(call.document, dict) else None
    parts = content if isinstance(content, list) else []
    return any(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)


def _other_model(call: Call) -> bool:
    return call.wish is not None and call.wish.model is not next(model for model in MODELS if model.dimensions)


FAULTS = (
    Fault(
        "events_charge_zero",
        "lists every request among the usage events as free",
        ("A23",),
        _edit_events(lambda row: row.update(credits_charged=0)),
    ),
    Fault(
        "events_other_ids",
        "lists requests among the usage events under other request ids",
        ("A23",),
        _edit_events(lambda row: row.update(request_id=row["request_id"][::-1])),
    ),
    Fault(
        "events_list_refused",
        "lists refused requests among the usage events, with a charge",
        ("A07",),
        {"fee_on_refusal": _list_refused},
    ),
    Fault(
        "charge_not_on_second_key",
        "takes nothing for requests with the team's second key",
        ("A23",),
        {"charge": lambda call, cost: 0 if call.key is not None and call.key.secret == KEYS["same_team"] else cost},
    ),
    Fault(
        "charge_other_model_more",
        "takes half as much again for another model than its first",
        ("A23",),
        {"charge": lambda call, cost: cost + cost // 2 if _other_model(call) else cost},
    ),
    Fault(
        "charge_not_with_idempotency_key",
        "takes nothing for requests with an idempotency key",
        ("A23",),
        {"charge": lambda call, cost: 0 if call.request.headers.get(b"idempotency-key") else cost},
    ),
    Fault(
        "dimensions_unchecked_beside_images",
        "accepts any dimensions for an input with an image",
        ("A38",),
        {"accepts_dimensions": lambda call, value, accepted: type(value) is int and value > 0 and _has_image(call)},
    ),
    Fault(
        "caps_images_in_a_row",
        "counts only images that stand side by side",
        ("A11",),
        {"count_images": _in_a_row},
    ),
)
