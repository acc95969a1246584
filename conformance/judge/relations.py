"""
Predicates that compare: two values of one answer, an answer with its request, an answer with an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from conformance.errors import shorten
from conformance.judge.rows import by_index, usable
from conformance.judge.scene import Scene, UnjudgeableError
from conformance.judge.vectors import Vector, cosine
from conformance.judge.view import MISSING, View, finite, pointer
from conformance.verdict import Finding

__all__ = ["RELATIONS"]

# Anything else is a text as it stands, a model's name with a colon in it too.
_REFERENCE = re.compile(r"(status|size)$|(body|request|header|step):")

Predicate = Callable[[Any, View, Scene], Iterator[Finding]]


def _get(reference: Any, view: View, scene: Scene) -> Any:
    """
    Return a reference's value, a literal as it is, or MISSING; an optional reference ends in ``?``.
    """
    if not isinstance(reference, str) or not _REFERENCE.match(reference):
        return reference
    value = view.resolve(reference.removesuffix("?"), scene.steps)
    if value is MISSING and reference.startswith("step:") and not reference.endswith("?"):
        raise UnjudgeableError(f"the earlier answer lacks {reference}")
    return value


def _number(reference: Any, view: View, scene: Scene) -> float | None:
    value = _get(reference, view, scene)
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return finite(float(value))
    return finite(value)


def _alike(left: Any, right: Any) -> bool:
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _show(value: Any) -> str:
    return "nothing" if value is MISSING else shorten(value, limit=80)


def _equal(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    for left, right in argument:
        a, b = _get(left, view, scene), _get(right, view, scene)
        if (a is MISSING and str(left).endswith("?")) or (b is MISSING and str(right).endswith("?")):
            continue
        if a is MISSING or b is MISSING or not _alike(a, b):
            yield Finding(f"the value of {right}: {_show(b)}", _show(a), str(left))


def _differ(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    for left, right in argument:
        a, b = _get(left, view, scene), _get(right, view, scene)
        if a is not MISSING and _alike(a, b):
            yield Finding(f"another value than {right}", _show(a), str(left))


def _sum(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    numbers = [_number(reference, view, scene) for reference in argument["of"]]
    for reference, number in zip(argument["of"], numbers, strict=True):
        if number is None and not str(reference).endswith("?"):
            yield Finding("a number", _show(_get(reference, view, scene)), str(reference))
            return
    total = _number(argument["is"], view, scene)
    if total is None:
        yield Finding("a number", _show(_get(argument["is"], view, scene)), str(argument["is"]))
        return
    summed = sum(number for number in numbers if number is not None)
    if abs(summed - total) > argument["within"] + 1e-9:
        yield Finding(f"the sum of its parts, {summed:.9g}", f"{total:.9g}", str(argument["is"]))


def _product(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    numbers = [_number(reference, view, scene) for reference in argument["of"]]
    actual = _number(argument["is"], view, scene)
    if actual is None or any(number is None for number in numbers):
        raise UnjudgeableError("a factor is no number")
    expected = 1.0
    for number in numbers:
        expected *= number if number is not None else 1.0
    if abs(expected - actual) > argument["within"] + 1e-9:
        yield Finding(f"{expected:.6f} at the published rate", f"{actual:.6f}", str(argument["is"]))


def _near(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    a, b = _number(argument["of"], view, scene), _number(argument["value"], view, scene)
    if a is None or b is None:
        raise UnjudgeableError("a value is no number")
    room = argument["within"] + abs(b) * argument.get("relative", 0)
    if abs(a - b) > room + 1e-12:
        yield Finding(f"{b:.6f} within {room:.6f}", f"{a:.6f}", str(argument["of"]))


def _at_most(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    a, b = _number(argument["of"], view, scene), _number(argument["value"], view, scene)
    if a is None or b is None:
        raise UnjudgeableError("a value is no number")
    room = argument.get("within", 0) + abs(b) * argument.get("relative", 0)
    if a > b + room:
        yield Finding(f"at most {b + room:.9g}", f"{a:.9g}", str(argument["of"]))


def _more_than(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    a, b = _number(argument["of"], view, scene), _number(argument["value"], view, scene)
    if a is None or b is None:
        raise UnjudgeableError("a value is no number")
    if a <= b:
        yield Finding(f"more than {b:g}", f"{a:g}", str(argument["of"]))


def _costs(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    a, b = _number(argument["of"], view, scene), _number(argument["value"], view, scene)
    if a is None or b is None:
        raise UnjudgeableError("a value is no number")
    # A model may be free; then both cost nothing.
    if a < b or (a == b and b > 0):
        yield Finding(f"more than {b:g}", f"{a:g}", str(argument["of"]))


def _ends_with(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    text, end = _get(argument["of"], view, scene), _get(argument["value"], view, scene)
    if not isinstance(text, str) or not isinstance(end, str) or not end:
        raise UnjudgeableError("one of the texts is missing")
    if not re.search(rf"(?<![A-Za-z0-9_]){re.escape(end)}/?$", text):
        yield Finding(
            f"text that ends with {end}", shorten(text, limit=120), str(argument["of"]), "the link leads elsewhere"
        )


def _vectors(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    import numpy as np

    for index, vector in enumerate(view.vectors):
        where = f"body:{view.operation.vector_rows}/{index}{view.operation.vector_value}"
        if argument.get("flat") and (vector.problem or vector.form != "floats"):
            actual = vector.problem or f"{vector.form} text" if vector.form != "base64" else "a base64 string"
            yield Finding("a flat array of numbers", actual, where, "a client reads no vector from it")
            continue
        if argument.get("base64") and (vector.problem or vector.form != "base64"):
            why = "clients that ask for base64 take the bytes of whatever comes, and read other numbers from it"
            actual = vector.problem or f"an array of {vector.width} numbers"
            yield Finding("a string of padded standard base64, of float32 numbers", actual, where, why)
            continue
        if vector.values is None:
            continue
        if "width" in argument and vector.width != argument["width"]:
            yield Finding(f"{argument['width']} numbers", str(vector.width), where, "an index takes one length only")
        # The sum of squares is finite only for finite numbers of an ordinary size, and zero only for tiny ones or none;
        # one pass decides nearly always.
        with np.errstate(over="ignore", invalid="ignore"):
            square = float(vector.values @ vector.values)
        if argument.get("unit") and not abs(square**0.5 - 1.0) <= 0.01:
            yield Finding("a vector of length 1", f"one of length {square**0.5:.4f}", where)
        if argument.get("finite") and not square < float("inf") and not bool(np.isfinite(vector.values).all()):
            yield Finding("finite numbers", "NaN or an infinite number", where)
        if argument.get("nonzero") and square == 0.0 and not bool(vector.values.any()):
            yield Finding("a vector that is not all zero", f"{vector.width} zeros", where, "every search with it fails")


def _one_width_for(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    several = isinstance(argument, list)
    name = str([_get(place, view, scene) for place in argument] if several else _get(argument, view, scene))
    for index, vector in enumerate(view.vectors):
        # Where the length depends on what is asked for, base64 may be asked for as well.
        if (
            (vector.form != "floats" and not (several and vector.form == "base64"))
            or not vector.width
            or vector.problem
        ):
            continue
        width = scene.memory.widths.setdefault(name, vector.width)
        if vector.width != width:
            where = f"body:{view.operation.vector_rows}/{index}{view.operation.vector_value}"
            yield Finding(
                f"{width} numbers, as before", f"{vector.width}", where, "an index takes vectors of one length only"
            )


def _pair(argument: Any, view: View, scene: Scene) -> tuple[Vector, Vector]:
    earlier = scene.steps.get(argument)
    if earlier is None or not earlier.vectors or not view.vectors:
        raise UnjudgeableError("there is no vector to compare")
    a, b = earlier.vectors[0], view.vectors[0]
    if not (a.width and b.width):
        raise UnjudgeableError("there is no vector to compare")
    if a.values is None or b.values is None or not a.values.any() or not b.values.any():
        raise UnjudgeableError("a vector is not usable")
    return a, b


def _same_vector_as(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    earlier = scene.steps.get(argument)
    if earlier is not None and len(earlier.vectors) == len(view.vectors) > 1:
        yield from _same_rows(argument, earlier, view, scene)
        return
    a, b = _pair(argument, view, scene)
    where = f"body:{view.operation.vector_rows}/0{view.operation.vector_value}"
    if a.width != b.width:
        yield Finding(f"{a.width} numbers, as in {argument}", f"{b.width}", where)
        return
    alike = cosine(a.values, b.values)  # type: ignore[arg-type]
    if not alike >= scene.same_text:
        yield Finding(
            f"the vector of {argument} (cosine at least {scene.same_text})",
            f"cosine {alike:.4f}",
            where,
            "one text has two vectors, so a search misses it",
        )


def _same_rows(name: str, earlier: View, view: View, scene: Scene) -> Iterator[Finding]:
    before, now = by_index(earlier), by_index(view)
    for index, b in now.items():
        a = before.get(index)
        where = f"body:{view.operation.vector_rows} with index {index}"
        if a is None or a.values is None or b.values is None or not usable(a) or not usable(b):
            raise UnjudgeableError("a vector is not usable")
        if a.width != b.width:
            yield Finding(f"{a.width} numbers, as in {name}", f"{b.width}", where)
        elif not (alike := cosine(a.values, b.values)) >= scene.same_text:
            wanted = f"the vector of this row in {name} (cosine at least {scene.same_text})"
            yield Finding(wanted, f"cosine {alike:.4f}", where, "one text has two vectors, so a search misses it")
        else:
            continue
        return


def _other_vector_than(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    a, b = _pair(argument, view, scene)
    if a.width == b.width and cosine(a.values, b.values) > scene.other_text:  # type: ignore[arg-type]
        where = f"body:{view.operation.vector_rows}/0{view.operation.vector_value}"
        yield Finding(
            f"another vector than that of {argument}", "the same vector", where, "two texts can't be told apart"
        )


def _moved_from(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    import numpy as np

    if scene.memory.constant:
        raise UnjudgeableError("different texts get the same vector, so no change can be seen in it")
    if isinstance(argument, dict):
        yield from _moved_beyond(argument["step"], argument["beyond"], view, scene)
        return
    a, b = _pair(argument, view, scene)
    if a.width == b.width and bool(np.array_equal(a.values, b.values)):  # type: ignore[arg-type]
        where = f"body:{view.operation.vector_rows}/0{view.operation.vector_value}"
        yield Finding(
            f"a vector that differs from that of {argument}",
            "exactly the same vector",
            where,
            "a part of the input is ignored",
        )


def _moved_beyond(name: str, again: str, view: View, scene: Scene) -> Iterator[Finding]:
    """
    A server whose answers drift never gives the same vector twice, so a change has to show above the drift.
    """
    import numpy as np

    a, b = _pair(name, view, scene)
    second = scene.steps.get(again)
    if second is None or not second.vectors or second.vectors[0].width != a.width or second.vectors[0].values is None:
        raise UnjudgeableError("there is no vector to compare")
    if a.width != b.width:
        return
    drift = float(np.abs(a.values - second.vectors[0].values).max())  # type: ignore[operator]
    moved = float(np.abs(a.values - b.values).max())  # type: ignore[operator]
    if not moved > 3 * drift:
        actual = f"numbers that move by {moved:.2g}, where asking the same again moves them by {drift:.2g}"
        where = f"body:{view.operation.vector_rows}/0{view.operation.vector_value}"
        shown = "exactly the same vector" if not moved else actual
        yield Finding(f"a vector that differs from that of {name}", shown, where, "a part of the input is ignored")


def _same_norm_as(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    import numpy as np

    a, b = _pair(argument, view, scene)
    long, short = float(np.linalg.norm(a.values)), float(np.linalg.norm(b.values))  # type: ignore[arg-type]
    if not abs(long - short) <= 0.01 * max(long, short):
        where = f"body:{view.operation.vector_rows}/0{view.operation.vector_value}"
        yield Finding(f"a vector of length {long:.4f}, as {argument} has", f"{short:.4f}", where)


def _shares_name(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    a, b = _get(argument["of"], view, scene), _get(argument["value"], view, scene)
    if not isinstance(a, str) or not isinstance(b, str) or not a or not b:
        raise UnjudgeableError("one of the names is missing")
    if a.lower() not in b.lower() and b.lower() not in a.lower():
        yield Finding(
            f"{shorten(b, limit=60)}, or a name that it is part of", shorten(a, limit=60), str(argument["of"])
        )


def _same_as(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    import numpy as np

    earlier = scene.steps.get(argument)
    if earlier is None or not earlier.success:
        raise UnjudgeableError("there is no stored answer to compare with")
    if view.status != earlier.status:
        yield Finding(f"the status of {argument}, {earlier.status}", str(view.status), "status")
        return
    schema = scene.contract.envelopes[view.operation.success_envelope]
    for name in schema.get("properties", {}):
        a, b = pointer(earlier.document, f"/{name}"), pointer(view.document, f"/{name}")
        if not _alike(a, b):
            yield Finding(
                f"the {name} of {argument}", f"another {name}", f"body:/{name}", "the answer is not the stored one"
            )
            return
    for index, (left, right) in enumerate(zip(earlier.vectors, view.vectors, strict=False)):
        if left.values is None or right.values is None:
            continue
        if left.width != right.width or not bool(
            np.allclose(left.values, right.values, rtol=1e-5, atol=1e-7, equal_nan=True)
        ):
            where = f"body:{view.operation.vector_rows}/{index}{view.operation.vector_value}"
            yield Finding(f"the vector of {argument}", "other numbers", where, "the answer was computed again")


def _listed(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    rows = pointer(view.document, argument["in"])
    if not isinstance(rows, list):
        raise UnjudgeableError(f"the answer has no list at {argument['in']}")
    where = {place: _get(value, view, scene) for place, value in argument["where"].items()}
    told = " and ".join(f"{place} {_show(value)}" for place, value in where.items())
    found = [row for row in rows if all(_alike(pointer(row, place), value) for place, value in where.items())]
    if not found and not argument.get("optional"):
        yield Finding(f"a row with {told}", f"none among {len(rows)} rows", f"body:{argument['in']}")
    for row in found:
        at = f"body:{argument['in']}/{rows.index(row)}"
        for place, reference in argument.get("has", {}).items():
            wanted, actual = _get(reference, view, scene), pointer(row, place)
            if not _alike(actual, wanted):
                yield Finding(f"{_show(wanted)} in the row with {told}", _show(actual), f"{at}{place}")


RELATIONS: dict[str, Predicate] = {
    "listed": _listed,
    "equal": _equal,
    "differ": _differ,
    "sum": _sum,
    "product": _product,
    "near": _near,
    "at_most": _at_most,
    "more_than": _more_than,
    "costs": _costs,
    "ends_with": _ends_with,
    "vectors": _vectors,
    "one_width_for": _one_width_for,
    "same_vector_as": _same_vector_as,
    "other_vector_than": _other_vector_than,
    "moved_from": _moved_from,
    "same_as": _same_as,
    "same_norm_as": _same_norm_as,
    "shares_name": _shares_name,
}
