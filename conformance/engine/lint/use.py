"""
One place of a contract that uses a name, and the uses that any piece of a row may hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.contract.document import Document
from conformance.generate.forms import FORMS

__all__ = [
    "Data",
    "Place",
    "Use",
    "expect_uses",
    "field_uses",
    "list_uses",
    "origin_uses",
    "refusal_uses",
    "schema_uses",
    "send_uses",
    "template_uses",
]

Data = Mapping[str, Any]
Place = tuple[str | int, ...]

_PART_OPTIONS = frozenset(
    {"total", "words", "url_chars", "order", "canary", "canary_missing", "canary_video", "same_url"}
)
_STEP_NAMES = frozenset(
    {
        *("same_vector_as", "other_vector_than", "moved_from", "same_as", "same_numbers_as", "same_norm_as"),
        *("row_vectors", "line_vectors", "vector_of_row"),
    }
)


@dataclass(frozen=True, slots=True)
class Use:
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


def list_uses(kind: str, document: Document, path: Place, values: Any) -> Iterator[Use]:
    """
    Yield a use of that kind for each of a list of names.
    """
    for index, value in enumerate(values or ()):
        yield Use(kind, value, document, (*path, index))


def field_uses(kind: str, document: Document, path: Place, holder: Data, key: str) -> Iterator[Use]:
    """
    Yield the one name that stands under *key*, if *holder* has it.
    """
    if isinstance(holder, Mapping) and key in holder:
        yield Use(kind, holder[key], document, (*path, key))


def origin_uses(document: Document, path: Place, row: Data) -> Iterator[Use]:
    """
    Yield what any row says of itself: its source, promises, needs and operations.
    """
    if "source" in row:
        yield Use("document", row["source"]["doc"], document, (*path, "source", "doc"))
    if isinstance(row.get("promises"), Mapping):
        for key, values in row["promises"].items():
            yield from list_uses("promise", document, (*path, "promises", key), values)
    else:
        yield from list_uses("promise", document, (*path, "promises"), row.get("promises"))
    for kind, key in (
        ("need", "needs"),
        ("operation", "operations"),
        ("operation", "each_operation"),
        ("promise", "uncharged"),
    ):
        yield from list_uses(kind, document, (*path, key), row.get(key))


def schema_uses(document: Document, path: Place, schema: Any) -> Iterator[Use]:
    """
    Yield a schema that requests are held against, and the variables in it.
    """
    yield Use("schema", schema, document, path)
    yield from template_uses(document, path, schema, frozenset())


def template_uses(document: Document, path: Place, value: Any, known: frozenset[str]) -> Iterator[Use]:
    """
    Yield the variables and kinds of part in a value that forms may stand in.
    """
    if isinstance(value, str):
        if value.startswith("$") and not value.startswith("${"):
            yield Use("variable", value[1:], document, path, known)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from template_uses(document, (*path, index), item, known)
    elif isinstance(value, Mapping):
        form = next(iter(value)) if len(value) == 1 and next(iter(value)) in FORMS else ""
        if form in ("$json", "$number", "$key", "$from"):
            return  # Their arguments are taken as they stand.
        if form == "$parts":
            for kind in value[form]:
                if kind not in _PART_OPTIONS:
                    yield Use("part", kind, document, (*path, form, kind))
        for key, item in value.items():
            yield from template_uses(document, (*path, key), item, known)


def send_uses(document: Document, path: Place, send: Data, known: frozenset[str] = frozenset()) -> Iterator[Use]:
    """
    Yield what a request names: its operation, key, form of authentication, needs and variables.
    """
    for kind in ("operation", "key", "form", "client"):
        yield from field_uses(kind, document, path, send, kind)
    yield from list_uses("need", document, (*path, "needs"), send.get("needs"))
    for key in ("body", "headers", "path", "vars", "multipart"):
        yield from template_uses(document, (*path, key), send.get(key), known)


def expect_uses(
    document: Document,
    path: Place,
    expect: Data,
    steps: frozenset[str] = frozenset(),
    known: frozenset[str] = frozenset(),
) -> Iterator[Use]:
    """
    Yield what an expectation names; *steps* are the earlier ones that it may refer to.
    """
    for name, argument in expect.items():
        here = (*path, name)
        if name == "refusal":
            yield from refusal_uses(document, here, argument)
        elif name == "code_in":
            yield from list_uses("code", document, here, argument)
        elif name == "schema":
            yield Use("envelope", argument, document, here)
        elif name == "charge" and isinstance(argument, Mapping):
            yield from field_uses("step", document, here, argument, "step") if argument.get("step") not in steps else ()
        elif name in _STEP_NAMES:
            yield from _step_uses(document, here, name, argument, steps)
        elif name in ("header", "lacks"):
            for place, wanted in [((), argument)] if name == "lacks" else [((key,), argument[key]) for key in argument]:
                yield from field_uses("pattern", document, (*here, *place), wanted, "pattern")
        elif name == "body":
            for pointer, wanted in argument.items():
                if isinstance(wanted, Mapping):
                    schema = {key: item for key, item in wanted.items() if key != "optional"}
                    yield Use("schema", schema, document, (*here, pointer), known)
                    yield from template_uses(document, (*here, pointer), wanted, known)
        elif name in ("any_of", "where", "unless"):
            for index, option in enumerate(argument) if name == "any_of" else [(None, argument)]:
                yield from expect_uses(document, here if index is None else (*here, index), option, steps, known)
        else:
            yield from template_uses(document, here, argument, known)
            yield from _references(document, here, argument, steps)


def _step_uses(document: Document, path: Place, name: str, argument: Any, steps: frozenset[str]) -> Iterator[Use]:
    """
    Yield the earlier steps that an expectation compares with: one, several, or one for each row.
    """
    named = argument["are"] if name == "line_vectors" else argument
    if name == "vector_of_row":
        named = named["step"]
    for key, step in named.items() if isinstance(named, Mapping) else [("", named)]:
        yield Use("step", step, document, (*path, key) if key else path, steps)


def _references(document: Document, path: Place, value: Any, steps: frozenset[str]) -> Iterator[Use]:
    if isinstance(value, str) and value.startswith("step:"):
        yield Use("step", value.split(":")[1], document, path, steps)
    elif isinstance(value, (list, Mapping)):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _references(document, (*path, key), item, steps)


def refusal_uses(document: Document, path: Place, refusal: Any) -> Iterator[Use]:
    """
    Yield a refusal, and the codes and types in it.
    """
    yield Use("refusal", refusal, document, path)
    holder, key = (refusal, "codes") if isinstance(refusal, Mapping) else ({"": refusal}, "")
    for kind, name in (("code", key), ("type", "type")):
        value = holder.get(name)
        inner = (*path, name) if name else path
        if isinstance(value, list):
            yield from list_uses(kind, document, inner, value)
        elif isinstance(value, str) and value != "any":
            yield Use(kind, value, document, inner)
    if isinstance(refusal, Mapping) and isinstance(refusal.get("param"), Mapping):
        yield from origin_uses(document, (*path, "param"), refusal["param"])
