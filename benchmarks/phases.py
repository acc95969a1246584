"""
One run in this process, its phases timed from inside: what fires at once, apart from the phases that need quiet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.yardstick import CONTRACT, Server

__all__ = ["Timed", "timed_run"]


@dataclass
class Timed:
    """
    What a run took: *seconds* and *requests* of the phases that fire at once, with their lines, and of the whole run.
    """

    exit: int = -1
    seconds: float = 0.0
    requests: int = 0
    whole_seconds: float = 0.0
    whole_requests: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)


def timed_run(
    server: Server,
    *,
    budget: str,
    seed: int = 0,
    keep: bool = False,
    drawn: int | None = None,
    watch: Callable[[dict[str, Any]], None] = lambda line: None,
) -> Timed:
    """
    Judge *server*; *keep* keeps the case lines of the phases that fire at once, *drawn* replaces the budget's number.
    """
    import os
    from dataclasses import replace

    from conformance.contract import load_contract
    from conformance.engine import plan, run
    from conformance.engine.target import read_target

    os.environ.update(server.environment)
    contract = load_contract(CONTRACT)
    target = read_target(server.target, contract)
    timed = Timed()
    firing = False
    original = run._phase

    async def phase(session: Any, name: str, cases: Any) -> None:
        nonlocal firing
        began, sent, firing = time.perf_counter(), session.client.traffic.sent, True
        await original(session, name, cases)
        firing = False
        timed.seconds += time.perf_counter() - began
        timed.requests += session.client.traffic.sent - sent

    def emit(line: dict[str, Any]) -> None:
        watch(line)
        if line["kind"] == "case" and firing and keep:
            timed.lines.append(line)
        elif line["kind"] == "clause":
            timed.verdicts[line["id"]] = line["verdict"]
        elif line["kind"] == "footer":
            timed.whole_requests = line["requests"]

    effort = plan.BUDGETS[budget]
    run._phase = phase
    if drawn is not None:
        plan.BUDGETS[budget] = replace(effort, drawn=drawn)
    began = time.perf_counter()
    try:
        timed.exit = asyncio.run(run.run(contract, target, run.Options(budget=budget, seed=seed), emit))
    finally:
        run._phase = original
        plan.BUDGETS[budget] = effort
    timed.whole_seconds = time.perf_counter() - began
    return timed
