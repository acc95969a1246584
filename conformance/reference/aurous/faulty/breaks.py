"""
Which clauses of the contract have to notice which fault: patterns of clause ids by the name of the fault.

The first of a fault is the one that it is there to prove; the others are broken by the very same deviation. A name
ending in ``*`` stands for all clauses that begin so.
"""

from __future__ import annotations

from conformance.reference.aurous.faulty.breaks_of_requests import CAPS, ENVELOPE, INPUTS, REFUSING
from conformance.reference.aurous.faulty.breaks_of_service import (
    ACCESS,
    ACCOUNTING,
    FLAKY,
    IDEMPOTENCY,
    MEDIA,
    MONEY,
    ROBUSTNESS,
    VECTORS,
)
from conformance.reference.aurous.faulty.patterns import Clauses

__all__ = ["BREAKS"]

BREAKS: dict[str, Clauses] = {
    **CAPS,
    **INPUTS,
    **REFUSING,
    **ENVELOPE,
    **MONEY,
    **MEDIA,
    **VECTORS,
    **ACCOUNTING,
    **IDEMPOTENCY,
    **ACCESS,
    **ROBUSTNESS,
    **FLAKY,
}
