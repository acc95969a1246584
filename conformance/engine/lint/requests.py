"""
The requests of a contract that do something else than the clause they stand in says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from conformance.contract.document import Document
from conformance.contract.model import CaseTemplate, Clause, Contract, Trigger
from conformance.engine.lint.use import Data, Place
from conformance.errors import Fault, shorten
from conformance.generate.case import Case
from conformance.generate.directed import Workshop
from conformance.generate.forms import MissingFact

__all__ = ["Requests"]

_SUCCEEDS = "a request that has to succeed"

# More items than this, or more characters, are no request but a fault of whoever wrote the number.
_ITEMS, _CHARACTERS = 100_000, 20_000_000


class Requests:
    """
    Makes every request of a contract with stand-ins for the target's facts; says which do what they must not.
    """

    def __init__(
        self, contract: Contract, facts: Data, documents: Mapping[str, Document], bad: set[tuple[str, Place]]
    ) -> None:
        self._documents = documents
        self._bad = bad
        spoilt = {
            documents[name].value[path[0]][path[1]]["id"]
            for name, path in bad
            if len(path) == 2 and path[0] in ("triggers", "caps", "zones")
        }
        sound = replace(
            contract,
            triggers=tuple(t for t in contract.triggers if t.id.removeprefix("caps.") not in spoilt),
            zones=tuple(z for z in contract.zones if z.id not in spoilt),
            operations={
                name: replace(op, request_schema=None)
                if any(("requests", op.request_schema) == path for _, path in bad)
                else op
                for name, op in contract.operations.items()
            },
        )
        keys = {"main": "MAIN", **{name: name for name in contract.authentication.get("keys", ())}}
        self._contract = contract
        self._workshop = Workshop(
            sound, facts, keys, lambda need: None, _image, lambda index: _image(index, None), None
        )

    def faults(self, head: Document, files: Iterable[Document]) -> Iterator[Fault]:
        """
        Yield the faults of the clauses' cases, then those of requests that stand outside of cases.
        """
        missed: dict[str, list[str]] = {}
        for clause in self._contract.clauses:
            for template in (*clause.cases, *(t for t in clause.window if t.name.startswith("heavy"))):
                document, path = self._place(clause, template)
                if (document.name, path[:2]) not in self._bad:
                    where = document.where(path)
                    yield from self._guard(where, partial(self._case, clause, template, where, missed))
        for trigger in self._contract.triggers:
            yield from self._mismatched(trigger, missed.get(trigger.id, []))
        for document, path, send, variables in _outside_cases(head, files):
            if (document.name, path[:2]) not in self._bad:
                where = document.where(path)
                yield from self._guard(where, partial(self._plain, send, variables, where, refuse="refuse" in path))

    def _mismatched(self, trigger: Trigger, missed: list[str]) -> Iterator[Fault]:
        if missed and all(missed):
            document, path = self._place(self._contract.clause(trigger.clause), None)
            where = document.where((*path, "when"))
            yield Fault(f"no request of {trigger.id} matches its own when", where, "", "a schema that they match")
            return
        for where in filter(None, missed):
            yield Fault(
                f"this request does not match the when of {trigger.id}",
                where,
                "",
                "a request that is refused for it",
            )

    def _guard(self, where: str, make: Callable[[], Iterator[Fault]]) -> Iterator[Fault]:
        try:
            yield from list(make())
        except MissingFact as missing:
            yield Fault("the request can't be made", where, f"${missing.name}", "a variable or a fact that is there")
        except Exception as problem:  # noqa: BLE001 - whatever it raises, the template is at fault.
            got = shorten(f"{type(problem).__name__}: {problem}", limit=120)
            yield Fault("the request can't be made", where, got, "arguments that its forms can use")

    def _case(
        self, clause: Clause, template: CaseTemplate, where: str, missed: dict[str, list[str]]
    ) -> Iterator[Fault]:
        listed = any(form in repr(step.send) for step in template.steps for form in ("$parts", "$repeat"))
        most = _ITEMS if listed else _CHARACTERS
        large = [value for _, value in template.bind if isinstance(value, (int, float)) and value > most]
        if large:
            yield Fault("the request is too large to be made", where, f"{large[0]:,}", f"at most {most:,}")
            return
        for case in self._workshop.cases(clause, (replace(template, trigger=None, needs=()),)):
            if not isinstance(case, Case):
                yield Fault("the request can't be made", where, case.reason, "variables and facts that are there")
                return
            last = case.steps[-1]
            if all(step.given for step in case.steps if step.request is not None):
                yield Fault(
                    "no answer of this case can break the clause, because every step only prepares it",
                    where,
                    ", ".join(step.name for step in case.steps),
                    "a step that is judged",
                    "take its name away, or write given: false",
                )
            if (
                template.trigger is not None
                and not template.optional
                and template.trigger in self._workshop.classifier.triggers
            ):
                found = self._workshop.classifier.classify(last.operation, last.body)
                others = [name for name in (*found.triggers, *found.zones) if name != template.trigger]
                matched = template.trigger in found.triggers
                missed.setdefault(template.trigger, []).append("" if matched else where)
                if matched and others:
                    yield Fault(
                        f"this request of {template.trigger} breaks something else too",
                        where,
                        ", ".join(others),
                        f"{template.trigger} and nothing else",
                        "change the request, or narrow the other schema",
                    )
            for step in case.steps:
                if step.expect.get("success") is True or (template.or_refused and template.trigger is None):
                    name = "a request at the limit" if template.bind[:1] and template.bind[0][0] == "n" else ""
                    yield from self._accepted(step.operation, step.body, where, name or _SUCCEEDS)
            # The twin of a cap is the request at its limit, which has a case of its own.
            if case.twin is not None and not template.twin_bind:
                yield from self._accepted(case.twin.operation, case.twin.body, where, "the twin")

    def _accepted(self, operation: str, body: Any, where: str, name: str) -> Iterator[Fault]:
        if body is not None:
            found = self._workshop.classifier.classify(operation, body)
            if found.triggers:
                yield Fault(
                    f"{name} is refused by the contract's own tables",
                    where,
                    ", ".join(found.triggers),
                    "a request that matches no trigger and no cap",
                    "change the request, or mend the schema",
                )

    def _plain(self, send: Data, variables: Data, where: str, *, refuse: bool) -> Iterator[Fault]:
        operation, _, body, _, _ = self._workshop.request(send, self._workshop.environment("0" * 12, variables))
        if not refuse:
            yield from self._accepted(operation, body, where, _SUCCEEDS)
        elif body is not None and self._workshop.classifier.classify(operation, body).accepted:
            yield Fault(
                "a request that has to be refused is accepted by the contract's own tables",
                where,
                "",
                "a request that matches a trigger or a cap",
                "change the request",
            )

    def _place(self, clause: Clause, template: CaseTemplate | None) -> tuple[Document, Place]:
        document = self._documents[clause.file]
        kind = next(key for key in ("clauses", "triggers", "caps") if key in document.value)
        rows = document.value[kind]
        # A clause of a table knows its row by the line alone.
        index = next(
            (i for i, row in enumerate(rows) if row["id"] == clause.id and kind == "clauses"),
            next(i for i in range(len(rows)) if document.line((kind, i)) == clause.line),
        )
        path: Place = (kind, index)
        if template is None:
            return document, path
        if clause.window:
            return document, (*path, "heavy")
        if clause.id.startswith("unfetched.") and kind != "clauses":
            return document, (*path, "fetching")
        group = "variants" if kind == "caps" else "cases"
        fitting = [name for name in rows[index].get(group, ()) if f"{template.name}.".startswith(f"{name}.")]
        return document, (*path, group, max(fitting, key=len)) if fitting else path


def _outside_cases(head: Document, files: Iterable[Document]) -> Iterator[tuple[Document, Place, Data, Data]]:
    for wish in ("accept", "refuse"):
        for index, send in enumerate(head.value["controls"][wish]):
            yield head, ("controls", wish, index), send, {}
    for name, row in head.value.get("witnesses", {}).items():
        yield head, ("witnesses", name, "proof"), row["proof"], {}
    for document in files:
        for index, row in enumerate(document.value["clauses"]):
            if "crowd" in row:
                yield (
                    document,
                    ("clauses", index, "crowd", "send"),
                    row["crowd"]["send"],
                    {"text": "A client's text."},
                )
            for i, send in enumerate(row.get("machine", {}).get("accepted", ())):
                yield document, ("clauses", index, "machine", "accepted", i), send, {}


def _image(index: int, chars: int | None) -> str:
    url = f"https://media.invalid/{index}.png"
    return url if chars is None else url.ljust(chars, "x")
