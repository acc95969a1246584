"""
Which clauses of the contract have to notice which fault: patterns of clause ids by the name of the fault.
"""

from __future__ import annotations

__all__ = ["BREAKS", "Clauses"]

Clauses = tuple[str, ...]

BREAKS: dict[str, Clauses] = {}
