"""
Calls that a client library makes: its process, the relay that its requests take, and what of it is judged.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.engine import lane as module
from conformance.engine.lane import Lane, LaneError
from conformance.engine.relay import Relay
from conformance.exchange import Exchange, Failure, FailureKind, Request
from conformance.wire.client import BudgetSpent

from .small import KEY, answered, clause, judge_small, small_contract, small_world
from .worlds import Answered, Asked, World

# A library in thirty lines: it posts what it is given, tries again after a 5xx, and raises an error for a 4xx.
LIBRARY = '''
import json, os, sys, urllib.error, urllib.request
print(json.dumps({"ready": "little 1.0"}), flush=True)
for line in sys.stdin:
    ask = json.loads(line)
    body = json.dumps(ask["args"]).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer of the library", "X-Library": "little"}
    for _ in range(ask["retries"] + 1):
        request = urllib.request.Request(ask["base_url"] + "/embeddings?q=%20", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                told = {"status": 200, "answer": {**json.loads(answer.read()), "keys": [k for k in os.environ if k.endswith("_KEY")]}}
                break
        except urllib.error.HTTPError as raised:
            told = {"status": raised.code, "error": {"message": "from the library"}, "raised": "LibraryError"}
            if raised.code < 500:
                break
    print(json.dumps(told), flush=True)
'''
SPEAKING = 'import json, sys\nprint(json.dumps({"ready": "odd 1"}), flush=True)\nfor line in sys.stdin:\n    '
ECHO = 'print(json.dumps({"status": 200, "answer": {"echo": json.loads(line)["args"]}}), flush=True)\n'

Send = Callable[[Request], Awaitable[Exchange]]


async def _silence(request: Request) -> Exchange:
    return Exchange(request, 500)


async def with_lane(script: Path, use: Callable[[Lane], Awaitable[Any]], send: Send = _silence) -> Any:
    relay = Relay(send)
    await relay.start()
    lane = Lane({"run": "python", "script": str(script)}, relay, "/v1")
    try:
        await lane.start()
        return await use(lane)
    finally:
        await lane.close()
        await relay.close()


def write(folder: Path, text: str) -> Path:
    path = folder / "library.py"
    path.write_text(text, "utf-8")
    return path


def calls(folder: Path, text: str, *bodies: dict[str, Any], retries: int = 0, send: Send = _silence) -> list[Exchange]:
    async def use(lane: Lane) -> list[Exchange]:
        request = Request("POST", "/v1/embeddings", (("Authorization", "Bearer ${KEY}"), ("content-type", "application/json"), ("X-Own", "yes")))
        return [await lane.call(request, body, retries=retries) for body in bodies]

    return asyncio.run(with_lane(write(folder, text), use, send))


# The process


@pytest.mark.parametrize(
    "text",
    [
        "",
        "raise SystemExit(3)",
        "import nothing_of_that_name",
        "print('ready', flush=True)\nimport sys\nsys.stdin.read()",
        "print('[1]', flush=True)\nimport sys\nsys.stdin.read()",
        "print('{\"read\": 1}', flush=True)\nimport sys\nsys.stdin.read()",
        "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe\\n')",
    ],
    ids=["nothing", "an exit code", "an import error", "no JSON", "a list", "another object", "bytes"],
)
def test_a_library_that_does_not_say_that_it_is_ready_is_not_installed(tmp_path: Path, text: str) -> None:
    with pytest.raises(LaneError, match="not installed"):
        calls(tmp_path, text)


def test_a_library_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READY", 0.05)
    with pytest.raises(LaneError, match="not installed"):
        calls(tmp_path, "import sys\nsys.stdin.read()")


def test_a_program_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    lane = Lane({"run": "node", "script": str(tmp_path / "x.mjs")}, Relay(_silence), "/v1")
    with pytest.raises(LaneError, match="node is not installed"):
        asyncio.run(lane.start())


def test_a_library_tells_its_version_and_ends_with_its_lane(tmp_path: Path) -> None:
    async def use(lane: Lane) -> tuple[str, Any]:
        return lane.version, lane._process

    version, process = asyncio.run(with_lane(write(tmp_path, LIBRARY), use))
    assert version == "little 1.0"
    assert process.returncode is not None


@pytest.mark.parametrize("text", [SPEAKING + "sys.exit(1)", SPEAKING + "print('nonsense', flush=True)", SPEAKING + "print('[]', flush=True)"], ids=["end", "nonsense", "list"])
def test_a_call_that_gives_nothing_is_a_failure_of_the_client(tmp_path: Path, text: str) -> None:
    (exchange,) = calls(tmp_path, text, {"input": "a"})
    assert exchange.status is None
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.PROTOCOL
    assert "the client ends" in exchange.failure.detail


def test_what_a_client_makes_of_an_answer_may_be_a_failure(tmp_path: Path) -> None:
    text = SPEAKING + 'print(json.dumps({"failure": "the client raises ValueError: " + "x" * 900}), flush=True)'
    (exchange,) = calls(tmp_path, text, {"input": "a"})
    assert exchange.failure is not None
    assert exchange.failure.detail.startswith("the client raises ValueError")
    assert len(exchange.failure.detail) == 200


def test_a_library_that_has_ended_fails_every_later_call(tmp_path: Path) -> None:
    first, second = calls(tmp_path, SPEAKING + "sys.exit(1)", {"input": "a"}, {"input": "b"})
    assert first.failure is not None
    assert second.failure is not None


def test_a_line_too_many_does_not_answer_the_next_call(tmp_path: Path) -> None:
    text = SPEAKING + "print('Deprecated: do not.', flush=True)\n    " + ECHO
    found = calls(tmp_path, text, {"input": "a"}, {"input": "b"})
    told = [json.loads(exchange.body)["echo"] for exchange in found if exchange.status is not None]
    assert {"input": "a"} not in told[1:]
    assert found[1].status is None or told[-1] == {"input": "b"}


@pytest.mark.parametrize("line", ["{}", '{"status": 200}', '{"status": 200, "answer": [1]}', '{"status": "fine", "answer": {}}'])
def test_an_answer_of_another_shape_is_a_failure_of_the_client(tmp_path: Path, line: str) -> None:
    (exchange,) = calls(tmp_path, SPEAKING + f"print({line!r}, flush=True)", {"input": "a"})
    assert exchange.failure is not None


def test_a_library_is_told_what_to_call_and_never_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALL_KEY", KEY)
    text = SPEAKING + 'import os; print(json.dumps({"status": 200, "answer": {"ask": json.loads(line), "environment": dict(os.environ)}}), flush=True)'
    (exchange,) = calls(tmp_path, text, {"input": "größe\n"}, retries=3)
    told = json.loads(exchange.body)
    assert (told["ask"]["args"], told["ask"]["retries"]) == ({"input": "größe\n"}, 3)
    assert told["ask"]["base_url"].startswith("http://127.0.0.1:")
    assert told["ask"]["base_url"].endswith("/v1")
    assert KEY not in exchange.body.decode()
    assert "SMALL_KEY" in os.environ


# The relay


def test_a_request_goes_on_with_the_target_s_key_and_comes_back(tmp_path: Path) -> None:
    async def send(request: Request) -> Exchange:
        headers = (("content-type", "application/json"), ("content-encoding", "gzip"), ("content-length", "999"))
        return Exchange(request, 200, headers, b'{"data": [1]}')

    (exchange,) = calls(tmp_path, LIBRARY, {"input": "a"}, send=send)
    assert exchange.status == 200
    assert json.loads(exchange.body) == {"data": [1], "keys": [], "client": {"attempts": 1, "raised": None}}
    sent = exchange.request
    assert (sent.method, sent.target, sent.body) == ("POST", "/v1/embeddings?q=%20", b'{"input": "a"}')
    assert sent.header("authorization") == "Bearer ${KEY}"
    assert sent.header("x-library") == "little"
    assert sent.header("x-own") == "yes"
    assert [name.lower() for name, _ in sent.headers].count("content-type") == 1
    assert sent.header("host") is None


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3)])
def test_attempts_are_counted_call_by_call(tmp_path: Path, retries: int, attempts: int) -> None:
    found = calls(tmp_path, LIBRARY, {"input": "a"}, {"input": "b"}, retries=retries)
    for exchange in found:
        assert exchange.status == 500
        assert exchange.attempts == attempts
        assert json.loads(exchange.body)["client"] == {"attempts": attempts, "raised": "LibraryError"}


def test_what_is_raised_is_the_answer_s_error(tmp_path: Path) -> None:
    async def send(request: Request) -> Exchange:
        return Exchange(request, 404, (), b"{}")

    (exchange,) = calls(tmp_path, LIBRARY, {"input": "a"}, retries=2, send=send)
    assert exchange.status == 404
    assert json.loads(exchange.body) == {"error": {"message": "from the library"}, "client": {"attempts": 1, "raised": "LibraryError"}}


def test_an_answer_that_never_came_is_a_bad_gateway_to_the_library(tmp_path: Path) -> None:
    async def send(request: Request) -> Exchange:
        return Exchange(request, failure=Failure(FailureKind.TIMEOUT, "30 s"))

    (exchange,) = calls(tmp_path, LIBRARY, {"input": "a"}, send=send)
    assert exchange.status == 502


def test_the_end_of_the_budget_is_not_the_target_s_answer(tmp_path: Path) -> None:
    async def send(request: Request) -> Exchange:
        raise BudgetSpent("3 requests")

    with pytest.raises(BudgetSpent):
        calls(tmp_path, LIBRARY, {"input": "a"}, send=send)


# A run


CALLED = (
    clause("client.same", "needs: [client.little], alone: true, cases: {one: {steps: [{name: wire, send: {}, expect: {success: true}}, {send: {client: little}, expect: {success: true, same_vector_as: wire}}]}}")
    + clause("client.error", "needs: [client.little], alone: true, cases: {one: {steps: [{send: {client: little, retries: 0, body: {input: broken}}, expect: {status: 500, body: {/client/attempts: {const: 1}, /client/raised: {const: LibraryError}}}}]}}")
    + clause("wire.plain", "cases: {one: {steps: [{send: {}, expect: {success: true}}]}}")
)


def judged(folder: Path, text: str, world: World, **fields: Any) -> Any:
    path = write(folder, text)
    head = f"clients:\n  little: {{run: python, script: {path}, path: /v1, supply: the little library}}\n"
    return judge_small(small_contract(folder, CALLED, head), world, "client.*", "wire.*", **fields)


def breaking() -> World:
    def reply(asked: Asked) -> Answered | None:
        return answered(500, {"error": {}}) if asked.input == "broken" else None

    return small_world(reply)


def test_a_run_judges_what_the_library_gives(tmp_path: Path) -> None:
    world = breaking()
    report = judged(tmp_path, LIBRARY, world)
    assert {"client.same", "client.error", "wire.plain"} == report.ids("pass")
    assert any("little 1.0" in note for note in report.clauses["client.same"]["notes"])
    assert not any("little" in note for note in report.clauses["wire.plain"]["notes"])
    through = [asked for asked in world.asked if asked.headers.get("x-library")]
    assert [asked.key for asked in through] == [KEY, KEY]
    assert [asked.input for asked in through] == ["A sentence.", "broken"]
    assert KEY not in report.text()


def test_a_library_that_is_not_installed_leaves_its_clauses_open(tmp_path: Path) -> None:
    report = judged(tmp_path, "import nothing_of_that_name", breaking())
    assert report.ids("pass") == {"wire.plain"}
    assert report.clauses["client.same"]["missing"] == ["the little library (the library is not installed)"]
    assert report.ids("fail", "error") == set()


def test_a_run_may_leave_libraries_out(tmp_path: Path) -> None:
    world = breaking()
    report = judged(tmp_path, LIBRARY, world, clients=False)
    assert report.clauses["client.same"]["missing"] == ["clients: the little library"]
    assert not [asked for asked in world.asked if asked.headers.get("x-library")]


def test_a_target_that_serves_nothing_has_no_library_started(tmp_path: Path) -> None:
    report = judged(tmp_path, LIBRARY, small_world(lambda asked: answered(500, {}) if asked.input else None))
    assert "a target that serves a plain request" in report.clauses["client.same"]["missing"]


def test_a_library_that_gives_another_vector_breaks_its_clause(tmp_path: Path) -> None:
    text = LIBRARY.replace('{**json.loads(answer.read()),', '{**json.loads(answer.read()), "data": [{"index": 0, "embedding": [0.0, 0.0, 1.0]}],')
    report = judged(tmp_path, text, breaking())
    assert report.ids("fail") == {"client.same"}
    assert "cosine" in report.clauses["client.same"]["findings"][0]["actual"]
