"""
A contract that builds on another one: it keeps the other's clauses, under its own promises, and adds its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from conformance.contract.document import Document
from conformance.contract.model import Clause, Contract
from conformance.errors import Fault, UsageError
from conformance.verdict import Level

__all__ = ["extended"]

Data = Mapping[str, Any]


def extended(own: Contract, base: Contract, extends: Data, document: Document) -> Contract:
    """
    Return *own* with the clauses, triggers, zones and envelopes of *base*, as its ``extends`` row asks for.

    ``without`` drops clauses by pattern, ``levels`` binds some more or less, and ``promises`` says which promises of
    *own* each promise of *base* stands for.

    Raises:
        UsageError: when a row of ``extends`` speaks of nothing that is there.
    """
    faults: list[Fault] = []
    without = list(extends.get("without", ()))
    mapping: Data = extends["promises"]
    levels: Data = extends.get("levels", {})
    ids = {clause.id for clause in own.clauses}
    kept = [c for c in base.clauses if c.id not in ids and not any(fnmatchcase(c.id, p) for p in without)]
    faults.extend(_stale(extends, own, base, frozenset(clause.id for clause in kept), document))
    bound = {promise for clause in kept for promise in clause.promises}
    for name in sorted(bound - mapping.keys()):
        faults.append(
            Fault(
                f"the promise {name} of {base.name} stands for nothing here",
                document.where(("extends", "promises")),
                expected=f"the promises of {own.name} that it stands for",
                move=f"add {name}: […]",
            )
        )
    if faults:
        raise UsageError(faults)

    def mine(clause: Clause) -> Clause:
        promises = dict.fromkeys(name for old in clause.promises for name in mapping[old])
        return replace(clause, promises=tuple(promises), level=Level(levels.get(clause.id, clause.level.value)))

    gone = {c.id for c in base.clauses} - {c.id for c in kept}
    clauses = (*own.clauses, *(mine(clause) for clause in kept))
    triggers = {t.id for t in own.triggers}
    zones = {z.id for z in own.zones}
    features = {
        name: {**base.features.get(name, {}), **own.features.get(name, {})}
        for name in {**base.features, **own.features}
    }
    return replace(
        own,
        digest=hashlib.sha256(f"{base.digest}{own.digest}".encode()).hexdigest(),
        documents={**base.documents, **own.documents},
        errors=own.errors,
        types=own.types,
        triggers=(*own.triggers, *(t for t in base.triggers if t.id not in triggers and t.clause not in gone)),
        zones=(*own.zones, *(z for z in base.zones if z.id not in zones and z.id not in extends.get("settled", ()))),
        facts=own.facts or base.facts,
        draw=own.draw or base.draw,
        parts=own.parts or base.parts,
        media=own.media or base.media,
        envelopes={**base.envelopes, **own.envelopes},
        requests={**base.requests, **own.requests},
        clauses=clauses,
        features=features,
        limits={**base.limits, **own.limits},
        tolerances=own.tolerances or base.tolerances,
        clients={**base.clients, **own.clients},
        extends=base.name,
    )


def _stale(extends: Data, own: Contract, base: Contract, kept: frozenset[str], document: Document) -> Iterator[Fault]:
    """
    Yield what names a clause, a zone or a promise that the other contract does not have.
    """
    ids = [clause.id for clause in base.clauses]
    for index, pattern in enumerate(extends.get("without", ())):
        if not any(fnmatchcase(clause, pattern) for clause in ids):
            where = document.where(("extends", "without", index))
            yield Fault(f"{base.name} has no clause {pattern}", where, pattern, "a clause id, or a pattern of them")
    for name in extends.get("levels", {}):
        if name in ids and name not in kept:
            where = document.where(("extends", "levels", name))
            what = f"{name} is left out, or written anew, so it has no other level"
            yield Fault(what, where, name, "a clause that is kept")
        if name not in ids:
            where = document.where(("extends", "levels", name))
            yield Fault(f"{base.name} has no clause {name}", where, name, "a clause id")
    for name, stands_for in extends["promises"].items():
        for index, promise in enumerate(stands_for):
            if promise not in own.promises:
                where = document.where(("extends", "promises", name, index))
                yield Fault(f"{own.name} has no promise {promise}", where, promise, f"one of {', '.join(own.promises)}")
        if name not in base.promises:
            where = document.where(("extends", "promises", name))
            yield Fault(f"{base.name} has no promise {name}", where, name, f"one of {', '.join(base.promises)}")
    zones = [zone.id for zone in base.zones]
    for index, name in enumerate(extends.get("settled", ())):
        if name not in zones:
            where = document.where(("extends", "settled", index))
            yield Fault(f"{base.name} has no zone {name}", where, name, f"one of {', '.join(zones)}")
