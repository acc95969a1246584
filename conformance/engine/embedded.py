"""
The embedded default: the reference server in a process of its own, described as a target.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conformance.contract import Contract
from conformance.engine.nursery import Nursery
from conformance.engine.target import Target
from conformance.errors import InternalError

__all__ = ["embedded_target", "nursed_target"]

_READY_SECONDS = 20


@contextmanager
def nursed_target(
    nursery: Nursery, contract: Contract, *options: str, timeout: float = 10.0, media: bool = True
) -> Iterator[Target]:
    """
    Yield a reference server that *nursery* starts, as :func:`embedded_target` does.

    Raises:
        InternalError: when the server does not start.
    """
    port = _free_port()
    arguments = [contract.name, "--port", "0", *options]
    if media:
        arguments += ["--media-origin", f"http://127.0.0.1:{port}"]
    ready, pid = nursery.start(*arguments)
    try:
        yield describe(contract, ready, port if media else None, timeout)
    finally:
        nursery.stop(pid)


@contextmanager
def embedded_target(contract: Contract, *options: str, timeout: float = 10.0, media: bool = True) -> Iterator[Target]:
    """
    Start the reference server with *options* (``--fault NAME``, …) and yield it as a target with every witness.

    The server is ended by its own process when the block is left. *timeout* is in seconds, for one answer.

    Raises:
        InternalError: when the server does not start.
    """
    port = _free_port()
    command = [sys.executable, "-m", "conformance.reference", contract.name, "--port", "0", *options]
    if media:
        command += ["--media-origin", f"http://127.0.0.1:{port}"]
    # In a session of its own, so that a Ctrl-C on the terminal ends the run first, and the run ends the server.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            _, errors = process.communicate(timeout=_READY_SECONDS)
            raise InternalError(
                f"the reference server did not start: {errors.strip().splitlines()[-1:] or process.returncode}"
            )
        yield describe(contract, json.loads(line), port if media else None, timeout)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def describe(contract: Contract, ready: dict[str, Any], canary_port: int | None, timeout: float) -> Target:
    """
    Return the target that a reference server's ready line describes.
    """
    names = {role: f"REFERENCE_{role.upper()}_KEY" for role in ready.get("keys", {})}
    names["main"] = contract.authentication["key_env"]
    groups = {group: dict(ready[group]) for group in contract.operator if group in ready}
    return Target(
        contract=contract.name,
        base_url=ready["base_url"],
        secrets={names[role]: key for role, key in ready.get("keys", {}).items()},
        key_names=names,
        clock=ready.get("clock"),
        variables={name: str(value) for name, value in ready.get("vars", {}).items() if name in contract.variables},
        operator=groups,
        features=ready.get("features", {}),
        limits=ready.get("limits", {}),
        ledger={"path": told["path"], "read": told["pointer"]} if (told := ready.get("ledger")) else {},
        canary={"listen": f"127.0.0.1:{canary_port}"} if canary_port else None,
        requests_per_second=None,
        requests=None,
        credits=None,
        timeout=timeout,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
