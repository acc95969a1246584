"""
Lanes: calls that are made by a client library in a process of its own, and judged like any other answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.contract.loader import specs_folder
from conformance.engine.relay import Relay
from conformance.exchange import Exchange, Failure, FailureKind, Request

__all__ = ["Lane", "LaneError"]

_READY = 20.0
_ANSWER = 120.0
# A warning may come before an answer, but then the answer is not far.
_STRAY_LINES = 100
_AFTER_STRAYS = 5.0
# A library gets what it needs to be found and run, and none of the run's keys.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "NODE_PATH", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")


class LaneError(Exception):
    """
    Raised when a client library can't be started; the text says why.
    """


@dataclass(slots=True)
class Lane:
    """
    One client library. *row* is the contract's (``run``, ``script``, ``path``), *version* what it says of itself.
    """

    row: Mapping[str, Any]
    relay: Relay
    prefix: str
    version: str = ""
    _process: subprocess.Popen[bytes] | None = None
    _calls: int = 0
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self) -> None:
        """
        Start the library's process. Raises LaneError.
        """
        program = sys.executable if self.row["run"] == "python" else shutil.which(self.row["run"])
        if program is None:
            raise LaneError(f"{self.row['run']} is not installed")
        self._process = self._open(program)
        try:
            self.version = str((await self._read(_READY))["ready"])
        except (LaneError, LookupError):
            await self.close()
            raise LaneError("the library is not installed") from None

    def _open(self, program: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [program, str(specs_folder() / self.row["script"])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            start_new_session=True,
        )

    async def close(self) -> None:
        """
        End the process.
        """
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await asyncio.to_thread(process.communicate)

    async def call(self, request: Request, body: Mapping[str, Any], *, retries: int) -> Exchange:
        """
        Make one call with the arguments *body*, under the key of *request*, and return it as an exchange: its request
        is the last one that the library sent, its body what the library gave, in the shape of an answer.
        """
        async with self._one:
            self.relay.passed.clear()
            self.relay.headers = tuple(pair for pair in request.headers if pair[0].lower() != "content-type")
            self._calls += 1
            number = self._calls
            base = f"http://127.0.0.1:{self.relay.port}{self.prefix}"
            ask = {"id": number, "base_url": base, "args": body, "retries": retries}
            began = time.monotonic()
            try:
                assert self._process is not None
                assert self._process.stdin is not None
                self._process.stdin.write(json.dumps(ask).encode() + b"\n")
                self._process.stdin.flush()
                given = await self._answer(number)
            except (LaneError, OSError) as problem:
                given = {"failure": f"the client ends: {problem}"}
            if self.relay.problem is not None:
                raise self.relay.problem
            sent = [exchange.request for exchange in self.relay.passed]
        exchange = Exchange(sent[-1] if sent else request, elapsed=time.monotonic() - began, attempts=max(1, len(sent)))
        client = {"attempts": len(sent), "raised": given.get("raised")}
        status, document = given.get("status"), given.get("answer")
        if "error" in given:
            document = {"error": given["error"]}
        if "failure" in given or not isinstance(status, int) or not isinstance(document, dict):
            shown = str(given.get("failure", "the client's script gives an answer of another shape"))
            exchange.failure = Failure(FailureKind.PROTOCOL, shown[:200])
            return exchange
        exchange.status = status
        exchange.headers = (("content-type", "application/json"),)
        exchange.body = json.dumps({**document, "client": client}).encode()
        return exchange

    async def _answer(self, number: int) -> dict[str, Any]:
        """
        Return the answer to a call; what a library says besides, or too late, belongs to none.
        """
        for strays in range(_STRAY_LINES):
            found = await self._read(_ANSWER if not strays else _AFTER_STRAYS)
            if found.get("id", number) == number:
                return found
        raise LaneError("it says too much that is no answer")

    async def _read(self, seconds: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(asyncio.to_thread(self._process.stdout.readline), seconds)
        except asyncio.TimeoutError:
            raise LaneError("it says nothing in time") from None
        if not line:
            raise LaneError("it says nothing that can be read")
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        # A warning on the way is no answer to anything.
        return found if isinstance(found, dict) else {"id": None}
