"""
Servers as processes: the ready line, what travels over a socket, and the end.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from conformance.reference.hostile import make_hostiles
from conformance.reference.nulls import make_nulls

COMMAND = [sys.executable, "-m", "conformance.reference"]


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any], int]]:
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        ready: dict[str, Any] = json.loads(process.stdout.readline())
        yield process, ready, int(ready["base_url"].rsplit(":", 1)[1])
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def ask(port: int, request: bytes, *, limit: int = 200_000, timeout: float = 2.0) -> bytes:
    """Send bytes on a fresh connection and return what comes back until it ends, stalls or is too much."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(request)
        try:
            while len(answer) < limit and (piece := connection.recv(65_536)):
                answer += piece
        except (TimeoutError, ConnectionResetError):
            pass
    return answer


def post(key: str, body: bytes, *headers: str) -> bytes:
    lines = ["POST /v1/embeddings HTTP/1.1", "Host: x", f"X-Api-Key: {key}", "Connection: close", *headers]
    return ("\r\n".join(lines) + f"\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def test_ready_line_answer_and_end() -> None:
    started = time.perf_counter()
    with running("aurous") as (process, ready, port):
        assert time.perf_counter() - started < 2.0
        assert ready["ledger"] == {"path": "/v1/balance", "pointer": "/credits"}
        assert ready["clock"]["body"] == {"advance_s": "$seconds"}
        assert len(ready["keys"]) == 8
        body = b'{"model":"aurous-embed-vision-1.0","input":"a"}'
        answer = ask(port, post(ready["keys"]["main"], body))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'"credits_charged":0.000019' in answer
        process.send_signal(signal.SIGTERM)
        process.wait(3)


def test_odd_names_and_chunks_travel() -> None:
    body = b'{"model":"aurous-embed-vision-1.0","input":"a"}'
    with running("aurous", "--variant", "headers_upper") as (_, ready, port):
        assert b"\r\nAUROUS-REQUEST-ID: req_" in ask(port, post(ready["keys"]["main"], body))
    with running("aurous", "--variant", "chunked") as (_, ready, port):
        head, _, rest = ask(port, post(ready["keys"]["main"], body)).partition(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head
        assert rest.endswith(b"\r\n0\r\n\r\n")


def test_server_ends_with_its_parent() -> None:
    script = (
        "import subprocess, sys; command = [sys.executable, '-m', 'conformance.reference', '--null', 'ok'];"
        " p = subprocess.Popen(command, stdout=subprocess.PIPE); p.stdout.readline(); print(p.pid)"
    )
    child = int(subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True).stdout)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(child, 0)
            with open(f"/proc/{child}/stat") as stat:
                if stat.read().split(") ")[1].startswith("Z"):
                    return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.1)
    raise AssertionError("the server outlived its parent")


def test_wrong_names_end_with_2() -> None:
    for arguments in (["--fault", "none"], ["--null", "none"], ["--hostile", "none"]):
        assert subprocess.run([*COMMAND, *arguments], stderr=subprocess.PIPE, check=False).returncode == 2


@pytest.mark.parametrize(
    ("name", "start"), [("ok", b"HTTP/1.1 200"), ("refusal", b"HTTP/1.1 400"), ("hang_up", b"")]
)
def test_null_servers(name: str, start: bytes) -> None:
    with running("--null", name) as (_, _, port):
        answer = ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", timeout=0.3)
        assert answer[: len(start)] == start if start else answer == b""


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("endless_body", b"0.25,0.25,"),
        ("nested", b"[[[[[[[["),
        ("redirect", b"Location: http://127.0.0.1:"),
        ("script", b"<script>alert(1)</script>"),
        ("escapes", b"\\u001b[2J"),
        ("drip", b"\r\n\r\n{"),
    ],
)
def test_hostile_servers(name: str, piece: bytes) -> None:
    with running("--hostile", name) as (process, _, port):
        assert piece in ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", timeout=0.3)
        process.send_signal(signal.SIGTERM)
        process.wait(3)


def test_every_senseless_server_has_a_sentence() -> None:
    servers = {**make_nulls(), **make_hostiles()}
    assert len(servers) == len(make_nulls()) + len(make_hostiles())
    assert all(says for says, _ in servers.values())
