"""
``conformance list``: the contracts, or the clauses of one.
"""

from __future__ import annotations

from collections import Counter

import click

from conformance.cli.columns import align, page_width
from conformance.errors import Fault, UsageError

__all__ = ["command"]

_LEVELS = ("MUST", "SHOULD", "MAY")


@click.command("list")
@click.argument("contract", required=False)
@click.option("--clause", "clauses", multiple=True, metavar="GLOB", help="Only clauses whose id matches; repeatable.")
@click.option(
    "--level",
    type=click.Choice(_LEVELS, case_sensitive=False),
    metavar="MUST|SHOULD|MAY",
    help="Only clauses of this level.",
)
def command(contract: str | None, clauses: tuple[str, ...], level: str | None) -> int:
    """
    List the contracts, or the clauses of CONTRACT.
    """
    if contract is None:
        if clauses or level:
            raise UsageError(
                Fault("which contract's clauses?", where="CONTRACT", expected="a name", move="conformance list")
            )
        return _list_contracts()
    from conformance.contract import load_contract
    from conformance.engine.session import selected

    chosen = selected(load_contract(contract), clauses, level)
    if not chosen:
        raise UsageError(
            Fault(
                "no clause is selected",
                where="--clause" if clauses else "--level",
                got=", ".join(clauses) or str(level),
                expected="a clause id or a pattern",
                move=f"conformance list {contract}",
            )
        )
    for line in align([(c.id, c.level.value, c.says) for c in chosen], width=page_width()):
        click.echo(line)
    return 0


def _list_contracts() -> int:
    from conformance.contract import contract_names, load_contract

    rows: list[tuple[str, ...]] = [("NAME", "REVISION", *_LEVELS, "TITLE")]
    for name in contract_names():
        contract = load_contract(name)
        counts = Counter(clause.level.value for clause in contract.clauses)
        rows.append((name, contract.revision, *(str(counts[level]) for level in _LEVELS), contract.title))
    for line in align(rows, width=page_width()):
        click.echo(line)
    return 0
