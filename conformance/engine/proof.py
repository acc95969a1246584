"""
Which clauses are proven: those that found a fault which is there for them, by the last kill matrix of the contract.
"""

from __future__ import annotations

import json

from conformance.contract import Contract
from conformance.contract.loader import contract_folder
from conformance.errors import Fault, UsageError
from conformance.verdict import Level

__all__ = ["unproven_clauses"]


def unproven_clauses(name: str, contract: Contract) -> frozenset[str]:
    """
    Return the clauses of a contract without a fault that proves them; all of them when no matrix was ever kept. A MAY
    can't be broken, so there is nothing to prove about it.

    Raises:
        UsageError: when ``proof.json`` beside the contract is not what ``conformance selftest --json`` writes.
    """
    path = contract_folder(name) / "proof.json"
    everything = frozenset(clause.id for clause in contract.clauses if clause.level is not Level.MAY)
    if not path.is_file():
        return everything
    try:
        proven = json.loads(path.read_text("utf-8"))["proven"]
        return everything - frozenset(proven)
    except (OSError, ValueError, LookupError, TypeError) as problem:
        raise UsageError(
            Fault(
                "the contract's proof can't be read",
                where=str(path),
                got=str(problem),
                expected="what conformance selftest --json writes",
                move="write it again",
            )
        ) from None
