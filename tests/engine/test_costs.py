"""
What a request costs beside another one, read from a balance that falls or from a count of use that grows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .small import MODELS, answered, case, clause, judge_small, small_contract, small_world
from .worlds import CREATE, Answered, Asked, World

HEAD = "witnesses:\n  ledger: {operation: models, read: /used, grows: true, proof: {operation: create, body: {input: proof}}}\n"
ROWS = clause(
    "a.tier",
    "needs: [ledger], "
    + case(
        "{name: base, send: {body: {input: base}}, expect: {success: true, charge: {more_than: 0}}}",
        "{send: {body: {input: dear}}, expect: {success: true, charge: {times: 2, step: base}}}",
    ),
) + clause("b.charged", f"needs: [ledger], {case('{send: {body: {input: base}}, expect: {success: true, charge: {more_than: 0}}}')}")


def counting(price: Callable[[Any], float], *, start: float = 10.0, sign: int = 1) -> World:
    used = [start]

    def reply(asked: Asked) -> Answered | None:
        if asked.path == MODELS:
            return answered(200, {"data": [{"id": "m"}], "used": round(used[0], 6)})
        if asked.path == CREATE and asked.input is not None:
            used[0] += sign * price(asked.input)
        return None

    return small_world(reply)


def judged(folder: Path, world: World, head: str = HEAD, **fields: Any) -> Any:
    return judge_small(small_contract(folder, ROWS, head), world, "a.*", "b.*", **{"ledger": {}, **fields})


def test_a_count_that_grows_is_a_balance_that_falls(tmp_path: Path) -> None:
    report = judged(tmp_path, counting(lambda text: 0.5 if text == "dear" else 0.25))
    assert report.ids("pass") == {"a.tier", "b.charged"}


def test_a_target_may_say_that_its_own_number_falls(tmp_path: Path) -> None:
    world = counting(lambda text: 0.5 if text == "dear" else 0.25, sign=-1)
    assert judged(tmp_path, world, ledger={"grows": False}).ids("pass") == {"a.tier", "b.charged"}


@pytest.mark.parametrize("dear", [0.25, 0.0, 1.0])
def test_another_price_than_so_many_times_the_other_is_broken(tmp_path: Path, dear: float) -> None:
    report = judged(tmp_path, counting(lambda text: dear if text == "dear" else 0.25))
    assert report.ids("fail") == {"a.tier"}
    finding = report.clauses["a.tier"]["findings"][0]
    assert (finding["where"], finding["expected"]) == ("ledger", "2 times what base cost, 0.500000")


def test_a_step_that_should_cost_and_does_not_leaves_what_builds_on_it_open(tmp_path: Path) -> None:
    report = judged(tmp_path, counting(lambda text: 0.25 if text not in ("base", "dear") else 0.0))
    assert report.verdict("a.tier") == "not_established"
    assert report.verdict("b.charged") == "fail"


def test_a_count_that_is_read_the_wrong_way_round_is_not_believed(tmp_path: Path) -> None:
    report = judged(tmp_path, counting(lambda text: 0.25, sign=-1))
    assert report.ids("not_established") == {"a.tier", "b.charged"}
