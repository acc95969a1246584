"""
``conformance lint``: look for faults in a contract's files.
"""

from __future__ import annotations

import click

from conformance.cli.boundary import boundary
from conformance.errors import Fault, UsageError

__all__ = ["command"]


@click.command("lint")
@click.argument("contracts", nargs=-1, required=True, metavar="CONTRACT_OR_FOLDER...")
def command(contracts: tuple[str, ...]) -> int:
    """
    Look for faults in contracts, each given by its name or its folder.

    Exit code 2 when there is any fault.
    """
    from conformance.engine.lint import lint_contract

    faults: list[Fault] = []
    for name in contracts:
        try:
            faults += lint_contract(name)
        except UsageError as problem:
            faults += problem.faults
    for fault in faults:
        click.echo(boundary().redact(fault.render()))
    count = "no faults" if not faults else f"{len(faults)} fault{'s' * (len(faults) != 1)}"
    click.echo(f"{', '.join(contracts)}: {count}")
    return 2 if faults else 0
