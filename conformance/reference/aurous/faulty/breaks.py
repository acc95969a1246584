"""
Which clauses of the contract have to notice which fault: clause ids by the name of the fault.
"""

from __future__ import annotations

BREAKS: dict[str, tuple[str, ...]] = {}
