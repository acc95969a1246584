"""
Every fault and every variant of the shape's servers starts and shows: some answer differs from the sound server's.
"""

from __future__ import annotations

import asyncio
import re
from functools import cache
from typing import Any

import pytest

from conformance.reference.__main__ import load_provider
from conformance.reference.xerotier import dialect
from conformance.reference.zoo import ClashingChanges, UnknownName

from .shape_caller import Caller, Reply
from .shape_probes import SCRIPTS, show

PROVIDERS = ("openai", "xerotier")
# What a server only declares of itself shows in no answer.
FAULTS = [(provider, one.name) for provider in PROVIDERS for one in load_provider(provider).faults() if one.changes]
VARIANTS = [(provider, variant.name) for provider in PROVIDERS for variant in load_provider(provider).variants()]


@pytest.fixture(autouse=True)
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "SLOW_S", 0.001)


def written(seen: Any, exact: bool) -> str:
    return show(seen, exact) if isinstance(seen, Reply) else repr(seen)


@cache
def sound_transcript(provider: str, number: int, exact: bool) -> list[str]:
    async def run() -> list[str]:
        return [written(seen, exact) async for seen in SCRIPTS[number](Caller(provider))]

    return asyncio.run(run())


def shows(provider: str, fault: str | None, variant: str | None, *, exact: bool = False) -> str | None:
    """Return the script in which a server first differs from the sound one."""
    exact = exact or variant is not None

    async def differs(number: int) -> bool:
        sound = sound_transcripts[number]
        place = 0
        try:
            async for seen in SCRIPTS[number](Caller(provider, fault, variant)):
                if place >= len(sound) or written(seen, exact) != sound[place]:
                    return True
                place += 1
        except (KeyError, ValueError, TypeError):
            return True
        return place != len(sound)

    for number, script in enumerate(SCRIPTS):
        sound_transcripts = {number: sound_transcript(provider, number, exact)}
        if asyncio.run(differs(number)):
            return script.__name__
    return None


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_sound_server_does_not_differ_from_itself(provider: str, exact: bool) -> None:
    assert shows(provider, None, None, exact=exact) is None


@pytest.mark.parametrize(("provider", "promise"), [("openai", r"O(0[1-9]|1\d|2[0-5])"), ("xerotier", r"X(0[1-9]|[12]\d|3[01])")])
def test_enough_of_each_and_every_name_once(provider: str, promise: str) -> None:
    made = load_provider(provider)
    assert len(made.faults()) >= 70
    assert len(made.variants()) >= 14
    for entries in (made.faults(), made.variants()):
        names = [entry.name for entry in entries]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch("[a-z][a-z0-9_]+", name) for name in names)
        assert all(entry.says and not entry.says.endswith(".") for entry in entries)
    assert all(fault.promises and all(re.fullmatch(promise, one) for one in fault.promises) for fault in made.faults())


@pytest.mark.parametrize(("provider", "name"), FAULTS)
def test_fault_shows(provider: str, name: str) -> None:
    assert shows(provider, name, None)


@pytest.mark.parametrize(("provider", "name"), VARIANTS)
def test_variant_shows_and_still_serves(provider: str, name: str) -> None:
    assert Caller(provider, None, name).embed("hello world").status == 200
    assert shows(provider, None, name)


def test_unknown_and_clashing_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="near: base64_ignored"):
        Caller("openai", "base64_nothing")
    with pytest.raises(ClashingChanges, match="pretty changes on_answer"):
        Caller("xerotier", "body_cut", "pretty")
