"""
A verdict must not hang on luck: the same ones from every seed, on the sound server and on every conforming variant.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from benchmarks.phases import timed_run
from benchmarks.yardstick import CONTRACT, row, serve, title


def verdicts(variant: str | None, budget: str, seed: int) -> dict[str, str]:
    with serve(*(["--variant", variant] if variant else [])) as server:
        return timed_run(server, budget=budget, seed=seed).verdicts


def measure(names: list[str | None], budget: str, seeds: int) -> None:
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for name in names:
            found = list(pool.map(verdicts, [name] * seeds, [budget] * seeds, range(seeds)))
            differing = 0
            for clause in sorted({clause for one in found for clause in one}):
                counts = Counter(one.get(clause, "absent") for one in found)
                if len(counts) > 1:
                    differing += 1
                    odd = [
                        str(seed)
                        for seed, one in enumerate(found)
                        if one.get(clause, "absent") != counts.most_common(1)[0][0]
                    ]
                    print(f"  {clause}: {dict(counts)}, odd in seeds {', '.join(odd)}")
            row(f"{name or 'sound'}, {budget}: clauses that differ over {seeds} seeds", differing, 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--only", help="one variant, or `sound`")
    options = parser.parse_args()
    from conformance.reference.__main__ import load_provider

    every: list[str | None] = [None, *(variant.name for variant in load_provider(CONTRACT).variants())]
    if options.only:
        every = [None if options.only == "sound" else options.only]
    title("verdicts over seeds")
    measure(every, options.budget, options.seeds)
