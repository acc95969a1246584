"""
What a run takes over from the log of an earlier one: the clauses that failed in it, or all that it finished.
"""

from __future__ import annotations

from pathlib import Path

from conformance.contract import Contract
from conformance.engine.run import Options
from conformance.errors import Fault, UsageError
from conformance.report.reader import Log, read_log

__all__ = ["failed_clauses", "resumed_options"]

_FAILED = ("fail", "warn", "error")


def failed_clauses(
    path: Path, contract: Contract, *, seed: int | None = None, budget: str | None = None, strict: bool = False
) -> Options:
    """
    Return the options of a run of only the clauses that failed, warned or erred in the log at *path*, with the log's
    seed and budget unless others are given.

    Raises:
        UsageError: when the log can't be read, is of another contract, or nothing failed in it.
    """
    log = read_log(path)
    _check_contract(log, contract)
    failed = tuple(line["id"] for line in log.clauses if line["verdict"] in _FAILED)
    if not failed:
        raise UsageError(
            Fault(
                "nothing failed in this log, so there is nothing to run again",
                where=str(path),
                got=f"{len(log.clauses)} clauses, none of them failed, warned or in error",
                expected="at least one of them",
                move="run all clauses: leave out --rerun-failed",
            )
        )
    return Options(
        clauses=failed,
        seed=log.header["seed"] if seed is None else seed,
        budget=log.header["budget"] if budget is None else budget,
        strict=strict,
    )


def resumed_options(path: Path, contract: Contract, *, strict: bool = False) -> Options:
    """
    Return the options that finish the run which wrote the log at *path*.

    Raises:
        UsageError: when the log can't be read, is of another contract, or its run came to its end.
    """
    log = read_log(path, allow_cut=True)
    _check_contract(log, contract)
    if log.footer is not None and log.footer["incomplete"] is None:
        raise UsageError(
            Fault(
                "this run came to its end, so there is nothing to resume",
                where=str(path),
                got="a log with its footer",
                expected="the log of a run that was cut, or that ended incomplete",
                move="read it with `conformance report`, or start a new run with another --out",
            )
        )
    # The exchanges stay on the disk: what is taken over is what was found.
    kept = ("id", "clause", "verdict", "findings", "reason", "established")
    finished = {line["id"]: {name: line[name] for name in kept if name in line} for line in log.cases()}
    selection = log.header["selection"]
    return Options(
        clauses=tuple(selection["clauses"]),
        level=selection["level"],
        seed=log.header["seed"],
        budget=log.header["budget"],
        strict=strict,
        finished=finished,
    )


def _check_contract(log: Log, contract: Contract) -> None:
    told = log.header["contract"]
    if told["digest"] != contract.digest:
        same = told["name"] == contract.name
        raise UsageError(
            Fault(
                "the log is of another contract" if not same else "the contract has changed since this log was written",
                where=f"{log.path}:1",
                got=f"{told['name']} {told['revision']}, digest {told['digest'][:12]}",
                expected=f"{contract.name} {contract.revision}, digest {contract.digest[:12]}",
                move="start a new run" if same else f"give the contract {told['name']}",
            )
        )
