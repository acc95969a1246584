"""
Nothing is ever passed because nothing was looked at: each way in which a suite can be green for the wrong reason.
"""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from typing import Any

import pytest

from conformance.engine.run import Options, preview, run
from conformance.engine.target import Waiver, read_target, simple_target
from conformance.errors import UsageError

from .worlds import CREATE, ESTIMATE, MODEL, Answered, Asked, HangUp, World, contract, judge, light, make_target, refuse

REFUSALS = ("refuse.batch", "refuse.model.missing", "refuse.input.mistyped", "caps.parts.over")


def start(*, clauses: tuple[str, ...] = (), level: str | None = None, budget: str = "quick") -> World:
    world = World()
    with pytest.raises(UsageError):
        asyncio.run(run(contract(), make_target(world), Options(clauses=clauses, level=level, budget=budget), lambda line: None))
    return world


@pytest.mark.parametrize(
    ("clauses", "level", "budget"),
    [(("no.such.clause",), None, "quick"), (("refuse.batsh",), None, "quick"), (("refuse.batch",), "MAY", "quick"), ((), None, "qiuck")],
)
def test_a_selection_that_selects_nothing_is_an_error_and_sends_nothing(clauses: tuple[str, ...], level: str | None, budget: str) -> None:
    assert start(clauses=clauses, level=level, budget=budget).asked == []


def test_no_result_is_never_all_passed() -> None:
    report = judge(World(), "fetch.*")
    assert report.ids("pass") == set()
    assert report.ids("not_established") == set(report.clauses) != set()
    assert report.code == 3
    assert "nothing could be established" in report.footer["incomplete"]


def test_an_open_must_is_incomplete_when_that_is_asked_for() -> None:
    assert judge(World(), "fetch.images", "refuse.batch").code == 0
    report = judge(World(), "fetch.images", "refuse.batch", strict=True)
    assert report.code == 3
    assert "fetch.images" in report.footer["incomplete"]


@pytest.mark.parametrize("clause", ["estimate.shape", "estimate.total", "estimate.no_vector"])
def test_a_clause_that_no_exchange_reached_is_not_established(clause: str) -> None:
    # Its exchanges are sent, but none of them is a success, which alone it speaks of.
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        return refuse(404, "not_found", kind="not_found") if asked.path == ESTIMATE else None

    report = judge(World(edit=edit), "models.list", clause)
    assert report.verdict("models.list") == "pass"
    assert report.verdict(clause) == "not_established"
    assert report.clauses[clause]["missing"] == ["because: no answer of this run had what it is about"]
    assert report.clauses[clause]["judged"] == 0


def in_place_of_refusals(other: Answered | None) -> World:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        # The control's own broken request is refused as it has to be.
        if answered.status == 400 and asked.path == CREATE and set(asked.document or ()) != {"model"}:
            if other is None:
                raise HangUp
            return other
        return None

    return World(edit=edit)


def test_a_crash_never_satisfies_a_refusal() -> None:
    report = judge(in_place_of_refusals(refuse(500, "embeddings_batch_not_supported")), *REFUSALS, "status.never_5xx")
    assert report.ids("fail") == {*REFUSALS, "status.never_5xx"}
    assert report.code == 1


def test_a_hang_up_never_satisfies_a_refusal() -> None:
    report = judge(in_place_of_refusals(None), *REFUSALS, "status.answers")
    assert report.ids("fail") == {*REFUSALS, "status.answers"}
    assert report.ids("pass") == set()


def test_a_status_with_an_empty_body_is_no_refusal() -> None:
    report = judge(in_place_of_refusals(Answered(400)), *REFUSALS, "refusal.envelope")
    assert not {"refuse.batch", "refuse.input.mistyped", "caps.parts.over", "refusal.envelope"} & report.ids("pass")
    assert {"refuse.batch", "caps.parts.over", "refusal.envelope"} <= report.ids("fail")


def test_another_refusal_is_not_this_refusal() -> None:
    report = judge(in_place_of_refusals(refuse(400, "bad_request")), "refuse.batch", "caps.parts.over", "refuse.model.kind")
    assert report.ids("fail") == {"refuse.batch", "caps.parts.over", "refuse.model.kind"}


def test_a_hang_is_never_taken_for_unsupported() -> None:
    never = asyncio.Event

    class Hanging(World):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            message = await receive()
            body = json.loads(message["body"] or b"{}")
            if isinstance(body.get("input"), list) and isinstance(body["input"][0], str):
                await never().wait()

            async def again() -> Any:
                return message

            await super().__call__(scope, again, send)

    report = judge(Hanging(), "refuse.batch", "status.answers", timeout=0.25)
    assert report.verdict("refuse.batch") == "fail"
    assert report.verdict("status.answers") == "fail"
    assert "no answer" in report.clauses["refuse.batch"]["findings"][0]["actual"]


EMBEDDING = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5, 0.5, -0.5]}],
    "model": MODEL,
    "usage": {"prompt_tokens": 3, "total_tokens": 3, "credits_charged": 0.0001, "breakdown": {"input": {"text": 0.0001, "visual": 0}}},
}
JSON = {"content-type": "application/json"}


def hang_up(asked: Asked) -> Answered:
    raise HangUp


NULLS = {
    "ok": lambda asked: Answered(200, b'{"ok": true}', JSON),
    "embedding": lambda asked: Answered(200, json.dumps(EMBEDDING).encode(), JSON),
    "refusal": lambda asked: refuse(400, "embeddings_batch_not_supported"),
    "empty_400": lambda asked: Answered(400),
    "empty_200": lambda asked: Answered(200),
    "always_401": lambda asked: refuse(401, "invalid_api_key", kind="authentication"),
    "always_404": lambda asked: Answered(404, b"not found"),
    "always_429": lambda asked: refuse(429, "too_many_requests", kind="rate_limit", headers={"retry-after": "0"}),
    "always_500": lambda asked: refuse(500, "internal_error", kind="server_error"),
    "always_503": lambda asked: Answered(503, b"", {"retry-after": "0"}),
    "echo": lambda asked: Answered(200, asked.body, JSON),
    "html": lambda asked: Answered(200, b"<!doctype html><h1>It works!</h1>", {"content-type": "text/html"}),
    "hang_up": hang_up,
    "zeros": lambda asked: Answered(200, b'{"data": [{"embedding": [0, 0]}]}', JSON),
}


@pytest.mark.parametrize("name", NULLS)
def test_a_server_without_sense_passes_nothing(name: str) -> None:
    report = judge(World(reply=NULLS[name]), *light(), model=MODEL, timeout=1.0)
    assert report.ids("pass") == set()
    assert report.ids("error") == set()
    assert report.code in (1, 3)
    assert sum(sum(level.values()) for level in report.footer["verdicts"].values()) == len(light())


def test_a_server_without_sense_breaks_what_it_breaks() -> None:
    report = judge(World(reply=NULLS["embedding"]), "refuse.batch", "accept.plain", model=MODEL)
    assert report.code == 1
    assert "refuse.batch" in report.ids("fail")
    assert any("two different texts get the same vector" in note for note in report.clauses["accept.plain"]["notes"])


def one_vector(asked: Asked, answered: Answered) -> Answered | None:
    if asked.path != CREATE or answered.status != 200:
        return None
    document = answered.document
    document["data"][0]["embedding"] = [0.5, 0.25, -0.125]
    return answered.rewrite(document)


def accepts_anything(asked: Asked, answered: Answered) -> Answered | None:
    return Answered(200, json.dumps(EMBEDDING).encode(), answered.headers) if answered.status == 400 else None


@pytest.mark.parametrize(
    ("edit", "why"), [(one_vector, "two different texts get the same vector"), (accepts_anything, "a broken request is not refused")]
)
def test_a_target_that_fails_a_control_keeps_nothing(edit: Any, why: str) -> None:
    report = judge(World(edit=edit), *light())
    assert report.ids("pass") == set()
    open_lines = [line for line in report.clauses.values() if line["verdict"] == "not_established"]
    assert open_lines
    assert all(any(why in note for note in line["notes"]) for line in open_lines)
    assert any("see the controls" in item for line in open_lines for item in line["missing"])


def test_a_target_that_fails_a_control_still_breaks_promises() -> None:
    assert {"refuse.batch", "caps.parts.over"} <= judge(World(edit=accepts_anything), "refuse.batch", "caps.parts.over").ids("fail")


def test_a_balance_that_never_moves_establishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.witness.ledger._SETTLE", 0.2)

    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path == "/v1/balance" and answered.status == 200:
            return answered.rewrite({**answered.document, "credits": 100.0, "available_credits": 100.0})
        return None

    report = judge(World(edit=edit), "uncharged.*", "money.*", "refuse.batch")
    needing = {c.id for c in contract().clauses if "ledger" in c.needs} & set(report.clauses)
    assert len(needing) > 20
    assert needing <= report.ids("not_established")
    assert "does not move" in " ".join(report.clauses["uncharged.batch"]["missing"])


@pytest.mark.parametrize("mode", ["exempt", "invoice"])
def test_a_balance_that_can_not_move_is_not_believed(mode: str) -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        return answered.rewrite({**answered.document, "billing_mode": mode}) if asked.path == "/v1/balance" and answered.status == 200 else None

    report = judge(World(edit=edit), "uncharged.batch")
    assert report.verdict("uncharged.batch") == "not_established"
    assert "metered" in " ".join(report.clauses["uncharged.batch"]["missing"])


def test_a_balance_that_others_use_is_not_believed() -> None:
    spent = [1000.0]

    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path != "/v1/balance" or answered.status != 200:
            return None
        spent[0] -= 0.5
        return answered.rewrite({**answered.document, "credits": spent[0]})

    report = judge(World(edit=edit), "uncharged.batch")
    assert report.verdict("uncharged.batch") == "not_established"
    assert "other traffic" in " ".join(report.clauses["uncharged.batch"]["missing"])


@pytest.mark.parametrize("answer", [Answered(403, b"{}"), Answered(200, b"{}"), Answered(200, b'{"credits": "12"}'), Answered(200, b"<html>")])
def test_a_balance_that_can_not_be_read_establishes_nothing(answer: Answered) -> None:
    report = judge(World(edit=lambda asked, answered: answer if asked.path == "/v1/balance" else None), "uncharged.batch", "refuse.batch")
    assert report.verdict("uncharged.batch") == "not_established"
    assert report.verdict("refuse.batch") == "pass"


def test_a_canary_that_nobody_reaches_establishes_nothing() -> None:
    # The reference server takes the URL only where it may fetch from it; here it may not.
    report = judge(World(), "fetch.*", "unfetched.*", "refuse.batch", canary={"listen": "127.0.0.1:0"})
    effects = {c for c in report.clauses if c.startswith(("fetch.", "unfetched."))}
    assert effects <= report.ids("not_established")
    assert report.verdict("refuse.batch") == "pass"


def test_a_canary_whose_images_are_accepted_but_never_fetched_establishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.engine.proofs._FETCH_GRACE", 0.2)

    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if answered.status == 400 and asked.path == CREATE and "127.0.0.1" in asked.body.decode():
            return Answered(200, json.dumps(EMBEDDING).encode(), answered.headers)
        return None

    report = judge(World(edit=edit), "unfetched.caps.images", canary={"listen": "127.0.0.1:0"})
    assert report.verdict("unfetched.caps.images") == "not_established"
    assert any("accepted but never fetched" in item for item in report.clauses["unfetched.caps.images"]["missing"])


TOMORROW, YESTERDAY = date.today() + timedelta(days=1), date.today() - timedelta(days=1)


def no_item_object(asked: Asked, answered: Answered) -> Answered | None:
    if asked.path != CREATE or answered.status != 200:
        return None
    document = answered.document
    document["object"] = "lists"
    return answered.rewrite(document)


def waived(world: World, *waivers: Waiver) -> Any:
    return judge(world, "accept.plain", "success.object", waivers=waivers)


def test_a_waiver_excuses_what_is_broken() -> None:
    report = waived(World(edit=no_item_object), Waiver("success.object", "being mended", TOMORROW))
    assert report.verdict("success.object") == "waived"
    assert report.clauses["success.object"]["waiver"] == {"reason": "being mended", "until": TOMORROW.isoformat()}
    assert report.code == 0
    assert report.ids("pass") == {"accept.plain"}


def test_a_waiver_holds_on_its_last_day() -> None:
    assert waived(World(edit=no_item_object), Waiver("success.*", "being mended", date.today())).code == 0


@pytest.mark.parametrize(
    ("world", "waiver", "why"),
    [
        (no_item_object, Waiver("success.object", "being mended", YESTERDAY), "ended on"),
        (None, Waiver("success.object", "being mended", TOMORROW), "no longer needed"),
        (None, Waiver("no.such.clause", "being mended", TOMORROW), "matches no clause"),
        (None, Waiver("success.*", "being mended", YESTERDAY), "ended on"),
    ],
)
def test_a_stale_waiver_fails_the_run(world: Any, waiver: Waiver, why: str) -> None:
    report = waived(World(edit=world), waiver)
    assert report.code == 1
    assert why in report.footer["incomplete"]
    assert report.ids("waived") == set()


def test_the_outcome_counts_clauses_and_not_cases() -> None:
    few, many = (judge(World(), "refuse.batch", "accept.plain", "caps.user.over", budget=budget, requests=360) for budget in ("quick", "standard"))
    assert few.footer["verdicts"] == many.footer["verdicts"]
    assert few.clauses["refuse.batch"]["cases"] < many.clauses["refuse.batch"]["cases"]
    assert few.footer["verdicts"]["MUST"] == {"pass": 3}


def test_what_is_not_established_stays_in_the_count() -> None:
    report = judge(World())
    total = sum(sum(level.values()) for level in report.footer["verdicts"].values())
    assert total == len(contract().clauses) == len(report.clauses)


def test_a_promise_is_kept_only_by_a_clause_that_passed() -> None:
    report = judge(World(), "fetch.*", "refuse.batch")
    for promise in report.footer["promises"].values():
        verdicts = {report.verdict(c) for c in promise["clauses"] if c in report.clauses}
        assert (promise["state"] == "kept") <= ("pass" in verdicts)


def test_what_a_server_lacks_does_not_decide_about_the_rest() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        return Answered(404, b"{}") if asked.method == "GET" else None

    report = judge(World(edit=edit), "refuse.batch", "models.list", "accept.plain", model=MODEL)
    assert report.ids("pass") == {"refuse.batch", "accept.plain"}
    assert report.ids("fail") == {"models.list"}


def test_a_target_that_can_not_be_reached_is_incomplete() -> None:
    report = judge(None, "refuse.batch", base_url="http://127.0.0.1:9")
    assert report.code == 3
    assert report.ids("not_established") == {"refuse.batch"}
    assert report.footer["incomplete"]


def test_no_server_is_ever_taken_for_granted(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUROUS_API_KEY", raising=False)
    with pytest.raises(UsageError, match="AUROUS_API_KEY"):
        simple_target(contract(), base_url="http://127.0.0.1:9")
    monkeypatch.setenv("AUROUS_API_KEY", "k")
    path = tmp_path / "target.yaml"
    path.write_text("contract: aurous\n")
    with pytest.raises(UsageError, match="names no server"):
        read_target(path, contract())


@pytest.mark.parametrize("text", ["", "[]", "base_url: [", "base_url: http://x\nbsae: 1\n", "contract: other\nbase_url: http://x\n"])
def test_a_target_file_that_can_not_be_used_is_an_error(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AUROUS_API_KEY", "k")
    path = tmp_path / "target.yaml"
    path.write_text(text)
    with pytest.raises(UsageError):
        read_target(path, contract())


def test_a_plan_is_shown_without_firing_it() -> None:
    world = World()
    plan, charged = asyncio.run(preview(contract(), make_target(world), Options(clauses=("refuse.batch", "accept.plain"), budget="standard")))
    assert plan.cases > 20
    assert 10 < charged < plan.cases
    assert len(world.asked) < 15


def test_a_dimension_is_compared_and_not_taken_as_it_comes() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path != CREATE or answered.status != 200 or not asked.document.get("user"):
            return None
        document = answered.document
        document["data"][0]["embedding"] = document["data"][0]["embedding"][:512]
        return answered.rewrite(document)

    report = judge(World(edit=edit), "accept.plain", "vector.width", budget="standard", requests=360)
    assert report.verdict("vector.width") == "fail"


def test_a_route_that_is_not_there_passes_nothing() -> None:
    report = judge(World(edit=lambda asked, answered: Answered(404, b"{}") if asked.path == ESTIMATE else None), "estimate.*")
    # A MAY is recorded, never counted against.
    assert {c for c in report.ids("pass") if report.clauses[c]["level"] != "MAY"} == set()
