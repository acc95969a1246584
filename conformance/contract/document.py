"""
One YAML document with the line of every value, so that a fault can be shown where it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

from conformance.errors import Fault, UsageError, shorten

__all__ = ["Document", "read_document"]

_MAX_DEPTH = 60
_MOST_VALUES = 200_000
_TOO_MANY = "the file holds too many values"

try:  # The C parser is ten times as fast; PyYAML builds without libyaml lack it.
    _Base: Any = yaml.CSafeLoader
except AttributeError:  # pragma: no cover - depends on how PyYAML was built
    _Base = yaml.SafeLoader


class _Loader(_Base):  # type: ignore[misc]
    """
    Resolves scalars as YAML 1.2's core schema does: only true and false are booleans (``on`` and ``no`` are words),
    and no scalar is a date.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", ["t", "f"]),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


@dataclass(frozen=True, slots=True)
class Document:
    """
    A parsed YAML file: *value* is plain data, *lines* maps a path of keys and indexes to its line (from 1).
    """

    path: Path
    name: str
    value: Any
    lines: dict[tuple[str | int, ...], int] = field(repr=False)

    def line(self, path: tuple[str | int, ...]) -> int:
        """
        Return the line of *path*, or of the nearest enclosing value that has one.
        """
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: tuple[str | int, ...]) -> str:
        """
        Return ``file:line`` for *path*.
        """
        return f"{self.name}:{self.line(path)}"


def read_document(path: Path, *, name: str | None = None, text: str | None = None) -> Document:
    """
    Read one YAML file.

    Raises:
        UsageError: when the file can't be read, is not UTF-8 or not YAML, holds a key twice, or is nested too deep.
    """
    shown = name or str(path)
    if text is None:
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as problem:
            reason = problem.strerror or str(problem)
            raise UsageError(Fault("can't read the file", where=shown, got=reason, move="check the path")) from None
        except UnicodeDecodeError as problem:
            raise UsageError(
                Fault("the file is not UTF-8", where=shown, got=f"byte {problem.start}", expected="UTF-8 text")
            ) from None
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        what = getattr(problem, "problem", None) or str(problem).splitlines()[0]
        where = f"{shown}:{mark.line + 1}" if mark is not None else shown
        raise UsageError(
            Fault("the file is not YAML", where=where, got=shorten(what), expected="a YAML document")
        ) from None
    except (RecursionError, ValueError) as problem:
        raise UsageError(Fault("the file is not YAML", where=shown, got=shorten(str(problem)))) from None
    lines: dict[tuple[str | int, ...], int] = {}
    faults: list[Fault] = []
    value = None if node is None else _construct(node, (), lines, faults, shown)
    if faults:
        raise UsageError(faults)
    return Document(path, shown, value, lines)


def _construct(
    node: yaml.Node,
    path: tuple[str | int, ...],
    lines: dict[tuple[str | int, ...], int],
    faults: list[Fault],
    shown: str,
) -> Any:
    line = node.start_mark.line + 1
    if len(lines) >= _MOST_VALUES:
        # Anchors make a small file hold more values than there is memory for.
        if not any(fault.what == _TOO_MANY for fault in faults):
            faults.append(Fault(_TOO_MANY, where=f"{shown}:{line}", expected=f"at most {_MOST_VALUES:,}"))
        return None
    lines.setdefault(path, line)
    if len(path) > _MAX_DEPTH:
        faults.append(
            Fault("the file is nested too deep", where=f"{shown}:{line}", expected=f"at most {_MAX_DEPTH} levels")
        )
        return None
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            where = f"{shown}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode):
                faults.append(
                    Fault(
                        "a key has to be a word",
                        where=where,
                        got="a list or a mapping",
                        expected="a word",
                        move="quote it",
                    )
                )
                continue
            if key in mapping:
                faults.append(
                    Fault(f"the key {shorten(key, limit=60)!r} stands twice", where=where, expected="each key once")
                )
                continue
            lines[(*path, key)] = key_node.start_mark.line + 1
            mapping[key] = _construct(value_node, (*path, key), lines, faults, shown)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, (*path, index), lines, faults, shown) for index, item in enumerate(node.value)]
    return _scalar(node, line, faults, shown)


def _scalar(node: yaml.Node, line: int, faults: list[Fault], shown: str) -> Any:
    text: str = node.value
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text == "true"
    if kind == "int":
        if len(text) > 400:
            faults.append(Fault("the number is too long", where=f"{shown}:{line}", expected="at most 400 digits"))
            return 0
        return int(text)
    if kind == "float":
        return float(text)
    if kind != "str":
        faults.append(
            Fault(
                f"the tag {shorten(node.tag, limit=60)} means nothing here", where=f"{shown}:{line}", expected="no tag"
            )
        )
    return text
