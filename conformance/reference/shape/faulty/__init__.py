"""
The faults that every server of the shape can have, by kind.
"""

from __future__ import annotations

from conformance.reference.shape.faulty import (
    access,
    batches,
    declared,
    encodings,
    envelopes,
    inputs,
    limits,
    order,
    stability,
    vectors,
)
from conformance.reference.zoo import Fault

__all__ = ["SHARED_FAULTS"]

_KINDS = (encodings, inputs, order, vectors, stability, limits, envelopes, access, batches, declared)

SHARED_FAULTS: tuple[Fault, ...] = tuple(fault for kind in _KINDS for fault in kind.FAULTS)
