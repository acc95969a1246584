"""
Memory and the number of cases: the peak of a run, and of one with ten times as many drawn cases.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

from benchmarks.phases import timed_run
from benchmarks.yardstick import row, serve, title


def peak(drawn: int, seed: int) -> float:
    """
    Return the peak in MB of a process of its own; whatever it draws is in the cache, or is not, as in any run.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", "--inside", str(drawn), "--seed", str(seed)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.split()[-1])


def inside(drawn: int, seed: int) -> None:
    with serve() as server:
        timed = timed_run(server, budget="standard", drawn=drawn, seed=seed)
    assert timed.exit == 0, timed.exit
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drawn", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inside", type=int)
    options = parser.parse_args()
    if options.inside is not None:
        inside(options.inside, options.seed)
    else:
        title(f"peak memory of a run with {options.drawn:,} and {10 * options.drawn:,} drawn cases")
        few, many = peak(options.drawn, options.seed), peak(10 * options.drawn, options.seed)
        row(f"{options.drawn:,} drawn cases", few, unit=" MB")
        row(f"{10 * options.drawn:,} drawn cases", many, unit=" MB")
        row("ten times the cases, as a multiple", many / few, 1.1)
