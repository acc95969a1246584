"""
One line of a report log: how it is written, and how it is read and checked against
``specs/report-log.schema.json``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from conformance.errors import Fault, InternalError, shorten

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

__all__ = ["KINDS", "VERSION", "Line", "check_line", "decode_line", "encode_line", "schema_path"]

Line = Mapping[str, Any]

VERSION = 1
KINDS = ("header", "case", "clause", "excluded", "footer")


def schema_path() -> Path:
    """
    Return where the schema of the lines is, in a wheel (beside the package's modules) or in a checkout.
    """
    package = Path(__file__).resolve().parent.parent
    places = [folder / "specs" / "report-log.schema.json" for folder in (package, package.parent)]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise InternalError(
            Fault(
                "the schema of the report log is not installed",
                where=str(places[0]),
                got="no such file",
                expected="a file that is part of every wheel and checkout",
                move="install embeddings-conformance again",
            )
        )
    return found


def encode_line(line: Line) -> bytes:
    """
    Return *line* as one line of JSON with its newline.

    A lone surrogate, which a server may send as an escape and UTF-8 can't hold, becomes its visible escape.
    """
    try:
        return orjson.dumps(dict(line), option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return orjson.dumps(_mended(line), option=orjson.OPT_APPEND_NEWLINE)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mended(item) for item in value]
    return value


def decode_line(raw: bytes, *, where: str) -> dict[str, Any] | Fault:
    """
    Return the object that *raw* holds, or the fault that keeps it from being a line of a report log.
    """
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return Fault(
            f"this line is not JSON: {error.msg}",
            where=where,
            got=shorten(raw[:200].decode("utf-8", "replace"), limit=80) or "an empty line",
            expected="one JSON object per line",
            move="give a log that `conformance run --out` wrote, as it wrote it",
        )
    kind = line.get("kind") if isinstance(line, dict) else None
    if not isinstance(line, dict) or kind not in KINDS:
        live = kind in ("plan", "progress")
        return Fault(
            "this line belongs to the live stream, not to a log" if live else "this line is of no known kind",
            where=where,
            got=shorten(raw[:200].decode("utf-8", "replace"), limit=80)
            if kind is None
            else f"kind {shorten(kind)}",
            expected=f"an object whose kind is one of {', '.join(KINDS)}",
            move="give a log that `conformance run --out` wrote, as it wrote it",
        )
    return line


def check_line(line: Line, *, where: str = "") -> Iterator[Fault]:
    """
    Yield each way in which *line* breaks its schema; *where* is its file and line number.
    """
    kind = line["kind"]
    if kind == "header" and line.get("log") != VERSION:
        yield Fault(
            "this log is of another version of the format",
            where=where,
            got=f"log {shorten(line.get('log'))}",
            expected=f"log {VERSION}",
            move=f"read it with the suite that wrote it ({shorten(line.get('suite', 'unknown'), limit=20)})",
        )
        return
    validator = _validator(kind)
    if validator.is_valid(line):
        return
    for error in validator.iter_errors(line):
        pointer = "".join(f"/{part}" for part in error.instance_path)
        yield Fault(
            f"this {kind} line breaks the schema at {pointer or 'its top'}",
            where=where,
            got=shorten(error.instance, limit=80),
            expected=shorten(error.message, limit=240),
            move=f"compare it with {schema_path().name}; a log that this suite wrote has no such line",
        )


@cache
def _validator(kind: str) -> Draft202012Validator:
    # Imported here: a writer never needs it, and every command imports this module.
    from jsonschema_rs import Draft202012Validator

    schema = orjson.loads(schema_path().read_bytes())
    narrowed = {"$schema": schema["$schema"], "$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}
    return Draft202012Validator(narrowed, mask="the value")
