"""
The target: the server under test, with its keys, witnesses, pace and budget, read from a file or from flags.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from conformance.contract import Contract
from conformance.contract.document import Document, read_document
from conformance.contract.grammar import check_document
from conformance.errors import Fault, UsageError, shorten

__all__ = ["Target", "Waiver", "read_target", "simple_target"]

_DEFAULT_PACE = {"requests_per_second": 50.0, "in_flight": 16, "timeout": 30.0}
_DEFAULT_BUDGET = {"requests": 5000, "credits": 5.0, "seconds": 600.0}


@dataclass(frozen=True, slots=True)
class Waiver:
    """
    A dated excuse for the clauses that *pattern* matches; it holds up to and including the day *until*.
    """

    pattern: str
    reason: str
    until: date
    issue: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """
    The server under test.

    *secrets* maps names to keys and never leaves this process; *key_names* maps a key's role (``main``, ``revoked``, …)
    to the name of its secret; without ``main`` no key is sent. *variables* stand in paths, *features* are what the
    server declares to do in its own way, *operator* groups of values that only its operator knows. *timeout* and
    *seconds* are in seconds, *credits* in the provider's unit.
    """

    contract: str
    base_url: str | None = None
    app: str | None = None
    model: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    key_names: Mapping[str, str] = field(default_factory=dict)
    ledger: Mapping[str, Any] | None = field(default_factory=dict)
    canary: Mapping[str, Any] | None = field(default_factory=dict)
    clock: Mapping[str, Any] | None = None
    images: tuple[str, ...] = ()
    requests_per_second: float | None = 50.0
    in_flight: int = 16
    timeout: float = 30.0
    requests: int | None = 5000
    credits: float | None = 5.0
    seconds: float | None = 600.0
    tls_verify: bool = True
    tls_ca: str | None = None
    proxy: str | None = None
    waivers: tuple[Waiver, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    operator: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)

    def redacted(self) -> dict[str, Any]:
        """
        Return what a report may show of the target: never a key.
        """
        return {
            "base_url": self.base_url or f"app:{self.app}",
            "model": self.model or "auto",
            **({"vars": dict(self.variables)} if self.variables else {}),
            **({"features": dict(self.features)} if self.features else {}),
            **({"limits": dict(self.limits)} if self.limits else {}),
            "keys": dict(self.key_names),
            "witnesses": [
                n for n, w in (("ledger", self.ledger), ("canary", self.canary), ("clock", self.clock)) if w is not None
            ],
            "pace": {
                "requests_per_second": self.requests_per_second,
                "in_flight": self.in_flight,
                "timeout": self.timeout,
            },
            "budget": {"requests": self.requests, "credits": self.credits, "seconds": self.seconds},
        }


def simple_target(contract: Contract, *, base_url: str, key_env: str | None = None, model: str | None = None) -> Target:
    """
    Return the target that an address alone describes.

    Raises:
        UsageError: when the key's environment variable is not set.
    """
    name = key_env or contract.authentication["key_env"]
    secret = _environment(name, "--key-env" if key_env else "the contract's key")
    if contract.variables:
        raise UsageError(
            Fault(
                "an address alone does not describe this target",
                where="--target",
                expected=f"a target file with vars: {', '.join(contract.variables)}",
                move="write a target file",
            )
        )
    return Target(
        contract=contract.name,
        base_url=base_url,
        model=None if model in (None, "auto") else model,
        secrets={name: secret},
        key_names={"main": name},
    )


def read_target(path: Path, contract: Contract) -> Target:
    """
    Read a target file.

    Raises:
        UsageError: with every fault of the file, each with its line.
    """
    document = read_document(path)
    faults = list(check_document(document, "target"))
    if faults:
        raise UsageError(faults)
    value: dict[str, Any] = document.value
    named = value.get("contract")
    if named is not None and named != contract.name:
        raise UsageError(
            Fault(
                "the target file is for another contract",
                where=document.where(("contract",)),
                got=shorten(named, limit=60),
                expected=contract.name,
                move=f"run conformance run {shorten(named, limit=60)}, or correct the file",
            )
        )
    return _target(document, value, contract)


def _target(document: Document, value: dict[str, Any], contract: Contract) -> Target:
    faults: list[Fault] = []
    if ("base_url" in value) == ("app" in value):
        both = "base_url" in value
        faults.append(
            Fault(
                "the file names two servers" if both else "the file names no server",
                where=document.where(("app",) if both else ()),
                got="base_url and app" if both else "neither base_url nor app",
                expected="one of base_url and app",
                move="take one away" if both else "add base_url: http://…",
            )
        )
    secrets: dict[str, str] = {}
    key_names: dict[str, str] = {}

    def key(role: str, name: str, where: str) -> None:
        try:
            secrets[name] = _environment(name, where)
            key_names[role] = name
        except UsageError as problem:
            faults.extend(problem.faults)

    if value.get("key_env", "") is not None:
        key("main", str(value.get("key_env", contract.authentication["key_env"])), document.where(("key_env",)))
    known = contract.authentication.get("keys", {})
    for entry, name in value.get("operator", {}).get("keys", {}).items():
        where = document.where(("operator", "keys", entry))
        role = entry.removesuffix("_env")
        if role not in known:
            expected = ", ".join(f"{k}_env" for k in known)
            faults.append(Fault(f"the contract knows no key {role!r}", where=where, expected=expected))
        else:
            key(role, name, where)
    witnesses = value.get("witnesses", {})
    ledger = witnesses.get("ledger", {})
    if ledger and ledger.get("operation") and ledger["operation"] not in contract.operations:
        where = document.where(("witnesses", "ledger", "operation"))
        faults.append(
            Fault(
                "the contract has no such operation",
                where=where,
                got=ledger["operation"],
                expected=", ".join(contract.operations),
            )
        )
    waivers = tuple(_waivers(document, value.get("waivers", ()), faults))
    operator = {group: dict(rows) for group, rows in value.get("operator", {}).items() if group != "keys"}
    for group, rows in operator.items():
        faults.extend(_strangers(document, ("operator", group), rows, contract.operator.get(group, {})))
    faults.extend(_strangers(document, ("vars",), value.get("vars", {}), contract.variables))
    for name in contract.variables:
        if name not in value.get("vars", {}):
            faults.append(
                Fault(
                    f"vars.{name} is missing",
                    where=document.where(("vars",) if "vars" in value else ()),
                    expected=str(contract.variables[name]["supply"]),
                    move=f"add vars: {{{name}: …}}",
                )
            )
    faults.extend(_strangers(document, ("limits",), value.get("limits", {}), contract.limits))
    features = value.get("features", {})
    faults.extend(_strangers(document, ("features",), features, contract.features))
    for name, declared in features.items():
        known_values = contract.features.get(name, {}).get("values", {})
        if name in contract.features and str(declared) not in known_values:
            where = document.where(("features", name))
            faults.append(
                Fault("the feature has no such value", where=where, got=str(declared), expected=", ".join(known_values))
            )
    if faults:
        raise UsageError(faults)
    pace = _DEFAULT_PACE | value.get("pace", {})
    budget = _DEFAULT_BUDGET | value.get("budget", {})
    model = value.get("model")
    tls = value.get("tls", {})
    return Target(
        contract=contract.name,
        base_url=value.get("base_url"),
        app=value.get("app"),
        model=None if model in (None, "auto") else model,
        secrets=secrets,
        key_names=key_names,
        ledger=ledger,
        canary=witnesses.get("canary", {}),
        clock=witnesses.get("clock"),
        images=tuple(value.get("media", {}).get("images", ())),
        requests_per_second=pace["requests_per_second"],
        in_flight=pace["in_flight"],
        timeout=pace["timeout"],
        requests=budget["requests"],
        credits=budget["credits"],
        seconds=budget["seconds"],
        tls_verify=tls.get("verify", True),
        tls_ca=tls.get("ca"),
        proxy=value.get("proxy"),
        waivers=waivers,
        variables={name: str(item) for name, item in value.get("vars", {}).items()},
        features={name: str(item) for name, item in features.items()},
        operator=operator,
        limits=dict(value.get("limits", {})),
    )


def _strangers(document: Document, path: tuple[str, ...], rows: Any, known: Mapping[str, Any]) -> Iterator[Fault]:
    for name in rows:
        if name not in known:
            expected = ", ".join(known) or "nothing"
            yield Fault(f"the contract knows no {path[-1]} {name!r}", document.where((*path, name)), "", expected)


def _waivers(document: Document, rows: Any, faults: list[Fault]) -> list[Waiver]:
    waivers = []
    for index, row in enumerate(rows):
        try:
            until = date.fromisoformat(row["until"])
        except ValueError:
            where = document.where(("waivers", index, "until"))
            faults.append(Fault("the day does not exist", where=where, got=row["until"], expected="a date, YYYY-MM-DD"))
            continue
        waivers.append(Waiver(row["clause"], row["reason"], until, row.get("issue", "")))
    return waivers


def _environment(name: str, where: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise UsageError(
            Fault(
                f"the environment variable {name} is not set",
                where=where,
                expected="the key, in the environment only",
                move=f"export {name}=…, or name another variable",
            )
        )
    if any(ord(c) < 33 or ord(c) > 126 for c in value):
        # The key itself is never shown, wherever the fault is.
        raise UsageError(
            Fault(
                f"the key in {name} can't be sent in a header", where=where, expected="printable ASCII without spaces"
            )
        )
    return value


def with_overrides(target: Target, **fields: Any) -> Target:
    """
    Return *target* with those fields replaced that are not None.
    """
    return replace(target, **{name: value for name, value in fields.items() if value is not None})
