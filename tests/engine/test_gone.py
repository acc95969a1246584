"""
A target that a request of the run ends for good: what is broken is kept, with its evidence, and nothing else is blamed.
"""

from __future__ import annotations

from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from .listening import listening
from .small import case, clause, judge_small, small_contract, sound
from .worlds import Answered, Asked

FATAL = case("{send: {body: {input: fatal}}, expect: {any_of: [{success: true}, {status: 4xx}]}}", "{send: {}, expect: {success: true}}")
ROWS = (
    clause("a.fatal", f"last: true, {FATAL}")
    + clause("b.also", f"last: true, {case('{send: {}, expect: {success: true}}')}")
    + clause("c.plain", case("{send: {}, expect: {success: true}}"))
    + clause("d.answers", "on: {operations: [create]}, expect: {answered: true}")
)


def leave(asked: Asked, server: HTTPServer) -> Answered | None:
    if asked.input != "fatal":
        return sound(asked)
    # From here on nobody listens, as after a crash.
    server.socket.close()
    return None


@pytest.fixture
def report(tmp_path: Path) -> Any:
    with listening(leave) as address:
        return judge_small(small_contract(tmp_path, ROWS), None, "a.*", "b.*", "c.*", "d.*", base_url=address)


def test_what_ended_the_target_is_broken_and_the_rest_is_open(report: Any) -> None:
    assert report.verdict("a.fatal") == "fail"
    assert report.verdict("d.answers") == "fail"
    assert report.verdict("c.plain") == "pass"
    assert report.verdict("b.also") == "not_established"
    assert report.code == 1


def test_what_ended_the_target_is_shown(report: Any) -> None:
    assert report.cases[report.clauses["a.fatal"]["example"]]["findings"]
    assert report.clauses["b.also"]["missing"] == ["because: the target no longer answers, since a.fatal/one"]
