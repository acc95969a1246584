"""
Faults of service tiers and of what they cost.
"""

from __future__ import annotations

from typing import Any

from conformance.reference.shape.call import Call, Item
from conformance.reference.shape.faulty.edits import Document, edit_items, edit_refusal, edit_success
from conformance.reference.shape.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _tier(call: Call) -> str | None:
    return call.wish.tier if call.wish is not None else None


def _with_tier(call: Call, items: list[Item]) -> list[Item]:
    if _tier(call) != "priority":
        return items
    return [Item((*item.ids, 1), item.text) for item in items]


def _echo(call: Call, document: Document) -> None:
    document["service_tier"] = _tier(call) or "default"


def _refuse(*tiers: str) -> dict[str, Any]:
    refusal = Refusal("tier.value", 400, "invalid_request_error", "invalid_request", "Unknown tier.", "service_tier")
    return {"refuses": lambda call: refusal if _tier(call) in tiers else None}


def _base(call: Call, units: int) -> int:
    assert call.wish is not None
    return call.wish.tokens * 4


def _double(call: Call, units: int) -> int:
    return _base(call, units) * 2 if _tier(call) == "priority" else units


def _cheap_flex(call: Call, units: int) -> int:
    return units // 2 if _tier(call) == "flex" else units


def _all_dear(call: Call, units: int) -> int:
    return _base(call, units) * 5 // 4


FAULTS = (
    Fault("tier_changes_vector", "lets the tier priority change the vector", ("tier_vector",), edit_items(_with_tier)),
    Fault("tier_echoed", "names a tier in the answer", ("tier_null",), edit_success(_echo)),
    Fault(
        "tier_in_answer_number",
        "writes a number for service_tier",
        ("tier_null",),
        edit_success(lambda call, document: document.update(service_tier=1)),
    ),
    Fault("tier_refused", "refuses every tier", ("tier",), _refuse("flex", "default", "priority")),
    Fault("tier_flex_refused", "refuses the tier flex", ("tier",), _refuse("flex")),
    Fault(
        "tier_priority_crashes",
        "answers 500 to the tier priority",
        ("tier", "status"),
        {"crashes": lambda call: _tier(call) == "priority"},
    ),
    Fault(
        "tier_unknown_500",
        "answers 500 to an unknown tier",
        ("tier", "status"),
        edit_refusal("tier.value", status=500, code="invalid_tier", type="internal_error"),
    ),
    Fault(
        "tier_mistyped_500",
        "answers 500 to a tier that is no string",
        ("tier", "status"),
        edit_refusal("tier.type", status=500),
    ),
    Fault("price_priority_base", "charges the base rate for priority", ("price",), {"charge": _base}),
    Fault("price_priority_double", "charges twice the base rate for priority", ("price",), {"charge": _double}),
    Fault("price_flex_half", "charges half the base rate for flex", ("price",), {"charge": _cheap_flex}),
    Fault("price_default_dear", "charges a fourth more for every tier", ("price",), {"charge": _all_dear}),
    Fault(
        "charge_missing", "charges nothing for what it reports as used", ("price",), {"charge": lambda call, units: 0}
    ),
    Fault(
        "charge_of_failures",
        "keeps the credit that it held for a failed request",
        ("price",),
        {"fee_on_failure": lambda call, units: units},
    ),
    Fault(
        "failures_not_logged",
        "has no row for a request that failed after it was sent to a worker",
        ("price",),
        {"logs_failures": False},
    ),
)
