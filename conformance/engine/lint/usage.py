"""
Every use of a name in a contract's files: those of the tables, and those of the clauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.contract.document import Document
from conformance.engine.lint.use import (
    Data,
    Place,
    Use,
    expect_uses,
    field_uses,
    list_uses,
    origin_uses,
    refusal_uses,
    schema_uses,
    send_uses,
    template_uses,
)

__all__ = ["clause_uses", "table_uses"]


def table_uses(tables: Mapping[str, Document]) -> Iterator[Use]:
    """
    Yield every use in the tables, which are named by their kind.
    """
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


def _contract_uses(document: Document) -> Iterator[Use]:
    head = document.value
    yield Use("form", head["authentication"]["default"], document, ("authentication", "default"))
    for name, row in head["operations"].items():
        path: Place = ("operations", name)
        yield from field_uses("document", document, path, row, "document")
        yield from field_uses("request", document, path, row, "request")
        yield Use("envelope", row["success"]["envelope"], document, (*path, "success", "envelope"))
        yield from template_uses(document, (*path, "body"), row.get("body"), frozenset())
    yield Use("envelope", head["refusal"]["envelope"], document, ("refusal", "envelope"))
    yield from list_uses("code", document, ("transient", "codes"), head.get("transient", {}).get("codes"))
    for index, group in enumerate(head.get("discover", ())):
        yield Use("operation", group["operation"], document, ("discover", index, "operation"))
        for name, fact in group["facts"].items():
            for key in ("where", "prefer"):
                yield from field_uses("schema", document, ("discover", index, "facts", name), fact, key)
    for kind, shape in head.get("parts", {}).items():
        yield from template_uses(document, ("parts", kind), shape, frozenset({"text", "url"}))
    for wish in ("accept", "refuse"):
        for index, send in enumerate(head["controls"][wish]):
            yield from send_uses(document, ("controls", wish, index), send)
    for name, row in head.get("witnesses", {}).items():
        path = ("witnesses", name)
        yield from field_uses("operation", document, path, row, "operation")
        yield from field_uses("part", document, path, row, "part")
        yield from field_uses("schema", document, path, row, "believe")
        yield from send_uses(document, (*path, "proof"), row["proof"])
    draw = head.get("draw", {})
    yield from template_uses(document, ("draw", "fields"), draw.get("fields"), frozenset())
    yield from list_uses("part", document, ("draw", "input", "parts"), draw.get("input", {}).get("parts"))
    for name, row in head.get("effects", {}).items():
        yield from origin_uses(document, ("effects", name), row)


def _error_uses(document: Document) -> Iterator[Use]:
    for index, row in enumerate(document.value["errors"]):
        yield from origin_uses(document, ("errors", index), row)
        yield Use("type", row["type"], document, ("errors", index, "type"))


def _envelope_uses(document: Document) -> Iterator[Use]:
    for group in ("envelopes", "requests"):
        for name, schema in document.value.get(group, {}).items():
            if group == "requests":
                yield from schema_uses(document, (group, name), schema)
            else:  # An envelope is used as it stands, so a $ in it is a dollar sign.
                yield Use("schema", schema, document, (group, name))


def _promise_uses(document: Document) -> Iterator[Use]:
    for name, row in document.value["promises"].items():
        yield Use("document", row["doc"], document, ("promises", name, "doc"))
    for index, row in enumerate(document.value.get("excluded", ())):
        yield Use("promise", row["promise"], document, ("excluded", index, "promise"))


def _zone_uses(document: Document) -> Iterator[Use]:
    for index, row in enumerate(document.value["zones"]):
        yield from origin_uses(document, ("zones", index), row)
        for name, value in row.get("features", {}).items():
            yield Use("feature", f"{name}.{value}", document, ("zones", index, "features", name))
        if not (isinstance(row["when"], Mapping) and "pattern_anywhere" in row["when"]):
            yield from schema_uses(document, ("zones", index, "when"), row["when"])


def _row_uses(document: Document, path: Place, row: Data) -> Iterator[Use]:
    yield from origin_uses(document, path, row)
    yield from refusal_uses(document, (*path, "refusal"), row["refusal"])
    yield from list_uses("code", document, (*path, "or_refused"), row.get("or_refused"))
    yield from schema_uses(document, (*path, "when"), row["when"])
    yield from template_uses(document, (*path, "each"), row.get("each"), frozenset())
    known = frozenset(row.get("each", ())) | (frozenset({"n", "max"}) if "max" in row else frozenset())
    for key in ("twin", "heavy", "fetching"):
        if key in row:
            yield from send_uses(document, (*path, key), row[key], known)
    for group in ("cases", "variants"):
        for name, send in row.get(group, {}).items():
            yield from send_uses(document, (*path, group, name), send, known)
    yield from template_uses(document, (*path, "mentions"), row.get("mentions"), known)
    if "message" in row:
        yield from origin_uses(document, (*path, "message"), row["message"])
        yield from template_uses(document, (*path, "message", "mentions"), row["message"]["mentions"], known)


def clause_uses(document: Document) -> Iterator[Use]:
    """
    Yield every use in one file of clauses.
    """
    for index, row in enumerate(document.value["clauses"]):
        path: Place = ("clauses", index)
        yield from origin_uses(document, path, row)
        yield from field_uses("unless", document, path, row, "unless")
        yield from template_uses(document, (*path, "each"), row.get("each"), frozenset())
        known = frozenset(row.get("each", ()))
        for name, case in row.get("cases", {}).items():
            yield from _case_uses(document, (*path, "cases", name), case, known)
        if "on" in row:
            on, here = row["on"], (*path, "on")
            yield from list_uses("operation", document, (*here, "operations"), on["operations"])
            if "sent" in on:
                yield from schema_uses(document, (*here, "sent"), on["sent"])
            for key in ("where", "unless"):
                yield from expect_uses(document, (*here, key), on.get(key, {}))
            yield from expect_uses(document, (*path, "expect"), row["expect"])
        for kind, steps, variables in (
            ("crowd", {"reference"}, {"text"}),
            ("machine", {"first"}, set()),
            ("burst", set(), set()),
            ("race", set(), {"n"}),
            ("hangup", set(), {"n"}),
        ):
            here, part, bound = (*path, kind), row.get(kind, {}), frozenset(variables)
            for key in ("send", "beside", "large", "small"):
                if key in part:
                    yield from send_uses(document, (*here, key), part[key], bound)
            for key in ("reference", "expect", "until", "new", "replay", "conflict"):
                yield from expect_uses(document, (*here, key), part.get(key, {}), frozenset(steps), bound)
            for i, send in enumerate(part.get("accepted", ())):
                yield from send_uses(document, (*here, "accepted", i), send)
            for i, refused in enumerate(part.get("refused", ())):
                yield from send_uses(document, (*here, "refused", i, "send"), refused["send"])
                yield from expect_uses(document, (*here, "refused", i, "expect"), refused["expect"])


def _later_uses(document: Document, path: Place, value: object, earlier: frozenset[str]) -> Iterator[Use]:
    """
    Yield the earlier steps whose answers a request takes something from.
    """
    if isinstance(value, Mapping):
        if str(value.get("$from", "")).startswith("step:"):
            yield Use("step", str(value["$from"]).split(":")[1], document, (*path, "$from"), earlier)
            return
        for key, item in value.items():
            yield from _later_uses(document, (*path, key), item, earlier)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _later_uses(document, (*path, index), item, earlier)


def _case_uses(document: Document, path: Place, case: Data, known: frozenset[str]) -> Iterator[Use]:
    yield from list_uses("need", document, (*path, "needs"), case.get("needs"))
    if "twin" in case:
        yield from send_uses(document, (*path, "twin", "send"), case["twin"]["send"], known)
    earlier: set[str] = set()
    for index, step in enumerate(case["steps"]):
        here = (*path, "steps", index)
        if "send" in step:
            yield from send_uses(document, (*here, "send"), step["send"], known)
            yield from _later_uses(document, (*here, "send"), step["send"], frozenset(earlier))
        for key in ("expect", "of_all", "until"):
            yield from expect_uses(document, (*here, key), step.get(key, {}), frozenset(earlier), known)
        earlier.add(step.get("name", f"step{index + 1}"))
