"""
Reading JSON strictly: UTF-8 only, each name once, finite numbers, and integers told from floats.
"""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["MalformedDocument", "read_document", "show", "write_canonical"]

_LONGEST_INTEGER = 400


class MalformedDocument(ValueError):
    """The bytes are no JSON document that the server will read; the text says why."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedDocument("an object names a member twice")
    return members


def _float(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise MalformedDocument("a number is out of range")
    return number


def _integer(literal: str) -> int:
    # Longer ones keep their size in spirit only: no rule needs more digits, and conversion is quadratic.
    return int(literal[:_LONGEST_INTEGER])


def _constant(literal: str) -> Any:
    raise MalformedDocument(f"{literal} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_integer, parse_constant=_constant
)


def read_document(body: bytes) -> Any:
    """
    Read one JSON document.

    Raises:
        MalformedDocument: not UTF-8, not JSON, too deeply nested, a repeated member or a number beyond range.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedDocument("the body is not valid UTF-8") from None
    if not text.strip(" \t\r\n"):
        raise MalformedDocument("the body is empty")
    try:
        return _DECODER.decode(text)
    except MalformedDocument:
        raise
    except RecursionError:
        raise MalformedDocument("the body is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise MalformedDocument(f"{error.msg} at character {error.pos}") from None


def write_canonical(document: Any) -> str:
    """Write a document so that key order and white space do not matter; array order does."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def show(value: object, *, limit: int = 64) -> str:
    """Write a value of the caller's for a message: short, and always encodable."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if len(text) > limit:
        text = text[:limit] + "…"
    return text.encode("utf-8", "replace").decode("utf-8")
