"""
Says, before it is sent, what a request does to the contract: which refusals it calls for, and where it leaves what the
documents speak of. So a negative request breaks exactly the clause that it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from conformance.contract.model import Contract, Trigger
from conformance.generate.body import RawNumber, show_surrogates
from conformance.generate.forms import Environment, MissingFact, fill

__all__ = ["Classification", "Classifier"]


@dataclass(frozen=True, slots=True)
class Classification:
    """
    *triggers* are the ids of the refusals that the body calls for, *zones* the undocumented regions that it is in.
    A body with neither is *accepted* when it also keeps to the operation's request schema; otherwise nothing is known.
    """

    triggers: tuple[str, ...]
    zones: tuple[str, ...]
    accepted: bool

    @property
    def undocumented(self) -> bool:
        return bool(self.zones) or not (self.triggers or self.accepted)


class Classifier:
    """
    Classifies request bodies against every trigger and zone of a contract, with the target's facts filled in.
    """

    def __init__(self, contract: Contract, env: Environment) -> None:
        self._requests: dict[str, Any] = {}
        for name, operation in contract.operations.items():
            if operation.request_schema:
                self._requests[name] = _validator(fill(contract.requests[operation.request_schema], env))
        self.triggers: dict[str, Trigger] = {}
        self._triggers: list[tuple[Trigger, Any]] = []
        for trigger in contract.triggers:
            try:
                self._triggers.append((trigger, _validator(fill(trigger.when, env))))
            except (MissingFact, ValueError):
                # Without the fact, or with one that is not what it should be, no request can be said to match.
                continue
            self.triggers[trigger.id] = trigger
        self._zones: list[tuple[str, tuple[str, ...], Any]] = []
        for zone in contract.zones:
            if zone.lacking is not None and _gives(env, zone.lacking):
                continue
            declared = env.facts.get("features", {})
            if any(declared.get(name) != value for name, value in zone.features.items()):
                continue
            try:
                when = fill(zone.when, env)
            except MissingFact:
                continue
            anywhere = when.get("pattern_anywhere") if isinstance(when, Mapping) else None
            try:
                self._zones.append((zone.id, zone.operations, anywhere or _validator(when)))
            except ValueError:
                continue

    def classify(self, operation: str, body: Any) -> Classification:
        """
        Return what *body* does when it is sent to *operation*.
        """
        shown = show_surrogates(_plain(body))
        triggers = tuple(t.id for t, valid in self._triggers if operation in t.operations and valid.is_valid(shown))
        zones = []
        for zone, operations, valid in self._zones:
            if operations and operation not in operations:
                continue
            if _holds(shown, valid) if isinstance(valid, str) else valid.is_valid(shown):
                zones.append(zone)
        # JSON Schema calls 1024.0 an integer; whether a server does is nowhere said.
        if isinstance(body, dict) and any(isinstance(value, float) and value.is_integer() for value in body.values()):
            zones.append("whole_float")
        schema = self._requests.get(operation)
        accepted = not triggers and not zones and (schema is None or schema.is_valid(shown))
        return Classification(triggers, tuple(zones), accepted)


def _gives(env: Environment, fact: str) -> bool:
    try:
        env.lookup(fact)
    except MissingFact:
        return False
    return True


def _validator(schema: Any) -> Any:
    return jsonschema_rs.validator_for(schema)


def _plain(value: Any) -> Any:
    if isinstance(value, RawNumber):
        try:
            number = float(value)
        except ValueError:
            return str(value)
        return (
            int(number)
            if number.is_integer() and abs(number) < 2**63 and "." not in value and "e" not in value
            else number
        )
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _holds(value: Any, needle: str) -> bool:
    if isinstance(value, str):
        return needle in value
    if isinstance(value, dict):
        return any(_holds(key, needle) or _holds(item, needle) for key, item in value.items())
    if isinstance(value, list):
        return any(_holds(item, needle) for item in value)
    return False
