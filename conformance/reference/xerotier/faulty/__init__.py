"""
The zoo of faults of this provider; each name stands once.
"""

from __future__ import annotations

import dataclasses

from conformance.reference.shape.faulty import SHARED_FAULTS
from conformance.reference.shape.faulty.breaks import BREAKS as SHARED_BREAKS
from conformance.reference.shape.faulty.edits import adopt
from conformance.reference.xerotier.faulty import scoping, states, tiers
from conformance.reference.xerotier.faulty.breaks import BREAKS
from conformance.reference.zoo import Fault

__all__ = ["FAULTS", "TOPICS"]

# The promise that each topic of a fault stands for.
TOPICS = {
    "route": "X01",
    "forms": "X02",
    "one": "X03",
    "shape": "X04",
    "belongs": "X05",
    "float": "X06",
    "base64": "X07",
    "dimensions": "X09",
    "user": "X10",
    "usage": "X15",
    "model": "X16",
    "validation": "X17",
    "cap": "X18",
    "tokens": "X17",
    "envelope": "X27",
    "status": "X27",
    "auth": "X22",
    "limits": "X24",
    "http": "X01",
    "alive": "X27",
    "batch": "X29",
    "job": "X28",
    "clients": "X31",
    "unicode": "X02",
    "vectors": "X05",
    "tier": "X11",
    "tier_null": "X12",
    "tier_vector": "X13",
    "price": "X14",
    "not_embedding": "X19",
    "unknown_slug": "X20",
    "late": "X21",
    "credit": "X23",
    "config": "X25",
    "capacity": "X26",
    "asymmetry": "X30",
}

# No page speaks of a route without its version, model decides nothing, 2,048 inputs are promised, and the headers of
# limits have other names here.
_UNJUDGED = (
    *("route_alias_with_bare_list", "model_not_required", "model_mistyped_accepted"),
    *("declared_inputs_fewer", "declared_inputs_more"),
    *("rate_headers_missing", "rate_headers_words", "rate_headers_above_limit"),
)

FAULTS: tuple[Fault, ...] = tuple(
    dataclasses.replace(fault, breaks=(*SHARED_BREAKS.get(fault.name, ()), *BREAKS.get(fault.name, ())))
    for fault in adopt((*SHARED_FAULTS, *scoping.FAULTS, *states.FAULTS, *tiers.FAULTS), TOPICS, without=_UNJUDGED)
)
