"""
The zoo of faults, by kind; each name stands once.
"""

from __future__ import annotations

import dataclasses

from conformance.reference.aurous.faulty import (
    access,
    accounting,
    caps,
    envelopes,
    flaky,
    idempotency,
    inputs,
    media,
    money,
    refusing,
    robustness,
    telling,
    vectors,
)
from conformance.reference.aurous.faulty.breaks import BREAKS
from conformance.reference.zoo import Fault

__all__ = [
    "FAULTS",
    "access",
    "accounting",
    "caps",
    "envelopes",
    "flaky",
    "idempotency",
    "inputs",
    "media",
    "money",
    "refusing",
    "robustness",
    "telling",
    "vectors",
]

_KINDS = (
    caps,
    inputs,
    refusing,
    envelopes,
    money,
    media,
    vectors,
    accounting,
    idempotency,
    access,
    robustness,
    telling,
    flaky,
)

FAULTS: tuple[Fault, ...] = tuple(
    dataclasses.replace(fault, breaks=BREAKS.get(fault.name, ())) for kind in _KINDS for fault in kind.FAULTS
)
