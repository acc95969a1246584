"""
Holds a contract's files against the language's own JSON Schema, ``specs/contract.schema.json``, and says what
is wrong in the words of somebody who writes contracts, not in those of a validator.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from conformance.contract.document import Document
from conformance.errors import Fault, InternalError, shorten

__all__ = ["check_document", "language_schema", "nearest"]

Path_ = tuple[str | int, ...]

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}
_LIMITS = {
    "minItems": "at least {} in the list",
    "maxItems": "at most {} in the list",
    "minLength": "text that is not empty",
    "minProperties": "a mapping that is not empty",
    "maxProperties": "a mapping of {} key",
    "minimum": "{} or more",
    "maximum": "{} or less",
    "uniqueItems": "each entry once",
}
# Faults of a value that has the right type, so that it tells which branch of a choice was meant.
_WITHIN = frozenset(
    {"additionalProperties", "required", "minItems", "maxItems", "minProperties", "uniqueItems"}
)


@cache
def language_schema() -> dict[str, Any]:
    """
    Return the language's schema; each kind of file has a definition of its own under ``$defs``. A target file, whose
    schema stands by itself, is the kind ``target``.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "specs", package.parent / "specs"):
        path = folder / "contract.schema.json"
        if path.is_file():
            schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
            target: dict[str, Any] = json.loads((folder / "target.schema.json").read_text("utf-8"))
            schema["$defs"]["target"] = {key: value for key, value in target.items() if not key.startswith("$")}
            return schema
    raise InternalError("the language's schema is missing: specs/contract.schema.json")


@cache
def _validator(kind: str) -> Any:
    # Only what a kind of file refers to is compiled, so a kind that is never read costs nothing.
    schema = {"$ref": f"#/$defs/{kind}", "$defs": language_schema()["$defs"]}
    return jsonschema_rs.validator_for(schema)


def nearest(word: str, known: Iterable[str]) -> str:
    """
    Return the known word that *word* was probably meant to be, or nothing.
    """
    close = get_close_matches(word, [k for k in known if k != word], n=1, cutoff=0.6)
    return close[0] if close else ""


def check_document(document: Document, kind: str) -> Iterator[Fault]:
    """
    Yield every fault of a file of that *kind* (``contract``, ``errors``, ``clauses``, …), with its line.
    """
    validator = _validator(kind)
    if validator.is_valid(document.value):
        return
    leaves = [leaf for problem in validator.iter_errors(document.value) for leaf in _leaves(problem)]
    explained: set[tuple[Path_, str]] = set()
    faults: list[tuple[int, Fault]] = []
    for problem in leaves:
        if problem.kind.name == "additionalProperties":
            path = _path(problem)
            for key in problem.kind.unexpected:
                fault, meant = _unknown_key(document, path, key, problem)
                explained.add((path, meant))
                faults.append((document.line((*path, key)), fault))
    for problem in leaves:
        path, name = _path(problem), problem.kind.name
        # A key that is misspelt is one mistake, not an unknown key and a missing one.
        if name == "additionalProperties" or (
            name == "required" and (path, problem.kind.property) in explained
        ):
            continue
        faults.append((document.line(path), _fault(document, path, problem)))
    yield from dict.fromkeys(fault for _, fault in sorted(faults, key=lambda pair: pair[0]))


def _path(problem: Any) -> Path_:
    return tuple(problem.instance_path)


def _leaves(problem: Any) -> list[Any]:
    """
    Return the problems that explain *problem*: for a choice those of the branch that was meant, or itself.
    """
    if problem.kind.name not in ("anyOf", "oneOf") or not hasattr(problem.kind, "context"):
        return [problem]
    here = len(problem.instance_path)
    meant: list[list[Any]] = []
    for branch in problem.kind.context:
        leaves = [leaf for inner in branch for leaf in _leaves(inner)]
        # What is wrong at the very place of the choice (a type, a word) is better said by the choice.
        if leaves and all(len(leaf.instance_path) > here or leaf.kind.name in _WITHIN for leaf in leaves):
            meant.append(leaves)
    if not meant or (
        len(meant) > 1 and all(len(leaf.instance_path) == here for leaves in meant for leaf in leaves)
    ):
        return [problem]
    return min(meant, key=lambda leaves: (len(leaves), -max(len(leaf.instance_path) for leaf in leaves)))


def _schema_at(problem: Any) -> Mapping[str, Any]:
    node: Any = language_schema()
    for part in problem.schema_path[:-1]:
        node = node[part]
    return node if isinstance(node, Mapping) else {}


def _description(problem: Any) -> str:
    node: Any = language_schema()
    found = ""
    for part in problem.schema_path:
        if isinstance(node, Mapping) and isinstance(node.get("description"), str):
            found = node["description"]
        node = (
            node[part]
            if isinstance(node, Mapping) and part in node
            else node[part]
            if isinstance(node, list)
            else {}
        )
    return found.rstrip(".")


def _place(document: Document, path: Path_) -> str:
    """
    Return where *path* is in a reader's words: the id of its row, then the keys within it.
    """
    node, row, start = document.value, "", 0
    for index, part in enumerate(path):
        node = node[part]
        mark = next(
            (
                node[key]
                for key in ("id", "code")
                if isinstance(node, Mapping) and isinstance(node.get(key), str)
            ),
            "",
        )
        if mark and isinstance(part, int):
            row, start = mark, index + 1
    inner = ".".join(str(part) for part in path[start:])
    return " of ".join(part for part in (inner, shorten(row, limit=60)) if part) or "the file"


def _unknown_key(document: Document, path: Path_, key: str, problem: Any) -> tuple[Fault, str]:
    known = list(_schema_at(problem).get("properties", {}))
    held = problem.instance if isinstance(problem.instance, Mapping) else {}
    meant = nearest(key, [k for k in known if k not in held])
    fault = Fault(
        f"unknown key {shorten(key, limit=60)!r} in {_place(document, path)}",
        where=document.where((*path, key)),
        got=shorten(key, limit=60),
        expected=shorten(f"one of {', '.join(known)}" if known else "no key here", limit=240),
        move=f"did you mean {meant}?" if meant else "take it out, or see specs/contract.schema.json",
    )
    return fault, meant


def _fault(document: Document, path: Path_, problem: Any) -> Fault:
    kind = problem.kind
    name, place, where = kind.name, _place(document, path), document.where(path)
    described = _description(problem)
    if name == "required":
        known = _schema_at(problem)
        if "dependentRequired" in problem.schema_path:
            asking = [
                key for key, wanted in known.get("dependentRequired", {}).items() if kind.property in wanted
            ]
            described = (
                f"{kind.property} beside {' and '.join(key for key in asking if key in problem.instance)}"
            )
        else:
            described = _said(known.get("properties", {}).get(kind.property, {})) or described
        move = f"add {kind.property}: …"
        return Fault(
            f"{kind.property} is missing in {place}", where, _shown(problem.instance), described, move
        )
    if name == "type":
        types = " or ".join(_TYPES.get(t, t) for t in kind.types)
        expected = types if described.lower() == types else f"{types}: {described}" if described else types
        return Fault(f"{place} has the wrong type", where, _shown(problem.instance), expected, _move(problem))
    if name == "enum":
        options = [str(option) for option in kind.options]
        meant = nearest(str(problem.instance), options)
        move = f"did you mean {meant}?" if meant else ""
        return Fault(
            f"{place} is none of the known words",
            where,
            _shown(problem.instance),
            f"one of {', '.join(options)}",
            move,
        )
    if name == "const":
        wanted = json.dumps(kind.expected_value)
        return Fault(
            f"{place} can only be {wanted}", where, _shown(problem.instance), wanted, f"write {wanted}"
        )
    if name == "propertyNames":
        key = str(kind.error.instance)
        where = document.where((*path, key))
        return Fault(
            f"the key {shorten(key, limit=60)!r} in {place} is out of place",
            where,
            shorten(key, limit=80),
            described,
            "",
        )
    if name in _LIMITS:
        expected = _LIMITS[name].format(getattr(kind, "limit", ""))
        return Fault(
            f"{place} is out of bounds", where, _shown(problem.instance), f"{expected}: {described}", ""
        )
    return Fault(
        f"{place} is not what the language asks for",
        where,
        _shown(problem.instance),
        described,
        _move(problem),
    )


def _said(schema: Mapping[str, Any]) -> str:
    if "description" in schema:
        return str(schema["description"]).rstrip(".")
    return _said(language_schema()["$defs"][schema["$ref"].rpartition("/")[2]]) if "$ref" in schema else ""


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {shorten(str(value), limit=40)}"
    if isinstance(value, str):
        return f"the text {shorten(value, limit=80)!r}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return shorten(f"a mapping of {', '.join(map(str, value))}" if value else "an empty mapping", limit=120)


def _move(problem: Any) -> str:
    value, kind = problem.instance, problem.kind
    types = getattr(kind, "types", ())
    if "string" in types and isinstance(value, (bool, int, float)):
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    if "array" in types and isinstance(value, (str, int)):
        return f"write [{shorten(str(value), limit=60)}]"
    return ""
