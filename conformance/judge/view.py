"""
One exchange as a judge sees it: parsed once, vectors taken out, and every value found by a reference.
"""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from conformance.contract.model import Operation
from conformance.exchange import Exchange
from conformance.judge.vectors import Vector, cut_vectors, take_vectors

__all__ = ["MISSING", "View", "finite", "pointer"]


_LARGE = 1 << 20


class _Missing:
    def __repr__(self) -> str:
        return "nothing"

    def __bool__(self) -> bool:
        return False


MISSING: Any = _Missing()


def finite(value: Any) -> float | None:
    """
    Return a JSON number as a float, or None for anything else (NaN, Infinity and what no float holds included).
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def pointer(document: Any, path: str) -> Any:
    """
    Return the value at a JSON Pointer, or MISSING.
    """
    value = document
    for part in path.split("/")[1:]:
        if isinstance(value, dict):
            value = value.get(part.replace("~1", "/").replace("~0", "~"), MISSING)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
        if value is MISSING:
            return MISSING
    return value


def _load(raw: bytes) -> Any:
    if len(raw) < _LARGE or not gc.isenabled():
        return orjson.loads(raw)
    # Millions of new numbers make the collector look for cycles that they can't have.
    gc.disable()
    try:
        return orjson.loads(raw)
    finally:
        gc.enable()


def _line(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        # The escape of a lone surrogate is JSON, however unwise.
        try:
            return _replace_surrogates(json.loads(raw, parse_constant=_no_number))
        except (ValueError, RecursionError):
            pass
        raise


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_surrogates(item) if isinstance(item, (str, list, dict)) else item for item in value]
    return value


class View:
    """
    An exchange with its request's body value, its operation, the role of the key that it was sent with, and the
    size of the answer's body in bytes.

    *document* is the parsed answer, or MISSING; *json_problem* says why it is no strict JSON (a document may still be
    there when only NaN, Infinity or a lone surrogate is wrong with it).
    """

    __slots__ = ("_document", "_problem", "_vectors", "body", "exchange", "key", "operation", "size", "status")

    def __init__(
        self, exchange: Exchange, operation: Operation, body: Any, *, key: str = "main", size: int | None = None
    ) -> None:
        self.exchange = exchange
        self.operation = operation
        self.body = body
        self.key = key
        self.size = len(exchange.body) if size is None else size
        self.status: int = exchange.status or 0
        self._document: Any = None
        self._problem: str | None = None
        self._vectors: list[Vector] | None = None

    @property
    def answered(self) -> bool:
        return self.exchange.failure is None and self.status > 0

    @property
    def success(self) -> bool:
        return self.answered and self.status in self.operation.success_status

    @property
    def refused(self) -> bool:
        return self.answered and 400 <= self.status < 500

    @property
    def outcome(self) -> str:
        return "success" if self.success else "refusal" if self.refused else "other"

    @property
    def document(self) -> Any:
        if self._problem is None:
            self._parse()
        return self._document

    @property
    def json_problem(self) -> str:
        if self._problem is None:
            self._parse()
        return self._problem or ""

    @property
    def vectors(self) -> list[Vector]:
        if self._problem is None:
            self._parse()
        return self._vectors or []

    def _parse(self) -> None:
        raw, rows, value = self.exchange.body, self.operation.vector_rows, self.operation.vector_value
        self._document, self._problem = MISSING, ""
        try:
            if self.success and rows and value:
                cut = cut_vectors(raw, rows, value) if len(raw) >= _LARGE else None
                self._document = _load(raw) if cut is None else cut[0]
                self._vectors = take_vectors(self._document, rows, value) if cut is None else cut[1]
            elif self.success and self.operation.lines:
                self._document = {"lines": [_line(line) for line in raw.splitlines() if line.strip()]}
            else:
                self._document = _load(raw)
        except orjson.JSONDecodeError as problem:
            self._problem = f"{problem.msg} at byte {problem.pos}" if raw else "the body is empty"
            if not (self.success and self.operation.lines):
                self._parse_leniently(raw)
            if self.success and rows and value:
                self._vectors = take_vectors(self._document, rows, value)

    def _parse_leniently(self, raw: bytes) -> None:
        """
        Parse what the strict parser refused. The escape of a lone surrogate is JSON, however unwise, and a server may
        only be quoting its client; NaN and Infinity are not.
        """
        if raw.lstrip()[:1] not in (b"{", b"[") or len(raw) > 1 << 22:
            return
        constants: list[str] = []

        def note(name: str) -> float:
            constants.append(name)
            return float(name)

        try:
            document = json.loads(raw.decode("utf-8"), parse_constant=note)
        except (ValueError, RecursionError):
            return
        self._document = _replace_surrogates(document)
        self._problem = f"{constants[0]} is no JSON number" if constants else ""

    def drop(self) -> None:
        """
        Forget the bytes of the answer; what was parsed stays.
        """
        if self._problem is None:
            self._parse()
        self.exchange.body = b""

    def resolve(self, reference: str, steps: Mapping[str, View]) -> Any:
        """
        Return what a reference names: ``body:/pointer``, ``request:/pointer``, ``header:Name``, ``status``, ``size``
        (of the body, in bytes), or ``step:NAME:REFERENCE`` for an earlier step. MISSING when it isn't there.
        """
        kind, _, rest = reference.partition(":")
        if kind == "body":
            return pointer(self.document, rest)
        if kind == "header":
            value = self.exchange.header(rest)
            return MISSING if value is None else value
        if kind == "request":
            return pointer(self.body, rest)
        if kind == "status":
            return self.status
        if kind == "size":
            return self.size
        if kind == "step":
            name, _, inner = rest.partition(":")
            return steps[name].resolve(inner, steps) if name in steps else MISSING
        raise KeyError(reference)
