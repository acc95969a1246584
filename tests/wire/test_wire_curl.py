"""
The curl command, run by a shell against a server that takes note of what comes.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from conformance.errors import UsageError
from conformance.exchange import Request
from conformance.wire.curl import curl_command
from conformance.wire.repetition import find_repetition
from conformance.wire.transport import open_transport

Serve = Any
JSON = (("Content-Type", "application/json"),)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SHELLS = [shell for shell in ("sh", "bash", "dash", "zsh") if shutil.which(shell)]


def run(serve: Serve, request: Request, *, shell: str = "sh") -> tuple[bytes, bytes, str]:
    """
    Return head and body as the server got them, and the command.
    """

    async def handler(head: bytes, reader: Any, writer: Any) -> bool:
        writer.write(OK if not head.startswith(b"HEAD") else OK[:-2])
        await writer.drain()
        return True

    async def main() -> tuple[bytes, bytes, str]:
        async with serve(handler) as served:
            command = curl_command(request, served.url)
            done = await asyncio.to_thread(
                subprocess.run,
                [shell, "-c", command],
                env={"PATH": os.environ["PATH"], "KEY": 'sk-"1$2`3', "NO_PROXY": "*"},
                capture_output=True,
                timeout=20,
            )
            assert done.returncode == 0, done.stderr
            head, body = served.requests[-1]
            return head, body, command

    return asyncio.run(main())


BODIES = {
    "json": b'{"input": "hi"}',
    "empty": b"",
    "quotes": b"""it's "quoted" `x` $HOME ${KEY} \\n %s !x""",
    "at": b"@/etc/passwd",
    "lines": b"a\n\nb\n",
    "unicode": "é 漢字 😀".encode(),
    "nul": b"a\0b\\c%d'\xff",
    "escape": b"\x1b[31mred\r\n\t",
    "invisible": "a\u202eb\u200b".encode(),
    "binary": bytes(range(256)) * 4,
    "digits": b"\x007\x00012",
    "long text": b'{"input":"' + b"a" * 1_000_000 + b'"}',
    "long list": json.dumps({"input": ["x'y"] * 5000, "model": "m"}).encode(),
    "long tail": b"ab" * 4000 + b"a",
    "long bytes": b"\xff\x00'\\" * 3000,
}

curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@curl
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", list(BODIES))
def test_bodies_arrive_unchanged(serve: Serve, name: str, shell: str) -> None:
    request = Request("POST", "/v1/embeddings", JSON, BODIES[name])
    head, body, command = run(serve, request, shell=shell)
    assert body == BODIES[name]
    assert head.startswith(b"POST /v1/embeddings HTTP/1.1\r\n")
    assert b"Content-Type: application/json\r\n" in head
    assert len(command) < 9000
    assert command.replace("\n", "").isprintable()


@curl
@pytest.mark.parametrize("shell", SHELLS)
def test_heads_arrive_unchanged(serve: Serve, shell: str) -> None:
    headers = (
        ("Authorization", "Bearer ${KEY}"),
        ("X-Quote", """it's "x" `y` $HOME \\ !!"""),
        ("X-Empty", ""),
        ("X-Both", "${KEY};${KEY}"),
        ("X-Twice", "1"),
        ("X-Twice", "2"),
    )
    request = Request("DELETE", "/a/[b]{c}/%41?q='x'&y=$HOME", headers, b"x")
    head, _, command = run(serve, request, shell=shell)
    lines = head.split(b"\r\n")
    assert lines[0] == b"DELETE /a/[b]%7Bc%7D/%41?q=%27x%27&y=$HOME HTTP/1.1"
    key = b'sk-"1$2`3'
    assert b"Authorization: Bearer " + key in lines
    assert b"X-Both: " + key + b";" + key in lines
    assert b"""X-Quote: it's "x" `y` $HOME \\ !!""" in lines
    assert any(line.rstrip() == b"X-Empty:" for line in lines)
    assert lines.count(b"X-Twice: 1") == lines.count(b"X-Twice: 2") == 1
    assert not any(line.lower().startswith(b"content-type") for line in lines)
    assert '"$KEY"' in command
    assert "sk-" not in command


@curl
@pytest.mark.parametrize(
    "target", ["/a?q='x'", '/a/[b]{c}|^`<>"', "/é ü?é ü", "/%zz/%41?%&&=", "/a;b=c,d:e@f~!$*()", "//a//?"]
)
def test_curl_and_the_transport_send_the_same_request_line(serve: Serve, target: str) -> None:
    async def handler(head: bytes, reader: Any, writer: Any) -> bool:
        writer.write(OK)
        return True

    async def main() -> bytes:
        async with serve(handler) as served:
            transport = open_transport(base_url=served.url, secrets={})
            await transport.send(Request("GET", target), timeout=2)
            await transport.close()
            head: bytes = served.requests[0][0]
            return head.split(b"\r\n")[0]

    assert asyncio.run(main()) == run(serve, Request("GET", target))[0].split(b"\r\n")[0]


@curl
def test_requests_without_a_body(serve: Serve) -> None:
    assert run(serve, Request("GET", "/v1/models"))[0].startswith(b"GET /v1/models ")
    assert run(serve, Request("HEAD", "/v1/models"))[0].startswith(b"HEAD /v1/models ")
    head, body, _ = run(serve, Request("POST", "/v1/models"))
    assert (head[:5], body) == (b"POST ", b"")


def test_the_command_is_readable() -> None:
    request = Request(
        "POST", "/v1/embeddings", (("Authorization", "Bearer ${KEY}"), *JSON), b'{"input":"hi"}'
    )
    assert curl_command(request, "https://api.example.com/v1") == (
        "curl -sS -i -g --path-as-is -X POST https://api.example.com/v1/embeddings \\\n"
        "  -H 'Authorization: Bearer '\"$KEY\" \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        '  --data-raw \'{"input":"hi"}\''
    )


def test_a_long_body_without_repetition_names_the_replay() -> None:
    body = json.dumps(list(range(3000))).encode()
    request = Request("POST", "/x", JSON, body)
    command = curl_command(request, "http://h", replay="conformance replay log case-1")
    assert command.endswith("\nconformance replay log case-1")
    assert f"{len(body)} bytes" in command
    assert curl_command(request, "http://h").startswith("#")


def test_an_unusable_url_is_refused() -> None:
    with pytest.raises(UsageError):
        curl_command(Request("GET", "/x"), "h")


@pytest.mark.parametrize(
    "body", [BODIES["long text"], BODIES["long list"], BODIES["long tail"], b"ab" * 5000]
)
def test_a_repetition_is_the_body_again(body: bytes) -> None:
    found = find_repetition(body)
    assert found is not None
    assert found.before + found.piece * found.count + found.after == body
    assert found.size < 120


def test_no_repetition_is_found_where_none_is() -> None:
    assert find_repetition(b"") is None
    assert find_repetition(b"abc") is None
    assert find_repetition(json.dumps(list(range(3000))).encode()) is None
