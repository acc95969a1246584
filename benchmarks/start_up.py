"""
What it takes to begin: `conformance --help` against `import click`, what that imports, and what an install brings.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.yardstick import row, title, whole_process

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("asyncio", "hypothesis", "httptools", "jinja2", "jsonschema_rs", "numpy", "orjson", "rich", "uvicorn", "yaml")

LISTING = """
import runpy, sys
sys.argv = ["conformance", "--help"]
try:
    runpy.run_module("conformance", run_name="__main__")
except SystemExit:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def measure(rounds: int, show: bool) -> None:
    walls: dict[str, list[float]] = {"python": [], "click": [], "help": [], "list": []}
    commands = {
        "python": [sys.executable, "-c", "pass"],
        "click": [sys.executable, "-c", "import click"],
        "help": [sys.executable, "-m", "conformance", "--help"],
        "list": [sys.executable, "-m", "conformance", "list"],
    }
    for _ in range(rounds):
        for name, command in commands.items():
            walls[name].append(whole_process(command)[0])
    median = {name: statistics.median(values) for name, values in walls.items()}
    row("python -c pass", median["python"] * 1000, unit=" ms")
    row("python -c 'import click'", median["click"] * 1000, unit=" ms")
    row("conformance --help", median["help"] * 1000, unit=" ms")
    row("conformance list", median["list"] * 1000, unit=" ms")
    row("--help as a multiple of import click", median["help"] / median["click"], 3)
    modules = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, text=True, check=True).stderr.split()
    row("modules imported by --help", len(modules))
    row("of these heavy ones", ", ".join(name for name in HEAVY if name in modules) or "none")
    if show:
        print(*modules)


def install() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(Path(folder) / "venv", with_pip=True)
        python = str(Path(folder) / "venv" / "bin" / "python")
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), str(ROOT)], check=True
        )
        listed = subprocess.run(
            [python, "-m", "pip", "list", "--format=freeze", "--exclude", "pip", "--exclude", "setuptools"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
    row("packages of a plain install, this one counted", len(listed), 20)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--show", action="store_true", help="list the imported modules")
    options = parser.parse_args()
    title("start-up")
    measure(options.rounds, options.show)
    install()
