"""
What keeps a value from being what a JSON Schema asks for, in plain words: no reader of a report knows the schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from conformance.errors import shorten
from conformance.verdict import Finding

__all__ = ["described", "violations"]

_UNKNOWN = "what the schema asks for"
_TYPES = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
# Each with the word for one and the word for several of what it counts.
_BOUNDS = {
    "minimum": ("at least {}", "", ""),
    "maximum": ("at most {}", "", ""),
    "exclusiveMinimum": ("more than {}", "", ""),
    "exclusiveMaximum": ("less than {}", "", ""),
    "multipleOf": ("a multiple of {}", "", ""),
    "minItems": ("at least {}", " item", " items"),
    "maxItems": ("at most {}", " item", " items"),
    "minLength": ("at least {}", " character", " characters"),
    "maxLength": ("at most {}", " character", " characters"),
    "minProperties": ("at least {}", " member", " members"),
    "maxProperties": ("at most {}", " member", " members"),
}
_PATTERNS = {r"\S": "text that is not blank", r"\S.*\S": "text that says something"}


@lru_cache(maxsize=4096)
def _compiled(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(orjson.loads(schema))


def violations(schema: Any, value: Any, base: str, *, most: int = 3) -> Iterator[Finding]:
    """
    Yield the first few things that keep *value*, which stands at *base*, from being what *schema* asks for.
    """
    validator = _compiled(orjson.dumps(schema))
    try:
        if validator.is_valid(value):
            return
        problems = list(validator.iter_errors(value))
    except (UnicodeEncodeError, ValueError, OverflowError) as problem:
        yield Finding("text and numbers that JSON allows", shorten(str(problem), limit=80), base)
        return
    for violation in problems[:most]:
        where = base + "".join(f"/{part}" for part in violation.instance_path)
        yield Finding(shorten(_asked(schema, violation)), shorten(_came(violation), limit=120), where)


def _asked(schema: Any, violation: Any) -> str:
    kind = violation.kind
    if kind.name == "required":
        return f"a member {kind.property}"
    if kind.name == "falseSchema":
        return "nothing here"
    wanted = schema
    for part in violation.schema_path:
        try:
            wanted = wanted[part]
        except (LookupError, TypeError):
            return _UNKNOWN
    said = _words(str(violation.schema_path[-1]), wanted) or _UNKNOWN
    return f"names of members like this: {said}" if kind.name == "propertyNames" else said


def _came(violation: Any) -> str:
    # What came is better than a validator's words; of an array or an object its size is enough.
    kind, instance = violation.kind, violation.instance
    if kind.name == "required":
        return "nothing"
    if kind.name in ("additionalProperties", "unevaluatedProperties"):
        return ", ".join(map(str, kind.unexpected))
    if isinstance(instance, (list, dict)):
        return f"{'an array' if isinstance(instance, list) else 'an object'} of {len(instance)}"
    return json.dumps(instance)


def described(schema: Any) -> str:
    """
    Return what a schema asks for in plain words.
    """
    if not isinstance(schema, Mapping) or not schema:
        return "nothing" if schema is False else "anything"
    words = [said for keyword, wanted in schema.items() if (said := _words(keyword, wanted))]
    return ", ".join(dict.fromkeys(words)) or _UNKNOWN


def _words(keyword: str, wanted: Any) -> str:
    """
    Return what one keyword of a schema asks for, or nothing for a keyword that asks for nothing by itself.
    """
    if keyword in _BOUNDS:
        text, one, several = _BOUNDS[keyword]
        return text.format(wanted) + (one if wanted == 1 else several)
    if keyword == "type":
        return " or ".join(_TYPES.get(name, str(name)) for name in (wanted if isinstance(wanted, list) else [wanted]))
    if keyword == "const":
        return shorten(_literal(wanted), limit=80)
    if keyword == "enum":
        listed = ", ".join(map(_literal, wanted))
        return shorten(listed if len(wanted) == 1 else f"one of {listed}", limit=100)
    if keyword == "pattern":
        return _PATTERNS.get(wanted) or f"text that matches {shorten(wanted, limit=80)}"
    if keyword == "required":
        return f"{'a member' if len(wanted) == 1 else 'members'} {', '.join(wanted)}"
    if keyword == "properties":
        return ", ".join(f"{name}: {described(schema)}" for name, schema in wanted.items())
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        return "no other members" if wanted is False else ""
    return _of_schemas(keyword, wanted)


def _of_schemas(keyword: str, wanted: Any) -> str:
    if keyword in ("anyOf", "oneOf"):
        return " or ".join(dict.fromkeys(described(schema) for schema in wanted))
    if keyword == "not":
        return f"anything but {described(wanted)}"
    if keyword == "contains":
        return f"an item like this: {described(wanted)}"
    if keyword == "items":
        return f"items like this: {described(wanted)}"
    if keyword == "propertyNames":
        return f"names of members like this: {described(wanted)}"
    if keyword == "uniqueItems":
        return "each item once"
    return ""


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
