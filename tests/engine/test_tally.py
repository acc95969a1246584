"""
What is said of a clause in the end: why nothing is known of it, and which of many breaches stands for all.
"""

from __future__ import annotations

from typing import Any

from conformance.engine.tally import Tally
from conformance.verdict import Finding

from .worlds import contract


def untold(clause: str, **told: Any) -> list[str]:
    missing: list[str] = Tally(contract().clause(clause)).line(alive=True, **told)["missing"]
    return missing


def test_an_invariant_says_whether_there_were_answers_at_all() -> None:
    assert untold("rate_limit.announced") == ["because: no exchange of this run reached it"]
    assert untold("rate_limit.announced", answers=True) == ["because: no answer of this run had what it is about"]
    assert untold("rate_limit.announced", answers=True, ended="no time") == ["because: the run ended first: no time"]


def test_a_clause_with_cases_of_its_own_was_not_reached() -> None:
    assert untold("refuse.batch", answers=True) == ["because: no exchange of this run reached it"]


def breached(*cases: str) -> dict[str, Any]:
    tally = Tally(contract().clause("status.never_5xx"))
    for case in cases:
        tally.breach(case, [Finding("no 5xx", case, "status")])
    return tally.line(alive=True)


def test_a_directed_case_is_named_before_one_that_was_drawn() -> None:
    drawn = [f"http.hostile/drawn.create.{number}" for number in range(7)]
    line = breached(*drawn, "http.hostile/nul", "http.hostile/empty")
    assert line["example"] == "http.hostile/nul"
    assert [found["case"] for found in line["findings"]] == ["http.hostile/nul", "http.hostile/empty", *drawn[:3]]
    assert breached("http.hostile/nul", *drawn)["example"] == "http.hostile/nul"
    assert breached(*drawn)["example"] == drawn[0]
    assert len(breached(*drawn)["findings"]) == 5


def test_what_is_no_case_is_told_and_never_shown_for_one() -> None:
    line = breached("http.hostile/drawn.create.1", "a drawn request")
    assert line["example"] == "http.hostile/drawn.create.1"
    assert [found["case"] for found in line["findings"]] == ["a drawn request", "http.hostile/drawn.create.1"]
