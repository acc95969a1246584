"""
Every predicate, seen to accept and seen to refuse, on the exchanges of fixtures/exchanges.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from conformance.judge.predicates import PREDICATES, check
from conformance.judge.scene import UnjudgeableError
from conformance.judge.view import View

from .exchanges import fixtures, staged

FIELDS = {
    "name", "provenance", "predicate", "argument", "operation", "sent", "answer", "steps", "group", "after", "after_sent",
    "charged", "tolerance", "costs", "fetches", "expected", "file", "known", "contract",
}


def outcome(row: dict[str, Any]) -> Any:
    view, scene, before = staged(row)
    expect = {row["predicate"]: row["argument"]}
    for earlier, surroundings in before:
        assert check(expect, earlier, surroundings) == []
    try:
        return check(expect, view, scene)
    except UnjudgeableError:
        return "unjudgeable"


@pytest.mark.parametrize("row", fixtures(), ids=lambda row: f"{row['predicate']}:{row['name']}")
def test_an_exchange_is_judged_as_its_fixture_says(row: dict[str, Any]) -> None:
    assert set(row) <= FIELDS
    found = outcome(row)
    expected = row["expected"]
    if expected == "kept":
        assert found == []
    elif expected == "unjudgeable":
        assert found == "unjudgeable"
    else:
        assert found not in ([], "unjudgeable")
        wanted = expected.get("expected", ""), str(expected.get("actual", ""))
        fitting = [f for f in found if f.where == expected["where"] and wanted[0] in f.expected and wanted[1] in f.actual]
        assert fitting, found


@pytest.mark.parametrize("predicate", PREDICATES)
def test_every_predicate_is_seen_both_ways(predicate: str) -> None:
    seen = Counter(
        row["expected"] if isinstance(row["expected"], str) else "broken" for row in fixtures() if row["predicate"] == predicate
    )
    assert seen["kept"] >= 1
    assert seen["broken"] >= 1


def test_every_fixture_has_a_name_and_says_where_it_comes_from() -> None:
    names = Counter((row["predicate"], row["name"]) for row in fixtures())
    assert [name for name, count in names.items() if count > 1] == []
    assert all(row["provenance"].strip() for row in fixtures())
    assert {row["predicate"] for row in fixtures()} == set(PREDICATES)


@pytest.mark.parametrize("row", fixtures(), ids=lambda row: f"{row['predicate']}:{row['name']}")
def test_a_finding_is_short_and_holds_no_vector(row: dict[str, Any]) -> None:
    found = outcome(row)
    for finding in found if isinstance(found, list) else []:
        for text in (finding.actual, finding.where, finding.why):
            assert len(text) <= 320
            text.encode("utf-8")
            assert text.count(",") < 20


def test_judging_twice_judges_alike() -> None:
    for row in fixtures():
        assert outcome(row) == outcome(row)


def test_judging_does_not_change_the_exchange() -> None:
    for row in fixtures():
        view, scene, _ = staged(row)
        body = view.exchange.body
        try:
            check({row["predicate"]: row["argument"]}, view, scene)
        except UnjudgeableError:
            pass
        assert view.exchange.body == body
        assert isinstance(view, View)
