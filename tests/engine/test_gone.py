"""
A target that a request of the run ends for good: what is broken is kept, with its evidence, and nothing else is blamed.
"""

from __future__ import annotations

import time
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from conformance.report.line import check_line

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


TWICE = clause(
    "a.two", case("{send: {body: {input: odd}}, expect: {status: 2xx}}, {send: {body: {input: fatal}}, expect: {success: true}}")
) + clause("e.typed", 'on: {operations: [create]}, expect: {header: {X-Kind: plain}}')


def test_what_an_earlier_answer_broke_is_kept_although_a_later_request_ended_the_target(tmp_path: Path) -> None:
    def reply(asked: Asked, server: HTTPServer) -> Answered | None:
        if asked.input == "fatal":
            return leave(asked, server)
        answer = sound(asked)
        answer.headers["X-Kind"] = "odd" if asked.input == "odd" else "plain"
        return answer

    with listening(reply) as address:
        report = judge_small(small_contract(tmp_path, ROWS + TWICE), None, "a.two", "d.*", "e.*", base_url=address)
    assert report.ids("fail") == {"d.answers", "e.typed"}
    assert report.cases["a.two/one"]["reason"] == "neither it nor a plain request was answered"


def test_a_target_that_dies_among_many_requests_is_not_only_incomplete(tmp_path: Path) -> None:
    """
    Connections are refused before anybody can ask whose request it was.
    """
    many = "".join(clause(f"a.{n}", case(f"{{send: {{body: {{input: text {n}}}}}, expect: {{success: true}}}}")) for n in range(12))

    def reply(asked: Asked, server: HTTPServer) -> Answered | None:
        if asked.input == "text 5":
            server.socket.close()
            return None
        return sound(asked)

    rows = many + clause("d.answers", "on: {operations: [create]}, expect: {answered: true}")
    with listening(reply) as address:
        report = judge_small(small_contract(tmp_path, rows), None, "a.*", "d.*", base_url=address, in_flight=8)
    assert report.verdict("d.answers") == "fail"
    assert report.code == 1
    assert report.footer["incomplete"]
    assert not [fault for line in report.lines if line["kind"] not in ("plan", "progress") for fault in check_line(line)]


MANY = (
    "".join(clause(f"a.{n}", case(f"{{send: {{body: {{input: [{n}]}}}}, expect: {{status: 4xx}}}}")) for n in range(5))
    + "".join(clause(f"b.{n}", case(*[f"{{send: {{body: {{input: {text}}}}}, expect: {{success: true}}}}" for text in ("plain", f"plain {n}")])) for n in range(3))
    + clause("d.answers", "on: {operations: [create]}, expect: {answered: true}")
)


def test_a_target_that_locks_up_after_refusals_is_blamed_for_nothing_else(tmp_path: Path) -> None:
    """
    It answers five bad requests as it should, and then nobody any more.
    """
    refused = []

    def reply(asked: Asked, server: HTTPServer) -> Answered | None:
        if len(refused) >= 5:
            time.sleep(1.0)
            return None
        if isinstance(asked.input, list):
            refused.append(asked.input)
            return sound(Asked("POST", asked.path, asked.headers, b"{}", 0))
        return sound(asked)

    contract = small_contract(tmp_path, MANY)
    with listening(reply) as address:
        report = judge_small(contract, None, "a.*", "b.*", "d.*", base_url=address, timeout=0.2, in_flight=1)
    assert report.ids("fail") == {"d.answers"}
    assert report.ids("pass") >= {"a.0", "a.1", "a.2"}
    assert not report.ids("pass") & {"b.0", "b.1", "b.2"}
    told = report.clauses["d.answers"]
    assert told["findings"][0]["expected"] == "an answer to a plain request"
    assert any("refused last" in note and "a.2/one" in note for note in told["notes"])
    assert report.cases[told["example"]]["reason"] == "neither it nor a plain request was answered"
    assert "no longer answers" in report.footer["incomplete"]


def test_a_request_that_is_never_answered_is_broken_while_others_are(tmp_path: Path) -> None:
    def reply(asked: Asked, server: HTTPServer) -> Answered | None:
        if asked.input == "plain 1":
            time.sleep(1.0)
            return None
        if isinstance(asked.input, list):
            return sound(Asked("POST", asked.path, asked.headers, b"{}", 0))
        return sound(asked)

    contract = small_contract(tmp_path, MANY)
    with listening(reply) as address:
        report = judge_small(contract, None, "a.*", "b.*", "d.*", base_url=address, timeout=0.2)
    assert report.ids("fail") == {"b.1", "d.answers"}
    assert len(report.ids("pass")) == 7
    assert report.footer["incomplete"] is None


@pytest.mark.parametrize(("weight", "verdict"), [(1, "fail"), (10, "not_established")])
def test_a_heavy_request_that_is_late_is_no_failure_while_others_are_answered(tmp_path: Path, weight: int, verdict: str) -> None:
    def reply(asked: Asked, server: HTTPServer) -> Answered | None:
        if asked.input == "heavy":
            time.sleep(1.0)
        return sound(asked)

    steps = "{send: {body: {input: heavy}}, expect: {answered: true}}, {send: {}, expect: {success: true}}"
    rows = clause("a.heavy", f"last: true, cases: {{one: {{weight: {weight}, steps: [{steps}]}}}}") + clause(
        "d.answers", "on: {operations: [create]}, expect: {answered: true}"
    )
    with listening(reply) as address:
        report = judge_small(small_contract(tmp_path, rows), None, "a.*", "d.*", base_url=address, timeout=0.3)
    assert report.verdict("a.heavy") == verdict
    assert report.verdict("d.answers") == ("fail" if verdict == "fail" else "pass")
    assert verdict == "fail" or report.clauses["a.heavy"]["missing"][0].startswith("pace.timeout: longer")


def test_a_step_of_many_ends_with_the_first_answer_that_is_lost(tmp_path: Path) -> None:
    """
    Five are refused, then nobody is answered: that is known after two more, and not after the other fifteen.
    """
    asked_for = []

    def reply(asked: Asked, server: HTTPServer) -> Answered | None:
        asked_for.append(asked.input)
        if asked_for.count([1]) >= 6:
            time.sleep(1.0)
            return None
        return sound(Asked("POST", asked.path, asked.headers, b"{}", 0)) if asked.input == [1] else sound(asked)

    steps = "{send: {body: {input: [1]}}, times: 20, expect: {status: 4xx}}, {send: {}, expect: {success: true}}"
    rows = clause("a.refusals", f"last: true, cases: {{one: {{steps: [{steps}]}}}}") + clause(
        "d.answers", "on: {operations: [create]}, expect: {answered: true}"
    )
    with listening(reply) as address:
        report = judge_small(small_contract(tmp_path, rows), None, "a.*", "d.*", base_url=address, timeout=0.2, seconds=8.0)
    assert report.ids("fail") == {"a.refusals", "d.answers"}
    assert asked_for.count([1]) <= 8
