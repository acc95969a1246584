"""
The predicates: each takes its argument from a contract, looks at one answer, and yields what is wrong with it.

A predicate is added rarely and for a reason, because each one is code that every contract then relies on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from conformance.errors import shorten
from conformance.judge.effects import EFFECTS
from conformance.judge.refusal import names_field, refusal_of
from conformance.judge.relations import RELATIONS
from conformance.judge.rows import ROWS
from conformance.judge.scene import ExcusedError, Scene, UnjudgeableError
from conformance.judge.schema import violations
from conformance.judge.view import MISSING, View, pointer
from conformance.verdict import Finding

__all__ = ["PREDICATES", "check", "describe_answer", "holds", "in_statuses"]

_SEARCHED = 1 << 20
_QUOTED = 76

Predicate = Callable[[Any, View, Scene], Iterator[Finding]]


def check(expect: Mapping[str, Any], view: View, scene: Scene) -> list[Finding]:
    """
    Return everything that keeps *view* from being what *expect* asks for.

    Raises:
        UnjudgeableError: when the answer lacks what would be compared, or is left to another clause.
    """
    findings: list[Finding] = []
    unjudgeable: UnjudgeableError | None = None
    if "unless" in expect:
        _need_answer(view)
        if not check(expect["unless"], view, scene):
            raise ExcusedError(f"it is answered with {describe_answer(view, scene)}, which another clause judges")
    for name, argument in expect.items():
        if name == "unless":
            continue
        try:
            findings.extend(PREDICATES[name](argument, view, scene))
        except UnjudgeableError as reason:
            unjudgeable = reason
    # What one predicate can't compare doesn't excuse what another has found.
    if unjudgeable is not None and not findings:
        raise unjudgeable
    return findings


def holds(expect: Mapping[str, Any], view: View, scene: Scene) -> bool:
    """
    Whether *view* is what *expect* asks for; what can't be judged is not.
    """
    try:
        return not check(expect, view, scene)
    except UnjudgeableError:
        return False


def describe_answer(view: View, scene: Scene) -> str:
    """
    Return an answer in a few words: its status and its code, or why there is none.
    """
    if not view.answered:
        failure = view.exchange.failure
        return f"no answer ({failure.kind}: {failure.detail})" if failure else "no answer"
    code = pointer(view.document, scene.contract.refusal["code"]) if view.status >= 400 else MISSING
    return f"{view.status} with code {shorten(code, limit=60)}" if isinstance(code, str) else str(view.status)


def in_statuses(status: int, wanted: Any) -> bool:
    """
    Whether a status is one of *wanted*: a number, ``4xx``, or a list of those.
    """
    if isinstance(wanted, list):
        return any(in_statuses(status, item) for item in wanted)
    if isinstance(wanted, str):
        return wanted.endswith("xx") and str(status).startswith(wanted[0])
    return bool(status == wanted)


def _status(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    if isinstance(argument, Mapping):
        banned = argument["not"]
        if view.answered and in_statuses(view.status, banned):
            shown = " or ".join(map(str, banned)) if isinstance(banned, list) else banned
            yield Finding(f"no {shown}", describe_answer(view, scene), "status", _server_fault(view))
        elif not view.answered:
            # That there is no answer is for the clause about answers.
            raise UnjudgeableError("there is no answer")
    elif not in_statuses(view.status, argument) or not view.answered:
        shown = " or ".join(map(str, argument)) if isinstance(argument, list) else argument
        yield Finding(f"status {shown}", describe_answer(view, scene), "status", _server_fault(view))


def _server_fault(view: View) -> str:
    return "clients retry a 5xx, and it stands for a fault of the server" if view.status >= 500 else ""


def _answered(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    if not view.answered:
        yield Finding(
            "a complete HTTP answer", describe_answer(view, scene), "status", "a client can only wait or give up"
        )


def _success(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    if not view.success:
        wanted = " or ".join(map(str, view.operation.success_status))
        why = _server_fault(view) or ("the request is not served" if view.answered else "")
        yield Finding(f"a success: {wanted}", describe_answer(view, scene), "status", why)
    elif pointer(view.document, "/error") not in (MISSING, None):
        yield Finding("a success", "an error object inside a success", "body:/error", "clients take it for a result")
    elif view.document is MISSING:
        yield Finding("a success with a JSON body", view.json_problem, "body:")


def _refusal(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    yield from refusal_of(argument, scene.contract).judge(view, scene.contract)


def _code_in(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    code = pointer(view.document, scene.contract.refusal["code"])
    if not isinstance(code, str) or code not in argument:
        yield Finding(f"code {' or '.join(argument)}", _seen(code), f"body:{scene.contract.refusal['code']}")


def _param_is(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    path = scene.contract.refusal["param"]
    param = pointer(view.document, path)
    if not isinstance(param, str) or not names_field(param, argument):
        yield Finding(f"param {argument}", _seen(param), f"body:{path}", "a client can't point its user at the field")


def _json(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    _need_answer(view)
    if view.json_problem:
        yield Finding("a JSON body", shorten(view.json_problem, limit=100), "body:", "no client can read it")


def _schema(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    if view.document is MISSING:
        yield Finding(f"the {argument} envelope", view.json_problem or "no JSON", "body:")
        return
    yield from violations(scene.contract.envelopes[argument], view.document, "body:")


def _need_answer(view: View) -> None:
    # That there is no answer is for the clause about answers.
    if not view.answered:
        raise UnjudgeableError("there is no answer")


def _header(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    _need_answer(view)
    for name, wanted in argument.items():
        value = view.exchange.header(name)
        where = f"header:{name}"
        if wanted == "absent":
            if value is not None:
                yield Finding(f"no {name}", shorten(value, limit=80), where)
        elif value is None:
            yield Finding(f"a header {name}", "nothing", where)
        elif isinstance(wanted, Mapping):
            if "const" in wanted and value != wanted["const"]:
                yield Finding(str(wanted["const"]), shorten(value, limit=80), where)
            if "pattern" in wanted and not re.search(wanted["pattern"], value):
                yield Finding(f"text that matches {wanted['pattern']}", shorten(value, limit=80), where)
            if "enum" in wanted and value not in wanted["enum"]:
                yield Finding(f"one of {', '.join(wanted['enum'])}", shorten(value, limit=80), where)
        elif wanted != "present" and value != str(wanted):
            yield Finding(str(wanted), shorten(value, limit=80), where)


def _any_header(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    _need_answer(view)
    if all(view.exchange.header(name) is None for name in argument):
        yield Finding(f"a header {' or '.join(argument)}", "none of them", f"header:{argument[0]}")


def _body(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    for path, wanted in argument.items():
        value = pointer(view.document, path)
        where = f"body:{path}"
        if wanted == "absent":
            if value not in (MISSING, None):
                yield Finding(f"no {path}", shorten(value, limit=80), where)
        elif value is MISSING:
            if not wanted.get("optional"):
                yield Finding(f"a value at {path}", "nothing", where)
        else:
            schema = (
                {key: item for key, item in wanted.items() if key != "optional"} if "optional" in wanted else wanted
            )
            yield from violations(schema, value, where)


def _mentions(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    path = scene.contract.refusal["message"]
    message = pointer(view.document, path)
    wanted = [str(item) for value in argument for item in (value if isinstance(value, list) else [value])]
    if not isinstance(message, str):
        yield Finding(f"a message that names {', '.join(wanted)}", _seen(message), f"body:{path}")
        return
    joined = re.sub(r"(?<=\d)[,_'. \u00a0\u202f](?=\d{3}(?!\d))", "", message)
    missing = [
        w for w in wanted if not any(re.search(rf"(?<![\w-]){re.escape(w)}(?!\w)", t) for t in (message, joined))
    ]
    if missing:
        yield Finding(
            f"a message that names {', '.join(missing)}",
            shorten(message, limit=160),
            f"body:{path}",
            "its reader can't mend it",
        )


def _type_agrees(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    path = scene.contract.refusal["type"]
    type_ = pointer(view.document, path)
    statuses = scene.contract.types.get(type_) if isinstance(type_, str) else None
    if statuses is None:
        raise UnjudgeableError("the refusal has no documented type")
    if view.status not in statuses:
        yield Finding(f"for type {type_} a status of {', '.join(map(str, statuses))}", str(view.status), "status")


def _unique(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    value = view.resolve(argument, scene.steps)
    if not isinstance(value, str):
        raise UnjudgeableError(f"{argument} is not there")
    seen = scene.memory.seen.setdefault(argument, set())
    mark = hash(value)
    if mark in seen:
        yield Finding(
            "a value that no other answer had", shorten(value, limit=80), argument, "it names more than one request"
        )
    seen.add(mark)


def _any_of(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    tried: list[list[Finding]] = []
    unjudgeable: UnjudgeableError | None = None
    for option in argument:
        try:
            found = check(option, view, scene)
        except UnjudgeableError as reason:
            unjudgeable = reason
            continue
        if not found:
            return
        tried.append(found)
    # What could not be compared may be the option that holds.
    if unjudgeable is not None:
        raise unjudgeable
    expected = ", or ".join(dict.fromkeys(found[0].expected for found in tried))
    # The option that came nearest says best what is wrong: one that the status already rules out says nothing.
    nearest = min(tried, key=lambda found: (any(one.where == "status" for one in found), len(found)))[0]
    yield Finding(expected, nearest.actual, nearest.where, nearest.why)


def _not_told(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    for head in view.exchange.overload_heads:
        told = next((code for code in argument if f'"{code}"' in head.decode("utf-8", "replace")), None)
        if told is not None:
            why = "a client gives up, although it would have been served"
            yield Finding(f"not to be told {told} before it is served", f"{told}, and then a success", "status", why)
            return


def _lacks(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    for where, text in _texts(view):
        found = re.search(argument["pattern"], text)
        if found:
            yield Finding(argument["says"], _excerpt(text, *found.span()), where)
            return


def _texts(view: View) -> Iterator[tuple[str, str]]:
    """
    Yield every text of an answer's document with its place, as its reader sees it, and then the body as it was sent.
    """
    waiting = [("body:", view.document)] if len(view.exchange.body) <= _SEARCHED else []
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, str):
            yield where, value
        elif isinstance(value, dict):
            names = {name: name.replace("~", "~0").replace("/", "~1") for name in value}
            waiting.extend((f"{where}/{names[name]}", value[name]) for name in reversed(value))
        elif isinstance(value, list):
            waiting.extend((f"{where}/{place}", value[place]) for place in reversed(range(len(value))))
    yield "body:", view.exchange.body[:_SEARCHED].decode("utf-8", "replace")


def _excerpt(text: str, start: int, end: int) -> str:
    """
    Return what stands at a place of a text, in quotes, with as much around it as has room.
    """
    begin = max(0, start - max(0, _QUOTED - (end - start)) // 3)
    piece = text[begin : begin + _QUOTED]
    return f'"{"…" if begin else ""}{shorten(piece, limit=_QUOTED)}{"…" if begin + len(piece) < len(text) else ""}"'


def _keeps_key(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    if not view.answered:
        raise UnjudgeableError("there is no answer")
    if view.exchange.leaks:
        why = "whoever reads a log has it"
        yield Finding("an answer without the key", "the key that was sent, whole", "body:", why)


def _seen(value: Any) -> str:
    return "nothing" if value is MISSING else shorten(value, limit=80)


PREDICATES: dict[str, Predicate] = {
    "answered": _answered,
    "status": _status,
    "success": _success,
    "refusal": _refusal,
    "code_in": _code_in,
    "param_is": _param_is,
    "json": _json,
    "schema": _schema,
    "header": _header,
    "any_header": _any_header,
    "body": _body,
    "mentions": _mentions,
    "type_agrees_with_status": _type_agrees,
    "unique": _unique,
    "any_of": _any_of,
    "keeps_key": _keeps_key,
    "lacks": _lacks,
    "not_told": _not_told,
    **EFFECTS,
    **RELATIONS,
    **ROWS,
}
