"""
``conformance plan``: show what a run would send, before anything is charged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from conformance.cli.aim import Aim, aim_options
from conformance.cli.columns import align, page_width, wrap

if TYPE_CHECKING:
    from conformance.contract import Clause, Contract
    from conformance.engine.plan import Effort, Plan

__all__ = ["command"]


@click.command("plan")
@click.argument("contract", required=False)
@aim_options
@click.option("--clause", "clauses", multiple=True, metavar="GLOB", help="Only clauses whose id matches; repeatable.")
@click.option(
    "--level",
    type=click.Choice(["MUST", "SHOULD", "MAY"], case_sensitive=False),
    metavar="MUST|SHOULD|MAY",
    help="Only clauses of this level.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, metavar="N", show_default=True, help="Seed of all that is drawn."
)
@click.option(
    "--budget",
    type=click.Choice(["quick", "standard", "deep"]),
    default="standard",
    show_default=True,
    help="How thorough.",
)
def command(
    contract: str | None,
    *,
    aim: Aim,
    clauses: tuple[str, ...],
    level: str | None,
    seed: int,
    budget: str,
) -> int:
    """
    Show what a run would send: cases, requests and charged ones of each clause.

    The target is asked only what a run asks before its first case: its models, a few plain requests, its witnesses.
    """
    import asyncio

    from conformance.engine.plan import BUDGETS
    from conformance.engine.run import Options, preview
    from conformance.engine.session import selected

    aim.check()
    loaded = aim.contract(contract)
    options = Options(clauses=clauses, level=level, seed=seed, budget=budget)
    with aim.open(loaded) as server:
        plan, charged = asyncio.run(preview(loaded, server, options))
    chosen = selected(loaded, clauses, level)
    rows: list[tuple[str, ...]] = [("CLAUSE", "LEVEL", "CASES", "REQUESTS", "CHARGED")]
    counts = {c.id: _counts(loaded, plan, c, BUDGETS[budget]) for c in chosen}
    rows += [(c.id, c.level.value, *(str(n) for n in counts[c.id])) for c in chosen if counts[c.id][0]]
    width = page_width()
    for line in align(rows, width=None):
        click.echo(line)
    riding = [c for c in chosen if not counts[c.id][0] and c.id not in {gap.clause for gap in plan.gaps}]
    if riding:
        click.echo("\nJudged on the requests of the others:")
        for line in wrap(", ".join(c.id for c in riding), width=width or 100, indent=2):
            click.echo(line)
    _gaps(plan, chosen, width)
    drawn = BUDGETS[budget].drawn
    requests = sum(n for _, n, _ in counts.values())
    click.echo("\nTotals")
    click.echo(
        f"  {len(chosen)} clauses, {plan.cases:,} cases, {requests:,} requests, of which {charged:,} are charged"
    )
    if drawn:
        click.echo(f"  and up to {drawn:,} drawn requests, as far as the target's budget goes")
    click.echo("  twins, repeats of what failed, and readings of the balance come on top")
    return 0


def _counts(contract: Contract, plan: Plan, clause: Clause, effort: Effort) -> tuple[int, int, int]:
    from conformance.engine.plan import Plan as Empty
    from conformance.engine.plan import charged_requests

    own = [case for case in plan.all() if case.clause == clause.id]
    cases, requests = len(own), sum(case.sends for case in own)
    charged = charged_requests(contract, Empty(main=own))
    if clause in plan.crowds and clause.crowd is not None:
        cases, requests = cases + 1, requests + clause.crowd["texts"] * (1 + clause.crowd["rounds"][effort.name])
    if clause in plan.bursts and clause.burst is not None:
        cases, requests = cases + 1, requests + clause.burst["times"]
    return cases, requests, charged


def _gaps(plan: Plan, chosen: list[Clause], width: int | None) -> None:
    """
    Say what can't be established, by what would have to be supplied.
    """
    groups: dict[str, list[str]] = {}
    for gap in plan.gaps:
        if gap.supply or gap.reason:
            named = f"{gap.clause}/{gap.case}" if gap.case else gap.clause
            groups.setdefault(gap.supply or gap.reason, []).append(named)
    if not groups:
        return
    click.echo("\nNot established")
    for need, cases in sorted(groups.items(), key=lambda group: -len(group[1])):
        for line in wrap(f"supply {need}", width=width or 100, indent=2):
            click.echo(line)
        shown = ", ".join(cases[:12]) + (f" and {len(cases) - 12} more" if len(cases) > 12 else "")
        for line in wrap(shown, width=width or 100, indent=6):
            click.echo(line)
