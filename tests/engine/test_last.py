"""
What comes last, what is waited for, and what a target declares to do in its own way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.engine import patience
from conformance.engine.run import Options, preview
from conformance.engine.target import Target
from conformance.report.line import check_line

from .small import KEY, answered, case, clause, judge_small, small_contract, small_world
from .worlds import Answered, Asked, HangUp, World

PLAIN = "{send: {}, expect: {success: true}}"


def asking(text: str, expect: str = "{success: true}") -> str:
    return f"{{send: {{body: {{input: {text}}}}}, expect: {expect}}}"


def inputs(world: World) -> list[Any]:
    return [asked.input for asked in world.asked if asked.input is not None]


# What comes last


LASTING = clause("a.fatal", f"last: true, {case(asking('fatal'), PLAIN)}") + clause("b.plain", case(asking("plain")))


def test_what_a_target_may_not_outlive_is_sent_after_all_else(tmp_path: Path) -> None:
    world = small_world()
    report = judge_small(small_contract(tmp_path, LASTING), world)
    assert {"a.fatal", "b.plain"} <= report.ids("pass")
    sent = inputs(world)
    assert sent.index("plain") < sent.index("fatal")


def test_the_plan_tells_what_comes_last(tmp_path: Path) -> None:
    import asyncio

    contract = small_contract(tmp_path, LASTING)
    target = Target(contract="minimal", app=small_world(), secrets={"K": KEY}, key_names={"main": "K"}, ledger=None, canary=None)
    plan, _ = asyncio.run(preview(contract, target, Options(clauses=("a.*", "b.*"), budget="quick")))
    assert [made.clause for made in plan.last] == ["a.fatal"]
    assert [made.clause for made in plan.main] == ["b.plain"]
    assert [made.clause for made in plan.all()][-1] == "a.fatal"
    assert plan.cases == 2


def dying(word: str) -> World:
    """
    Return a server that hangs up on an input, and on everything after it.
    """
    dead = []

    def reply(asked: Asked) -> Answered | None:
        if asked.input == word:
            dead.append(asked)
        if dead:
            raise HangUp
        return None

    return small_world(reply)


OUTLIVED = (
    clause("a.fatal", f"last: true, {case(asking('fatal', '{any_of: [{success: true}, {status: 4xx}]}'), PLAIN)}")
    + clause("b.also", f"last: true, {case(asking('also'), PLAIN)}")
    + clause("c.plain", case(asking("plain")))
    + clause("d.answers", "on: {operations: [create]}, expect: {answered: true}")
)


def test_a_target_that_dies_at_the_end_breaks_one_clause_and_leaves_the_next_open(tmp_path: Path) -> None:
    report = judge_small(small_contract(tmp_path, OUTLIVED), dying("fatal"), "a.*", "b.*", "c.*", "d.*")
    assert report.ids("fail") == {"a.fatal", "d.answers"}
    assert report.verdict("b.also") == "not_established"
    assert report.clauses["b.also"]["missing"] == ["because: the target no longer answers, since a.fatal/one"]
    assert report.verdict("c.plain") == "pass"
    assert report.code == 1
    assert "a.fatal/one" in report.cases


def test_a_target_that_outlives_its_last_cases_is_asked_all_of_them(tmp_path: Path) -> None:
    def reply(asked: Asked) -> Answered | None:
        return answered(500, {}) if asked.input == "fatal" else None

    report = judge_small(small_contract(tmp_path, OUTLIVED), small_world(reply), "a.*", "b.*", "d.*")
    assert report.ids("fail") == {"a.fatal"}
    assert {"b.also", "d.answers"} <= report.ids("pass")


def test_a_target_that_dies_before_the_end_ends_the_run(tmp_path: Path) -> None:
    rows = OUTLIVED + clause("e.early", case(asking("early")))
    report = judge_small(small_contract(tmp_path, rows), dying("early"), "a.*", "b.*", "d.*", "e.*", in_flight=1)
    # Whether it was this request or one beside it, nobody can tell; it is what the finding shows.
    assert report.ids("fail") == {"d.answers"}
    assert report.clauses["d.answers"]["example"] == "e.early/one"
    assert {"a.fatal", "b.also", "e.early"} == report.ids("not_established")
    assert "no longer answers" in report.footer["incomplete"]
    assert report.code == 1


# What is waited for


JOB = case(
    "{name: job, send: {body: {input: job}}, expect: {success: true}}",
    "{name: done, given: %s, send: {body: {input: look}}, until: {body: {/state: {const: done}}}, within: %s, expect: {body: {/state: {const: done}}}}",
    asking("after"),
)


def job_world(polls: int) -> World:
    looks = []

    def reply(asked: Asked) -> Answered | None:
        if asked.input != "look":
            return None
        looks.append(asked)
        return answered(200, {"data": [], "state": "done" if len(looks) >= polls else "busy"})

    return small_world(reply)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_POLL_FIRST", 0.001)
    monkeypatch.setattr(patience, "_POLL_MOST", 0.001)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("polls", [1, 2, 7])
def test_a_step_is_sent_again_until_its_answer_is_so(tmp_path: Path, polls: int) -> None:
    world = job_world(polls)
    report = judge_small(small_contract(tmp_path, clause("a.job", JOB % ("false", "60"))), world, "a.*")
    assert report.verdict("a.job") == "pass"
    assert [sent for sent in inputs(world) if sent in ("job", "look", "after")] == ["job", *["look"] * polls, "after"]
    # One answer of the many is judged and shown.
    assert [exchange["step"] for exchange in report.cases["a.job/one"]["exchanges"]] == ["job", "done", "step3"]


@pytest.mark.usefixtures("_impatient")
def test_a_step_that_is_never_so_breaks_its_clause_once_it_was_due(tmp_path: Path) -> None:
    world = job_world(10**9)
    report = judge_small(small_contract(tmp_path, clause("a.job", JOB % ("false", "0.05, due: true"))), world, "a.*")
    assert report.verdict("a.job") == "fail"
    assert report.clauses["a.job"]["findings"][0]["where"] == "body:/state"
    assert "after" not in inputs(world)


@pytest.mark.usefixtures("_impatient")
def test_a_step_that_is_not_due_leaves_its_clause_open_once_its_time_is_up(tmp_path: Path) -> None:
    world = job_world(10**9)
    report = judge_small(small_contract(tmp_path, clause("a.job", JOB % ("false", "0.05"))), world, "a.*")
    assert report.verdict("a.job") == "not_established"
    assert "may come yet" in report.clauses["a.job"]["missing"][0]
    assert "after" not in inputs(world)


@pytest.mark.usefixtures("_impatient")
def test_a_step_that_only_prepares_leaves_its_clause_open_once_its_time_is_up(tmp_path: Path) -> None:
    report = judge_small(small_contract(tmp_path, clause("a.job", JOB % ("true", "0.05, due: true"))), job_world(10**9), "a.*")
    assert report.verdict("a.job") == "not_established"
    assert "done expects" in report.clauses["a.job"]["missing"][0]


@pytest.mark.usefixtures("_impatient")
def test_what_can_t_be_compared_yet_is_asked_again(tmp_path: Path) -> None:
    looks = []

    def reply(asked: Asked) -> Answered | None:
        if asked.input != "look":
            return None
        looks.append(asked)
        return answered(200, {"data": [], "n": 1} if len(looks) > 2 else {"data": []})

    steps = case("{send: {body: {input: look}}, until: {at_most: {of: 'body:/n', value: 1}}, within: 60, expect: {success: true}}")
    report = judge_small(small_contract(tmp_path, clause("a.job", steps)), small_world(reply), "a.*")
    assert report.verdict("a.job") == "pass"


FROM = case(
    "{name: job, send: {body: {input: job}}, expect: {success: true}}",
    "{send: {path: '/v1/jobs/{id}', vars: {id: {$from: 'step:job:body:/id'}}, body: {input: {$from: 'step:job:body:/id'}}}, expect: {success: true}}",
)


def test_what_an_earlier_answer_tells_is_sent(tmp_path: Path) -> None:
    def reply(asked: Asked) -> Answered | None:
        if asked.input == "job":
            return answered(200, {"data": [], "id": "a/b é"})
        return answered(200, {"data": []}) if asked.path.startswith("/v1/jobs/") else None

    world = small_world(reply)
    assert judge_small(small_contract(tmp_path, clause("a.from", FROM)), world, "a.*").verdict("a.from") == "pass"
    (sent,) = [asked for asked in world.asked if asked.path.startswith("/v1/jobs/")]
    assert sent.input == "a/b é"
    assert sent.path in ("/v1/jobs/a/b é", "/v1/jobs/a%2Fb%20%C3%A9")


def test_what_an_earlier_answer_does_not_tell_leaves_the_clause_open(tmp_path: Path) -> None:
    report = judge_small(small_contract(tmp_path, clause("a.from", FROM)), small_world(), "a.*")
    assert report.verdict("a.from") == "not_established"
    assert "step:job:body:/id is not there" in report.clauses["a.from"]["missing"][0]


# What a target declares


LIFT = 'features:\n  lift: {says: whether there is a lift, values: {"yes": there is one, "no": there is none}, default: "yes"}\n'
LIFTS = (
    clause("a.lift", f"needs: [feature.lift.yes], {case(asking('lift'))}")
    + clause("a.stairs", f'needs: [feature.lift.no], {case(asking("stairs"))}')
    + clause("a.key", f"needs: [key.revoked], {case('{send: {key: revoked}, expect: {status: 4xx}}')}")
    + clause("a.both", f"needs: [key.revoked, feature.lift.yes], {case(asking('both'))}")
    + clause("a.plain", case(asking("plain")))
    + clause("a.rider", "needs: [feature.lift.yes], on: {operations: [create]}, expect: {answered: true}")
)


def test_a_gap_that_is_declared_says_so(tmp_path: Path) -> None:
    world = small_world()
    report = judge_small(small_contract(tmp_path, LIFTS, LIFT), world, "a.*", features={"lift": "no"})
    for name in ("a.lift", "a.rider", "a.both"):
        assert report.verdict(name) == "not_established"
        assert report.clauses[name]["declared"] == ["lift: no"]
    assert "declared" not in report.clauses["a.key"]
    assert {"a.stairs", "a.plain"} == report.ids("pass")
    assert "lift" not in inputs(world)
    assert [list(check_line(line)) for line in report.lines if line["kind"] == "clause"] == [[]] * len(report.clauses)


@pytest.mark.parametrize("features", [{}, {"lift": "yes"}])
def test_what_is_taken_for_granted_is_judged_and_another_way_is_not(tmp_path: Path, features: dict[str, str]) -> None:
    report = judge_small(small_contract(tmp_path, LIFTS, LIFT), small_world(), "a.*", features=features)
    assert {"a.lift", "a.plain", "a.rider"} == report.ids("pass")
    assert "a.stairs" not in report.clauses
    assert not any("declared" in line for line in report.clauses.values())


def test_what_is_declared_makes_no_run_incomplete(tmp_path: Path) -> None:
    contract = small_contract(tmp_path, LIFTS, LIFT)
    chosen = ("a.lift", "a.stairs", "a.plain", "a.rider")
    assert judge_small(contract, small_world(), *chosen, strict=True, features={"lift": "no"}).code == 0
    report = judge_small(contract, small_world(), *chosen, "a.key", strict=True, features={"lift": "no"})
    assert report.code == 3
    assert "1 MUST clauses are not established (a.key)" in report.footer["incomplete"]


def test_what_is_declared_and_still_broken_elsewhere_is_broken(tmp_path: Path) -> None:
    def reply(asked: Asked) -> Answered | None:
        return answered(500, {}) if asked.input == "plain" else None

    report = judge_small(small_contract(tmp_path, LIFTS, LIFT), small_world(reply), "a.*", features={"lift": "no"})
    assert report.ids("fail") == {"a.plain"}
    assert report.code == 1


@pytest.mark.parametrize(
    ("declared", "passed", "gaps"),
    [
        (None, {"a.moving"}, set()),
        ("slow", {"a.moving", "a.climbing"}, set()),
        ("no", {"a.climbing"}, {"a.moving"}),
    ],
)
def test_a_need_may_leave_one_way_out(tmp_path: Path, declared: str | None, passed: set[str], gaps: set[str]) -> None:
    ways = LIFT.replace('"no": there is none', '"no": there is none, slow: one that takes its time')
    clauses = clause("a.moving", f"needs: [feature.lift.not.no], {case(asking('moving'))}")
    clauses += clause("a.climbing", f"needs: [feature.lift.not.yes], {case(asking('climbing'))}")
    features = {} if declared is None else {"lift": declared}
    report = judge_small(small_contract(tmp_path, clauses, ways), small_world(), "a.*", features=features)
    assert report.ids("pass") == passed
    assert {name for name, line in report.clauses.items() if "declared" in line} == gaps
    assert set(report.clauses) == passed | gaps


# What is not served by itself either


@pytest.mark.parametrize(
    ("expect", "verdict"),
    [
        ("{success: true}", "not_established"),
        ("{success: true, same_vector_as: first}", "not_established"),
        ("{status: 200}", "fail"),
        ("{status: {not: 4xx}}", "fail"),
        ("{equal: [[status, 'step:first:status']]}", "fail"),
    ],
)
def test_a_status_that_is_compared_is_judged_although_the_request_is_never_served(tmp_path: Path, expect: str, verdict: str) -> None:
    def reply(asked: Asked) -> Answered | None:
        return answered(422, {"error": {"type": "invalid", "code": "bad_size", "message": "No."}}) if asked.input == "never" else None

    steps = case("{name: first, send: {}, expect: {success: true}}", asking("never", expect))
    report = judge_small(small_contract(tmp_path, clause("a.alone", steps)), small_world(reply), "a.*")
    assert report.verdict("a.alone") == verdict
    if verdict == "not_established":
        assert "not served by itself either (422)" in report.clauses["a.alone"]["missing"][0]
