"""
The facts of a target that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.contract.model import Contract
from conformance.engine.lint.use import Use

__all__ = ["stand_ins"]


def stand_ins(contract: Contract, uses: Iterable[Use]) -> dict[str, Any]:
    """
    Return plausible values of every fact, so that requests can be made without a target.
    """
    lists: set[str] = set()
    numbers: set[str] = set()
    for use in uses:
        if use.kind == "variable":
            last, before = use.path[-1], use.path[-2] if len(use.path) > 1 else ""
            head, _, index = use.value.rpartition(".")
            if index.isdigit():
                lists.add(head)
            elif last in ("enum", "$outside") or before in ("each", "fields"):
                lists.add(use.value)
            elif "product" in use.path:
                numbers.add(use.value)
    facts: dict[str, Any] = {}
    for fact in contract.facts:
        facts[fact.name] = taken = {}
        for field in fact.take:
            name = f"{fact.name}.{field}"
            listed, number = name in lists and not fact.collect, name in numbers
            taken[field] = [8, 16] if listed else 1 if number else f"stand-in-{fact.name}"
    for fact in contract.facts:
        if fact.collect:
            # A catalogue lists what the other facts of the same rows are.
            for field, pointer in fact.take.items():
                alike = [f for f in contract.facts if f.operation == fact.operation and not f.collect]
                shared = [facts[f.name][key] for f in alike for key, path in f.take.items() if path == pointer]
                facts[fact.name][field] = [*shared, f"stand-in-{fact.name}"]
    facts["vars"] = {name: f"stand-in-{name}" for name in contract.variables}
    facts["features"] = {name: str(row["default"]) for name, row in contract.features.items()}
    facts["plain"] = {"width": 1536}
    for group, rows in contract.operator.items():
        facts[group] = {name: f"stand-in-{name}" for name in rows}
    # Far enough from every number of a schema, and not much to build.
    facts["limits"] = dict.fromkeys(contract.limits, 1000)
    facts["media"] = {"pattern": "^https://canary\\.invalid/|^https://media\\.invalid/"}
    return facts
