"""
What all benchmarks share: a reference server in a process of its own, whole processes timed, and one line for a figure.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Server", "log_lines", "row", "serve", "title", "whole_process"]

CONTRACT = "aurous"


@dataclass(frozen=True)
class Server:
    """
    A running server: its address, its main key, what it announced, and a target file that names all of it.
    """

    url: str
    key: str
    ready: dict[str, Any]
    target: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def secrets(self) -> dict[str, str]:
        """
        Every key by its name, and those that a run makes from them.
        """
        keys = {name: value for name, value in self.environment.items() if value in self.ready["keys"].values()}
        return (
            keys
            | {f"{n}__cut": v[:-1] for n, v in keys.items()}
            | {f"{n}__swapcase": v.swapcase() for n, v in keys.items()}
        )

    def run(self, *options: str) -> tuple[float, subprocess.CompletedProcess[str]]:
        """
        Return the seconds of `conformance run` against this server, and the finished process.
        """
        command = [sys.executable, "-m", "conformance", "run", "--target", str(self.target), "--no-progress", *options]
        return whole_process(command, self.environment)


@contextmanager
def serve(*options: str, module: str = "conformance.reference", canary: bool = True) -> Iterator[Server]:
    """
    Start the reference server (*module* is what to run in its place); without *canary* no medium is fetched from us.
    """
    from conformance.contract import load_contract

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", module, CONTRACT, "--port", "0", "--media-origin", f"http://{listen}", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        main = load_contract(CONTRACT).authentication["key_env"]
        names = {role: main if role == "main" else f"BENCH_{role.upper()}_KEY" for role in ready["keys"]}
        environment = {**os.environ, **{names[role]: key for role, key in ready["keys"].items()}}
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "target.yaml"
            # YAML reads JSON as it is.
            target.write_text(
                json.dumps(
                    {
                        "contract": CONTRACT,
                        "base_url": ready["base_url"],
                        "key_env": main,
                        "operator": {"keys": {f"{role}_env": name for role, name in names.items() if role != "main"}},
                        "witnesses": {"clock": ready["clock"], "canary": {"listen": listen} if canary else None},
                        "pace": {"requests_per_second": None, "in_flight": 16, "timeout": 10},
                        "budget": {"requests": None, "credits": None, "seconds": None},
                    }
                )
            )
            yield Server(ready["base_url"], ready["keys"]["main"], ready, target, environment)
    finally:
        process.terminate()
        process.wait(timeout=10)


def whole_process(
    command: list[str], environment: dict[str, str] | None = None
) -> tuple[float, subprocess.CompletedProcess[str]]:
    """
    Return the wall seconds of a command from start to end, and the finished process.
    """
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return time.perf_counter() - began, done


def log_lines(path: Path) -> Iterator[dict[str, Any]]:
    """
    Yield the lines of a report log.
    """
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def title(says: str) -> None:
    """
    Print what is measured, and on what.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"# {says} ({time.strftime('%Y-%m-%d')}, Python {sys.version.split()[0]}, {cores} cores)\n")
    print(f"| {'figure':<62} | {'measured':>14} | {'bar':>10} |    |")
    print(f"|{'-' * 64}|{'-' * 16}|{'-' * 12}|----|", flush=True)


def row(says: str, value: float | str, bar: float | None = None, *, most: bool = True, unit: str = "") -> bool:
    """
    Print one figure, with its bar beside it where it has one (*most*: the bar is an upper one), and whether it held.
    """
    held = bar is None or (not isinstance(value, str) and (value <= bar if most else value >= bar))
    measured = value if isinstance(value, str) else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    sign = "" if bar is None else f"{'<=' if most else '>='} {bar:g}"
    print(
        f"| {says:<62} | {measured + unit:>14} | {sign:>10} | {'' if bar is None else 'ok' if held else 'missed'} |",
        flush=True,
    )
    return held
