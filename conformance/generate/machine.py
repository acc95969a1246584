"""
Drawn sequences for a clause that is a state machine: what a key was used for decides what its next request gets.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from conformance.contract.model import CaseTemplate, Clause, StepTemplate

__all__ = ["sequences"]

_MOVES = ("new", "replay", "replay", "conflict", "refuse", "new")


def sequences(clause: Clause, *, count: int, seed: int) -> Iterator[CaseTemplate]:
    """
    Yield *count* cases of a clause's machine, each a sequence of moves with what the model expects of every answer.

    The model is a map from key to the body that was first served under it: a free key is new, the same body a replay,
    another body a conflict, and a refusal leaves no trace.
    """
    machine: Mapping[str, Any] = clause.machine or {}
    for index in range(count):
        rng = random.Random(f"{seed}:{clause.id}:{index}")
        yield CaseTemplate(
            name=f"sequence{index + 1}",
            steps=tuple(_steps(machine, rng)),
            operation=machine.get("operation", "create"),
        )


def _steps(machine: Mapping[str, Any], rng: random.Random) -> Iterator[StepTemplate]:
    header: str = machine["header"]
    accepted: list[Any] = machine["accepted"]
    refused: list[Any] = machine["refused"]
    charge = machine.get("charge")
    stored: dict[str, tuple[int, str]] = {}
    names = [f"k{number + 1}" for number in range(machine["keys"])]
    for number in range(machine["length"]):
        move = rng.choice(_MOVES)
        used = [name for name in names if name in stored]
        free = [name for name in names if name not in stored]
        if move in ("replay", "conflict") and not used:
            move = "new"
        if move == "new" and not free:
            # Every key is taken; a further one is as good as any.
            names.append(f"k{len(names) + 1}")
            free = names[-1:]
        step = f"{move}{number + 1}"
        if move == "new":
            name, body = rng.choice(free), rng.randrange(len(accepted))
            stored[name] = (body, step)
            yield _step(step, header, name, accepted[body], machine["new"], charge)
        elif move == "replay":
            name = rng.choice(used)
            body, first = stored[name]
            expect = {key: first if key == "same_as" else value for key, value in machine["replay"].items()}
            yield _step(step, header, name, accepted[body], expect, 0 if charge else None)
        elif move == "conflict":
            name = rng.choice(used)
            body = (stored[name][0] + 1 + rng.randrange(len(accepted) - 1)) % len(accepted)
            yield _step(step, header, name, accepted[body], machine["conflict"], 0 if charge else None)
        else:
            # A used key with a refused body breaks two rules at once, so refusals take keys of their own.
            row = rng.choice(refused)
            refusal = _step(step, header, f"r{number + 1}", row["send"], row["expect"], 0 if charge else None)
            # That it is refused at all is for another clause.
            yield replace(refusal, given=True)


def _step(
    name: str, header: str, key: str, send: Mapping[str, Any], expect: Mapping[str, Any], charge: Any
) -> StepTemplate:
    request = {**send, "headers": {**send.get("headers", {}), header: {"$key": {"name": key}}}}
    return StepTemplate(name, request, {**expect, "charge": charge} if charge is not None else expect)
