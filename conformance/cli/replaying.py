"""
``conformance replay``: send one case of a log again, and see whether its findings recur.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.aim import Aim, aim_options
from conformance.cli.boundary import boundary
from conformance.errors import Fault, UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from conformance.contract import Contract
    from conformance.engine.replay import Replay, Resent
    from conformance.engine.target import Target
    from conformance.report.reader import Log

__all__ = ["command"]

_BODY = 2000  # characters of an answer that are shown


@click.command("replay")
@click.argument("log", type=click.Path(path_type=Path))
@click.argument("case")
@click.option("--contract", metavar="NAME", help="The contract  [default: the log's]")
@aim_options
@click.option("--exact", is_flag=True, help="Keep the idempotency keys of the log instead of fresh ones.")
def command(
    log: Path,
    case: str,
    *,
    contract: str | None,
    aim: Aim,
    exact: bool,
) -> int:
    """
    Send CASE of LOG again, byte for byte, and see whether its findings recur.

    Without --target or --reference, the target is the one in the log, with its key from the environment.
    The exit code is 1 when the case breaks something now, 0 when it does not, 3 when nothing could be judged.
    """
    import asyncio

    from conformance.contract import load_contract
    from conformance.engine.replay import replay
    from conformance.report.log import read_log

    aim.check(needed=False)
    lines = read_log(log, allow_cut=True)
    line = lines.case(case)
    loaded = load_contract(contract or lines.header["contract"]["name"])
    if loaded.digest != lines.header["contract"]["digest"]:
        click.echo("note: the contract has changed since this log was written\n", err=True)
    opened = aim.open(loaded) if aim.given else _logged(lines, loaded, aim, log)
    with opened as server:
        seen = asyncio.run(replay(loaded, server, line, exact=exact))
        _show(seen, base_url=server.base_url or f"app:{server.app}", command=f"conformance replay {log} {case}")
    return 1 if seen.broken else 3 if seen.unjudged or seen.reason else 0


def _logged(lines: Log, contract: Contract, aim: Aim, log: Path) -> AbstractContextManager[Target]:
    """
    Return the target that the log's header describes. Raises UsageError.
    """
    told = lines.header["target"]
    base_url = str(told["base_url"])
    name = aim.key_env or told.get("keys", {}).get("main")
    if base_url.startswith("app:"):
        raise UsageError(
            Fault(
                "this log is of an application in its own process",
                where=f"{log}:1",
                got=base_url,
                expected="--target with the target file of that run",
                move=f"conformance replay {log} … --target FILE",
            )
        )
    model = aim.model or (None if told.get("model") in (None, "auto") else told["model"])
    try:
        again = Aim(base_url, False, name, model, aim.requests_per_second, aim.in_flight)
        again.check()
        again.read(contract)
    except UsageError as problem:
        extra = Fault(
            "the log names its target, but never a key",
            where=f"{log}:1",
            got=base_url,
            move="set the variable, or give --target or --reference",
        )
        raise UsageError([*problem.faults, extra]) from None
    return again.open(contract)


def _show(seen: Replay, *, base_url: str, command: str) -> None:
    from conformance.report.evidence import evidence

    for number, one in enumerate(seen.exchanges, start=1):
        click.echo(f"{number}. {one.step or 'request'}")
        case: dict[str, Any] = {"id": seen.case, "exchanges": [one.record]}
        shown = evidence(case, base_url=base_url)[0]
        _block(shown.curl)
        then = evidence({**case, "exchanges": [one.stored]}, base_url=base_url)[0].outcome if one.stored else ""
        click.echo(f"   answer    {_inert(shown.outcome)}")
        if then:
            click.echo(f"   in the log  {_inert(then)}")
        if shown.body:
            click.echo(f"   body      {_inert(shown.body[:_BODY])}")
        click.echo("")
    for line in _conclusion(seen):
        click.echo(boundary().redact(line))


def _conclusion(seen: Replay) -> Iterator[str]:
    for found in seen.findings:
        yield f"BROKEN    {_inert(found['clause'])}"
        for label in ("expected", "actual", "where", "why"):
            if found[label]:
                yield f"  {label:<9} {_inert(str(found[label]))}"
    if seen.unjudged:
        same = all(_status(one) == _status(one, then=True) for one in seen.exchanges)
        yield f"Not judged: {_inert(seen.unjudged)}."
        yield f"The answers have {'the same statuses as' if same else 'other statuses than'} those in the log."
    elif seen.reason:
        yield f"Not established: {_inert(seen.reason)}."
    elif seen.stored and seen.findings:
        gone = {f["clause"] for f in seen.stored} - seen.recurring
        yield "The findings recur." if not gone else f"Some findings recur; gone: {', '.join(sorted(gone))}."
    elif seen.stored:
        yield "The findings do not recur: the case passes now."
    else:
        yield "The case passes, as it did." if not seen.findings else "The case passed then, and breaks something now."


def _status(one: Resent, *, then: bool = False) -> Any:
    record = one.stored if then else one.record
    return None if record is None else (record.get("answer") or {}).get("status")


def _block(text: str) -> None:
    from conformance.report.inert import inert

    for line in boundary().redact(inert(text, lines=True)).splitlines():
        click.echo(f"   {line}")


def _inert(text: str) -> str:
    from conformance.report.inert import inert

    return boundary().redact(inert(text))
