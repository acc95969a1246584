"""
Reads a contract as its author's sternest colleague: every name that leads nowhere, every promise that nothing
keeps, and every request that does something else than the clause it stands in says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jsonschema_rs

from conformance.contract.document import Document
from conformance.contract.grammar import nearest
from conformance.contract.loader import build_contract, contract_folder, read_documents
from conformance.contract.model import CaseTemplate, Clause, Contract, Trigger
from conformance.errors import Fault, UsageError, shorten
from conformance.generate.case import Case
from conformance.generate.directed import Workshop
from conformance.generate.forms import FORMS, MissingFact, fill

__all__ = ["lint_contract"]

Data = Mapping[str, Any]
Place = tuple[str | int, ...]

_NEEDS = frozenset({"media", "canary", "ledger", "clock"})
_UNLESS = frozenset({"canary_over_http"})
_KEYS = frozenset({"main", "none", "stranger"})
_PART_OPTIONS = frozenset({"total", "words", "url_chars", "order", "canary", "canary_video"})
_JUDGED = ("on", "cases", "crowd", "machine", "burst")
_SUCCEEDS = "a request that has to succeed"
_STEP_NAMES = ("same_vector_as", "other_vector_than", "moved_from", "same_as")
_LABELS = {
    "need": "need",
    "unless": "property of a target",
    "key": "key",
    "form": "form of authentication",
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


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The keywords of JSON Schema 2020-12, by what they hold. Validators ignore any other word, so that a schema with
# a typo holds for every request.
_ONE = _words(
    """
    additionalProperties contains contentSchema else if items not propertyNames then unevaluatedItems
    unevaluatedProperties
    """
)
_MANY = _words("allOf anyOf oneOf prefixItems")
_NAMED = _words("$defs dependentSchemas patternProperties properties")
_PLAIN = _words(
    """
    $anchor $comment $dynamicAnchor $dynamicRef $id $ref $schema const contentEncoding contentMediaType
    default dependentRequired deprecated description enum examples exclusiveMaximum exclusiveMinimum
    format maxContains maximum maxItems maxLength maxProperties minContains minimum minItems minLength
    minProperties multipleOf pattern readOnly required title type uniqueItems writeOnly
    """
)
_KEYWORDS = _ONE | _MANY | _NAMED | _PLAIN


@dataclass(frozen=True, slots=True)
class _Use:
    """
    One place that uses a name, or holds a schema, a pattern or a refusal; *known* names hold there only.
    """

    kind: str
    value: Any
    document: Document
    path: Place
    known: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        return self.document.where(self.path)

    @property
    def row(self) -> tuple[str, Place]:
        return self.document.name, self.path[:2]


def lint_contract(name_or_path: str) -> list[Fault]:
    """
    Return every fault of a contract, given by its name or by the path of its folder: those of the grammar,
    or, when that holds, those of the meaning. Whatever the files hold, nothing is raised.
    """
    try:
        tables, files, digest = read_documents(contract_folder(name_or_path))
    except UsageError as problem:
        return list(problem.faults)
    contract = build_contract(tables, files, digest)
    uses = [*_table_uses(tables), *(use for document in files for use in _clause_uses(document))]
    found: list[tuple[tuple[str, Place] | None, Fault]] = []
    for use, fault in _dangling(contract, uses, tables):
        found.append((use.row, fault))
    facts = _stand_ins(contract, uses)
    for use, fault in _unsound_schemas(contract, uses, facts, {row for row, _ in found}):
        found.append((use.row, fault))
    bad = {row for row, _ in found if row is not None}
    found.extend((None, fault) for fault in _incomplete(contract, uses, tables, files))
    # What is wrong in contract.yaml would be wrong again in every request that is made with it.
    if not any(name == tables["contract"].name for name, _ in bad):
        requests = _Requests(contract, facts, {d.name: d for d in (*tables.values(), *files)}, bad)
        found.extend((None, fault) for fault in requests.faults(tables["contract"], files))
    return sorted(dict.fromkeys(fault for _, fault in found), key=_order)


def _order(fault: Fault) -> tuple[str, int]:
    name, _, line = fault.where.rpartition(":")
    return (name, int(line)) if line.isdigit() else (fault.where, 0)


# Where names are used


def _table_uses(tables: Mapping[str, Document]) -> Iterator[_Use]:
    for kind, walk in (
        ("contract", _contract_uses),
        ("errors", _error_uses),
        ("envelopes", _envelope_uses),
        ("promises", _promise_uses),
        ("undocumented", _zone_uses),
    ):
        if kind in tables:
            yield from walk(tables[kind])
    for kind in ("triggers", "caps"):
        if kind in tables:
            for index, row in enumerate(tables[kind].value[kind]):
                yield from _row_uses(tables[kind], (kind, index), row)


def _list(kind: str, document: Document, path: Place, values: Any) -> Iterator[_Use]:
    for index, value in enumerate(values or ()):
        yield _Use(kind, value, document, (*path, index))


def _one(kind: str, document: Document, path: Place, holder: Data, key: str) -> Iterator[_Use]:
    if isinstance(holder, Mapping) and key in holder:
        yield _Use(kind, holder[key], document, (*path, key))


def _origin(document: Document, path: Place, row: Data) -> Iterator[_Use]:
    """
    Yield what any row says of itself: its source, promises, needs and operations.
    """
    if "source" in row:
        yield _Use("document", row["source"]["doc"], document, (*path, "source", "doc"))
    if isinstance(row.get("promises"), Mapping):
        for key, values in row["promises"].items():
            yield from _list("promise", document, (*path, "promises", key), values)
    else:
        yield from _list("promise", document, (*path, "promises"), row.get("promises"))
    for kind, key in (
        ("need", "needs"),
        ("operation", "operations"),
        ("operation", "each_operation"),
        ("promise", "uncharged"),
    ):
        yield from _list(kind, document, (*path, key), row.get(key))


def _schema(document: Document, path: Place, schema: Any) -> Iterator[_Use]:
    yield _Use("schema", schema, document, path)
    yield from _template(document, path, schema, frozenset())


def _template(document: Document, path: Place, value: Any, known: frozenset[str]) -> Iterator[_Use]:
    if isinstance(value, str):
        if value.startswith("$") and not value.startswith("${"):
            yield _Use("variable", value[1:], document, path, known)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _template(document, (*path, index), item, known)
    elif isinstance(value, Mapping):
        form = next(iter(value)) if len(value) == 1 and next(iter(value)) in FORMS else ""
        if form in ("$json", "$number", "$key"):
            return  # Their arguments are taken as they stand.
        if form == "$parts":
            for kind in value[form]:
                if kind not in _PART_OPTIONS:
                    yield _Use("part", kind, document, (*path, form, kind))
        for key, item in value.items():
            yield from _template(document, (*path, key), item, known)


def _send(document: Document, path: Place, send: Data, known: frozenset[str] = frozenset()) -> Iterator[_Use]:
    for kind in ("operation", "key", "form"):
        yield from _one(kind, document, path, send, kind)
    yield from _list("need", document, (*path, "needs"), send.get("needs"))
    for key in ("body", "headers", "path"):
        yield from _template(document, (*path, key), send.get(key), known)


def _expect(
    document: Document,
    path: Place,
    expect: Data,
    steps: frozenset[str] = frozenset(),
    known: frozenset[str] = frozenset(),
) -> Iterator[_Use]:
    for name, argument in expect.items():
        here = (*path, name)
        if name == "refusal":
            yield from _refusal(document, here, argument)
        elif name == "code_in":
            yield from _list("code", document, here, argument)
        elif name == "schema":
            yield _Use("envelope", argument, document, here)
        elif name in _STEP_NAMES:
            yield _Use("step", argument, document, here, steps)
        elif name == "header":
            for header, wanted in argument.items():
                yield from _one("pattern", document, (*here, header), wanted, "pattern")
        elif name == "body":
            for pointer, wanted in argument.items():
                if isinstance(wanted, Mapping):
                    schema = {key: item for key, item in wanted.items() if key != "optional"}
                    yield _Use("schema", schema, document, (*here, pointer), known)
                    yield from _template(document, (*here, pointer), wanted, known)
        elif name in ("any_of", "where"):
            for index, option in enumerate(argument) if name == "any_of" else [(None, argument)]:
                yield from _expect(document, here if index is None else (*here, index), option, steps, known)
        else:
            yield from _template(document, here, argument, known)
            yield from _references(document, here, argument, steps)


def _references(document: Document, path: Place, value: Any, steps: frozenset[str]) -> Iterator[_Use]:
    if isinstance(value, str) and value.startswith("step:"):
        yield _Use("step", value.split(":")[1], document, path, steps)
    elif isinstance(value, (list, Mapping)):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _references(document, (*path, key), item, steps)


def _refusal(document: Document, path: Place, refusal: Any) -> Iterator[_Use]:
    yield _Use("refusal", refusal, document, path)
    holder, key = (refusal, "codes") if isinstance(refusal, Mapping) else ({"": refusal}, "")
    for kind, name in (("code", key), ("type", "type")):
        value = holder.get(name)
        inner = (*path, name) if name else path
        if isinstance(value, list):
            yield from _list(kind, document, inner, value)
        elif isinstance(value, str) and value != "any":
            yield _Use(kind, value, document, inner)
    if isinstance(refusal, Mapping) and isinstance(refusal.get("param"), Mapping):
        yield from _origin(document, (*path, "param"), refusal["param"])


def _contract_uses(document: Document) -> Iterator[_Use]:
    head = document.value
    yield _Use("form", head["authentication"]["default"], document, ("authentication", "default"))
    for name, row in head["operations"].items():
        path: Place = ("operations", name)
        yield from _one("document", document, path, row, "document")
        yield from _one("request", document, path, row, "request")
        yield _Use("envelope", row["success"]["envelope"], document, (*path, "success", "envelope"))
        yield from _template(document, (*path, "body"), row.get("body"), frozenset())
    yield _Use("envelope", head["refusal"]["envelope"], document, ("refusal", "envelope"))
    yield from _list("code", document, ("transient", "codes"), head.get("transient", {}).get("codes"))
    for index, group in enumerate(head.get("discover", ())):
        yield _Use("operation", group["operation"], document, ("discover", index, "operation"))
        for name, fact in group["facts"].items():
            for key in ("where", "prefer"):
                yield from _one("schema", document, ("discover", index, "facts", name), fact, key)
    for kind, shape in head.get("parts", {}).items():
        yield from _template(document, ("parts", kind), shape, frozenset({"text", "url"}))
    for wish in ("accept", "refuse"):
        for index, send in enumerate(head["controls"][wish]):
            yield from _send(document, ("controls", wish, index), send)
    for name, row in head.get("witnesses", {}).items():
        path = ("witnesses", name)
        yield from _one("operation", document, path, row, "operation")
        yield from _one("part", document, path, row, "part")
        yield from _one("schema", document, path, row, "believe")
        yield from _send(document, (*path, "proof"), row["proof"])
    draw = head.get("draw", {})
    yield from _template(document, ("draw", "fields"), draw.get("fields"), frozenset())
    yield from _list("part", document, ("draw", "input", "parts"), draw.get("input", {}).get("parts"))
    for name, row in head["effects"].items():
        yield from _origin(document, ("effects", name), row)


def _error_uses(document: Document) -> Iterator[_Use]:
    for index, row in enumerate(document.value["errors"]):
        yield from _origin(document, ("errors", index), row)
        yield _Use("type", row["type"], document, ("errors", index, "type"))


def _envelope_uses(document: Document) -> Iterator[_Use]:
    for group in ("envelopes", "requests"):
        for name, schema in document.value.get(group, {}).items():
            if group == "requests":
                yield from _schema(document, (group, name), schema)
            else:  # An envelope is used as it stands, so a $ in it is a dollar sign.
                yield _Use("schema", schema, document, (group, name))


def _promise_uses(document: Document) -> Iterator[_Use]:
    for name, row in document.value["promises"].items():
        yield _Use("document", row["doc"], document, ("promises", name, "doc"))
    for index, row in enumerate(document.value.get("excluded", ())):
        yield _Use("promise", row["promise"], document, ("excluded", index, "promise"))


def _zone_uses(document: Document) -> Iterator[_Use]:
    for index, row in enumerate(document.value["zones"]):
        yield from _origin(document, ("zones", index), row)
        if not (isinstance(row["when"], Mapping) and "pattern_anywhere" in row["when"]):
            yield from _schema(document, ("zones", index, "when"), row["when"])


def _row_uses(document: Document, path: Place, row: Data) -> Iterator[_Use]:
    yield from _origin(document, path, row)
    yield from _refusal(document, (*path, "refusal"), row["refusal"])
    yield from _list("code", document, (*path, "or_refused"), row.get("or_refused"))
    yield from _schema(document, (*path, "when"), row["when"])
    yield from _template(document, (*path, "each"), row.get("each"), frozenset())
    known = frozenset(row.get("each", ())) | (frozenset({"n", "max"}) if "max" in row else frozenset())
    for key in ("twin", "heavy", "fetching"):
        if key in row:
            yield from _send(document, (*path, key), row[key], known)
    for group in ("cases", "variants"):
        for name, send in row.get(group, {}).items():
            yield from _send(document, (*path, group, name), send, known)
    yield from _template(document, (*path, "mentions"), row.get("mentions"), known)
    if "message" in row:
        yield from _origin(document, (*path, "message"), row["message"])
        yield from _template(document, (*path, "message", "mentions"), row["message"]["mentions"], known)


def _clause_uses(document: Document) -> Iterator[_Use]:
    for index, row in enumerate(document.value["clauses"]):
        path: Place = ("clauses", index)
        yield from _origin(document, path, row)
        yield from _one("unless", document, path, row, "unless")
        yield from _template(document, (*path, "each"), row.get("each"), frozenset())
        known = frozenset(row.get("each", ()))
        for name, case in row.get("cases", {}).items():
            yield from _case_uses(document, (*path, "cases", name), case, known)
        if "on" in row:
            on, here = row["on"], (*path, "on")
            yield from _list("operation", document, (*here, "operations"), on["operations"])
            if "sent" in on:
                yield from _schema(document, (*here, "sent"), on["sent"])
            for key in ("where", "unless"):
                yield from _expect(document, (*here, key), on.get(key, {}))
            yield from _expect(document, (*path, "expect"), row["expect"])
        for kind, steps, variables in (
            ("crowd", {"reference"}, {"text"}),
            ("machine", {"first"}, set()),
            ("burst", set(), set()),
        ):
            here, part, bound = (*path, kind), row.get(kind, {}), frozenset(variables)
            if "send" in part:
                yield from _send(document, (*here, "send"), part["send"], bound)
            for key in ("reference", "expect", "until", "new", "replay", "conflict"):
                yield from _expect(document, (*here, key), part.get(key, {}), frozenset(steps), bound)
            for i, send in enumerate(part.get("accepted", ())):
                yield from _send(document, (*here, "accepted", i), send)
            for i, refused in enumerate(part.get("refused", ())):
                yield from _send(document, (*here, "refused", i, "send"), refused["send"])
                yield from _expect(document, (*here, "refused", i, "expect"), refused["expect"])


def _case_uses(document: Document, path: Place, case: Data, known: frozenset[str]) -> Iterator[_Use]:
    yield from _list("need", document, (*path, "needs"), case.get("needs"))
    if "twin" in case:
        yield from _send(document, (*path, "twin", "send"), case["twin"]["send"], known)
    earlier: set[str] = set()
    for index, step in enumerate(case["steps"]):
        here = (*path, "steps", index)
        if "send" in step:
            yield from _send(document, (*here, "send"), step["send"], known)
        for key in ("expect", "of_all"):
            yield from _expect(document, (*here, key), step.get(key, {}), frozenset(earlier), known)
        earlier.add(step.get("name", f"step{index + 1}"))


# What is wrong with them


def _dangling(
    contract: Contract, uses: Iterable[_Use], tables: Mapping[str, Document]
) -> Iterator[tuple[_Use, Fault]]:
    facts = {fact.name: frozenset(fact.take) for fact in contract.facts}
    keys = frozenset(contract.authentication.get("keys", ()))
    fields = {f"{name}.{field}" for name, taken in facts.items() for field in taken}
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
        "need": _NEEDS | facts.keys() | fields | {f"key.{key}" for key in keys},
        "type": frozenset(contract.types) or frozenset(row.type for row in contract.errors.values()),
        "step": frozenset(),
        "variable": frozenset({"absent", "key", "media.pattern", *fields}),
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


def _stand_ins(contract: Contract, uses: Iterable[_Use]) -> dict[str, Any]:
    """
    Return plausible values of every fact, so that requests can be made without a target.
    """
    lists: set[str] = set()
    numbers: set[str] = set()
    for use in uses:
        if use.kind == "variable":
            last, before = use.path[-1], use.path[-2] if len(use.path) > 1 else ""
            head, _, index = use.value.rpartition(".")
            if index.isdigit():
                lists.add(head)
            elif last in ("enum", "$outside") or before in ("each", "fields"):
                lists.add(use.value)
            elif "product" in use.path:
                numbers.add(use.value)
    facts: dict[str, Any] = {}
    for fact in contract.facts:
        facts[fact.name] = taken = {}
        for field in fact.take:
            name = f"{fact.name}.{field}"
            listed, number = name in lists and not fact.collect, name in numbers
            taken[field] = [8, 16] if listed else 1 if number else f"stand-in-{fact.name}"
    for fact in contract.facts:
        if fact.collect:
            # A catalogue lists what the other facts of the same rows are.
            for field, pointer in fact.take.items():
                alike = [f for f in contract.facts if f.operation == fact.operation and not f.collect]
                shared = [
                    facts[f.name][key] for f in alike for key, path in f.take.items() if path == pointer
                ]
                facts[fact.name][field] = [*shared, f"stand-in-{fact.name}"]
    facts["media"] = {"pattern": "^https://canary\\.invalid/|^https://media\\.invalid/"}
    return facts


def _unsound_schemas(
    contract: Contract, uses: Iterable[_Use], facts: Data, bad: Iterable[tuple[str, Place] | None]
) -> Iterator[tuple[_Use, Fault]]:
    env = Workshop(
        replace(contract, triggers=(), zones=(), operations={}),
        facts,
        {"main": ""},
        lambda need: None,
        lambda index, chars: "",
        lambda index: "",
        None,
    ).environment("")
    spoilt = set(bad)
    for use in uses:
        if use.kind != "schema":
            continue
        strange = list(_strange_keywords(use.value, ()))
        for path, fault in strange:
            yield use, replace(fault, where=use.document.where((*use.path, *path)))
        if strange or use.row in spoilt:
            continue
        env.variables = dict.fromkeys(use.known, "")
        try:
            filled = use.value if use.path[0] == "envelopes" else fill(use.value, env)
            jsonschema_rs.validator_for(filled)
        except jsonschema_rs.ValidationError as problem:
            inner = tuple(problem.instance_path)
            wrong = f"{'/'.join(map(str, inner))}: {problem.instance!r}" if inner else problem.message
            broken = inner[-1:] == ("pattern",)
            what = "the regular expression does not compile" if broken else "this is no valid JSON Schema"
            yield (
                use,
                Fault(
                    what,
                    use.document.where((*use.path, *inner)),
                    shorten(wrong, limit=120),
                    "what JSON Schema 2020-12 allows there",
                ),
            )
        except Exception as problem:  # noqa: BLE001 - what a bad $ref raises differs between releases.
            yield (
                use,
                Fault(
                    "this is no usable JSON Schema",
                    use.where,
                    shorten(str(problem)),
                    "a schema that stands alone",
                ),
            )


def _strange_keywords(schema: Any, path: Place) -> Iterator[tuple[Place, Fault]]:
    if not isinstance(schema, Mapping):
        return
    for key, value in schema.items():
        here = (*path, key)
        if key not in _KEYWORDS:
            meant = nearest(key, _KEYWORDS)
            move = f"did you mean {meant}?" if meant else "take it out"
            yield (
                here,
                Fault(
                    f"JSON Schema has no keyword {shorten(key, limit=60)!r}, so it would be ignored",
                    got=shorten(key, limit=60),
                    expected="a keyword of JSON Schema 2020-12",
                    move=move,
                ),
            )
        elif key == "$ref" and not str(value).startswith("#"):
            yield (
                here,
                Fault(
                    "the schema leads out of its file",
                    got=shorten(str(value), limit=80),
                    expected="a $ref with #",
                ),
            )
        elif key in _ONE:
            yield from _strange_keywords(value, here)
        elif key in _MANY and isinstance(value, list):
            for index, item in enumerate(value):
                yield from _strange_keywords(item, (*here, index))
        elif key in _NAMED and isinstance(value, Mapping):
            for name, item in value.items():
                yield from _strange_keywords(item, (*here, name))


# What the tables leave out


def _incomplete(
    contract: Contract, uses: Iterable[_Use], tables: Mapping[str, Document], files: Iterable[Document]
) -> Iterator[Fault]:
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


def _error_faults(contract: Contract, uses: list[_Use], document: Document) -> Iterator[Fault]:
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


# What the requests do


class _Requests:
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
                yield from self._guard(
                    where, partial(self._plain, send, variables, where, refuse="refuse" in path)
                )

    def _mismatched(self, trigger: Trigger, missed: list[str]) -> Iterator[Fault]:
        if missed and all(missed):
            document, path = self._place(self._contract.clause(trigger.clause), None)
            where = document.where((*path, "when"))
            yield Fault(
                f"no request of {trigger.id} matches its own when", where, "", "a schema that they match"
            )
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
            yield Fault(
                "the request can't be made", where, f"${missing.name}", "a variable or a fact that is there"
            )
        except Exception as problem:  # noqa: BLE001 - whatever it raises, the template is at fault.
            got = shorten(f"{type(problem).__name__}: {problem}", limit=120)
            yield Fault("the request can't be made", where, got, "arguments that its forms can use")

    def _case(
        self, clause: Clause, template: CaseTemplate, where: str, missed: dict[str, list[str]]
    ) -> Iterator[Fault]:
        for case in self._workshop.cases(clause, (replace(template, trigger=None, needs=()),)):
            if not isinstance(case, Case):
                yield Fault(
                    "the request can't be made", where, case.reason, "variables and facts that are there"
                )
                return
            last = case.steps[-1]
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
                    name = (
                        "a request at the limit" if template.bind[:1] and template.bind[0][0] == "n" else ""
                    )
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
        operation, _, body, _, _ = self._workshop.request(
            send, self._workshop.environment("0" * 12, variables)
        )
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
