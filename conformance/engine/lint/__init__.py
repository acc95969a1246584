"""
Reads a contract as its author's sternest colleague: every name that leads nowhere, every promise that nothing
keeps, and every request that does something else than the clause it stands in says.
"""

from conformance.engine.lint.faults import lint_contract

__all__ = ["lint_contract"]
