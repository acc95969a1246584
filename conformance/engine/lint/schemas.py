"""
The schemas that are no JSON Schema, or that hold more than their author meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import jsonschema_rs

from conformance.contract.grammar import nearest
from conformance.contract.model import Contract
from conformance.engine.lint.use import Data, Place, Use
from conformance.errors import Fault, shorten
from conformance.generate.directed import Workshop
from conformance.generate.forms import fill

__all__ = ["unsound_schemas"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The keywords of JSON Schema 2020-12, by what they hold. Validators ignore any other word, so one typo can
# make a schema hold for every request.
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


def unsound_schemas(
    contract: Contract, uses: Iterable[Use], facts: Data, bad: Iterable[tuple[str, Place] | None]
) -> Iterator[tuple[Use, Fault]]:
    """
    Yield each schema that can't be used, with its fault; those in *bad* rows are only read for their keywords.
    """
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
