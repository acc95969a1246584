"""
A run that has little time spends it on what the contract writes down, and draws with what is left.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.engine.plan import Plan
from conformance.engine.run import _in_time
from conformance.exchange import Request
from conformance.generate.case import Case, Step

ONE = Case("a/one", "a", (Step("one", "create", Request("GET", "/", (), None)),), "0" * 12)


@pytest.mark.parametrize(
    ("seconds", "elapsed", "sent", "left", "drawn"),
    [
        (None, 50.0, 100, 500, 10),  # no limit of time
        (100.0, 10.0, 1000, 100, 10),  # a hundred to go at 0.04 s each
        (100.0, 51.0, 1000, 1, 0),  # half is over
        (100.0, 30.0, 100, 100, 0),  # a hundred to go at 1.2 s each
        (100.0, 1.0, 0, 10, 10),  # nothing sent yet
    ],
)
def test_drawn_cases_leave_the_time_that_the_others_need(
    seconds: float | None, elapsed: float, sent: int, left: int, drawn: int
) -> None:
    session: Any = SimpleNamespace(
        target=SimpleNamespace(seconds=seconds, in_flight=4),
        client=SimpleNamespace(traffic=SimpleNamespace(sent=sent)),
        began=time.monotonic() - elapsed,
    )
    assert len(list(_in_time(session, Plan(last=[ONE] * left), [ONE] * 10))) == drawn
