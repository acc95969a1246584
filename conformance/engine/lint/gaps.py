"""
What a contract's tables leave out: promises that nothing keeps, errors that nothing provokes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conformance.contract.document import Document
from conformance.contract.loader import specs_folder
from conformance.contract.model import Clause, Contract
from conformance.engine.lint.use import Data, Use
from conformance.errors import Fault

__all__ = ["head_faults", "incomplete"]

_JUDGED = ("on", "cases", "crowd", "machine", "burst", "race", "hangup")


def head_faults(contract: Contract, document: Document) -> Iterator[Fault]:
    """
    Yield what contract.yaml leaves out of its features and client libraries, so that nothing could be made with them.
    """
    for name, row in contract.features.items():
        values, default = row.get("values", {}), row.get("default")
        where = document.where(("features", name))
        if not values or default is None:
            lacking = "values" if not values else "default"
            yield Fault(f"{lacking} is missing in the feature {name}", where, "", "values, and one of them as default")
        elif str(default) not in values:
            yield Fault(f"the feature {name} has no such value", where, str(default), ", ".join(values))
    for name, row in contract.clients.items():
        if not (specs_folder() / row["script"]).is_file():
            where = document.where(("clients", name))
            yield Fault(f"the script of {name} is not there", where, row["script"], "a file under the contracts")


def incomplete(
    contract: Contract, uses: Iterable[Use], tables: Mapping[str, Document], files: Iterable[Document]
) -> Iterator[Fault]:
    """
    Yield what is missing or stands twice: clauses, promises and errors.
    """
    first: dict[str, Clause] = {}
    for clause in contract.clauses:
        other = first.setdefault(clause.id, clause)
        if other is not clause:
            yield Fault(
                f"two clauses have the id {clause.id}",
                f"{clause.file}:{clause.line}",
                f"the other one stands at {other.file}:{other.line}",
                "each id once",
                "give one of them another id",
            )
    for document in files:
        for index, row in enumerate(document.value["clauses"]):
            if not any(row.get(key) for key in _JUDGED):
                yield Fault(
                    f"nothing can ever judge {row['id']}",
                    document.where(("clauses", index)),
                    "",
                    f"one of {', '.join(_JUDGED)}",
                    "give it cases, or say on which exchanges it is judged",
                )
    yield from _promise_faults(contract, tables["promises"])
    yield from _error_faults(contract, list(uses), tables["errors"])


def _promise_faults(contract: Contract, document: Document) -> Iterator[Fault]:
    bound = {promise for clause in contract.clauses for promise in clause.promises}
    excluded = {row["promise"]: index for index, row in enumerate(document.value.get("excluded", ()))}
    for name in contract.promises:
        if name not in bound and name not in excluded:
            yield Fault(
                f"no clause binds the promise {name}",
                document.where(("promises", name)),
                "",
                "a clause that names it, or a row under excluded",
                "write the clause, or say why nobody can establish it",
            )
        elif name in bound and name in excluded:
            clause = next(c for c in contract.clauses if name in c.promises)
            yield Fault(
                f"the promise {name} is excluded, and a clause binds it",
                document.where(("excluded", excluded[name])),
                f"{clause.id} at {clause.file}:{clause.line}",
                "one or the other",
                "take the exclusion out",
            )


def _error_faults(contract: Contract, uses: list[Use], document: Document) -> Iterator[Fault]:
    named = {use.value for use in uses if use.kind == "code" and use.path[0] != "transient"}
    refusals = [use for use in uses if use.kind == "refusal"]
    alone = {codes[0]: use for use in refusals if len(codes := _codes(use.value)) == 1}
    seen: set[str] = set()
    for index, row in enumerate(document.value["errors"]):
        code, where = row["code"], document.where(("errors", index))
        if code in seen:
            yield Fault(f"the error {code} stands twice", where, "", "each code once")
        seen.add(code)
        if "unprovoked" in row:
            if code in alone:
                yield Fault(
                    f"the error {code} is unprovoked, and a request provokes it",
                    where,
                    f"at {alone[code].where}",
                    "one or the other",
                    "take unprovoked out",
                )
        elif code not in named and not any(_admits(use.value, row) for use in refusals):
            yield Fault(
                f"nothing provokes the error {code}",
                where,
                "",
                "a trigger, a cap or a case that expects it",
                "write one, or say under unprovoked why no request can cause it",
            )


def _codes(refusal: Any) -> list[str]:
    codes = refusal.get("codes", "any") if isinstance(refusal, Mapping) else refusal
    return [] if codes == "any" else [codes] if isinstance(codes, str) else list(codes)


def _admits(refusal: Any, row: Data) -> bool:
    # A refusal with any code of a type and status stands for every error that has them.
    if not isinstance(refusal, Mapping) or _codes(refusal):
        return False
    types = refusal.get("type", "any")
    same_type = row["type"] in ([types] if isinstance(types, str) else types)
    return same_type and bool(set(row["status"]) & set(refusal.get("status", row["status"])))
