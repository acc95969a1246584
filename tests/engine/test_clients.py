"""
The official Python client, called as the contract has it called, against the reference server and one with a fault.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from conformance.contract import load_contract
from conformance.engine.run import Options, run
from conformance.engine.target import Target
from conformance.reference.openai import KEYS, READY, make_app

from .worlds import CREATE, Answered, Asked, Report, World

NAMES = {role: f"TEST_{role.upper()}_KEY" for role in KEYS}


def judged(world: World, *clauses: str) -> Report:
    target = Target(
        contract="openai",
        app=world,
        secrets={NAMES[role]: key for role, key in KEYS.items()},
        key_names=NAMES,
        features=READY["features"],
        ledger=None,
        canary=None,
        requests_per_second=None,
        timeout=10.0,
    )
    lines: list[dict[str, Any]] = []
    code = asyncio.run(run(load_contract("openai"), target, Options(clauses=clauses, budget="quick"), lines.append))
    return Report(code, lines)


def test_a_sound_server_serves_the_client() -> None:
    world = World(inner=make_app())
    report = judged(world, "client.python.*")
    assert report.ids("pass") == set(report.clauses)
    assert report.code == 0
    called = [asked for asked in world.asked if asked.headers.get("user-agent", "").startswith("OpenAI/Python")]
    assert called
    # The client knows no key, and the server got its own.
    assert not any("the relay" in asked.headers.get("authorization", "") for asked in called)
    assert not any(key in report.text() for key in KEYS.values())


@pytest.mark.parametrize("clause", ["client.python.texts"])
def test_a_client_that_gets_rows_of_others_shows_it(clause: str) -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path != CREATE or answered.status != 200 or len(answered.document["data"]) < 2:
            return None
        document = answered.document
        first, second, *_ = document["data"]
        first["embedding"], second["embedding"] = second["embedding"], first["embedding"]
        return answered.rewrite(document)

    report = judged(World(inner=make_app(), edit=edit), clause)
    assert report.ids("fail") == {clause}
    # What a library made is never made smaller: it makes other requests of other arguments.
    assert not any(line.get("shrunk_from") for line in report.cases.values())
