"""
Every fault says which clauses it is for: clauses that the contract has, and never all of them.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from conformance.contract import load_contract
from conformance.reference.aurous import faults
from conformance.reference.aurous.faulty.breaks import BREAKS

FAULTS = faults()


@pytest.fixture(scope="module")
def clauses() -> list[str]:
    return [clause.id for clause in load_contract("aurous").clauses]


def test_every_fault_is_for_some_clause_and_every_name_is_a_fault() -> None:
    assert set(BREAKS) == {fault.name for fault in FAULTS}
    assert all(fault.breaks == BREAKS[fault.name] and fault.breaks for fault in FAULTS)


def test_every_pattern_stands_for_clauses_of_the_contract_and_none_for_all(clauses: list[str]) -> None:
    for name, patterns in BREAKS.items():
        for pattern in patterns:
            matched = [clause for clause in clauses if fnmatchcase(clause, pattern)]
            assert matched, f"{name}: no clause is called {pattern}"
            assert len(matched) < len(clauses) / 2, f"{name}: {pattern} stands for nearly everything"
        assert "*" not in patterns[0], f"{name}: the first is the clause that it is there to prove"
