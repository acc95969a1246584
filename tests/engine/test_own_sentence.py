"""
Clauses of the OpenAI shape that judge what their own sentence says, and leave the rest to the clause that is there for it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from conformance.contract import load_contract
from conformance.engine.run import Options, run
from conformance.engine.target import Target
from conformance.reference.openai import KEYS, READY, make_app

from .worlds import CREATE, Answered, Asked, HangUp, Report, World

NAMES = {role: f"TEST_{role.upper()}_KEY" for role in KEYS}


def judged(world: World, *clauses: str, budget: str = "quick", **features: str) -> Report:
    target = Target(
        contract="openai",
        app=world,
        secrets={NAMES[role]: key for role, key in KEYS.items()},
        key_names=NAMES,
        features={**READY["features"], **features},
        ledger=None,
        canary=None,
        requests_per_second=None,
        timeout=10.0,
    )
    lines: list[dict[str, Any]] = []
    options = Options(clauses=clauses, budget=budget, clients=False, shrinking=False)
    code = asyncio.run(run(load_contract("openai"), target, options, lines.append))
    return Report(code, lines)


# What a target declares


@pytest.mark.parametrize("clause", ["dimensions.norm", "jobs.fields"])
def test_what_a_fixed_model_can_not_give_is_a_declared_gap(clause: str) -> None:
    kept = ("dimensions.honoured", "dimensions.above", "dimensions.above.refused", "dimensions.fixed")
    report = judged(World(inner=make_app(variant="no_dimensions")), clause, *kept, dimensions="fixed")
    assert report.clauses[clause]["declared"] == ["dimensions: fixed"]
    # What a refusal keeps as well is judged.
    assert report.ids("pass") == set(kept)
    assert judged(World(inner=make_app()), clause).verdict(clause) == "pass"
    # Where nothing is declared, nothing is taken for a gap.
    assert judged(World(inner=make_app()), clause, dimensions="either").verdict(clause) == "pass"


# What belongs to another clause


FAILED = b'{"error": {"message": "Internal Server Error", "type": "server_error", "param": null, "code": null}}'


def failing(when: Any, status: int = 500) -> World:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path == CREATE and when(asked):
            if not status:
                raise HangUp
            return Answered(status, FAILED, {"content-type": "application/json"})
        return None

    return World(inner=make_app(), edit=edit)


def odd(asked: Asked) -> bool:
    text = asked.body.decode("utf-8", "replace")
    return any(sign in text for sign in ("\\ud800", "\\udfff", "\\u0000", "\ufffd")) or not str(asked.input or "x").strip()


ODD = ("silence.answer", "unicode.broken", "alive.text")


def test_a_server_that_fails_on_odd_text_breaks_one_clause() -> None:
    report = judged(failing(odd), "status.never_5xx", *ODD, budget="standard")
    assert report.ids("fail", "warn") == {"status.never_5xx"}
    # It was answered, and the server went on serving.
    assert report.verdict("alive.text") == "pass"
    assert report.verdict("unicode.broken") == "not_established"
    assert report.clauses["unicode.broken"]["missing"] == ["because: it is answered with 500, which another clause judges"]
    # A case that the contract writes down stands for all that were drawn.
    assert "/drawn." not in report.clauses["status.never_5xx"]["example"]


def test_a_server_that_refuses_odd_text_or_replaces_it_breaks_none() -> None:
    for variant in (None, "surrogates_replaced"):
        report = judged(World(inner=make_app(variant=variant)), "status.never_5xx", *ODD, budget="standard")
        assert report.ids("pass") == set(report.clauses)


def test_a_server_that_does_not_outlive_odd_text_is_found_by_what_comes_after() -> None:
    gone = False

    def when(asked: Asked) -> bool:
        nonlocal gone
        gone = gone or "\u0301" in str(asked.input)
        return gone

    report = judged(failing(when), "alive.text", budget="standard")
    assert report.ids("fail") == {"alive.text"}
    assert {finding["case"] for finding in report.clauses["alive.text"]["findings"]} == {"alive.text/marks"}


def test_an_answer_that_is_neither_a_success_nor_a_refusal_is_one_of_its_own() -> None:
    for status, broken in ((302, True), (202, True), (429, False), (422, False)):
        report = judged(failing(lambda asked: asked.input == "   ", status), "silence.answer")
        assert (report.verdict("silence.answer") == "fail") == broken


@pytest.mark.parametrize("case", ["nul", "high_surrogate"])
def test_a_text_that_is_cut_off_is_found(case: str) -> None:
    cut = {"nul": "\0", "high_surrogate": "\ud800"}[case]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        body = message["body"]
        for spelled in (cut, json.dumps(cut)[1:-1]):
            if spelled.encode("utf-8", "replace") in body and b'"input"' in body:
                document = json.loads(body)
                document["input"] = str(document["input"]).split(cut)[0] or "x"
                body = json.dumps(document).encode()
        waiting = [{**message, "body": body}]

        async def again() -> Any:
            return waiting.pop() if waiting else await receive()

        await inner(scope, again, send)

    inner = make_app()
    report = judged(World(inner=app), "unicode.broken", budget="standard")
    assert report.ids("fail") == {"unicode.broken"}
    assert {finding["case"] for finding in report.clauses["unicode.broken"]["findings"]} == {f"unicode.broken/{case}"}


def key_of(asked: Asked) -> str:
    return asked.headers.get("authorization", "")


@pytest.mark.parametrize(
    ("status", "verdict"), [(500, "not_established"), (0, "not_established"), (200, "warn"), (302, "warn"), (403, "pass")]
)
def test_a_scheme_that_makes_the_server_fail_does_not_authorise(status: int, verdict: str) -> None:
    world = failing(lambda asked: key_of(asked) != "" and not key_of(asked).startswith("Bearer "), status)
    assert judged(world, "auth.scheme", budget="standard").verdict("auth.scheme") == verdict


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [(None, "pass"), ("base64_ignored", "not_established"), ("base64_refused", "not_established"), ("float_two_decimals", "warn")],
)
def test_what_base64_holds_is_judged_where_base64_is_served(fault: str | None, verdict: str) -> None:
    assert judged(World(inner=make_app(fault=fault)), "encoding.base64.exact").verdict("encoding.base64.exact") == verdict
