"""
Bodies as bytes: plain JSON, the spellings that mean the same, and the spellings that JSON libraries don't write.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["VARIATIONS", "RawNumber", "encode", "show_surrogates"]

VARIATIONS = ("key_order", "white_space", "escapes")

_MARK = "\ue000number:"
_MARKED = re.compile(r'"\\ue000number:([^"]*)"')
_SURROGATE = re.compile("[\ud800-\udfff]")


class RawNumber(str):
    """
    A number as it is to be spelled in JSON (``1e400``, ``1024.0``, ``NaN``).
    """

    __slots__ = ()


def encode(value: Any, *, vary: str | None = None) -> bytes:
    """
    Return *value* as JSON bytes (ASCII, so that a lone surrogate goes out as its escape).

    *vary* writes the same value in another way: ``key_order`` (reversed, at every depth), ``white_space`` (indented,
    with tabs and line ends), ``escapes`` (every other letter of a string as an escape).
    """
    marked, found = _mark(value)
    if vary == "key_order":
        marked = _reverse(marked)
    if vary == "white_space":
        text = " \r\n\t" + json.dumps(marked, indent="\t \t", separators=(" ,", " :  ")) + "\n \n"
    else:
        text = json.dumps(marked, separators=(",", ":") if vary is None else (", ", ": "))
    if vary == "escapes":
        text = _escape_strings(text)
    if found:
        text = _MARKED.sub(lambda match: match.group(1), text)
    return text.encode("ascii")


def _mark(value: Any) -> tuple[Any, bool]:
    if isinstance(value, RawNumber):
        return _MARK + str(value), True
    if isinstance(value, dict):
        found = False
        marked: dict[str, Any] = {}
        for key, item in value.items():
            marked[key], inner = _mark(item)
            found = found or inner
        return marked, found
    if isinstance(value, list):
        pairs = [_mark(item) for item in value]
        return [item for item, _ in pairs], any(inner for _, inner in pairs)
    return value, False


def _reverse(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reverse(value[key]) for key in reversed(list(value))}
    if isinstance(value, list):
        return [_reverse(item) for item in value]
    return value


_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def _escape_strings(text: str) -> str:
    def escape(match: re.Match[str]) -> str:
        inner = match.group(1)
        if "\\" in inner:
            return match.group(0)
        return '"' + "".join(f"\\u{ord(c):04x}" if i % 2 == 0 and c.isalpha() else c for i, c in enumerate(inner)) + '"'

    return _STRING.sub(escape, text)


def show_surrogates(value: Any) -> Any:
    """
    Return *value* with every lone surrogate replaced by U+FFFE, which no Unicode text holds, so that schemas see it.
    """
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffe", value) if not value.isascii() else value
    if isinstance(value, dict):
        return {show_surrogates(key): show_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [show_surrogates(item) for item in value]
    return value
