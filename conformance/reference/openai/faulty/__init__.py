"""
The zoo of faults of this provider; each name stands once.
"""

from __future__ import annotations

import dataclasses

from conformance.reference.openai.faulty import catalogue, routes
from conformance.reference.openai.faulty.breaks import BREAKS
from conformance.reference.shape.faulty import SHARED_FAULTS
from conformance.reference.shape.faulty.breaks import BREAKS as SHARED_BREAKS
from conformance.reference.shape.faulty.edits import adopt
from conformance.reference.zoo import Fault

__all__ = ["FAULTS", "TOPICS"]

# The promise that each topic of a shared fault stands for.
TOPICS = {
    "route": "O01",
    "forms": "O02",
    "one": "O03",
    "shape": "O04",
    "belongs": "O05",
    "float": "O06",
    "base64": "O07",
    "dimensions": "O08",
    "user": "O09",
    "usage": "O10",
    "model": "O11",
    "validation": "O12",
    "cap": "O13",
    "tokens": "O14",
    "envelope": "O15",
    "status": "O16",
    "auth": "O17",
    "limits": "O18",
    "http": "O19",
    "alive": "O20",
    "models": "O21",
    "batch": "O22",
    "job": "O22",
    "clients": "O23",
    "unicode": "O24",
    "vectors": "O25",
}

# The documents allow a code of null, and a name that holds the model's.
_CONFORMING = ("model_unknown_without_code", "model_echo_as_path")

FAULTS: tuple[Fault, ...] = tuple(
    dataclasses.replace(fault, breaks=(*SHARED_BREAKS.get(fault.name, ()), *BREAKS.get(fault.name, ())))
    for fault in adopt((*SHARED_FAULTS, *routes.FAULTS, *catalogue.FAULTS), TOPICS, without=_CONFORMING)
)
