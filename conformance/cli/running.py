"""
``conformance run``: judge a server by a contract.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.aim import Aim, aim_options
from conformance.errors import Fault, UsageError

if TYPE_CHECKING:
    from conformance.contract import Contract
    from conformance.engine.run import Options
    from conformance.engine.target import Target

__all__ = ["command"]

_FILE = click.Path(dir_okay=True, path_type=Path)


@click.command("run")
@click.argument("contract", required=False)
@aim_options
@click.option("--clause", "clauses", multiple=True, metavar="GLOB", help="Only clauses whose id matches; repeatable.")
@click.option(
    "--level",
    type=click.Choice(["MUST", "SHOULD", "MAY"], case_sensitive=False),
    metavar="MUST|SHOULD|MAY",
    help="Only clauses of this level.",
)
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Seed of all that is drawn  [default: 0]")
@click.option("--budget", type=click.Choice(["quick", "standard", "deep"]), help="How thorough  [default: standard]")
@click.option("--strict", is_flag=True, help="A MUST that is not established makes the run incomplete.")
@click.option("--out", type=_FILE, metavar="LOG", help="Keep the report log.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write an HTML report.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write a JUnit report.")
@click.option(
    "--rerun-failed", type=_FILE, metavar="LOG", help="Only the clauses that failed, warned or erred in this log."
)
@click.option(
    "--resume", type=_FILE, metavar="LOG", help="Finish the run that wrote this log, with its seed and budget."
)
@click.option("--no-progress", is_flag=True, help="Say nothing while the run goes on.")
def command(
    contract: str | None,
    *,
    aim: Aim,
    out: Path | None,
    html: Path | None,
    junit: Path | None,
    no_progress: bool,
    **chosen: Any,
) -> int:
    """
    Judge a server by a contract.

    CONTRACT is a name from `conformance list` or a folder; it may be left out when the target file names one.
    The summary goes to standard output, progress to standard error.
    """
    from conformance.cli.destination import check_writable
    from conformance.engine.proof import unproven_clauses

    aim.check()
    _check_flags(out=out, **chosen)
    loaded = aim.contract(contract)
    options = replace(_options(loaded, **chosen), unproven=unproven_clauses(contract or loaded.name, loaded))
    resume: Path | None = chosen["resume"]
    check_writable({"--out": out, "--resume": resume, "--html": html, "--junit": junit})
    with aim.open(loaded) as server:
        return _judge(
            loaded,
            server,
            options,
            log=resume or out,
            resume=resume is not None,
            html=html,
            junit=junit,
            quiet=no_progress,
        )


def _judge(
    contract: Contract,
    target: Target,
    options: Options,
    *,
    log: Path | None,
    resume: bool,
    html: Path | None,
    junit: Path | None,
    quiet: bool,
) -> int:
    from conformance.cli.destination import LogFile, kept_or_temporary
    from conformance.cli.orderly import run_orderly
    from conformance.cli.pages import print_summary, write_pages
    from conformance.report.log import read_log
    from conformance.report.progress import open_progress

    with kept_or_temporary(log) as path:
        file = LogFile(path, resume=resume)
        progress = None if quiet else open_progress()

        def take(line: dict[str, Any]) -> None:
            file.write(line)
            if progress is not None:
                progress.feed(line)

        try:
            code = run_orderly(contract, target, options, take)
        finally:
            file.close()
            if progress is not None:
                progress.close()
        lines = read_log(path)
        write_pages(lines, html=html, junit=junit, log=log)
        print_summary(lines, log=log)
    return code


def _check_flags(
    *,
    out: Path | None,
    clauses: tuple[str, ...],
    level: str | None,
    seed: int | None,
    budget: str | None,
    rerun_failed: Path | None,
    resume: Path | None,
    **_: Any,
) -> None:
    narrowed = {"--clause": bool(clauses), "--level": level is not None}
    clashes: dict[str, dict[str, bool]] = {}
    if resume is not None:
        clashes["--resume"] = {
            **narrowed,
            "--seed": seed is not None,
            "--budget": budget is not None,
            "--out": out is not None,
            "--rerun-failed": rerun_failed is not None,
        }
    if rerun_failed is not None:
        clashes["--rerun-failed"] = narrowed
    faults = [
        Fault(
            f"{flag} and {other} contradict each other",
            where=other,
            expected="the log's own selection, seed, budget and file"
            if flag == "--resume"
            else "the log's own selection",
            move=f"leave out {other}",
        )
        for flag, others in clashes.items()
        for other, given in others.items()
        if given
    ]
    if faults:
        raise UsageError(faults)


def _options(
    contract: Contract,
    *,
    clauses: tuple[str, ...],
    level: str | None,
    seed: int | None,
    budget: str | None,
    strict: bool,
    rerun_failed: Path | None,
    resume: Path | None,
) -> Options:
    from conformance.cli.takeover import failed_clauses, resumed_options
    from conformance.engine.run import Options

    if resume is not None:
        return resumed_options(resume, contract, strict=strict)
    if rerun_failed is not None:
        return failed_clauses(rerun_failed, contract, seed=seed, budget=budget, strict=strict)
    return Options(clauses=clauses, level=level, seed=seed or 0, budget=budget or "standard", strict=strict)
