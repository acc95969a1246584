"""
One big answer, 2,048 vectors of 1,024 numbers: parsed and made into arrays, against the fastest parsers alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Callable

import msgspec
import numpy as np
import orjson

from benchmarks.yardstick import CONTRACT, row, serve, title
from conformance.contract import load_contract
from conformance.engine import run
from conformance.engine.target import read_target
from conformance.exchange import Exchange, Request
from conformance.judge.invariants import Invariant, judge_invariants
from conformance.judge.scene import Memory, Scene
from conformance.judge.view import View

ROWS, WIDTH = 2048, 1024


def answer() -> bytes:
    vectors = np.random.default_rng(0).normal(size=(ROWS, WIDTH))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    data = [
        {"object": "embedding", "index": index, "embedding": vector.tolist()} for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1, "credits_charged": 0.1}
    return orjson.dumps({"object": "list", "data": data, "model": "m", "usage": usage})


def learnt() -> tuple[tuple[Invariant, ...], str]:
    """
    Return the invariants and the model of a run against the reference server, as discovery fills them in.
    """
    seen = []
    original = run.make_plan

    def look(session, *rest):
        seen.append((session.invariants, session.facts["model"]["id"]))
        return original(session, *rest)

    run.make_plan = look
    try:
        with serve(canary=False) as server:
            os.environ.update(server.environment)
            contract = load_contract(CONTRACT)
            asyncio.run(run.preview(contract, read_target(server.target, contract), run.Options(budget="quick")))
    finally:
        run.make_plan = original
    return seen[0]


def timed(work: Callable[[], object], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        kept = work()
        spent.append(time.perf_counter() - began)
        del kept
    return statistics.median(spent)


def measure(rounds: int) -> None:
    contract = load_contract(CONTRACT)
    operation = contract.operations[contract.default_operation]
    assert operation.vector_rows
    raw = answer()
    invariants, model = learnt()
    body = {"model": model, "input": "text", "dimensions": WIDTH}

    def view() -> View:
        return View(
            Exchange(Request("POST", operation.path), 200, (("content-type", "application/json"),), raw),
            operation,
            body,
        )

    def arrays() -> list:
        found = view().vectors
        assert len(found) == ROWS
        return found

    def judged() -> list:
        return list(judge_invariants(invariants, view(), Scene(contract, Memory(), {})))

    parsers = {
        "orjson": timed(lambda: orjson.loads(raw), rounds),
        "msgspec": timed(lambda: msgspec.json.decode(raw), rounds),
    }
    for name, seconds in parsers.items():
        row(f"{name}, parsing {len(raw) / 1e6:.0f} MB", seconds * 1000, unit=" ms")
    fastest = min(parsers.values())
    seen, all_judged = timed(arrays, rounds), timed(judged, rounds)
    row("parsed, and made into arrays", seen * 1000, unit=" ms")
    row("the same, as a multiple of the fastest parser", seen / fastest, 1.5)
    row(f"judged by all {len(invariants)} invariants too, as such a multiple", all_judged / fastest, 1.5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    title(f"an answer of {ROWS:,} x {WIDTH:,} numbers")
    measure(options.rounds)
