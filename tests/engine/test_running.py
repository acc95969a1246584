"""
Repeats, shrinking, twins, quiet windows, overloads, budgets and resuming.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.takeover import failed_clauses, resumed_options
from conformance.engine.run import Options
from conformance.engine.shrink import smaller
from conformance.errors import UsageError
from conformance.reference.aurous.behaviour import Behaviour
from conformance.reference.aurous.server import Server
from conformance.report.line import encode_line

from .worlds import CREATE, ESTIMATE, Answered, Asked, HangUp, Report, World, contract, having, judge, refuse

# Few enough that nothing is drawn.
DIRECTED = {"budget": "standard", "requests": 380}


def body_of(line: dict[str, Any], index: int = 0) -> Any:
    return json.loads(line["exchanges"][index]["request"]["body"])


def test_a_sound_server_keeps_everything_it_can_be_asked_for() -> None:
    report = judge(World())
    assert report.ids("fail", "warn", "error") == set()
    assert len(report.ids("pass")) > 150
    assert report.code == 0
    assert report.footer["incomplete"] is None


# Repeats


def wrong_every(count: int) -> World:
    served = [0]

    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path != CREATE or answered.status != 200:
            return None
        served[0] += 1
        if served[0] % count:
            return None
        document = answered.document
        document["data"][0]["index"] = 1
        return answered.rewrite(document)

    return World(edit=edit)


def test_a_breach_that_comes_and_goes_is_a_breach_and_called_unstable() -> None:
    report = judge(wrong_every(7), "accept.plain", "success.index", **DIRECTED)
    line = report.clauses["success.index"]
    assert line["verdict"] == "fail"
    assert 0 < line["unstable"]["seen"] < line["unstable"]["of"]
    assert report.code == 1
    assert report.verdict("accept.plain") == "pass"


def test_a_breach_that_stays_is_not_called_unstable() -> None:
    report = judge(wrong_every(1), "accept.plain", "success.index", **DIRECTED)
    line = report.clauses["success.index"]
    assert line["verdict"] == "fail"
    assert "unstable" not in line
    assert all(case["repeats"]["seen"] == case["repeats"]["of"] for case in report.cases.values() if case.get("repeats"))


@pytest.mark.parametrize("number", [12, 20, 33])
def test_a_connection_that_is_lost_once_breaks_nothing(number: int) -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.number == number:
            raise HangUp
        return None

    report = judge(World(edit=edit), "accept.plain", "refuse.batch", "status.answers", **DIRECTED)
    assert report.ids("fail", "warn", "error") == set()
    assert report.verdict("accept.plain") == "pass"


def test_a_breach_is_repeated_with_fresh_keys() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        return Answered(answered.status, answered.body, {"content-type": "application/json"}) if asked.input == "Stored once." else None

    world = World(edit=edit)
    report = judge(world, "idempotency.replay")
    assert report.verdict("idempotency.replay") == "fail"
    keys = [asked.headers["idempotency-key"] for asked in world.asked if asked.input == "Stored once."]
    assert len({key[:12] for key in keys}) >= 3


# Shrinking


def astral(asked: Asked, answered: Answered) -> Answered | None:
    if asked.path != CREATE or answered.status != 200 or asked.document.get("user"):
        return None
    found = any(ord(c) > 0xFFFF for c in json.dumps(asked.input, ensure_ascii=False))
    return refuse(500, "internal_error", kind="server_error") if found else None


def test_a_failing_request_is_made_small() -> None:
    report = judge(World(edit=astral), "accept.plain", **DIRECTED)
    assert report.verdict("accept.plain") == "fail"
    shrunk = [line for line in report.cases.values() if line.get("shrunk_from")]
    assert len(shrunk) == 1
    body = body_of(shrunk[0])
    assert set(body) <= {"model", "input"}
    text = body["input"] if isinstance(body["input"], str) else body["input"][0]["text"]
    assert len(text) <= 4
    assert any(ord(c) > 0xFFFF for c in text)
    assert shrunk[0]["shrunk_from"] > len(shrunk[0]["exchanges"][0]["request"]["body"])
    assert shrunk[0]["findings"][0]["actual"].startswith("500")


def test_a_refusal_that_is_missing_is_made_small() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path == CREATE and answered.status == 400 and isinstance(asked.input, list) and len(asked.input) > 5 and isinstance(asked.input[0], str):
            return Answered(200, b'{"object": "list", "data": []}', answered.headers)
        return None

    report = judge(World(edit=edit), "refuse.batch", **DIRECTED)
    (shrunk,) = [line for line in report.cases.values() if line.get("shrunk_from")]
    body = body_of(shrunk)
    assert len(body["input"]) == 6
    assert all(isinstance(item, str) for item in body["input"])


@pytest.mark.parametrize("value", ["x" * 40, ["ab", "cd", "ef"], {"a": "bc", "d": [1, 200]}, 4096, {"a": {"b": ["c"]}}])
def test_what_is_smaller_is_never_the_same_and_never_larger(value: Any) -> None:
    found = list(smaller(value))
    assert found
    for less in found:
        assert less != value
        assert len(json.dumps(less)) <= len(json.dumps(value))


def test_a_request_whose_reason_the_contract_does_not_know_stays_as_it_is() -> None:
    """
    A shorter URL would name a host that may be asked for.
    """

    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path == CREATE and answered.status == 400 and "127.0.0.1" in json.dumps(asked.input):
            return Answered(200, b'{"object": "list", "data": []}', answered.headers)
        return None

    report = judge(World(edit=edit), "url.blocked", **DIRECTED)
    assert report.verdict("url.blocked") == "fail"
    assert not [body_of(line) for line in report.cases.values() if line.get("shrunk_from")]


@pytest.mark.parametrize("value", ["", "x", [], None, True, 0, 1, "https://example.com/a.png"])
def test_what_is_small_stays(value: Any) -> None:
    assert list(smaller(value)) == []


# Twins


def refuse_all(*words: str) -> World:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path in (CREATE, ESTIMATE) and isinstance(asked.document, dict) and having(words, asked.document):
            return refuse(400, "not_available_here", message="This server does not take that.")
        return None

    return World(edit=edit)


def test_a_target_without_images_is_not_blamed_for_its_refusals_of_images() -> None:
    report = judge(refuse_all("image_url"), "caps.images.*", "refuse.url.scheme", "caps.url.*", "accept.image", "refuse.batch", "caps.parts.*", **DIRECTED)
    assert report.ids("fail", "error") == set()
    assert {"caps.images.at", "caps.images.over", "accept.image"} <= report.ids("not_established")
    assert {"refuse.batch", "caps.parts.over", "caps.parts.at"} <= report.ids("pass")


def test_a_target_without_dimensions_is_not_blamed_for_refusing_some() -> None:
    report = judge(refuse_all('"dimensions"'), "refuse.dimensions.unlisted", "refuse.batch", **DIRECTED)
    assert report.verdict("refuse.dimensions.unlisted") == "not_established"
    assert "twin" in report.clauses["refuse.dimensions.unlisted"]["missing"][0]
    assert report.verdict("refuse.batch") == "pass"


def test_a_refusal_counts_only_when_its_twin_is_accepted() -> None:
    # It refuses every array in the words for a batch, so its refusal of a batch says nothing.
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path == CREATE and isinstance(asked.input, list):
            return refuse(400, "embeddings_batch_not_supported")
        return None

    report = judge(World(edit=edit), "refuse.batch", **DIRECTED)
    assert report.verdict("refuse.batch") == "not_established"
    assert "its twin" in report.clauses["refuse.batch"]["missing"][0]


def test_a_twin_is_sent_once_for_all_cases_that_share_it() -> None:
    world = World()
    judge(world, "refuse.batch", **DIRECTED)
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    # The cases that send a further field have a twin with that field.
    twins = [asked for asked in world.asked if asked.input == parts and set(asked.document) == {"model", "input"}]
    assert len({asked.document["model"] for asked in twins}) == len(twins) >= 1
    assert sum(asked.input == parts for asked in world.asked) < len(world.asked) / 3


# Quiet windows


def charging(kind: str, *, when: Any = lambda call: True) -> Server:
    return Server(dataclasses.replace(Behaviour(), fee_on_refusal=lambda call, refusal: 20_000 if refusal.kind == kind and when(call) else 0))


def test_a_fee_for_one_kind_of_refusal_is_blamed_on_that_kind() -> None:
    report = judge(World(inner=charging("caps.images")), "uncharged.*", **{**DIRECTED, "requests": None, "budget": "quick"})
    assert report.ids("fail") == {"uncharged.caps.images"}
    finding = report.clauses["uncharged.caps.images"]["findings"][0]
    assert finding["where"] == "ledger"
    assert "0.02" in finding["actual"]
    assert "unstable" not in report.clauses["uncharged.caps.images"]
    assert "uncharged.caps.parts" in report.ids("pass")


def test_a_fee_for_one_request_of_a_window_is_blamed_on_that_request() -> None:
    server = charging("input.batch", when=lambda call: b'"one","one"' in call.request.body)
    report = judge(World(inner=server), "uncharged.batch", **DIRECTED)
    assert report.verdict("uncharged.batch") == "fail"
    assert report.clauses["uncharged.batch"]["example"] == "uncharged.batch/same_twice"
    guilty = report.cases["uncharged.batch/same_twice"]
    assert body_of(guilty)["input"] == ["one", "one"]


def test_a_fee_for_every_refusal_is_found_everywhere() -> None:
    server = Server(dataclasses.replace(Behaviour(), fee_on_refusal=lambda call, refusal: 20_000))
    report = judge(World(inner=server), "uncharged.batch", "uncharged.model.missing", "uncharged.caps.parts")
    assert report.ids("fail") == {"uncharged.batch", "uncharged.model.missing", "uncharged.caps.parts"}


# Overloads


def test_an_overload_gives_no_verdict() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        return refuse(429, "too_many_requests", kind="rate_limit", headers={"retry-after": "0"}) if asked.number % 3 == 0 else None

    report = judge(World(edit=edit), "accept.*", "refuse.*", "refusal.*", "status.*")
    assert report.ids("fail", "warn", "error") == set()
    assert {"accept.plain", "refuse.batch"} <= report.ids("pass")
    assert report.footer["retries"] > 20


def test_a_provider_that_blinks_gives_no_verdict() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path == CREATE and asked.number % 17 == 0:
            return refuse(502, "provider_unavailable", kind="server_error")
        return None

    report = judge(World(edit=edit), "accept.plain", "refuse.batch", **DIRECTED)
    assert report.ids("fail", "error") == set()


def test_a_request_that_alone_gets_an_overload_s_status_is_judged() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path == CREATE and isinstance(asked.input, list) and asked.input and isinstance(asked.input[0], str):
            return refuse(503, "overloaded", kind="server_error", headers={"retry-after": "0"})
        return None

    assert judge(World(edit=edit), "refuse.batch").verdict("refuse.batch") == "fail"


# Dead operations


def test_an_operation_that_is_not_there_breaks_only_what_asks_for_it() -> None:
    report = judge(World(edit=lambda asked, answered: Answered(404, b'{"error": {"code": "x"}}') if asked.path == ESTIMATE else None), "estimate.*", "refuse.batch")
    assert "estimate.accepts" in report.ids("fail")
    refusals = {c for c in report.clauses if c.startswith("estimate.refuse.")}
    assert refusals
    assert refusals <= report.ids("not_established")
    assert any("/v1/embeddings/estimate" in item or "twin" in item for item in report.clauses["estimate.refuse.batch"]["missing"])
    assert report.verdict("refuse.batch") == "pass"


# Budgets


def test_a_budget_of_requests_is_kept_and_leaves_the_run_incomplete() -> None:
    world = World()
    report = judge(world, budget="standard", requests=40)
    assert report.code == 3
    assert report.footer["requests"] == len(world.asked) == 40
    assert "40 requests" in report.footer["incomplete"]
    assert report.ids("not_established")


def test_a_budget_of_credits_is_kept() -> None:
    report = judge(World(), "accept.plain", "refuse.batch", "usage.grows", budget="standard", requests=380, credits=0.00001)
    assert report.code == 3
    assert "credits" in report.footer["incomplete"]


def test_a_budget_of_seconds_is_kept() -> None:
    class Slow(World):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(0.03)
            await super().__call__(scope, receive, send)

    began = time.monotonic()
    report = judge(Slow(), budget="quick", seconds=0.5, in_flight=1)
    assert time.monotonic() - began < 3
    assert report.code == 3
    assert "0.5 s" in report.footer["incomplete"]


def test_what_is_broken_before_the_budget_ends_is_broken() -> None:
    report = judge(World(edit=lambda asked, answered: Answered(200, b"{}", answered.headers) if answered.status == 400 and asked.path == CREATE and asked.input else None),
                   "refuse.*", budget="standard", requests=80)
    assert report.code == 1
    assert report.footer["incomplete"]


# Resuming


def finished_of(report: Report) -> dict[str, Any]:
    kept = ("id", "clause", "verdict", "findings", "reason", "established")
    return {line["id"]: {name: line[name] for name in kept if name in line} for line in report.cases.values()}


SELECTED = ("refuse.*", "accept.*", "success.*", "refusal.*", "idempotency.replay")


def test_finished_cases_are_not_sent_again() -> None:
    first = judge(World(), *SELECTED)
    world, nothing = World(), World()
    second = judge(world, *SELECTED, finished=finished_of(first))
    judge(nothing, "fetch.images")
    assert len(world.asked) <= len(nothing.asked)
    assert {c: line["verdict"] for c, line in second.clauses.items()} == {c: line["verdict"] for c, line in first.clauses.items()}
    assert second.code == first.code


def test_a_breach_of_the_earlier_run_stays_one() -> None:
    first = judge(World(edit=astral), *SELECTED, **DIRECTED)
    assert first.code == 1
    second = judge(World(), *SELECTED, **DIRECTED, finished=finished_of(first))
    assert second.code == 1
    assert second.verdict("accept.plain") == "fail"
    assert second.clauses["accept.plain"]["findings"][0]["actual"].startswith("500")


def written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(encode_line(line) for line in lines if line["kind"] not in ("plan", "progress")))
    return path


def test_a_run_that_was_cut_is_finished_by_the_next(tmp_path: Path) -> None:
    first = judge(World(), *SELECTED)
    cut = [line for line in first.lines if line["kind"] in ("header", "case")]
    cut = cut[: len(cut) // 2]
    options = resumed_options(written(tmp_path / "run.log", cut), contract())
    assert len(options.finished) == len(cut) - 1
    assert options.clauses == SELECTED
    world, whole = World(), World()
    second = judge(world, *options.clauses, finished=options.finished)
    judge(whole, *SELECTED)
    assert len(world.asked) < len(whole.asked)
    assert second.ids("pass") == first.ids("pass")


def test_a_run_that_came_to_its_end_is_not_resumed(tmp_path: Path) -> None:
    report = judge(World(), "refuse.batch")
    with pytest.raises(UsageError, match="nothing to resume"):
        resumed_options(written(tmp_path / "run.log", report.lines), contract())


def test_only_what_failed_is_run_again(tmp_path: Path) -> None:
    report = judge(World(edit=astral), "accept.plain", "refuse.batch", **DIRECTED)
    options = failed_clauses(written(tmp_path / "run.log", report.lines), contract())
    assert options.clauses == ("accept.plain",)
    assert isinstance(options, Options)


def test_nothing_failed_so_nothing_is_run_again(tmp_path: Path) -> None:
    report = judge(World(), "refuse.batch")
    with pytest.raises(UsageError, match="nothing failed"):
        failed_clauses(written(tmp_path / "run.log", report.lines), contract())


# Drawing


def test_drawn_cases_are_judged_by_what_they_fall_under() -> None:
    report = judge(World(), "accept.plain", "http.hostile", "refuse.*", budget="standard", requests=900)
    drawn = [line for line in report.cases.values() if re.search(r"/drawn\.", line["id"])]
    assert len(drawn) > 50
    assert len({line["clause"] for line in drawn}) > 5
    assert report.ids("fail", "warn", "error") == set()
