"""
Every fault and every variant starts and shows: some answer differs from that of the sound server.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import pytest

from conformance.reference.aurous import faults, variants
from conformance.reference.zoo import ClashingChanges, UnknownName, find_named

from .caller import MODEL, Ask, Caller
from .probes import SCRIPTS, collect_media

FAULTS = faults()
VARIANTS = variants()


def copy(value: Any) -> Any:
    return repr(value) if not isinstance(value, (tuple, bytes, list)) else value


def sound_caller(exact: bool, *origins: str) -> Caller:
    caller = Caller(media_origins=origins)
    caller.exact = exact
    return caller


@cache
def sound_transcript(number: int, exact: bool) -> list[Any]:
    async def run() -> list[Any]:
        return [copy(seen) async for seen in SCRIPTS[number](sound_caller(exact))]

    return asyncio.run(run())


@cache
def sound_media(exact: bool) -> list[Any]:
    async def run() -> list[Any]:
        return [copy(seen) async for seen in collect_media(lambda origin: sound_caller(exact, origin))]

    return asyncio.run(run())


async def differs(script: AsyncIterator[Any], sound: list[Any]) -> bool:
    number = 0
    async for seen in script:
        if number >= len(sound) or copy(seen) != sound[number]:
            return True
        number += 1
    return number != len(sound)


def shows(fault: str | None, variant: str | None) -> str | None:
    """Return the script in which a server first differs from the sound one."""
    exact = variant is not None

    async def run() -> str | None:
        for number, script in enumerate(SCRIPTS):
            if await differs(script(Caller(fault, variant)), sound_transcript(number, exact)):
                return script.__name__
        if await differs(collect_media(lambda origin: Caller(fault, variant, [origin])), sound_media(exact)):
            return "media"
        return None

    for number in range(len(SCRIPTS)):
        sound_transcript(number, exact)
    sound_media(exact)
    return asyncio.run(run())


def test_the_sound_server_does_not_differ_from_itself() -> None:
    assert shows(None, None) is None


def test_enough_of_each_and_every_name_once() -> None:
    assert len(FAULTS) >= 95
    assert len(VARIANTS) >= 20
    for entries in (FAULTS, VARIANTS):
        names = [entry.name for entry in entries]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch("[a-z][a-z0-9_]+", name) for name in names)
        assert all(entry.says and not entry.says.endswith(".") for entry in entries)
    assert all(
        fault.promises and all(re.fullmatch(r"A\d\d", one) for one in fault.promises) for fault in FAULTS
    )
    assert [variant.name for variant in VARIANTS if variant.witness == "broken"] == ["ledger_frozen"]


@pytest.mark.parametrize("name", [fault.name for fault in FAULTS])
def test_fault_shows(name: str) -> None:
    assert shows(name, None)


@pytest.mark.parametrize("name", [variant.name for variant in VARIANTS if variant.name != "slow"])
def test_variant_shows_and_still_serves(name: str) -> None:
    caller = Caller(None, name)
    assert caller.send(Ask({"model": MODEL, "input": "hello"})).status in (200, 201)
    unseen_without_sockets = {"headers_upper", "headers_title", "chunked", "simultaneous_waits"}
    assert name in unseen_without_sockets or shows(None, name)


def test_unknown_and_clashing_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="near: parts_cap_15"):
        Caller("parts_cap_99")
    fault, variant = find_named(FAULTS, "body_cut"), find_named(VARIANTS, "pretty")
    with pytest.raises(ClashingChanges, match="pretty changes on_answer"):
        Caller(fault.name, variant.name)
