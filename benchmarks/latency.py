"""
A far server: how near a run comes to requests x latency / in flight, which nothing can beat.
"""

from __future__ import annotations

import argparse
import os
import statistics

from benchmarks.phases import timed_run
from benchmarks.yardstick import row, serve, title

IN_FLIGHT = 16


def measure(rounds: int, milliseconds: float) -> None:
    os.environ["BENCH_DELAY_MS"] = str(milliseconds)
    with serve(canary=False) as server:
        timed_run(server, budget="standard")  # what Hypothesis draws is kept for the rounds
    firing, whole = [], []
    for _ in range(rounds):
        with serve(module="benchmarks.slow_server", canary=False) as server:
            timed = timed_run(server, budget="standard")
        ideal = milliseconds / 1000 / IN_FLIGHT
        firing.append(timed.seconds / (timed.requests * ideal))
        whole.append(timed.whole_seconds / (timed.whole_requests * ideal))
    row("the phases that fire at once, as a multiple of the ideal", statistics.median(firing), 1.3)
    row("the whole run, with what has to go one by one", statistics.median(whole), 1.3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--milliseconds", type=float, default=50)
    options = parser.parse_args()
    title(f"a server that answers {options.milliseconds:g} ms late, {IN_FLIGHT} in flight")
    measure(options.rounds, options.milliseconds)
