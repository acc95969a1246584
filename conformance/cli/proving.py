"""
``conformance selftest``: judge every faulty and odd server, and print the kill matrix.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.columns import align, page_width, wrap
from conformance.errors import Fault, UsageError

if TYPE_CHECKING:
    from conformance.contract import Contract
    from conformance.engine.selftest import Matrix, Result

__all__ = ["command"]

_KINDS = ("sound", "fault", "variant", "null", "hostile")


@click.command("selftest")
@click.argument("contract")
@click.option("--fault", "names", multiple=True, metavar="GLOB", help="Only servers whose name matches; repeatable.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Only servers of this kind; repeatable."
)
@click.option(
    "--budget",
    type=click.Choice(["quick", "standard", "deep"]),
    help="How thorough  [default: standard; with --cover a fault that quick does not find]",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, metavar="N", show_default=True, help="Seed of all that is drawn."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="So many servers at a time  [default: one for each processor]",
)
@click.option(
    "--own", is_flag=True, help="Leave out the faults and variants of the zoo whose contract CONTRACT extends."
)
@click.option("--cover", is_flag=True, help="Of the faults that are there for the same clause, judge one.")
@click.option("--json", "out", type=click.Path(path_type=Path), metavar="FILE", help="Write the matrix as JSON.")
def command(
    contract: str,
    names: tuple[str, ...],
    kinds: tuple[str, ...],
    out: Path | None,
    **how: Any,
) -> int:
    """
    Judge every faulty and odd server of CONTRACT's zoo, and print the kill matrix.

    A fault has to be found by a clause that it is for and by no other; a conforming variant raises no alarm; a server
    without sense, or that means harm, passes nothing. Exit code 0 only when all of this is so.
    """
    from conformance.cli.destination import check_writable
    from conformance.cli.serving import check_provider
    from conformance.contract import load_contract
    from conformance.engine.selftest import chosen, selftest

    loaded = load_contract(contract)
    check_provider(loaded.name)
    check_writable({"--json": out})
    _check_chosen(loaded.name, names, kinds)
    total = len(chosen(loaded.name, names, kinds, own=how["own"], cover=how["cover"]))
    done = 0

    def watch(result: Result) -> None:
        nonlocal done
        done += 1
        word = ("again" if result.unstable else "ok") if result.right else "WRONG"
        click.echo(
            f"{done:>4}/{total}  {word:<5}  {result.specimen.kind:<7}  {result.specimen.name}  {_told(result)}",
            err=True,
        )

    how["budget"] = how["budget"] or (None if how["cover"] else "standard")
    matrix = selftest(loaded.name, names=names, kinds=kinds, watch=watch, **how)
    if out is not None:
        from conformance.report.output import write_report

        write_report(json.dumps(_record(loaded, matrix), indent=1) + "\n", out)
    for line in _page(loaded, matrix, page_width()):
        click.echo(line)
    return 0 if matrix.right else 1


def _matching(specimens: list[Any], names: tuple[str, ...], kinds: tuple[str, ...]) -> Iterator[Any]:
    from fnmatch import fnmatchcase

    for one in specimens:
        if (not kinds or one.kind in kinds) and (not names or any(fnmatchcase(one.name, name) for name in names)):
            yield one


def _check_chosen(contract: str, names: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    from conformance.engine.selftest import specimens

    known = specimens(contract)
    if not list(_matching(known, names, kinds)):
        from difflib import get_close_matches

        near = get_close_matches(names[0] if names else "", [one.name for one in known], n=4, cutoff=0.4)
        raise UsageError(
            Fault(
                "no server of the zoo is selected",
                where="--fault" if names else "--kind",
                got=", ".join((*names, *kinds)),
                expected=f"a name or a pattern, such as {', '.join(near)}" if near else "a name or a pattern",
                move=f"conformance serve {contract} --list",
            )
        )


def _told(result: Result) -> str:
    if result.problem:
        return result.problem.splitlines()[0]
    if result.specimen.kind == "fault":
        strays = f"; strays: {', '.join(result.stray)}" if result.stray else ""
        return (f"found by {', '.join(result.found)}" if result.found else "survives") + strays
    if result.specimen.kind in ("variant", "sound"):
        return f"alarms: {', '.join(result.broken)}" if result.broken else f"{result.passed} pass, no alarm"
    return f"{result.passed} pass" if result.passed else "passes nothing"


def _page(contract: Contract, matrix: Matrix, width: int | None) -> Iterator[str]:
    by_kind = {kind: [r for r in matrix.results if r.specimen.kind == kind] for kind in _KINDS}
    faults = by_kind["fault"]
    if faults:
        yield "Kill matrix"
        rows = [("FAULT", "REQUESTS", "FOUND BY")]
        rows += [(r.specimen.name, str(r.requests), ", ".join(r.found) or "nothing: it survives") for r in faults]
        yield from (f"  {line}" for line in align(rows, width=width and width - 2))
    for title, chosen in (
        ("Survivors", [(r, r.specimen.says) for r in faults if not r.found]),
        ("Strays: found by clauses that the fault is not for", [(r, ", ".join(r.stray)) for r in faults if r.stray]),
        (
            "Alarms: conforming servers that were blamed",
            [
                (r, ", ".join(r.broken) or f"exit {r.exit}, {r.passed} pass")
                for r in (*by_kind["sound"], *by_kind["variant"])
                if not r.right
            ],
        ),
        (
            "Fooled: servers without sense that passed something, or were not refused",
            [(r, f"{r.passed} pass, exit {r.exit}") for r in (*by_kind["null"], *by_kind["hostile"]) if not r.right],
        ),
        ("Problems", [(r, r.problem) for r in matrix.results if r.problem]),
    ):
        if chosen:
            yield ""
            yield f"{title} ({len(chosen)})"
            yield from (
                f"  {line}"
                for line in align([(r.specimen.name, told) for r, told in chosen], width=width and width - 2)
            )
    proven = matrix.proven()
    binding = [clause for clause in contract.clauses if clause.level.value != "MAY"]
    unproven = [clause.id for clause in binding if clause.id not in proven]
    if faults and unproven:
        yield ""
        yield f"Unproven: no fault of this run was found by these clauses ({len(unproven)})"
        yield from wrap(", ".join(unproven), width=width or 100, indent=2)
    yield ""
    yield "Totals"
    for kind in _KINDS:
        results = by_kind[kind]
        if results:
            right = sum(1 for r in results if r.right)
            seconds = sum(r.seconds for r in results)
            yield f"  {kind:<8}  {right} of {len(results)} judged right, {seconds:,.0f} s of work"
    if faults:
        yield f"  {'clauses':<8}  {len(binding) - len(unproven)} of {len(binding)} that bind are proven by a fault"
    yield ""
    yield "The suite judges them all right." if matrix.right else "The suite is wrong about some of them."


def _record(contract: Contract, matrix: Matrix) -> dict[str, Any]:
    proven = matrix.proven()
    return {
        "contract": {"name": contract.name, "revision": contract.revision, "digest": contract.digest},
        "right": matrix.right,
        "results": [
            {
                "kind": r.specimen.kind,
                "name": r.specimen.name,
                "says": r.specimen.says,
                "right": r.right,
                "exit": r.exit,
                "found": list(r.found),
                "stray": list(r.stray),
                "broken": list(r.broken),
                "passed": r.passed,
                "requests": r.requests,
                "seconds": round(r.seconds, 3),
                "problem": r.problem,
            }
            for r in matrix.results
        ],
        "proven": [clause.id for clause in contract.clauses if clause.id in proven],
        "unproven": [clause.id for clause in contract.clauses if clause.id not in proven],
    }
