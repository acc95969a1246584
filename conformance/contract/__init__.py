"""
The contract language: what one API promises, read from a folder of YAML into frozen values.
"""

from conformance.contract.loader import contract_names, load_contract
from conformance.contract.model import CaseTemplate, Clause, Contract, Operation, Source, StepTemplate

__all__ = [
    "CaseTemplate",
    "Clause",
    "Contract",
    "Operation",
    "Source",
    "StepTemplate",
    "contract_names",
    "load_contract",
]
