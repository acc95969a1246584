"""
What one client's request does to another's: a small one that waits for a large one, and one that ends with others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.plan import Plan
from conformance.engine.run import Options, preview
from conformance.engine.target import Target

from .listening import listening
from .small import answered, clause, judge_small, small_contract, small_world, sound
from .worlds import Answered, Asked, World

LONG = 0.5
LARGE = "{body: {input: {$repeat: {item: large, times: $n}}}}"
RACE = f"race: {{large: {LARGE}, small: {{body: {{input: small}}}}, least: %s}}"
HANGUP = f"hangup: {{send: {{body: {{input: kept}}}}, beside: {LARGE}, rounds: 2}}"


class Slow(World):
    """
    Takes its time for every input but *quick*; one after the other with *in_turn*; whoever leaves ends the requests of all with *shared*.
    """

    def __init__(self, *quick: str, in_turn: bool = False, shared: bool = False, seconds: float = LONG) -> None:
        super().__init__(reply=sound)
        self._quick, self._shared, self._seconds = quick, shared, seconds
        self._turn: asyncio.Lock | None = None
        self._in_turn = in_turn
        self._left = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ConnectionRefusedError
        message = await receive()
        asked = Asked(scope["method"], scope["path"], {}, message["body"], 0)
        if self._turn is None:
            self._turn = asyncio.Lock()
        left = self._left
        try:
            if self._in_turn:
                async with self._turn:
                    await self._work(asked)
            else:
                await self._work(asked)
        except asyncio.CancelledError:
            self._left += 1
            raise

        async def broken() -> None:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})

        if self._shared and self._left > left:
            await broken()
            return

        async def again() -> Any:
            return message

        await super().__call__(scope, again, send)

    async def _work(self, asked: Asked) -> None:
        if isinstance(asked.input, list) or asked.input == "kept":
            await asyncio.sleep(0 if asked.input in self._quick else self._seconds)


def judged(folder: Path, app: Any, row: str, **fields: Any) -> Any:
    contract = small_contract(folder, clause("a.neighbour", row))
    return judge_small(contract, app, "a.*", **fields)


@contextmanager
def slow_server(*, at_once: bool) -> Iterator[str]:
    def reply(asked: Asked, server: HTTPServer) -> Answered:
        if isinstance(asked.input, list):
            time.sleep(LONG)
        return sound(asked)

    with listening(reply, at_once=at_once) as address:
        yield address


def test_a_server_of_many_at_a_time_keeps_nobody_waiting(tmp_path: Path) -> None:
    assert judged(tmp_path, Slow(), RACE % "0.1").verdict("a.neighbour") == "pass"


def test_a_server_of_one_at_a_time_keeps_the_small_request_waiting(tmp_path: Path) -> None:
    report = judged(tmp_path, Slow(in_turn=True), RACE % "0.1")
    assert report.verdict("a.neighbour") == "fail"
    finding = report.clauses["a.neighbour"]["findings"][0]
    assert finding["where"] == "time"
    assert "until the large one is done" in finding["actual"]
    assert finding["case"] == "a.neighbour/large"
    assert report.code == 1


def test_a_server_of_many_threads_keeps_nobody_waiting(tmp_path: Path) -> None:
    with slow_server(at_once=True) as address:
        assert judged(tmp_path, None, RACE % "0.1", base_url=address).verdict("a.neighbour") == "pass"


def test_a_server_of_one_thread_keeps_the_small_request_waiting(tmp_path: Path) -> None:
    with slow_server(at_once=False) as address:
        assert judged(tmp_path, None, RACE % "0.1", base_url=address).verdict("a.neighbour") == "fail"


def test_a_large_request_that_is_done_at_once_tells_nothing(tmp_path: Path) -> None:
    report = judged(tmp_path, small_world(), RACE % "60")
    assert report.verdict("a.neighbour") == "not_established"
    assert "too short to tell" in report.clauses["a.neighbour"]["missing"][0]


@pytest.mark.parametrize("refused", ["large", "small"])
def test_a_request_that_is_not_served_by_itself_tells_nothing(tmp_path: Path, refused: str) -> None:
    def reply(asked: Asked) -> Answered | None:
        return answered(413, {}) if refused in (asked.input, (asked.input or [""])[0]) else None

    report = judged(tmp_path, small_world(reply), RACE % "0.1")
    assert report.verdict("a.neighbour") == "not_established"
    assert "not served by itself" in report.clauses["a.neighbour"]["missing"][0]


def test_who_hangs_up_ends_only_what_was_theirs(tmp_path: Path) -> None:
    assert judged(tmp_path, Slow(), HANGUP).verdict("a.neighbour") == "pass"


def test_who_hangs_up_ends_what_others_asked_for(tmp_path: Path) -> None:
    report = judged(tmp_path, Slow(shared=True), HANGUP)
    assert report.verdict("a.neighbour") == "fail"
    finding = report.clauses["a.neighbour"]["findings"][0]
    assert (finding["where"], finding["actual"], finding["case"]) == ("status", "500", "a.neighbour/kept")


def test_nobody_hangs_up_on_a_server_that_answers_at_once(tmp_path: Path) -> None:
    report = judged(tmp_path, small_world(), HANGUP)
    assert report.verdict("a.neighbour") == "not_established"
    assert "before anybody could hang up" in report.clauses["a.neighbour"]["missing"][0]


def test_a_request_that_is_refused_anyway_says_nothing_of_hanging_up(tmp_path: Path) -> None:
    report = judged(tmp_path, small_world(lambda asked: answered(413, {}) if asked.input == "kept" else None), HANGUP)
    assert report.verdict("a.neighbour") == "not_established"
    assert "not served by itself" in report.clauses["a.neighbour"]["missing"][0]


def planned(folder: Path, row: str) -> Plan:
    contract = small_contract(folder, clause("a.neighbour", row))
    target = Target(contract="minimal", app=small_world(), secrets={"K": "k"}, key_names={"main": "K"}, ledger=None, canary=None)
    plan, _ = asyncio.run(preview(contract, target, Options(clauses=("a.*",), budget="quick")))
    return plan


@pytest.mark.parametrize("row", [RACE % "1", HANGUP])
def test_neighbours_have_a_phase_of_their_own(tmp_path: Path, row: str) -> None:
    plan = planned(tmp_path, row)
    assert [found.id for found in plan.neighbours] == ["a.neighbour"]
    assert plan.cases == 1


def test_neighbours_that_lack_something_are_a_gap(tmp_path: Path) -> None:
    plan = planned(tmp_path, f"needs: [key.revoked], {HANGUP}")
    assert plan.neighbours == []
    assert [(gap.clause, gap.supply) for gap in plan.gaps] == [("a.neighbour", "a revoked key")]
