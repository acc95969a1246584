"""
Many charges between two readings of the balance: nobody is blamed for a sum, and nobody gets away with one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.contract import load_contract

from .small import MODELS, answered, case, clause, judge_small, served, small_contract, small_world
from .worlds import CREATE, Answered, Asked, World

HEAD = "witnesses:\n  ledger: {operation: models, read: /used, grows: true, proof: {operation: create, body: {input: proof}}}\n"
TEXTS = ("one", "two words", "three words here", "four", "five")
ROWS = "".join(
    clause(
        f"a.{number}",
        f"needs: [ledger], {case(f'{{send: {{body: {{input: {text}}}}}, expect: {{success: true, charge: reported}}}}')}",
    )
    for number, text in enumerate(TEXTS)
)
ROWS += clause(
    "b.again",
    "needs: [ledger], "
    + case(
        "{name: first, send: {body: {input: again}}, expect: {success: true, charge: reported}}",
        "{send: {body: {input: again}}, expect: {success: true, charge: reported}}",
    ),
)


def cost(text: Any) -> float:
    return round(len(str(text)) * 0.01, 6)


class Till:
    """
    A server that counts what it takes; *takes* gives what a request costs in truth, from its text and what was taken
    before. *reads* counts how often the balance was read.
    """

    def __init__(self, takes: Callable[[Any, list[Any]], float] = lambda text, before: cost(text)) -> None:
        self.takes = takes
        self.used = 10.0
        self.before: list[Any] = []
        self.reads = 0

    def world(self) -> World:
        def reply(asked: Asked) -> Answered | None:
            if asked.path == MODELS:
                self.reads += 1
                return answered(200, {"data": [{"id": "m"}], "used": round(self.used, 6)})
            if asked.path == CREATE and asked.input is not None:
                self.used += self.takes(asked.input, self.before)
                self.before.append(asked.input)
                document = served(asked.input)
                return answered(200, {**document.document, "usage": {"cost": cost(asked.input)}})
            return None

        return small_world(reply)


def judged(folder: Path, till: Till) -> Any:
    small_contract(folder, ROWS, HEAD)
    file = folder / "small" / "contract.yaml"
    told = "    charge: /usage/cost\n    vectors: {rows"
    file.write_text(file.read_text("utf-8").replace("    vectors: {rows", told), "utf-8")
    contract = load_contract(str(folder / "small"))
    return judge_small(contract, till.world(), "a.*", "b.*", ledger={})


def test_what_costs_what_it_says_is_known_from_two_readings(tmp_path: Path) -> None:
    till = Till()
    report = judged(tmp_path, till)
    assert report.ids("pass") == {f"a.{n}" for n in range(5)} | {"b.again"}
    # The model list, the opening, the proof, and one reading before and after.
    assert till.reads <= 6


@pytest.mark.parametrize("dear", TEXTS)
def test_one_that_costs_more_than_it_says_is_found_among_the_others(tmp_path: Path, dear: str) -> None:
    report = judged(tmp_path, Till(lambda text, before: cost(text) * (2 if text == dear else 1)))
    assert report.ids("fail") == {f"a.{TEXTS.index(dear)}"}
    assert len(report.ids("pass")) == 5


def test_one_that_costs_a_little_less_is_found(tmp_path: Path) -> None:
    report = judged(tmp_path, Till(lambda text, before: cost(text) - (0.00001 if text == "four" else 0)))
    assert report.ids("fail") == {"a.3"}


def test_a_second_time_that_is_free_is_found(tmp_path: Path) -> None:
    report = judged(tmp_path, Till(lambda text, before: 0.0 if text == "again" and before.count("again") % 2 else cost(text)))
    assert report.ids("fail") == {"b.again"}


def test_a_cost_that_is_taken_with_the_next_request_is_found(tmp_path: Path) -> None:
    """
    The sum lacks only the last one's cost, and has one from before.
    """
    report = judged(tmp_path, Till(lambda text, before: cost(before[-1]) if before else 0.0))
    assert report.ids("fail")


def test_a_server_that_takes_the_money_of_requests_at_once_for_one_is_blamed_for_none_alone(tmp_path: Path) -> None:
    """
    Where only the sum is wrong, each is looked at by itself, and kept.
    """
    spoilt = [True]

    def takes(text: Any, before: list[Any]) -> float:
        if text == "one" and spoilt:
            spoilt.clear()
            return 5.0
        return cost(text)

    report = judged(tmp_path, Till(takes))
    assert report.ids("fail") == set()
    assert len(report.ids("pass")) == 6
