"""
Faults of the suite that were found once and must not come back.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.contract import Clause
from conformance.engine import opening
from conformance.engine.opening import open_session
from conformance.engine.plan import BUDGETS, Plan, make_plan
from conformance.engine.run import Options, close_session, discover, preview, run
from conformance.engine.session import Session, selected
from conformance.engine.tally import Tally
from conformance.engine.twins import twin_identity
from conformance.reference.aurous import KEYS

from . import small
from .worlds import CREATE, Answered, Asked, Report, World, contract, judge, make_target

BALANCE, MODELS = "/v1/balance", "/v1/models"
HUGE = "9" * 401
# Of a key no more than this may be shown, which tells nobody anything: al_live_ and a few letters.
PIECE = 16


# Keys


def assert_no_piece_of_a_key(report: Report) -> None:
    for line in report.lines:
        text = json.dumps(line)
        for role, key in KEYS.items():
            found = [start for start in range(len(key) - PIECE + 1) if key[start : start + PIECE] in text]
            assert not found, (line["kind"], line.get("id"), role, len(found) + PIECE - 1)


def quoting(form: str, *, member: str, on: Callable[[Asked, Answered], bool]) -> World:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if not asked.key or not on(asked, answered):
            return None
        error = {"type": "invalid_request", "code": "bad_request", "message": "No.", "param": None}
        body = json.dumps({"error": {**error, member: form.format(asked.key)}}).encode()
        return Answered(answered.status if answered.status >= 400 else 401, body, answered.headers)

    return World(edit=edit)


def refused_create(asked: Asked, answered: Answered) -> bool:
    return asked.path == CREATE and answered.status == 400


QUOTED = ("refuse.batch", "caps.parts.over", "caps.parts.message", "refusal.*")


@pytest.mark.parametrize("member", ["code", "message", "type", "param", "doc_url", "request_id"])
def test_a_key_in_an_error_stands_in_no_line(member: str) -> None:
    report = judge(quoting("{}", member=member, on=refused_create), *QUOTED)
    assert report.ids("fail")
    assert report.ids("error") == set()
    assert_no_piece_of_a_key(report)


@pytest.mark.parametrize("room", [30, 50, 70, 100, 150])
@pytest.mark.parametrize("member", ["code", "message"])
def test_a_key_that_a_finding_would_cut_in_two_stands_in_no_line(member: str, room: int) -> None:
    # A text is cut at 40, 60, 80, 120 or 160 characters, and what is left of a key would not be found as a key.
    world = quoting("x" * (room - 30) + "{}", member=member, on=refused_create)
    report = judge(world, "refuse.batch", "caps.parts.message")
    assert report.ids("fail")
    assert_no_piece_of_a_key(report)


@pytest.mark.parametrize("path", [CREATE, BALANCE, MODELS])
@pytest.mark.parametrize("form", ["{}", "bad {}"])
def test_a_key_in_what_the_controls_and_proofs_say_stands_in_no_line(path: str, form: str) -> None:
    world = quoting(form, member="code", on=lambda asked, answered: asked.path == path)
    report = judge(world, "refuse.batch", "uncharged.batch", "vector.floats")
    assert report.ids("not_established")
    assert_no_piece_of_a_key(report)


def test_a_key_in_the_reason_of_a_twin_stands_in_no_line() -> None:
    def lists(asked: Asked, answered: Answered) -> bool:
        return asked.path == CREATE and isinstance(asked.input, list)

    report = judge(quoting("{}", member="code", on=lists), "refuse.batch", "caps.parts.over")
    assert_no_piece_of_a_key(report)


# Odd facts


@pytest.mark.parametrize("dimensions", [1024, "1024", True, {"a": 1}, [True], [[1024]], ["1024"], [1e300], [{}], -1])
def test_a_row_with_odd_dimensions_is_no_crash(dimensions: Any) -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path != MODELS or answered.status != 200:
            return None
        document = answered.document
        for row in document["data"]:
            if isinstance(row.get("aurous_metadata"), dict) and row["aurous_metadata"].get("dimensions"):
                row["aurous_metadata"]["dimensions"] = dimensions
        return answered.rewrite(document)

    report = judge(World(edit=edit), "refuse.dimensions.*", "dimensions.*", "vector.width", "models.*", "refuse.batch")
    assert report.ids("error") == set()
    assert report.verdict("refuse.batch") == "pass"


@pytest.mark.parametrize("odd", [[], ["a"], {}, {"a": "b"}, [[]], 5, None, True])
@pytest.mark.parametrize("member", ["type", "code", "message", "param", "request_id", "doc_url"])
def test_a_member_of_an_error_that_is_no_text_is_no_crash(member: str, odd: Any) -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if not refused_create(asked, answered):
            return None
        document = answered.document
        document["error"][member] = odd
        return answered.rewrite(document)

    report = judge(World(edit=edit), "refuse.batch", "refusal.*", budget="quick")
    assert report.ids("error") == set()
    if member in ("type", "code"):
        assert report.verdict("refuse.batch") == "fail"


# Numbers


def with_cost(cost: str) -> World:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path != CREATE or answered.status != 200:
            return None
        document = answered.document
        document["usage"]["credits_charged"] = "COST"
        return Answered(200, json.dumps(document).encode().replace(b'"COST"', cost.encode()), answered.headers)

    return World(edit=edit)


SPENT = ("money.*", "usage.*", "uncharged.batch", "uncharged.caps.parts", "accept.plain")


@pytest.mark.parametrize(
    "cost",
    [HUGE, f"-{HUGE}", "NaN", "Infinity", "-Infinity", "1e400", "true", '"0.1"', "null"],
    ids=lambda cost: cost[:9],
)
def test_a_cost_that_is_no_number_is_no_crash_and_no_pass(cost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.witness.ledger._SETTLE", 0.6)
    report = judge(with_cost(cost), *SPENT)
    assert report.ids("error") == set()
    # What a stored answer, or a refusal, costs is known without it.
    needing = {"money.authoritative", "money.together", "money.model", "usage.credits", "usage.rates"}
    if cost == HUGE:
        needing.remove("usage.credits")  # It is a number that is not below zero, though no float holds it.
    assert not needing & report.ids("pass")
    assert isinstance(report.footer["charged"], float)
    json.dumps(report.lines, allow_nan=False)


@pytest.mark.parametrize("credits", [HUGE, f"-{HUGE}", "NaN", "Infinity", "1e400"], ids=lambda credits: credits[:9])
def test_a_balance_that_is_no_number_is_no_crash_and_establishes_nothing(credits: str) -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path != BALANCE or answered.status != 200:
            return None
        body = json.dumps({**answered.document, "credits": "C", "available_credits": "C"}).encode()
        return Answered(200, body.replace(b'"C"', credits.encode()), answered.headers)

    report = judge(World(edit=edit), "uncharged.batch", "money.authoritative", "refuse.batch")
    assert report.ids("error") == set()
    assert {"uncharged.batch", "money.authoritative"} <= report.ids("not_established")
    assert report.verdict("refuse.batch") == "pass"


# What is not there


def test_request_ids_that_are_missing_are_not_unique() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        headers = {name: value for name, value in answered.headers.items() if name != "aurous-request-id"}
        return Answered(answered.status, answered.body, headers)

    report = judge(World(edit=edit), "request_id.*", "accept.plain", "refuse.batch")
    assert report.verdict("request_id.unique") == "not_established"
    assert report.verdict("request_id.present") == "fail"


def test_types_that_nobody_documents_agree_with_no_status() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if answered.status < 400 or not answered.body:
            return None
        document = answered.document
        document["error"]["type"] = "of_another_provider"
        return answered.rewrite(document)

    report = judge(World(edit=edit), "refusal.status_of_type", "refuse.batch", "accept.plain")
    assert report.verdict("refusal.status_of_type") == "not_established"


# Selections


def riding() -> list[Clause]:
    def own(clause: Clause) -> bool:
        return bool(clause.cases or clause.window or clause.crowd or clause.machine or clause.burst)

    return [clause for clause in contract().clauses if clause.on is None and not own(clause)]


@pytest.mark.parametrize(
    "clause", ["refusal.envelope", "vector.floats", "status.answers", "estimate.shape", "request_id.unique"]
)
def test_an_invariant_alone_is_judged(clause: str) -> None:
    report = judge(World(), clause)
    assert {line["verdict"] for line in report.clauses.values()} == {"pass"}
    assert report.clauses[clause]["judged"] > 0
    assert report.code == 0


def test_every_invariant_alone_has_exchanges() -> None:
    # All at once but by a selection that names no other clause.
    names = [clause.id for clause in contract().clauses if clause.on is not None]
    report = judge(World(), *names)
    assert set(report.clauses) == set(names)
    assert report.ids("pass") >= set(names) - {"usage.rates", "rate_limit.announced"}


def test_there_are_clauses_that_ride_along() -> None:
    assert len(riding()) > 10


@pytest.mark.parametrize("clause", ["refuse.batch.param", "estimate.refuse.batch.param", "caps.parts.message"])
def test_a_clause_that_rides_along_is_judged_alone(clause: str) -> None:
    assert judge(World(), clause).verdict(clause) == "pass"


def test_every_clause_that_rides_along_is_judged_without_those_that_carry_it() -> None:
    # Images are only served where there is media to send.
    names = {clause.id for clause in riding() if "images" not in clause.id}
    assert judge(World(), *sorted(names)).ids("pass") == names


def planned(clauses: tuple[str, ...], budget: str) -> tuple[Session, Plan]:
    async def part() -> tuple[Session, Plan]:
        options = Options(clauses=clauses, budget=budget)
        session = open_session(contract(), make_target(World()), options, lambda line: None)
        try:
            await discover(session)
            return session, make_plan(session, selected(contract(), clauses, None), BUDGETS[budget])
        finally:
            await close_session(session)

    return asyncio.run(part())


@pytest.mark.parametrize(
    "clauses",
    [(), ("refuse.*", "status.*"), ("caps.*.over", "status.*"), ("refuse.dimensions.*", "refusal.*")],
    ids=lambda clauses: " ".join(clauses) or "all",
)
@pytest.mark.parametrize("budget", ["quick", "standard"])
def test_a_case_that_is_shared_comes_before_those_that_wait_for_it(clauses: tuple[str, ...], budget: str) -> None:
    # Each worker waits for a twin that only a case behind it in the line would send, and so the run never ends.
    session, plan = planned(clauses, budget)
    seen: set[Any] = set()
    late = []
    for case in plan.main:
        seen.add(twin_identity(case, case.steps[0]))
        identity = twin_identity(case, case.twin) if case.twin is not None else None
        if identity in session.shareable and identity not in seen:
            late.append(case.id)
    assert late == []


def test_a_selection_with_carriers_comes_to_its_end() -> None:
    async def part() -> int:
        options = Options(clauses=("refuse.dimensions.*", "status.*"), budget="quick")
        target = make_target(World(), in_flight=1)
        # A run that is cancelled calls itself incomplete.
        return await asyncio.wait_for(run(contract(), target, options, lambda line: None), 20)

    assert asyncio.run(part()) == 0


@pytest.mark.parametrize("budget", ["quick", "standard"])
def test_the_ids_of_a_plan_are_its_cases_own(budget: str) -> None:
    world = World()
    plan, _ = asyncio.run(preview(contract(), make_target(world), Options(budget=budget)))
    counts = Counter(case.id for case in plan.all())
    assert len(counts) > 100
    assert [case for case, count in counts.items() if count > 1] == []


# Resuming


def kept(report: Report) -> dict[str, Any]:
    names = ("id", "clause", "verdict", "findings", "reason", "established")
    return {line["id"]: {name: line[name] for name in names if name in line} for line in report.cases.values()}


def controls(**fields: Any) -> int:
    """
    Return how many requests a run sends that has nothing to send.
    """
    world = World()
    judge(world, "fetch.images", **fields)
    return len(world.asked)


@pytest.mark.parametrize(
    "clauses",
    [("uncharged.batch", "uncharged.caps.parts"), ("crowd.own_answers",), ("rate_limit.refusal",)],
    ids=" ".join,
)
def test_windows_crowds_and_bursts_that_are_finished_are_not_sent_again(clauses: tuple[str, ...]) -> None:
    first_world, second_world = World(), World()
    first = judge(first_world, *clauses)
    assert first.ids("pass") == set(clauses)
    second = judge(second_world, *clauses, finished=kept(first))
    assert len(second_world.asked) <= controls() < len(first_world.asked)
    assert second.ids("pass") == set(clauses)
    assert second.code == first.code


def test_a_window_of_which_a_part_is_finished_is_sent_whole() -> None:
    first = judge(World(), "uncharged.batch", budget="standard", requests=380)
    finished = kept(first)
    assert len(finished) > 2
    finished.pop(next(iter(finished)))
    world = World()
    second = judge(world, "uncharged.batch", budget="standard", requests=380, finished=finished)
    assert second.verdict("uncharged.batch") == "pass"
    assert second.clauses["uncharged.batch"]["cases"] == first.clauses["uncharged.batch"]["cases"]


# Supplies


def test_a_supply_is_said_whole() -> None:
    tally = Tally(contract().clause("uncharged.batch"))
    tally.gap("", "a key; any of the two\na balance; one that is read")
    tally.gap("", "a key; any of the two")
    assert tally.missing == ["a key; any of the two", "a balance; one that is read"]
    assert tally.line(alive=True)["missing"] == tally.missing


def test_what_is_missing_and_why_are_told_apart() -> None:
    tally = Tally(contract().clause("refuse.batch"))
    tally.gap("its twin is not accepted")
    tally.gap("ignored where there is a supply", "a key")
    assert tally.line(alive=True)["missing"] == ["a key", "because: its twin is not accepted"]
    untouched = Tally(contract().clause("refuse.batch"))
    assert untouched.line(alive=True)["missing"] == ["because: no exchange of this run reached it"]
    cut = untouched.line(alive=True, ended="the budget is spent")
    assert cut["missing"] == ["because: the run ended first: the budget is spent"]


@pytest.mark.parametrize(
    "clause",
    ["uncharged.batch", "money.model", "fetch.images", "usage.rates", "money.authoritative", "rate_limit.refusal"],
)
def test_a_supply_with_a_semicolon_reaches_the_report_whole(clause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = "a balance; or the exports of one"
    monkeypatch.setattr(Session, "available", lambda self, need: whole)
    assert contract().clause(clause).needs
    line = judge(World(), clause, "refuse.batch").clauses[clause]
    assert line["verdict"] == "not_established"
    assert line["missing"] == [whole]


# Answers that are too large


def test_a_large_answer_to_a_large_request_is_no_breach_and_to_a_short_one_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Vectors of 4,096 numbers for 2,048 inputs pass any limit that a reader may have.
    """
    monkeypatch.setattr(opening, "open_asgi", partial(opening.open_asgi, max_body=20_000))

    def reply(asked: Asked) -> Answered | None:
        wide = asked.input in ("wide", ["more"] * 1000)
        return Answered(200, b"[" + b" " * 30_000 + b"]", {"content-type": "application/json"}) if wide else None

    rows = (
        small.clause("a.short", small.case("{send: {body: {input: wide}}, expect: {success: true}}"))
        + small.clause("a.long", small.case("{send: {body: {input: {$repeat: {item: more, times: 1000}}}}, expect: {success: true}}"))
        + small.clause("d.answers", "on: {operations: [create]}, expect: {answered: true}")
    )
    report = small.judge_small(small.small_contract(tmp_path, rows), small.small_world(reply), "a.*", "d.*")
    assert report.ids("fail") == {"a.short", "d.answers"}
    assert report.verdict("a.long") == "not_established"
    assert not report.cases["a.long/one"]["findings"]
