"""
Tables give clauses: each trigger and each cap becomes the clauses that its row promises.

A trigger ``T`` gives ``refuse.T`` (and, for every further operation ``O``, ``O.refuse.T``), with ``.code``, ``.param``
and ``.message`` where the row asks for less than a MUST; a cap ``C`` gives ``caps.C.at``, ``.over``, ``.far`` and
``.message``. Both give ``uncharged.`` and ``unfetched.`` clauses where the row has a heavy or a fetching request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from conformance.contract.model import CaseTemplate, Clause, Source, StepTemplate, Trigger
from conformance.verdict import Level

__all__ = ["Derivation", "bindings", "derive_cap", "derive_trigger"]

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Derivation:
    """
    What deriving needs to know of the contract: its first operation, its effects, and how a source is read.
    """

    default: str
    effects: Data
    source: Callable[[Data], Source]
    file: str

    def clause(self, row: Data, line: int, clause_id: str, **fields: Any) -> Clause:
        """
        Return a clause of *row* with the given fields; level, source and note default to the row's own.
        """
        fields.setdefault("level", Level(row.get("level", "MUST")))
        fields.setdefault("last", row.get("last", False))
        fields.setdefault("source", self.source(row["source"]))
        fields.setdefault("promises", tuple(row.get("promises", ())))
        fields.setdefault("note", row.get("note", ""))
        fields.setdefault("needs", tuple(row.get("needs", ())))
        return Clause(id=clause_id, file=self.file, line=line, **fields)


def bindings(each: Data | None) -> Iterator[tuple[str, tuple[tuple[str, Any], ...]]]:
    """
    Yield a label and variable bindings for every combination of an ``each`` table.

    A value that is not a list (a fact, a form) can only be opened at run time: it is bound as a whole, marked by the
    name ``*NAME``, and the generator fans it out.
    """
    if not each:
        yield "", ()
        return
    names = list(each)
    pools = [value if isinstance(value, list) else [_Open(value)] for value in each.values()]
    for values in product(*pools):
        bound = tuple(
            (f"*{n}", v.value) if isinstance(v, _Open) else (n, v) for n, v in zip(names, values, strict=True)
        )
        label = "_".join(_label(value) for value in values if not isinstance(value, _Open))
        yield (f".{label}" if label else ""), bound


@dataclass(frozen=True, slots=True)
class _Open:
    value: Any


def _label(value: Any) -> str:
    text = str(value)
    return "".join(c if c.isalnum() or c in "-." else "_" for c in text)[:40]


def _refused(row: Data, refusal: Data, extra: Data | None = None) -> Data:
    # The clause itself asks for the code only where the documents name it for this very case.
    expected = dict(refusal)
    if expected.pop("code_level", None):
        expected["like"], expected["codes"] = expected["codes"], "any"
    return {"refusal": expected, **(extra or {})}


def _name(operation: str, default: str, clause_id: str) -> str:
    return clause_id if operation == default else f"{operation}.{clause_id}"


def derive_trigger(row: Data, line: int, d: Derivation) -> tuple[Trigger, list[Clause]]:
    """
    Return the trigger of a row of ``triggers`` and the clauses it yields.
    """
    refusal: Data = row["refusal"]
    operations = tuple(row["operations"])
    base = f"refuse.{row['id']}"
    trigger = Trigger(row["id"], operations, row["when"], refusal, base, tuple(row.get("needs", ())))
    clauses: list[Clause] = []
    templates: dict[str, list[CaseTemplate]] = {}
    for operation in operations:
        own = _name(operation, d.default, base)
        extras = list(_extra_clauses(row, line, refusal, own, d))
        also = tuple((clause.id, expect) for clause, expect in extras)
        cases = []
        for label, bound in bindings(row.get("each")):
            for name, send in row["cases"].items():
                cases.append(
                    CaseTemplate(
                        name=f"{name}{label}",
                        operation=operation,
                        bind=bound,
                        steps=(
                            StepTemplate("refused", {**send, "operation": operation}, _refused(row, refusal), also),
                        ),
                        twin={**row["twin"], "operation": operation},
                        trigger=row["id"],
                        optional=operation != d.default,
                        needs=tuple(send.get("needs", ())),
                    )
                )
        templates[operation] = cases
        says = row["says"] if operation == d.default else f"The {operation} route refuses it too: {_lower(row['says'])}"
        clauses.append(d.clause(row, line, own, says=says, cases=tuple(cases)))
        clauses.extend(clause for clause, _ in extras)
    clauses.extend(_effects(row, line, row["id"], refusal, operations, templates, d, row["twin"]))
    return trigger, clauses


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _extra_clauses(row: Data, line: int, refusal: Data, own: str, d: Derivation) -> Iterator[tuple[Clause, Data]]:
    if refusal.get("code_level"):
        codes = " or ".join(refusal["codes"])
        yield (
            d.clause(
                row, line, f"{own}.code", level=Level(refusal["code_level"]), says=f"That refusal has the code {codes}."
            ),
            {"code_in": refusal["codes"]},
        )
    param = refusal.get("param")
    if param and param.get("level"):
        yield (
            d.clause(
                row,
                line,
                f"{own}.param",
                level=Level(param["level"]),
                says=f"That refusal names {param['field']} as its param.",
                source=d.source(param.get("source", row["source"])),
                promises=tuple(param.get("promises", row.get("promises", ()))),
            ),
            {"param_is": param["field"]},
        )
    message = row.get("message")
    if message:
        yield (
            d.clause(
                row,
                line,
                f"{own}.message",
                level=Level(message["level"]),
                says=message["says"],
                source=d.source(message.get("source", row["source"])),
                promises=tuple(message.get("promises", row.get("promises", ()))),
            ),
            {"mentions": message["mentions"]},
        )


def _refused_for(row: Data) -> str:
    # A trigger's sentence speaks of the refusal, a cap's of the rule that was broken.
    return f"A request beyond the limit ({row['says']})" if "max" in row else f"The refusal ({row['says'].rstrip('.')})"


def _effects(
    row: Data,
    line: int,
    row_id: str,
    refusal: Data,
    operations: tuple[str, ...],
    templates: Mapping[str, list[CaseTemplate]],
    d: Derivation,
    twin: Data | None,
) -> Iterator[Clause]:
    promises = row.get("promises", {})
    first = next(bindings(row.get("each")))[1]
    expect = _refused(row, refusal)
    if "uncharged" in d.effects:
        effect = d.effects["uncharged"]
        light = [
            replace(case, name=case.name if operation == d.default else f"{case.name}.{operation}")
            for operation in operations
            for case in templates.get(operation, ())[: 4 if operation == d.default else 2]
        ]
        heavy = []
        if row.get("heavy"):
            for operation in operations:
                for count in range(3 if operation == d.default else 1):
                    step = StepTemplate("refused", {**row["heavy"], "operation": operation}, expect)
                    heavy.append(
                        CaseTemplate(
                            f"heavy{count + 1}.{operation}",
                            (step,),
                            operation,
                            bind=first,
                            trigger=row_id,
                            needs=tuple(row["heavy"].get("needs", ())),
                            optional=operation != d.default,
                        )
                    )
        own = promises.get("uncharged") if isinstance(promises, Mapping) else None
        yield d.clause(
            row,
            line,
            f"uncharged.{row_id}",
            level=Level(effect["level"]),
            says=f"{_refused_for(row)} {effect['says']}.",
            source=d.source(effect["source"]),
            promises=tuple(own or row.get("uncharged", ()) or effect["promises"]),
            needs=(*row.get("needs", ()), "ledger"),
            window=tuple(heavy + light),
        )
    if row.get("fetching") and "unfetched" in d.effects:
        effect = d.effects["unfetched"]
        own = promises.get("unfetched") if isinstance(promises, Mapping) else None
        cases = tuple(
            CaseTemplate(
                f"{operation}",
                (StepTemplate("refused", {**row["fetching"], "operation": operation}, {**expect, "fetched": "none"}),),
                operation,
                bind=first,
                trigger=row_id,
                optional=operation != d.default,
            )
            for operation in operations
        )
        yield d.clause(
            row,
            line,
            f"unfetched.{row_id}",
            level=Level(effect["level"]),
            says=f"{_refused_for(row)} {effect['says']}.",
            source=d.source(effect["source"]),
            promises=tuple(own or effect["promises"]),
            needs=(*row.get("needs", ()), "canary"),
            cases=cases,
        )


def derive_cap(row: Data, line: int, d: Derivation) -> tuple[Trigger, list[Clause]]:
    """
    Return the trigger of a row of ``caps`` and the clauses it yields.
    """
    refusal: Data = row["refusal"]
    operations = tuple(row["operations"])
    row_id = f"caps.{row['id']}"
    promises: Data = row["promises"]
    trigger = Trigger(row_id, operations, row["when"], refusal, f"{row_id}.over", tuple(row.get("needs", ())))
    clauses: list[Clause] = []
    templates: dict[str, list[CaseTemplate]] = {}
    for operation in operations:
        other = operation != d.default
        own = _name(operation, d.default, row_id)

        def promised(key: str, *, other: bool = other) -> tuple[str, ...]:
            return tuple(promises.get("estimate" if other else key, ()) or promises.get(key, ()))

        extras = list(_cap_extras(row, line, refusal, own, promised, d))
        also = tuple((clause.id, expect) for clause, expect in extras)
        at, over, far = _cap_cases(row, operation, also)
        templates[operation] = over
        on = "" if not other else f" on the {operation} route"
        says = row["says"]
        clauses.append(
            d.clause(
                row,
                line,
                f"{own}.at",
                level=_level(row, "at"),
                cases=tuple(at),
                promises=promised("at"),
                says=f"At the limit it is accepted{on}: {says}.",
            )
        )
        clauses.append(
            d.clause(
                row,
                line,
                f"{own}.over",
                level=_level(row, "over"),
                cases=tuple(over),
                promises=promised("over"),
                says=f"One above the limit is refused{on}: {says}.",
            )
        )
        clauses.append(
            d.clause(
                row,
                line,
                f"{own}.far",
                level=_level(row, "over"),
                cases=tuple(far),
                promises=promised("far"),
                says=f"Far above the limit is refused{on}: {says}.",
            )
        )
        clauses.extend(clause for clause, _ in extras)
    clauses.extend(_effects(row, line, row_id, refusal, operations, templates, d, None))
    return trigger, clauses


def _level(row: Data, place: str) -> Level:
    return Level(row.get("levels", {}).get(place, "MUST"))


def _cap_cases(
    row: Data, operation: str, also: tuple[tuple[str, Data], ...]
) -> tuple[list[CaseTemplate], list[CaseTemplate], list[CaseTemplate]]:
    """
    Return the cases at a limit, one above it and far above it.
    """
    top: int = row["max"]
    or_refused = tuple(row.get("or_refused", ()))
    accepted: Data = {"success": True}
    if or_refused:
        accepted = {"any_of": [{"success": True}, {"refusal": {"codes": list(or_refused)}}]}
    refused = StepTemplate("refused", None, _refused(row, row["refusal"]), also)
    at: list[CaseTemplate] = []
    beyond: dict[bool, list[CaseTemplate]] = {False: [], True: []}
    for name, variant in row["variants"].items():
        if operation not in variant.get("operations", row["operations"]):
            continue
        needs = tuple(variant.get("needs", ()))
        send = {"body": variant["body"], "operation": operation}
        common: dict[str, Any] = {"operation": operation, "needs": needs, "weight": variant.get("weight", 1)}
        for n in (top,) if variant.get("just", False) or top == 0 else (top, top - 1):
            step = StepTemplate("accepted", send, accepted)
            bind = (("n", n), ("max", top))
            at.append(CaseTemplate(f"{name}.{n}", (step,), bind=bind, or_refused=or_refused, **common))
        for n in (top + 1, *(row["far"] if variant.get("far", True) else ())):
            beyond[n > top + 1].append(
                CaseTemplate(
                    f"{name}.{n}",
                    (replace(refused, send=send),),
                    bind=(("n", n), ("max", top)),
                    twin=send,
                    twin_bind=(("n", top), ("max", top)),
                    distinguishes=bool(needs or or_refused),
                    trigger=f"caps.{row['id']}",
                    **common,
                )
            )
    return at, beyond[False], beyond[True]


def _cap_extras(
    row: Data, line: int, refusal: Data, own: str, promised: Callable[[str], tuple[str, ...]], d: Derivation
) -> Iterator[tuple[Clause, Data]]:
    if row.get("mentions"):
        yield (
            d.clause(
                row,
                line,
                f"{own}.message",
                level=Level.SHOULD,
                promises=promised("message"),
                says="The message names the limit that was hit and the count that was sent.",
            ),
            {"mentions": row["mentions"]},
        )
    param = refusal.get("param")
    if param and param.get("level"):
        yield (
            d.clause(
                row,
                line,
                f"{own}.param",
                level=Level(param["level"]),
                source=d.source(param.get("source", row["source"])),
                promises=tuple(param.get("promises", ())),
                says=f"That refusal names {param['field']} as its param.",
            ),
            {"param_is": param["field"]},
        )
