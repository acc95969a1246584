"""
Faults that show in one answer of fifty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.asgi import Answer
from conformance.reference.aurous.call import Call, Part
from conformance.reference.aurous.faulty.edits import edit_answer, edit_item, edit_vector, set_header
from conformance.reference.zoo import Fault

__all__ = ["FAULTS", "RATE"]

RATE = 0.02
_SPREAD = 2_654_435_761


def _unlucky(number: int) -> bool:
    """Tell whether a call is one of the fifty; spread evenly, and alike in every run."""
    return (number * _SPREAD & 0xFFFF_FFFF) < RATE * 0x1_0000_0000


def _seldom(name: str, says: str, promises: tuple[str, ...], changes: dict[str, Any]) -> Fault:
    return Fault(f"seldom_{name}", f"in one of fifty answers {says}", promises, changes, rate=RATE)


def _other_id(call: Call, answer: Answer) -> None:
    if _unlucky(call.serial):
        set_header(answer, b"aurous-request-id", b"req_01HXMQ7Z3K8Y2ABCDEFGHJKMNP")


def _content(change: Callable[[tuple[Part, ...]], tuple[Part, ...]]) -> dict[str, Any]:
    return {"content": lambda call, parts: change(parts) if _unlucky(call.serial) else parts}


def _wrong_code(call: Call, envelope: dict[str, Any]) -> dict[str, Any]:
    if _unlucky(call.serial):
        envelope["error"]["code"] = "internal_error"
    return envelope


FAULTS = (
    _seldom("wrong_request_id", "the request id is another", ("A42",), edit_answer(_other_id)),
    _seldom(
        "zero_vector",
        "the vector is all zeros",
        ("A20",),
        edit_vector(lambda call, vector: [0.0] * len(vector) if _unlucky(call.serial) else vector),
    ),
    _seldom(
        "other_vector",
        "the vector is that of another text",
        ("A19",),
        _content(lambda parts: (Part("text", "another", ""),)),
    ),
    _seldom(
        "first_part_only", "only the first part is embedded", ("A09",), _content(lambda parts: parts[:1])
    ),
    _seldom(
        "crash",
        "the status is 500",
        ("A45",),
        {"crashes": lambda call: call.creates and _unlucky(call.serial)},
    ),
    _seldom(
        "double_charge",
        "the charge is taken twice",
        ("A23",),
        {"charge": lambda call, cost: cost * (2 if _unlucky(call.serial) else 1)},
    ),
    _seldom(
        "charge_on_refusal",
        "a refusal is charged",
        ("A07",),
        {"fee_on_refusal": lambda call, refusal: 1_000 if _unlucky(call.serial) else 0},
    ),
    _seldom(
        "index_one",
        "the index is 1",
        ("A20",),
        edit_item(lambda call, item: item.update(index=1 if _unlucky(call.serial) else 0)),
    ),
    _seldom(
        "wrong_code",
        "a refusal has the code internal_error",
        ("A01", "A10", "A38"),
        {"on_envelope": _wrong_code},
    ),
    _seldom(
        "lost_key",
        "an idempotency key is forgotten",
        ("A24",),
        {"narrow_key": lambda call, key: f"{key} lost" if _unlucky(call.serial) else key},
    ),
)
