"""
The servers of the shape as processes: what only a real connection shows.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .shape_caller import MODELS, SCOPES


@contextmanager
def server(provider: str, *options: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "conformance.reference", provider, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def post(ready: dict[str, Any], provider: str, input: Any) -> int:
    connection = http.client.HTTPConnection(ready["base_url"].partition("//")[2], timeout=10)
    try:
        headers = {"Authorization": f"Bearer {ready['keys']['main']}"}
        body = json.dumps({"model": MODELS[provider], "input": input})
        connection.request("POST", "".join(SCOPES[provider]) + "/v1/embeddings", body, headers)
        reply = connection.getresponse()
        reply.read()
        return reply.status
    finally:
        connection.close()


@pytest.mark.parametrize("provider", ["openai", "xerotier"])
def test_the_ready_line_is_enough_to_begin(provider: str) -> None:
    with server(provider) as ready:
        assert post(ready, provider, "hello") == 200
        assert {"main", "limited", "revoked", "no_quota"} <= set(ready["keys"])


def test_a_dead_process_hangs_up() -> None:
    with server("openai", "--fault", "too_long_kills") as ready:
        assert post(ready, "openai", "hello") == 200
        for value in ("a " * 9_000, "hello"):
            with pytest.raises(http.client.RemoteDisconnected):
                post(ready, "openai", value)
