"""
Predicates about an answer of many rows: how many there are, which input each belongs to, and what its vector is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from conformance.judge.scene import Scene, UnjudgeableError
from conformance.judge.vectors import Vector, cosine
from conformance.judge.view import MISSING, View, pointer
from conformance.verdict import Finding

__all__ = ["ROWS", "by_index", "usable"]

Predicate = Callable[[Any, View, Scene], Iterator[Finding]]

# How far two answers with one vector may be apart, in parts of its largest number.
_DRIFT = 1e-5


def _members(view: View) -> list[Any]:
    rows = pointer(view.document, view.operation.vector_rows or "")
    if not isinstance(rows, list):
        raise UnjudgeableError("there are no rows")
    return rows


def _place(view: View, row: int) -> str:
    return f"body:{view.operation.vector_rows}/{row}"


def _index_of(view: View, member: Any) -> int | None:
    value = pointer(member, view.operation.vector_index or "/index")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _inputs(value: Any) -> int | None:
    """
    Return how many inputs a request's input holds: a text and a list of whole numbers are one, other lists as many as
    they have items.
    """
    if isinstance(value, str):
        return 1
    if not isinstance(value, list) or not value:
        return None
    if _whole(value):
        return 1
    # Anything else that a list may hold is no input, and what a server makes of it nobody can count.
    return len(value) if all(isinstance(item, str) for item in value) or all(_whole(item) for item in value) else None


def _whole(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, int) and not isinstance(item, bool) for item in value)


def _row_for_each(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    wanted = _inputs(view.resolve(argument, scene.steps))
    if wanted is None:
        raise UnjudgeableError("the request has no countable input")
    found = len(_members(view))
    if found != wanted:
        why = "a client pairs rows with the wrong texts" if found else "a client gets nothing for its input"
        yield Finding(f"{wanted} rows, one for each input", str(found), f"body:{view.operation.vector_rows}", why)


def _row_indexes(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    members = _members(view)
    if not members:
        raise UnjudgeableError("there are no rows")
    name = view.operation.vector_index or "/index"
    indexes = [_index_of(view, member) for member in members]
    for row, (index, member) in enumerate(zip(indexes, members, strict=True)):
        if index is None:
            seen = "nothing" if pointer(member, name) is MISSING else "no whole number"
            yield Finding(f"a whole number at {name}", seen, _place(view, row) + name, "it says whose vector this is")
            return
    if sorted(index for index in indexes if index is not None) != list(range(len(members))):
        known = [index for index in indexes if index is not None]
        repeated = next((i for i in known if known.count(i) > 1), None) if len(known) < 5000 else None
        shown = f"{repeated} stands twice" if repeated is not None else f"they run from {min(known)} to {max(known)}"
        yield Finding(
            f"each of 0 to {len(members) - 1} once",
            shown,
            f"body:{view.operation.vector_rows}",
            "rows can't be matched",
        )


def _rows_in_order(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    indexes = [_index_of(view, member) for member in _members(view)]
    if None in indexes or len(indexes) < 2:
        raise UnjudgeableError("the rows have no index to order them by")
    for row, index in enumerate(indexes):
        if index != row:
            yield Finding(
                f"row {row} to be that of input {row}",
                f"it is that of input {index}",
                _place(view, row),
                "many clients take rows in the order in which they come",
            )
            return


def usable(vector: Vector) -> bool:
    """
    Whether a vector can be compared with another: it has numbers, and they are not all zero.
    """
    return vector.values is not None and bool(vector.values.any())


def by_index(view: View) -> dict[int, Vector]:
    """
    Return the vectors of an answer by the index of their rows. Raises UnjudgeableError.
    """
    members, vectors = _members(view), view.vectors
    found: dict[int, Vector] = {}
    for row, member in enumerate(members):
        index = _index_of(view, member)
        if index is None or index in found or row >= len(vectors):
            raise UnjudgeableError("the rows have no usable index")
        found[index] = vectors[row]
    return found


def _row_vectors(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    rows = by_index(view)
    compared = 0
    for index, name in argument.items():
        alone, row = scene.steps.get(name), rows.get(int(index))
        if alone is None or not alone.vectors or row is None or not (usable(alone.vectors[0]) and usable(row)):
            continue
        single = alone.vectors[0]
        where = f"body:{view.operation.vector_rows} with index {index}"
        compared += 1
        if single.width != row.width:
            yield Finding(f"{single.width} numbers, as when it is asked for alone", str(row.width), where)
            continue
        alike = cosine(single.values, row.values)  # type: ignore[arg-type]
        if not alike >= scene.same_text:
            yield Finding(
                f"the vector that the same text has alone (cosine at least {scene.same_text})",
                f"cosine {alike:.4f}",
                where,
                "the vector belongs to another input, or depends on its company",
            )
    if not compared:
        raise UnjudgeableError("there is no vector to compare")


def _vector_of_row(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    earlier = scene.steps.get(argument["step"])
    row = None if earlier is None else by_index(earlier).get(int(argument["index"]))
    if row is None or not view.vectors or not (usable(row) and usable(view.vectors[0])):
        raise UnjudgeableError("there is no vector to compare")
    if row.width != view.vectors[0].width:
        raise UnjudgeableError("the vectors have not one width")
    alike = cosine(row.values, view.vectors[0].values)  # type: ignore[arg-type]
    if not alike >= scene.same_text:
        yield Finding(
            f"the vector that {argument['step']} gave it at index {argument['index']} "
            f"(cosine at least {scene.same_text})",
            f"cosine {alike:.4f}",
            f"body:{view.operation.vector_rows}/0",
            "one text has two vectors, so one of the two answers held another text's",
        )


def _distinct_rows(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    import numpy as np

    known = [(row, v.values) for row, v in enumerate(view.vectors) if v.values is not None and v.values.any()]
    known = [(row, values) for row, values in known if np.isfinite(values).all()]
    widths = {len(values) for _, values in known}
    if len(known) < 2 or len(widths) != 1:
        raise UnjudgeableError("there are no vectors to tell apart")
    matrix = np.stack([values for _, values in known])
    # Each by its own measure, because not every model gives all vectors one length.
    matrix = matrix / np.abs(matrix).max(axis=1, keepdims=True)
    # Copies of one vector lie side by side along any line, be they drifting a little; so only neighbours are compared.
    line = matrix @ np.random.default_rng(0).standard_normal(matrix.shape[1])
    order = np.argsort(line)
    near = np.abs(matrix[order[1:]] - matrix[order[:-1]]).max(axis=1) <= _DRIFT
    if bool(near.any()):
        pair = int(np.argmax(near))
        row = max(known[order[pair]][0], known[order[pair + 1]][0])
        yield Finding(
            "another vector for each of different texts",
            f"{int(near.sum()) + 1} rows with one vector",
            _place(view, row),
            "a search finds the wrong text",
        )


def _same_numbers_as(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    import numpy as np

    earlier = scene.steps.get(argument)
    if earlier is None or not earlier.vectors or len(earlier.vectors) != len(view.vectors):
        raise UnjudgeableError("there is no vector to compare")
    for row, (left, right) in enumerate(zip(earlier.vectors, view.vectors, strict=True)):
        if left.values is None or right.values is None or left.width != right.width or not left.width:
            raise UnjudgeableError("there is no vector to compare")
        a, b = left.values.astype(np.float32), right.values.astype(np.float32)
        if not bool(np.array_equal(a, b)):
            worst = float(np.abs(left.values - right.values).max())
            yield Finding(
                f"the numbers of {argument} as float32, bit for bit",
                f"numbers that differ by up to {worst:.2g}",
                _place(view, row),
                "the two encodings hold different vectors",
            )
            return


def _lines(argument: Any, view: View) -> list[Any]:
    lines = pointer(view.document, "/lines")
    if not isinstance(lines, list):
        raise UnjudgeableError("the answer has no lines")
    return [pointer(line, argument["by"]) for line in lines]


def _line_names(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    names, wanted = _lines(argument, view), list(argument["are"])
    for name in wanted:
        count = names.count(name)
        if count != 1:
            shown = "it is not there" if not count else f"it stands {count} times"
            yield Finding(f"one line for {name}", shown, "body:/lines", "a result is lost, or counted twice")
    strangers = [name for name in names if name not in wanted]
    if strangers:
        yield Finding(f"lines for {', '.join(wanted)} only", f"{len(strangers)} other lines", "body:/lines")


def _line_vectors(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    from conformance.judge.vectors import read_vector

    lines, names = pointer(view.document, "/lines"), _lines(argument, view)
    compared = 0
    for name, step in argument["are"].items():
        alone = scene.steps.get(step)
        if name not in names or alone is None or not alone.vectors or not usable(alone.vectors[0]):
            continue
        where = f"body:/lines/{names.index(name)}{argument['at']}"
        raw = pointer(lines[names.index(name)], argument["at"])
        vector = Vector("missing", None, "nothing") if raw is MISSING else read_vector(raw)
        compared += 1
        if vector.values is None:
            yield Finding("a vector", vector.problem or "nothing", where)
        elif vector.width != alone.vectors[0].width:
            yield Finding(
                f"{alone.vectors[0].width} numbers, as when it is asked for at once", str(vector.width), where
            )
        else:
            alike = cosine(alone.vectors[0].values, vector.values)  # type: ignore[arg-type]
            if not alike >= scene.same_text:
                yield Finding(
                    f"the vector that {name} has when it is asked for at once (cosine at least {scene.same_text})",
                    f"cosine {alike:.4f}",
                    where,
                    "the result belongs to another line",
                )
    if not compared:
        raise UnjudgeableError("there is no vector to compare")


ROWS: dict[str, Predicate] = {
    "row_for_each": _row_for_each,
    "row_indexes": _row_indexes,
    "rows_in_order": _rows_in_order,
    "row_vectors": _row_vectors,
    "distinct_rows": _distinct_rows,
    "vector_of_row": _vector_of_row,
    "same_numbers_as": _same_numbers_as,
    "line_names": _line_names,
    "line_vectors": _line_vectors,
}
