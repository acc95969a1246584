"""
Clauses of the OpenAI shape that judge what their own sentence says, and leave the rest to the clause that is there for it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from conformance.contract import load_contract
from conformance.engine.run import Options, run
from conformance.engine.target import Target
from conformance.reference.openai import KEYS, READY, make_app

from .worlds import Report, World

NAMES = {role: f"TEST_{role.upper()}_KEY" for role in KEYS}


def judged(world: World, *clauses: str, budget: str = "quick", **features: str) -> Report:
    target = Target(
        contract="openai",
        app=world,
        secrets={NAMES[role]: key for role, key in KEYS.items()},
        key_names=NAMES,
        features={**READY["features"], **features},
        ledger=None,
        canary=None,
        requests_per_second=None,
        timeout=10.0,
    )
    lines: list[dict[str, Any]] = []
    options = Options(clauses=clauses, budget=budget, clients=False, shrinking=False)
    code = asyncio.run(run(load_contract("openai"), target, options, lines.append))
    return Report(code, lines)


# What a target declares


@pytest.mark.parametrize("clause", ["dimensions.norm", "jobs.fields"])
def test_what_a_fixed_model_can_not_give_is_a_declared_gap(clause: str) -> None:
    kept = ("dimensions.honoured", "dimensions.above", "dimensions.above.refused", "dimensions.fixed")
    report = judged(World(inner=make_app(variant="no_dimensions")), clause, *kept, dimensions="fixed")
    assert report.clauses[clause]["declared"] == ["dimensions: fixed"]
    # What a refusal keeps as well is judged.
    assert report.ids("pass") == set(kept)
    assert judged(World(inner=make_app()), clause).verdict(clause) == "pass"
    # Where nothing is declared, nothing is taken for a gap.
    assert judged(World(inner=make_app()), clause, dimensions="either").verdict(clause) == "pass"
