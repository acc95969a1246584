"""
Fills in templates: ``$name`` looks a variable or a fact up, and a mapping of one ``$form`` builds what would be
tedious, or impossible, to write down.

    $text: {words: 3000}                 words of a fixed list; of: WORDS, other words
    $text: {chars: 17, of: a, between: [x, y]}   exactly so many characters
    $parts: {text: 2, image_url: 1, total: 16, words: 50, order: image_url first, url_chars: 2048, canary: 1,
             same_url: true}
    $repeat: {item: X, times: 17}        $append: [LIST or ITEM, …]      $join: [a, b]
    $json: '"\\ud800"'                    $number: "1e400"               $outside: [1024, 2048]
    $key: {chars: 64, ends: b}           an idempotency key of this case   $upper: x   $cut: x
    $texts: {count: 33, words: 5}        different texts; words: [31, 32, 33] gives each its own length
    $whole: {of: $plain.width, times: 0.5, plus: 1}    a whole number reckoned from another
    $from: "step:upload:body:/id"        what an earlier answer of the case tells
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from conformance.generate.body import RawNumber
from conformance.generate.later import mark

__all__ = ["ABSENT", "Environment", "MissingFact", "fill"]

_WORDS = (
    "river stone market window garden letter copper signal harbor winter orange pencil bridge forest candle mirror "
    "planet button silver ticket engine island shadow velvet thunder basket meadow cotton rocket saddle turnip violin"
).split()


class _Absent:
    """
    Marks a field that is to be left out.
    """

    def __repr__(self) -> str:
        return "$absent"


ABSENT = _Absent()


class MissingFact(LookupError):
    """
    Raised when a template names a fact that this target didn't give; *name* says which.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(slots=True)
class Environment:
    """
    What a template may refer to: the target's facts, the case's variables, the shapes of parts, and the sources of
    fresh keys and media URLs. *used* collects what the filling needed (``media``, ``canary``), *tokens* the canary
    tokens that were handed out.
    """

    facts: Mapping[str, Any]
    parts: Mapping[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)
    image: Callable[[int, int | None], str] = lambda index, chars: ""
    video: Callable[[int], str] = lambda index: ""
    canary: Callable[[str | None], tuple[str, str]] = lambda suffix: ("", "")
    key: Callable[[Mapping[str, Any]], str] = lambda options: "key"
    used: set[str] = field(default_factory=set)
    tokens: list[str] = field(default_factory=list)

    def lookup(self, name: str) -> Any:
        """
        Return the variable or fact of a dotted name; a number in it indexes a list. Raises MissingFact.
        """
        head, *rest = name.split(".")
        if head in self.variables:
            value = self.variables[head]
        elif head in self.facts:
            value = self.facts[head]
        else:
            raise MissingFact(name)
        for part in rest:
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (LookupError, TypeError, ValueError):
                raise MissingFact(name) from None
        if value is None:
            raise MissingFact(name)
        return value


def fill(template: Any, env: Environment) -> Any:
    """
    Return *template* with every variable and form replaced by its value.

    Raises:
        MissingFact: when the target lacks a fact that the template names.
    """
    if isinstance(template, str):
        if template.startswith("$") and not template.startswith("${"):
            return _variable(template[1:], env)
        return template
    if isinstance(template, Mapping):
        if len(template) == 1:
            (name, argument), *_ = template.items()
            if name in _FORMS:
                return _FORMS[name](argument, env)
        filled = {key: fill(value, env) for key, value in template.items()}
        return {key: value for key, value in filled.items() if value is not ABSENT}
    if isinstance(template, list):
        return [fill(item, env) for item in template]
    return template


def _variable(name: str, env: Environment) -> Any:
    if name == "absent":
        return ABSENT
    if name == "key" and "key" not in env.variables:
        return env.key({})
    return env.lookup(name)


def words(count: int, pool: list[str] | None = None) -> str:
    """
    Return *count* words of a fixed list, separated by single spaces.
    """
    return " ".join(islice(cycle(pool or _WORDS), count))


def _text(argument: Any, env: Environment) -> str:
    options = fill(argument, env)
    if "words" in options:
        pool = str(options["of"]).split() if "of" in options else None
        return words(int(options["words"]), pool)
    count = int(options["chars"])
    unit = str(options.get("of", "a"))
    first, last = options.get("between", ("", ""))
    inner = max(0, count - len(first) - len(last))
    return str(first + (unit * (inner // len(unit) + 1))[:inner] + last)[:count]


def _parts(argument: Any, env: Environment) -> list[Any]:
    options = dict(fill(argument, env))
    order = options.pop("order", None)
    each_words = options.pop("words", None)
    url_chars = options.pop("url_chars", None)
    total = options.pop("total", None)
    same_url = options.pop("same_url", False)
    if total is not None:
        options["text"] = max(0, int(total) - sum(int(v) for v in options.values()))
    kinds = sorted(options, key=lambda kind: 0 if order and order.split()[0] == kind else 1) if order else list(options)
    made: list[Any] = []
    for kind in kinds:
        for index in range(int(options[kind])):
            made.append(_part(kind, 0 if same_url else index, each_words, url_chars, env))
    return made


def _part(kind: str, index: int, each_words: Any, url_chars: Any, env: Environment) -> Any:
    inner = Environment(env.facts, env.parts, dict(env.variables))
    if kind == "text":
        text = words(int(each_words)) if each_words else f"This is part {index + 1} of the input."
        inner.variables["text"] = f"{text} {index + 1}" if each_words else text
        return fill(env.parts["text"], inner)
    if kind.startswith("canary"):
        token, url = env.canary(kind.partition("_")[2] or None)
        env.used.add("canary")
        env.tokens.append(token)
        inner.variables["url"] = url
        shape = "video_url" if kind == "canary_video" else "image_url"
        return fill(env.parts[shape], inner)
    if kind == "video_url":
        inner.variables["url"] = env.video(index)
        return fill(env.parts[kind], inner)
    if kind not in env.parts:
        raise KeyError(f"no part is called {kind!r}")
    env.used.add("media")
    inner.variables["url"] = env.image(index, None if url_chars is None else int(url_chars))
    return fill(env.parts[kind], inner)


def _repeat(argument: Any, env: Environment) -> list[Any]:
    item = fill(argument["item"], env)
    return [item] * int(fill(argument["times"], env))


def _append(argument: Any, env: Environment) -> list[Any]:
    joined: list[Any] = []
    for item in argument:
        value = fill(item, env)
        joined.extend(value) if isinstance(value, list) else joined.append(value)
    return joined


def _outside(argument: Any, env: Environment) -> list[int]:
    """
    Return whole numbers that a list does not hold: small ones, neighbours of its members, between and far above them.
    """
    given = fill(argument, env)
    listed = [v for v in given if isinstance(v, int) and not isinstance(v, bool)] if isinstance(given, list) else []
    if not listed:
        raise MissingFact("a list of numbers")
    near = [value + step for value in listed for step in (-1, 1)]
    between = [(a + b) // 2 for a, b in zip(sorted(listed), sorted(listed)[1:], strict=False)]
    wanted = [512, *near, 1, *between, 1024, 768, 1536, 256, 2 * max(listed), 384, 3072, 3, 2**31, 10**15]
    return list(dict.fromkeys(value for value in wanted if value > 0 and value not in listed))


def _texts(argument: Any, env: Environment) -> list[str] | str:
    """
    Return so many texts of which no two are the same, numbered, each of the words it is to have; or one of them.
    """
    options = fill(argument, env)
    lengths = options.get("words", 3)
    lengths = [int(n) for n in lengths] if isinstance(lengths, list) else [int(lengths)]
    made = [
        f"{options.get('of', 'Item')} {i + 1}" + (f" {words(n - 2, _WORDS[i % 7 :])}" if n > 2 else "")
        for i, n in zip(range(int(options["count"])), cycle(lengths), strict=False)
    ]
    return made[int(options["only"])] if "only" in options else made


def _whole(argument: Any, env: Environment) -> int:
    options = fill(argument, env)
    number = options["of"]
    if "over" in options:
        number = int(number) // int(options["over"])
    elif "modulo" in options:
        number = int(number) % int(options["modulo"])
    whole = int(float(number) * float(options.get("times", 1))) + int(options.get("plus", 0))
    return min(whole, int(options["most"])) if "most" in options else whole


_FORMS: dict[str, Callable[[Any, Environment], Any]] = {
    "$text": _text,
    "$parts": _parts,
    "$repeat": _repeat,
    "$append": _append,
    "$outside": _outside,
    "$join": lambda argument, env: "".join(str(fill(item, env)) for item in argument),
    "$json": lambda argument, env: json.loads(argument),
    "$number": lambda argument, env: RawNumber(argument),
    "$upper": lambda argument, env: str(fill(argument, env)).upper(),
    "$cut": lambda argument, env: str(fill(argument, env))[:-1],
    "$key": lambda argument, env: env.key(argument),
    "$texts": _texts,
    "$whole": _whole,
    "$from": lambda argument, env: mark(str(argument)),
}
FORMS = frozenset(_FORMS)
