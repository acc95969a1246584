"""
Which clauses of the contract have to notice which fault: patterns of clause ids by the name of the fault.

The first of a fault is the one that it is there to prove; the others are broken by the very same deviation. A name
ending in ``*`` stands for all clauses that begin so.
"""

from __future__ import annotations

__all__ = ["BREAKS", "Clauses"]

Clauses = tuple[str, ...]

BREAKS: dict[str, Clauses] = {
}
