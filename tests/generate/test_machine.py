"""
Drawn sequences follow their model: what a key was used for decides what its next request gets.
"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.model import CaseTemplate, Clause
from conformance.generate.machine import sequences

from .shop import contract, make_shop

MACHINES = [clause for clause in contract().clauses if clause.machine]


def key_of(step: Any, header: str) -> str:
    return step.send["headers"][header]["$key"]["name"]


@pytest.mark.parametrize("clause", MACHINES, ids=lambda clause: clause.id)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_sequence_is_what_its_model_says(clause: Clause, seed: int) -> None:
    machine: Any = clause.machine
    header = machine["header"]
    for case in sequences(clause, count=10, seed=seed):
        stored: dict[str, tuple[Any, str]] = {}
        assert len(case.steps) == machine["length"]
        for step in case.steps:
            name, body = key_of(step, header), step.send.get("body")
            expect = {key: value for key, value in step.expect.items() if key != "charge"}
            refused = next((row["expect"] for row in machine["refused"] if row["send"].get("body") == body), None)
            if refused is not None:
                assert expect == refused
                assert name not in stored
            elif name not in stored:
                assert step.name.startswith("new") and expect == machine["new"]
                stored[name] = (body, step.name)
            elif stored[name][0] == body:
                assert step.name.startswith("replay")
                assert expect == {k: stored[name][1] if k == "same_as" else v for k, v in machine["replay"].items()}
            else:
                assert step.name.startswith("conflict") and expect == machine["conflict"]
            if machine.get("charge"):
                assert step.expect["charge"] == (machine["charge"] if step.name.startswith("new") else 0)


@pytest.mark.parametrize("clause", MACHINES, ids=lambda clause: clause.id)
def test_the_same_seed_draws_the_same_sequences(clause: Clause) -> None:
    assert list(sequences(clause, count=5, seed=4)) == list(sequences(clause, count=5, seed=4))
    assert list(sequences(clause, count=5, seed=4)) != list(sequences(clause, count=5, seed=5))
    assert list(sequences(clause, count=9, seed=4))[:5] == list(sequences(clause, count=5, seed=4))


def test_every_move_is_made() -> None:
    assert MACHINES
    for clause in MACHINES:
        moves = {step.name.rstrip("0123456789") for case in sequences(clause, count=20, seed=0) for step in case.steps}
        assert moves == {"new", "replay", "conflict", "refuse"}


def test_the_steps_of_a_sequence_have_names_of_their_own() -> None:
    for clause in MACHINES:
        for case in sequences(clause, count=5, seed=0):
            assert isinstance(case, CaseTemplate)
            assert len({step.name for step in case.steps}) == len(case.steps)


def test_a_machine_becomes_requests() -> None:
    shop = make_shop()
    for clause in MACHINES:
        templates = tuple(sequences(clause, count=2, seed=0))
        cases = list(shop.cases(clause, templates))
        assert len(cases) == 2
        for case in cases:
            keys = {step.request.header("Idempotency-Key") for step in case.steps}
            assert all(case.nonce in key for key in keys)
            assert len(keys) > 1
