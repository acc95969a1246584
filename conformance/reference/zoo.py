"""
Named ways to misbehave (faults) and named ways to be odd and still right (variants).

Both are changes of single fields of a provider's frozen behaviour; everything not named stays as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["ClashingChanges", "Fault", "UnknownName", "Variant", "change_behaviour", "find_named"]

Behaviour = TypeVar("Behaviour")


@dataclasses.dataclass(frozen=True)
class Fault:
    """
    One deviation from the contract.

    `says` is what the server does wrong, in one sentence; `promises` are the ids of the promises it goes
    against, `breaks` those of the clauses that must notice; `rate` is the share of the concerned answers that
    are wrong, `declares` what its operator says of it, and `limits` the numbers that he says are its own.
    """

    name: str
    says: str
    promises: tuple[str, ...]
    changes: Mapping[str, Any] = dataclasses.field(repr=False, compare=False)
    breaks: tuple[str, ...] = ()
    rate: float = 1.0
    declares: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)
    limits: Mapping[str, int] = dataclasses.field(default_factory=dict, compare=False)


@dataclasses.dataclass(frozen=True)
class Variant:
    """
    One unusual server that keeps the contract.

    `declares` is what its operator says of it, where it does something in a way of its own, and `limits` the numbers
    that are its own.
    `witness` is "sound", or "broken" when the server is right but what a suite would measure it by is not.
    """

    name: str
    says: str
    changes: Mapping[str, Any] = dataclasses.field(repr=False, compare=False)
    witness: str = "sound"
    declares: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)
    limits: Mapping[str, int] = dataclasses.field(default_factory=dict, compare=False)


class UnknownName(LookupError):
    """No fault or variant has that name."""


class ClashingChanges(ValueError):
    """A fault and a variant want to change the same field."""


def find_named(entries: Iterable[Fault] | Iterable[Variant], name: str) -> Fault | Variant:
    """
    Return the entry called `name`.

    Raises:
        UnknownName: there is none; the text lists the near ones.
    """
    names = []
    for entry in entries:
        if entry.name == name:
            return entry
        names.append(entry.name)
    near = [known for known in names if name.split("_", maxsplit=1)[0] in known]
    raise UnknownName(f"no entry is called {name!r}; near: {', '.join(near[:8]) or 'none'}")


def change_behaviour(sound: Behaviour, *entries: Fault | Variant | None) -> Behaviour:
    """
    Return a behaviour with the changes of all entries made.

    Raises:
        ClashingChanges: two entries change the same field.
    """
    changes: dict[str, Any] = {}
    for entry in entries:
        if entry is None:
            continue
        twice = changes.keys() & entry.changes.keys()
        if twice:
            raise ClashingChanges(
                f"{entry.name} changes {', '.join(sorted(twice))}, which another entry changes too"
            )
        changes.update(entry.changes)
    return dataclasses.replace(sound, **changes)  # type: ignore[type-var]
