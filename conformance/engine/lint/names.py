"""
The names that lead nowhere, and the regular expressions that do not compile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from conformance.contract.grammar import nearest
from conformance.contract.model import Contract
from conformance.engine.lint.use import Use
from conformance.errors import Fault, shorten

__all__ = ["dangling"]

_NEEDS = frozenset({"media", "media.two", "canary", "ledger", "clock", "metered"})
_UNLESS = frozenset({"canary_over_http"})
_KEYS = frozenset({"main", "none", "stranger"})
_LABELS = {
    "need": "need",
    "unless": "property of a target",
    "key": "key",
    "form": "form of authentication",
    "client": "client library",
    "feature": "feature with that value",
    "part": "kind of part",
    "code": "error code",
    "type": "error type",
    "document": "document",
    "operation": "operation",
    "envelope": "envelope",
    "request": "request shape",
    "promise": "promise",
    "step": "earlier step",
    "variable": "variable or fact",
}


def dangling(contract: Contract, uses: Iterable[Use]) -> Iterator[tuple[Use, Fault]]:
    """
    Yield each use whose name leads nowhere or whose pattern does not compile, with its fault.
    """
    facts = {fact.name: frozenset(fact.take) for fact in contract.facts}
    keys = frozenset(contract.authentication.get("keys", ()))
    fields = {f"{name}.{field}" for name, taken in facts.items() for field in taken}
    given = {f"{group}.{name}" for group, rows in contract.operator.items() for name in rows}
    given |= {f"limits.{name}" for name in contract.limits}
    declared = {f"feature.{name}.{v}" for name, row in contract.features.items() for v in row.get("values", ())}
    denied = {f"feature.{name}.not.{v}" for name, row in contract.features.items() for v in row.get("values", ())}
    clients = {f"client.{name}" for name in contract.clients}
    variables = {f"vars.{name}" for name in contract.variables}
    names: dict[str, frozenset[str]] = {
        "document": frozenset(contract.documents),
        "promise": frozenset(contract.promises),
        "code": frozenset(contract.errors),
        "operation": frozenset(contract.operations),
        "envelope": frozenset(contract.envelopes),
        "request": frozenset(contract.requests),
        "part": frozenset(contract.parts),
        "key": keys | _KEYS,
        "form": frozenset(contract.authentication["forms"]),
        "unless": _UNLESS,
        "client": frozenset(contract.clients),
        "feature": frozenset(name.removeprefix("feature.") for name in declared),
        "need": _NEEDS
        | frozenset({"key.main", *given, *declared, *denied, *clients})
        | facts.keys()
        | fields
        | {f"key.{key}" for key in keys},
        "type": frozenset(contract.types) or frozenset(row.type for row in contract.errors.values()),
        "step": frozenset({"control"}),
        "variable": frozenset({"absent", "key", "media.pattern", "plain.width", *fields, *given, *variables}),
    }
    for use in uses:
        if use.kind == "pattern":
            try:
                re.compile(use.value)
            except re.error as problem:
                yield (
                    use,
                    Fault(
                        "the regular expression does not compile",
                        use.where,
                        shorten(use.value),
                        move=str(problem),
                    ),
                )
        if use.kind not in names:
            continue
        known = names[use.kind] | use.known
        name = str(use.value)
        if name in known or (use.kind == "variable" and _leads(name, known)):
            continue
        expected = ", ".join(sorted(known)) or "nothing is known here"
        meant = nearest(name, known)
        where = {
            "code": "add it to errors.yaml",
            "document": "add it to documents",
            "promise": "add it to promises.yaml",
        }
        move = f"did you mean {meant}?" if meant else where.get(use.kind, "")
        yield (
            use,
            Fault(
                f"there is no {_LABELS[use.kind]} {shorten(name, limit=60)!r}",
                use.where,
                shorten(name, limit=60),
                shorten(f"one of {expected}", limit=240),
                move,
            ),
        )


def _leads(name: str, known: frozenset[str]) -> bool:
    # A list is opened by a number: model.dimensions.0; a variable of a case may hold anything.
    while "." in name:
        name, _, last = name.rpartition(".")
        if name in known and (last.isdigit() or "." not in name):
            return True
    return False
