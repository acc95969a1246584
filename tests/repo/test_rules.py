"""
What running servers got wrong is held by clauses that exist, or is left out for a reason.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.contract import load_contract

FILE = Path(__file__).resolve().parents[2] / "fixtures" / "rules.yaml"
RULES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))["rules"]


def test_there_are_rules() -> None:
    assert len(RULES) == 29


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_held_or_has_a_reason(name: str) -> None:
    rule = RULES[name]
    held = {"openai": rule.get("clauses", []), "xerotier": rule.get("xerotier", [])}
    assert any(held.values()) != bool(rule.get("reason", "").strip())
    for contract, patterns in held.items():
        ids = [clause.id for clause in load_contract(contract).clauses]
        for pattern in patterns:
            assert any(fnmatchcase(clause, pattern) for clause in ids), pattern
