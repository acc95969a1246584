"""
``conformance explain``: show all that a contract says of one clause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from conformance.cli.columns import page_width, wrap
from conformance.errors import Fault, UsageError, shorten

if TYPE_CHECKING:
    from conformance.contract import Clause, Contract

__all__ = ["command", "explain_clause"]

_LABEL = 10
_CASES = 3  # cases shown whole; the others by name
_WITNESSES = {
    "ledger": "witnesses.ledger: a balance that the key may read",
    "canary": "witnesses.canary: an address of the suite that the target can fetch media from",
    "clock": "witnesses.clock: a request that advances the target's time",
    "media": "media.images: URLs of images that the target can fetch",
}


@click.command("explain")
@click.argument("clause")
@click.option("--contract", metavar="NAME", help="Look in this contract only  [default: all]")
def command(clause: str, contract: str | None) -> int:
    """
    Show all that a contract says of CLAUSE: what is promised and where, what is sent, and what it needs. With the name
    of a contract, show what a target file for it may hold.
    """
    from conformance.contract import contract_names, load_contract

    if clause in contract_names():
        from conformance.cli.contracts import explain_contract

        for line in explain_contract(load_contract(clause), page_width() or 100):
            click.echo(line)
        return 0
    contracts = [load_contract(name) for name in ((contract,) if contract else contract_names())]
    found = [(c, one) for c in contracts for one in c.clauses if one.id == clause]
    if not found:
        raise _unknown(clause, contracts)
    for number, (owner, one) in enumerate(found):
        if number:
            click.echo("\n")
        for line in explain_clause(owner, one, page_width() or 100):
            click.echo(line)
    return 0


def _unknown(given: str, contracts: Iterable[Contract]) -> UsageError:
    from difflib import get_close_matches

    ids = list(dict.fromkeys(clause.id for contract in contracts for clause in contract.clauses))
    near = [i for i in ids if given and (given in i or i.startswith(f"{given}."))][:5] or get_close_matches(
        given, ids, n=5, cutoff=0.5
    )
    return UsageError(
        Fault(
            "there is no such clause",
            where="CLAUSE",
            got=shorten(given, limit=80),
            expected=f"a clause id, such as {', '.join(near)}" if near else "a clause id",
            move=f"conformance explain {near[0]}" if near else "conformance list CONTRACT",
        )
    )


def explain_clause(contract: Contract, clause: Clause, width: int) -> Iterator[str]:
    """
    Yield the lines that say all of one clause, in about *width* columns.
    """
    yield f"{clause.id}  {clause.level.value}  ({contract.name} {contract.revision})"
    yield from wrap(clause.says, width=width, indent=2)
    yield ""
    yield from _row("source", f"{clause.source.title}, {clause.source.section}", width)
    yield from _row("", clause.source.url, width)
    for name in clause.promises:
        promise = contract.promises.get(name)
        yield from _row("promise", f"{name}  {promise.says}" if promise else name, width)
    if clause.note:
        yield from _row("note", clause.note, width)
    if clause.contested:
        yield from _row("contested", str(clause.contested.get("reason", "")), width)
    yield from _row("written", f"{clause.file}:{clause.line}", width)
    yield ""
    yield from _requests(clause, width)
    needs = dict.fromkeys([*clause.needs, *(need for case in (*clause.cases, *clause.window) for need in case.needs)])
    if needs:
        yield ""
        yield "needs"
        for need in needs:
            yield from _row(need, _supply(contract, need), width)
    yield ""
    yield f"  run it    conformance run {contract.name} --clause {clause.id} --reference"


def _requests(clause: Clause, width: int) -> Iterator[str]:
    if clause.on is not None:
        yield "judged on every exchange where"
        yield from _yaml(clause.on, 2)
        yield "expects"
        yield from _yaml(clause.expect, 2)
    cases = clause.cases or clause.window
    if cases:
        yield "cases" if clause.cases else "cases, between two readings of the balance"
    for case in cases[:_CASES]:
        yield f"  {case.name}"
        bound = {name.lstrip("*"): value for name, value in case.bind}
        if bound:
            yield from _yaml({"with": bound}, 4)
        for step in case.steps:
            shown: dict[str, object] = {"step": step.name}
            for label, value, usual in (
                ("send", step.send, None),
                ("expect", step.expect, {}),
                ("times", step.times, 1),
                ("together", step.together, False),
                ("of_all", step.of_all, None),
                ("advance clock by seconds", step.clock, None),
                ("wait seconds", step.wait, 0.0),
                ("also judges", dict(step.also), {}),
            ):
                if value != usual:
                    shown[label] = value
            yield from _yaml([shown], 4)
        if case.twin is not None:
            yield from _yaml(
                {
                    "twin, which has to be accepted": {
                        **({"with": dict(case.twin_bind)} if case.twin_bind else {}),
                        **case.twin,
                    }
                },
                4,
            )
    if len(cases) > _CASES:
        more = ", ".join(case.name for case in cases[_CASES:])
        yield from wrap(f"and {len(cases) - _CASES} more: {more}", width=width, indent=2)
    for label, data in (("crowd", clause.crowd), ("drawn sequences", clause.machine), ("burst", clause.burst)):
        if data:
            yield label
            yield from _yaml(data, 2)
    if clause.drawn:
        yield f"drawn requests: {clause.drawn}"
    if clause.on is None and not cases and not (clause.crowd or clause.machine or clause.burst or clause.drawn):
        yield "judged on the cases of other clauses"


def _supply(contract: Contract, need: str) -> str:
    head, _, rest = need.partition(".")
    if head == "key":
        return str(contract.authentication.get("keys", {}).get(rest, {}).get("supply", f"operator.keys.{rest}_env"))
    for fact in contract.facts:
        if fact.name == head:
            return fact.supply
    return _WITNESSES.get(head, "of the target")


def _row(label: str, text: str, width: int) -> Iterator[str]:
    if not text:
        return
    margin = f"  {label:<{_LABEL}}" if len(label) < _LABEL else f"  {label}  "
    lines = list(wrap(text, width=max(30, width - len(margin))))
    yield (margin + lines[0]).rstrip()
    yield from (" " * len(margin) + line for line in lines[1:])


def _yaml(data: object, indent: int) -> Iterator[str]:
    import yaml

    # What is dumped is a copy without shared parts, so no anchors appear.
    text: str = yaml.safe_dump(_plain(data), sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    for line in text.splitlines():
        yield " " * indent + line


def _plain(data: object) -> object:
    """
    Return *data* as YAML can write it, long texts cut.
    """
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(item) for item in data]
    if isinstance(data, str):
        return shorten(data, limit=400)
    return data if data is None or isinstance(data, (int, float, bool)) else str(data)
