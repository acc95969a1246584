"""
Directed cases of the Aurous contract: each breaks what it is for and nothing else, and can be made anew.
"""

from __future__ import annotations

import json
from functools import cache

import pytest

from conformance.contract.model import CaseTemplate, StepTemplate
from conformance.exchange import Request
from conformance.generate.case import NONCE_LENGTH, Case, Gap, Step, refreshed, stamped
from conformance.generate.directed import Workshop, spelled
from conformance.generate.forms import fill

from .shop import CANARY, FACTS, contract, make_shop


@cache
def made() -> tuple[Workshop, tuple[Case, ...], tuple[Gap, ...]]:
    shop = make_shop()
    found: list[Case | Gap] = []
    for clause in contract().clauses:
        found.extend(shop.cases(clause))
        found.extend(shop.cases(clause, clause.window))
    return shop, tuple(c for c in found if isinstance(c, Case)), tuple(g for g in found if isinstance(g, Gap))


def test_there_are_many_cases_and_each_has_a_name_of_its_own() -> None:
    _, cases, _ = made()
    assert len(cases) > 600
    assert len({case.id for case in cases}) == len(cases)
    assert all(case.id.startswith(case.clause + "/") for case in cases)


def test_only_what_is_optional_is_left_out() -> None:
    _, _, gaps = made()
    assert [gap for gap in gaps if gap.reason or gap.supply] == []


def test_every_negative_case_breaks_exactly_its_trigger() -> None:
    shop, cases, _ = made()
    negative = [case for case in cases if case.trigger]
    assert len(negative) > 300
    for case in negative:
        last = case.steps[-1]
        found = shop.classifier.classify(last.operation, last.body)
        assert found.triggers == (case.trigger,), case.id
        assert found.zones == (), case.id
        assert not found.accepted


def test_every_trigger_has_a_case_for_each_of_its_operations() -> None:
    _, cases, _ = made()
    covered = {(case.trigger, case.steps[-1].operation) for case in cases}
    for trigger in contract().triggers:
        assert (trigger.id, trigger.operations[0]) in covered


def test_every_twin_breaks_nothing() -> None:
    shop, cases, _ = made()
    for case in cases:
        if case.trigger and case.twin is not None:
            found = shop.classifier.classify(case.twin.operation, case.twin.body)
            assert found.triggers == (), (case.id, found)
            assert set(found.zones) <= {"huge"}, (case.id, found)


def test_a_request_that_has_to_be_served_breaks_nothing() -> None:
    shop, cases, _ = made()
    for case in cases:
        for step in case.steps:
            if step.expect.get("success") is True and isinstance(step.body, dict) and step.key == "main":
                found = shop.classifier.classify(step.operation, step.body)
                assert found.triggers == (), (case.id, found)


def test_bytes_spell_the_body() -> None:
    _, cases, _ = made()
    for case in cases:
        for step in case.steps:
            if step.request is None or step.body is None or spelled(step.body):
                continue
            assert step.request.body is not None
            assert json.loads(step.request.body) == step.body, case.id


def test_no_request_holds_a_key() -> None:
    _, cases, _ = made()
    stranger = contract().authentication["stranger"]
    for case in cases:
        for step in case.steps:
            for name, value in step.request.headers if step.request else ():
                if name.lower() in ("authorization", "x-api-key") and stranger not in value and value.removeprefix("Bearer "):
                    assert "${" in value or step.key in ("main", "none"), (case.id, value)


def renewable(case: Case) -> bool:
    # A key that is shorter than the nonce holds only a part of it.
    return all(
        case.nonce in value for step in case.steps if step.request for name, value in step.request.headers
        if name.lower() == "idempotency-key" and value and set(value[:NONCE_LENGTH]) <= set("0123456789abcdef")
    )


def test_a_case_made_anew_shares_no_key_and_no_url() -> None:
    shop, cases, _ = made()
    short = [case for case in cases if not renewable(case)]
    assert len(short) <= 1
    for case in cases:
        nonce = shop.nonce()
        again = refreshed(case, nonce)
        assert (again.id, again.clause, again.trigger) == (case.id, case.clause, case.trigger)
        for old, new in zip((*case.steps, case.twin), (*again.steps, again.twin), strict=True):
            if old is None or new is None or old.request is None or new.request is None:
                assert (old is None) == (new is None)
                continue
            assert len(old.request.body or b"") == len(new.request.body or b""), case.id
            assert case.nonce not in repr(new.request.headers), case.id
            assert case.nonce.encode() not in (new.request.body or b""), case.id
            assert len(old.tokens) == len(new.tokens)
            assert not set(old.tokens) & set(new.tokens)
            for token in new.tokens:
                assert f"{CANARY}/{token}.png".encode() in (new.request.body or b"")
            before = old.request.header("Idempotency-Key")
            if before is not None and case.nonce in before:
                after = new.request.header("Idempotency-Key")
                assert after is not None and after != before and len(after) == len(before)
            assert old.expect == new.expect


def test_two_keys_of_a_case_stay_two_keys() -> None:
    _, cases, _ = made()
    (case,) = [case for case in cases if case.id == "idempotency.keys/long_alike"] or [None]
    if case is None:
        case = next(c for c in cases if len({s.request.header("Idempotency-Key") for s in c.steps if s.request}) == 2)
    keys = {step.request.header("Idempotency-Key") for step in refreshed(case, "f" * NONCE_LENGTH).steps if step.request}
    assert len(keys) >= 2


def test_nonces_are_hexadecimal_and_new() -> None:
    shop = make_shop()
    nonces = [shop.nonce() for _ in range(500)]
    assert len(set(nonces)) == 500
    assert all(len(nonce) == NONCE_LENGTH and set(nonce) <= set("0123456789abcdef") for nonce in nonces)
    # An idempotency key that an earlier run sent would be answered with a replay, so no seed gives the same again.
    assert not {make_shop().nonce() for _ in range(50)} & set(nonces)


def test_two_runs_make_the_same_cases() -> None:
    def ids(seed: int) -> list[tuple[str, bytes | None]]:
        shop = make_shop(seed=seed)
        clause = contract().clause("refuse.batch")
        return [(c.id, c.steps[-1].request.body) for c in shop.cases(clause) if isinstance(c, Case) and c.steps[-1].request]

    assert ids(1) == ids(1)


def test_what_a_target_lacks_is_said() -> None:
    shop = make_shop(lacks=("ledger", "media", "model.dimensions", "key.revoked"))
    gaps = [g for clause in contract().clauses for g in shop.cases(clause, clause.cases or clause.window) if isinstance(g, Gap)]
    supplies = {gap.supply for gap in gaps if gap.supply}
    assert {"supply ledger", "supply media", "supply model.dimensions", "supply key.revoked"} <= supplies


def test_a_supply_with_a_semicolon_stays_whole() -> None:
    needs = ("ledger", "media", "model.dimensions", "key.revoked")
    shop = make_shop(lacks=needs, says="a {}; or another one")
    found = [item for clause in contract().clauses for item in shop.cases(clause, clause.cases or clause.window)]
    items = {item for gap in found if isinstance(gap, Gap) for item in gap.supply.split("\n") if item}
    assert items == {f"a {need}; or another one" for need in needs}


@pytest.mark.parametrize("dimensions", [1024, "1024", True, {"a": 1}, [True], [], None])
def test_a_fact_that_is_not_what_it_should_be_leaves_gaps_and_no_crash(dimensions: object) -> None:
    shop = make_shop(facts={**FACTS, "model": {**FACTS["model"], "dimensions": dimensions}})
    for clause in contract().clauses:
        if "dimensions" in clause.id:
            for item in shop.cases(clause, clause.cases or clause.window):
                assert isinstance(item, (Case, Gap))
    found = shop.classifier.classify("create", {"model": "embed-1", "input": "x"})
    assert found.triggers == ()


def test_a_fact_that_is_missing_leaves_a_gap() -> None:
    shop = make_shop(facts={key: value for key, value in FACTS.items() if key != "fixed_model"})
    found = list(shop.cases(contract().clause("refuse.dimensions.fixed")))
    assert found and all(isinstance(item, Gap) and "fixed_model.id" in item.reason for item in found)


def test_a_request_that_would_break_something_else_is_not_sent() -> None:
    # The only model takes no dimensions list with 1024 in it, and the request breaks two rules at once.
    shop = make_shop()
    clause = contract().clause("refuse.batch")
    template = CaseTemplate(
        "two_faults", (StepTemplate("refused", {"body": {"input": ["one"], "dimensions": 7}}, {"refusal": "any"}),), "create", trigger="batch"
    )
    gap = shop.make(clause, template, "two_faults", {})
    assert isinstance(gap, Gap)
    assert "dimensions.unlisted" in gap.reason


def test_a_request_without_a_key_has_no_credential() -> None:
    shop = make_shop()
    step = shop.step(StepTemplate("s", {"key": "none"}, {}), shop.environment("0" * NONCE_LENGTH))
    assert step.request is not None
    assert {name.lower() for name, _ in step.request.headers} == {"content-type"}


def test_a_request_gets_a_fresh_key_unless_it_names_one() -> None:
    request = Request("POST", "/", (("idempotency-key", "mine"),))
    assert stamped(request, "Idempotency-Key", "fresh") is request
    assert stamped(Request("POST", "/"), None, "fresh").headers == ()
    assert stamped(Request("POST", "/"), "Idempotency-Key", "fresh").headers == (("Idempotency-Key", "fresh"),)


def test_a_case_counts_its_sends() -> None:
    steps = (Step("a", "create", Request("POST", "/"), times=3), Step("b", "create", None, clock=5.0), Step("c", "create", Request("POST", "/")))
    assert Case("c/x", "c", steps, "0" * 12).sends == 4


@pytest.mark.parametrize("chars", [16, 64, 200, 256, 257])
def test_a_key_has_the_length_that_is_asked_for(chars: int) -> None:
    env = make_shop().environment("0123456789ab")
    for form in ({"chars": chars}, {"chars": chars, "ends": "b"}, {"chars": chars + 2, "starts": "x"}):
        assert len(fill({"$key": form}, env)) == form["chars"]
