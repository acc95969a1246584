"""
Whole processes against each other: `schemathesis run` with its defaults, and `conformance run`, on one server.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import sys
import tempfile
import urllib.request
from pathlib import Path

from benchmarks.openapi import openapi
from benchmarks.yardstick import CONTRACT, Server, log_lines, row, serve, title, whole_process
from conformance.contract import load_contract


def measure(rounds: int, show: bool) -> None:
    contract = load_contract(CONTRACT)
    walls: dict[str, list[float]] = {"schemathesis": [], "quick": [], "standard": []}
    rates: dict[str, list[float]] = {"schemathesis": [], "standard": []}
    sent: list[float] = []
    requests = {"quick": 0, "standard": 0}
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or "schemathesis"
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        log = Path(folder) / "run.log"
        for _ in range(rounds):
            with serve() as server:
                listed = _model(server)
                document.write_text(
                    json.dumps(
                        openapi(contract, model=listed["id"], dimensions=listed["aurous_metadata"]["dimensions"])
                    )
                )
                wall, done = whole_process(
                    [program, "run", str(document), "--url", server.url, "-H", f"Authorization: Bearer {server.key}"],
                )
            if show:
                print(done.stdout[-6000:])
                show = False
            walls["schemathesis"].append(wall)
            rates["schemathesis"].append(_generated(done.stdout) / wall)
            for budget in ("quick", "standard"):
                with serve() as server:
                    wall, done = server.run("--budget", budget, "--out", str(log))
                assert done.returncode == 0, done.stdout + done.stderr
                walls[budget].append(wall)
                lines = list(log_lines(log))
                requests[budget] = lines[-1]["requests"]
                if budget in rates:
                    sent.append(lines[-1]["requests"] / wall)
                    rates[budget].append(sum(1 for line in lines if line["kind"] == "case") / wall)
    median = {name: statistics.median(values) for name, values in walls.items()}
    rate = {name: statistics.median(values) for name, values in rates.items()}
    row("schemathesis, wall", median["schemathesis"], unit=" s")
    row("schemathesis, cases each second", rate["schemathesis"])
    row("quick, wall", median["quick"], unit=" s")
    row("standard, wall", median["standard"], unit=" s")
    row("standard, cases each second", rate["standard"])
    row("quick, requests", requests["quick"], 400)
    row("quick, wall as a share of schemathesis'", median["quick"] / median["schemathesis"], 0.5)
    row("standard, requests each second as such a multiple", statistics.median(sent) / rate["schemathesis"])
    row(
        "standard, cases each second as a multiple of schemathesis'",
        rate["standard"] / rate["schemathesis"],
        10,
        most=False,
    )


def _model(server: Server) -> dict:
    request = urllib.request.Request(f"{server.url}/v1/models", headers={"Authorization": f"Bearer {server.key}"})
    with urllib.request.urlopen(request) as answer:
        rows = json.load(answer)["data"]
    return next(r for r in rows if (r.get("aurous_metadata") or {}).get("dimensions"))


def _generated(output: str) -> int:
    found = re.search(r"([\d,]+) generated", output)
    assert found, output[-3000:]
    return int(found.group(1).replace(",", ""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--show", action="store_true", help="print what schemathesis said the first time")
    options = parser.parse_args()
    title("conformance and schemathesis, whole processes, alternating")
    measure(options.rounds, options.show)
