"""
Vectors leave the JSON once, as arrays; from then on nobody walks their numbers one by one.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Vector", "cosine", "cut_vectors", "read_vector", "take_vectors"]

_NUMBERS = rb"\s*:\s*(\[[-+.0-9eE,\s]+\])"


@dataclass(frozen=True, slots=True)
class Vector:
    """
    One embedding as it came: *form* is ``floats``, ``base64``, ``missing`` or ``other``; *values* are its float64
    numbers where it has any; *problem* says what is wrong with its shape, without printing it.
    """

    form: str
    values: NDArray[np.float64] | None
    problem: str = ""

    @property
    def width(self) -> int:
        return 0 if self.values is None else len(self.values)


def take_vectors(document: Any, rows: str, value: str) -> list[Vector]:
    """
    Take every embedding out of a parsed answer, leaving ``{"$vector": {...}}`` in its place.

    *rows* and *value* are JSON Pointers of one member each, as ``/data`` and ``/embedding``.
    """
    members = document.get(rows[1:]) if isinstance(document, dict) else None
    if not isinstance(members, list):
        return []
    name = value[1:]
    found: list[Vector] = []
    plain = [m[name] for m in members if isinstance(m, dict) and isinstance(m.get(name), list)]
    whole = _matrix(plain) if len(plain) == len(members) > 1 else None
    for index, member in enumerate(members):
        if not isinstance(member, dict) or name not in member:
            found.append(Vector("missing", None, f"there is no {name}"))
            continue
        raw = member[name]
        vector = Vector("floats", whole[index]) if whole is not None else read_vector(raw)
        if not isinstance(raw, str):
            member[name] = {"$vector": {"form": vector.form, "length": vector.width}}
        found.append(vector)
    return found


def cut_vectors(raw: bytes, rows: str, value: str) -> tuple[Any, list[Vector]] | None:
    """
    Parse a large answer and take its embeddings out of it, as :func:`take_vectors` does, or return None for an answer
    that needs the longer way: one whose embeddings aren't all arrays of numbers of one width.

    The arrays are cut from the bytes before these are parsed, and each is parsed for itself, so that a few hundred
    numbers are alive at a time instead of millions. Within a JSON string a quote is escaped, so no string can be taken
    for a member.
    """
    import numpy as np

    view, end = memoryview(raw), 0
    pieces: list[memoryview | bytes] = []
    cuts: list[memoryview] = []
    for found in re.finditer(b'"' + re.escape(value[1:].encode()) + b'"' + _NUMBERS, raw):
        begin, stop = found.span(1)
        pieces += [view[end:begin], b'{"$cut":%d}' % len(cuts)]
        cuts.append(view[begin:stop])
        end = stop
    if not cuts:
        return None
    try:
        document: Any = orjson.loads(b"".join([*pieces, view[end:]]))
        members = document.get(rows[1:]) if isinstance(document, dict) else None
        if not isinstance(members, list) or len(members) != len(cuts):
            return None
        name, width = value[1:], len(orjson.loads(cuts[0]))
        if not width or any(not isinstance(m, dict) or m.get(name) != {"$cut": i} for i, m in enumerate(members)):
            return None
        numbers, pack = bytearray(8 * width * len(cuts)), struct.Struct(f"{width}d").pack_into
        for index, cut in enumerate(cuts):
            pack(numbers, 8 * width * index, *orjson.loads(cut))
    except (orjson.JSONDecodeError, struct.error, OverflowError):
        return None
    mark = {"$vector": {"form": "floats", "length": width}}
    for member in members:
        member[name] = mark
    return document, [Vector("floats", row) for row in np.frombuffer(numbers).reshape(len(cuts), width)]


def _matrix(rows: list[list[Any]]) -> NDArray[np.float64] | None:
    """
    Return many plain rows of one width as one array, or None when they need a closer look.
    """
    import numpy as np

    width = len(rows[0])
    if width == 0 or any(len(row) != width for row in rows):
        return None
    pack = struct.Struct(f"{width}d").pack
    try:
        # Packing takes numbers only, where NumPy would read a text as one, and is twice as fast.
        matrix = np.frombuffer(b"".join([pack(*row) for row in rows])).reshape(len(rows), width)
    except (struct.error, OverflowError):
        return None
    # true and false pass as 1.0 and 0.0, so those are the only places where a type has to be looked at.
    if any(isinstance(rows[r][c], bool) for r, c in zip(*np.nonzero((matrix == 1.0) | (matrix == 0.0)), strict=True)):
        return None
    return matrix


def read_vector(raw: Any) -> Vector:
    """
    Return one embedding as it stands in an answer, whatever that is.
    """
    import numpy as np

    if isinstance(raw, str):
        return _decoded(raw)
    if not isinstance(raw, list):
        return Vector("other", None, f"it is {_kind(raw)}, not an array")
    if not raw:
        return Vector("floats", np.empty(0), "it is an empty array")
    try:
        values = np.frombuffer(array("d", raw))
    except OverflowError:
        return Vector("other", None, "it holds a number that no float can hold")
    except TypeError:
        wrong = next((item for item in raw if isinstance(item, bool) or not isinstance(item, (int, float))), None)
        return Vector("other", None, f"it holds {_kind(wrong)}")
    doubtful = np.nonzero((values == 1.0) | (values == 0.0))[0]
    if any(isinstance(raw[int(i)], bool) for i in doubtful):
        return Vector("other", None, "it holds a boolean")
    return Vector("floats", values)


def _decoded(raw: str) -> Vector:
    import numpy as np

    try:
        data = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return Vector("base64", None, "it is a string that is no padded standard base64")
    if len(data) % 4 or not data:
        return Vector("base64", None, f"it is base64 of {len(data)} bytes, which are no float32 numbers")
    return Vector("base64", np.frombuffer(data, dtype="<f4").astype(np.float64))


def _kind(value: Any) -> str:
    names = {bool: "a boolean", str: "a string", list: "an array", dict: "an object", type(None): "null"}
    return names.get(type(value), "a number")


def cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """
    Return the cosine of two vectors of one width; 0.0 when one of them has no length.
    """
    import numpy as np

    # Scaled first, so that neither very large nor very small numbers leave the range of a float.
    tops = float(np.abs(a).max()), float(np.abs(b).max())
    if not all(tops) or not np.isfinite(tops).all():
        return 0.0
    left, right = a / tops[0], b / tops[1]
    return float(left @ right) / (float(np.linalg.norm(left)) * float(np.linalg.norm(right)))
