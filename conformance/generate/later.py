"""
Values of a request that only an earlier answer tells, such as the id of a file that was just uploaded, or the clock.

A template names them by ``{$from: "step:upload:body:/id"}`` or ``{$from: "now:-60"}``; the request is made with a mark
in their place, and the mark is replaced when the request is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from conformance.exchange import Request

__all__ = ["MissingAnswer", "mark", "settled_request", "split_marks", "waits"]

_MARK = re.compile(r"%\{((?:step|now):[^}]+)\}")
_PIECES = re.compile(r"(%\{(?:step|now):[^}]+\})")
# A body of a megabyte is searched for these faster than for a pattern.
_BEGIN = (b"%{step:", b"%{now:")


class MissingAnswer(LookupError):
    """
    Raised when the earlier answer does not hold what a request needs; *reference* says what.
    """

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


def mark(reference: str) -> str:
    """
    Return what stands in a request until *reference* is known.
    """
    return f"%{{{reference}}}"


def split_marks(text: str) -> list[str]:
    """
    Return *text* in pieces: marks, and what stands between them.
    """
    return [piece for piece in _PIECES.split(text) if piece]


def waits(request: Request) -> bool:
    """
    Whether a request holds a value that only an earlier answer tells.
    """
    texts = (request.target, *(value for _, value in request.headers))
    return any(_MARK.search(text) for text in texts) or any(mark in (request.body or b"") for mark in _BEGIN)


def settled_request(request: Request, body: Any, look: Callable[[str], Any]) -> tuple[Request, Any]:
    """
    Return *request* and its body value with every mark replaced by what *look* gives for it.

    Raises:
        MissingAnswer: when *look* gives neither text nor number.
    """

    def value(reference: str) -> str:
        found = look(reference)
        if isinstance(found, bool) or not isinstance(found, (str, int, float)):
            raise MissingAnswer(reference)
        return str(found)

    def plain(text: str) -> str:
        return _MARK.sub(lambda match: value(match[1]), text)

    def fill(item: Any) -> Any:
        if isinstance(item, str):
            return plain(item)
        if isinstance(item, dict):
            return {name: fill(inner) for name, inner in item.items()}
        return [fill(inner) for inner in item] if isinstance(item, list) else item

    content = request.body
    if content is not None:
        text = content.decode("utf-8", "surrogateescape")
        content = _MARK.sub(lambda m: json.dumps(value(m[1]))[1:-1], text).encode("utf-8", "surrogateescape")
    target = _MARK.sub(lambda match: quote(value(match[1]), safe=""), request.target)
    headers = tuple((name, plain(text)) for name, text in request.headers)
    return replace(request, target=target, headers=headers, body=content), fill(body)
