"""
Starts many servers one after the other: `python -m conformance.reference.nursery PROVIDER`, told on standard input.

Each order is a line of JSON: ``{"start": [arguments]}`` forks a server, whose ready line follows on standard output
beside ``{"pid": N}``; ``{"stop": N}`` ends it. A fork is a server as fresh as a new process, without the time that a
new interpreter takes to import everything. Its end of input ends all.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from conformance.reference.__main__ import load_provider
from conformance.reference.__main__ import main as serve

__all__ = ["main"]

_NEEDED = ("uvicorn", "uvicorn.protocols.http.httptools_impl", "numpy", "orjson")


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _start(arguments: list[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    code = 1
    try:
        with Path(os.devnull).open() as nothing:
            os.dup2(nothing.fileno(), 0)
        code = serve(arguments)
        if code:
            _say({"failed": code})
    except SystemExit as left:
        _say({"failed": str(left.code)})
    finally:
        os._exit(code)


def _stop(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def main(provider_name: str) -> int:
    """Take orders until the input ends."""
    provider = load_provider(provider_name)
    provider.faults()
    provider.variants()
    for name in _NEEDED:
        importlib.import_module(name)
    running: set[int] = set()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            if "stop" in order:
                _stop(order["stop"])
                running.discard(order["stop"])
                _say({"stopped": order["stop"]})
            else:
                pid = _start(order["start"])
                running.add(pid)
                _say({"pid": pid})
    finally:
        for pid in running:
            _stop(pid)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
