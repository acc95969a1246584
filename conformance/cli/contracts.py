"""
What ``conformance explain CONTRACT`` says: what a target file for this contract may hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from conformance.cli.columns import wrap

if TYPE_CHECKING:
    from conformance.contract import Contract

__all__ = ["explain_contract"]


def explain_contract(contract: Contract, width: int) -> Iterator[str]:
    """
    Yield the lines that say what a contract holds and what a target may tell of itself, in about *width* columns.
    """
    yield f"{contract.name}  ({contract.revision})"
    yield from wrap(contract.title, width=width, indent=2)
    levels = Counter(clause.level.value for clause in contract.clauses)
    counted = ", ".join(f"{levels[level]} {level}" for level in ("MUST", "SHOULD", "MAY") if levels[level])
    builds = f"; it builds on {contract.extends}" if contract.extends else ""
    size = f"{len(contract.clauses)} clauses ({counted}), {len(contract.promises)} promises{builds}"
    yield from wrap(size, width=width, indent=2)
    yield from wrap(f"key_env: {contract.authentication['key_env']}", width=width, indent=2)
    supplies = {f"vars.{name}": row["supply"] for name, row in contract.variables.items()}
    yield from _section("What stands in its paths", supplies, width)
    if contract.features:
        yield ""
        yield "Features: what a target does in its own way"
        for name, row in contract.features.items():
            yield f"  {name}: {row['says']}" if row.get("says") else f"  {name}"
            for value, meaning in row.get("values", {}).items():
                taken = " (taken for granted)" if value == str(row.get("default")) else ""
                yield from wrap(f"{value}: {meaning}{taken}", width=width, indent=4)
    limits = {name: row["supply"] for name, row in contract.limits.items()}
    yield from _section("Limits that are judged where a target declares them", limits, width)
    keys = {name: row["supply"] for name, row in contract.authentication.get("keys", {}).items()}
    yield from _section("Keys that only the operator has", keys, width)
    for group, rows in contract.operator.items():
        yield from _section(f"{group} that only the operator knows", {n: r["supply"] for n, r in rows.items()}, width)
    clients = {name: row["supply"] for name, row in contract.clients.items()}
    yield from _section("Client libraries that are called where they are installed", clients, width)


def _section(title: str, rows: Mapping[str, str], width: int) -> Iterator[str]:
    if rows:
        yield ""
        yield title
        for supply in rows.values():
            yield from wrap(supply, width=width, indent=2)
