"""
Cases about the clock side by side: each sees the hours pass that it waits for, and the clock moves once for all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .small import MODELS, answered, case, clause, judge_small, served, small_contract, small_world
from .worlds import CREATE, Answered, Asked, World

PATH = "/__clock"


def waits(name: str, *hours: int) -> str:
    steps = [f"{{send: {{body: {{input: {name}}}}}, expect: {{success: true}}}}"]
    for hour in hours:
        steps += [f"{{clock: {hour}}}", f"{{send: {{body: {{input: {name}}}}}, expect: {{success: true, header: {{Age: {{const: '{hour}'}}}}}}}}"]
    return clause(f"a.{name}", f"needs: [clock], {case(*steps)}")


class Hours:
    """
    A server that tells how long ago (by its own clock) a text was last asked for; *drift* is added to every advance.
    """

    def __init__(self, drift: float = 0, deaf: bool = False) -> None:
        self.now = 0.0
        self.asked: dict[Any, float] = {}
        self.advances: list[float] = []
        self.drift = drift
        self.deaf = deaf

    def world(self) -> World:
        def reply(asked: Asked) -> Answered | None:
            if asked.path == PATH:
                if self.deaf:
                    return answered(403, {})
                self.advances.append(asked.document["advance_s"])
                self.now += asked.document["advance_s"] + self.drift
                return answered(200, {})
            if asked.path == MODELS:
                return answered(200, {"data": [{"id": "m"}]})
            if asked.path == CREATE and isinstance(asked.input, str):
                answer = served(asked.input)
                answer.headers["Age"] = f"{self.now - self.asked.get(asked.input, self.now):g}"
                self.asked[asked.input] = self.now
                return answer
            return None

        return small_world(reply)


ROWS = waits("day", 90, 20) + waits("hour", 30) + waits("also", 90)


def judged(folder: Path, hours: Hours) -> Any:
    clock = {"method": "POST", "path": PATH, "body": {"advance_s": "$seconds"}}
    return judge_small(small_contract(folder, ROWS), hours.world(), "a.*", clock=clock)


def test_each_sees_the_time_pass_that_it_waits_for_and_the_clock_moves_once_for_all(tmp_path: Path) -> None:
    hours = Hours()
    assert judged(tmp_path, hours).ids("pass") == {"a.day", "a.hour", "a.also"}
    assert hours.advances == [30, 60, 20]


def test_a_clock_that_goes_wrong_is_seen_by_each(tmp_path: Path) -> None:
    assert judged(tmp_path, Hours(drift=1)).ids("fail") == {"a.day", "a.hour", "a.also"}


def test_a_clock_that_can_not_be_moved_leaves_all_of_them_open(tmp_path: Path) -> None:
    report = judged(tmp_path, Hours(deaf=True))
    assert report.ids("not_established") == {"a.day", "a.hour", "a.also"}
    assert any("witnesses.clock" in item for item in report.clauses["a.day"]["missing"])


