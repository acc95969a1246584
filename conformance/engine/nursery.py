"""
Reference servers by the hundred, each in a process of its own that is forked from one that has imported everything.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from typing import Any

from conformance.errors import InternalError

__all__ = ["Nursery", "can_fork"]

_READY_SECONDS = 30.0


def can_fork() -> bool:
    """
    Whether this system can fork, and so have a nursery.
    """
    return hasattr(os, "fork")


class Nursery:
    """
    Starts and ends reference servers of one provider; it ends with the process that holds it.
    """

    def __init__(self, provider: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "conformance.reference.nursery", provider],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._left = b""

    def start(self, *arguments: str) -> tuple[dict[str, Any], int]:
        """
        Start a server and return its ready line and its process id.

        Raises:
            InternalError: when it does not start.
        """
        self._order({"start": list(arguments)})
        ready: dict[str, Any] | None = None
        pid: int | None = None
        while ready is None or pid is None:
            message = self._read()
            if "failed" in message:
                raise InternalError(f"the reference server did not start: {' '.join(arguments)}")
            if "pid" in message:
                pid = int(message["pid"])
            elif "base_url" in message:
                ready = message
        return ready, pid

    def stop(self, pid: int) -> None:
        """
        End a server by its process id.
        """
        self._order({"stop": pid})
        while self._read().get("stopped") != pid:
            continue

    def _order(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while b"\n" not in self._left:
            if not select.select([self._process.stdout], [], [], _READY_SECONDS)[0]:
                raise InternalError("the reference servers' process says nothing")
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            if not data:
                raise InternalError("the reference servers' process has ended")
            self._left += data
        line, _, self._left = self._left.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message
