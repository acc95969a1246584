"""
What nobody thought of: request bodies composed, by the schemas of a contract, from ingredients that Hypothesis draws.

Drawing a whole body choice by choice costs Hypothesis a millisecond or more, and its lists repeat themselves; drawing
texts and odd values in bulk and mixing them from the same recorded seed is a hundred times as fast and keeps what
Hypothesis is good at: Unicode of every plane, values at the edges, and what looks harmless and isn't.

Every body is classified before it is sent, so a drawn request is judged by the clause that it falls under: accepted,
refused for one reason or for one of several, or in a region of which the documents are silent.
"""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings, strategies
from hypothesis import seed as with_seed
from hypothesis.errors import HypothesisWarning

from conformance.contract.model import Contract

__all__ = ["Ingredients", "draw_bodies", "draw_ingredients"]

_MOST_IMAGES = 6
_LETTERED = ("a", "text", "Straße", "日本語", "مرحبا", "42", "naïve", "Ωμέγα", "हिन्दी", "x")
# What drawing hardly ever finds, and real servers stumble over.
_ODD_TEXTS = (
    "\ud800",
    "a\udfffb",
    "\x00",
    "\ufeff",
    "\u202e",
    "\U0010ffff",
    "👩‍👩‍👧‍👦",
    "null",
    "NaN",
    "[]",
    "{}",
    '"',
    "\\",
    " ",
    "\n",
    "",
)
_ODD_NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 1.5, -0.5, 1e-300, 1e300)


@dataclass(frozen=True, slots=True)
class Ingredients:
    """
    What bodies are mixed from: texts, and values of every JSON type.
    """

    texts: tuple[str, ...]
    values: tuple[Any, ...]


def draw_ingredients(seed: int, *, count: int) -> Ingredients:
    """
    Let Hypothesis draw about *count* texts, and a third as many values; the same seed and version draw the same.
    """
    scalars = strategies.one_of(
        strategies.none(),
        strategies.booleans(),
        strategies.integers(-(2**70), 2**70),
        strategies.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer()),
        strategies.text(max_size=30),
    )
    values = strategies.one_of(
        scalars,
        strategies.lists(scalars, max_size=3),
        strategies.dictionaries(strategies.text(max_size=6), scalars, max_size=2),
    )
    texts: list[str] = []
    odd: list[Any] = []

    @with_seed(seed)
    @settings(
        max_examples=max(2, count // 40),
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        strategies.lists(strategies.text(max_size=80), min_size=40, max_size=40),
        strategies.lists(values, min_size=12, max_size=12),
    )
    def collect(some_texts: list[str], some_values: list[Any]) -> None:
        texts.extend(some_texts)
        odd.extend(some_values)

    with warnings.catch_warnings(), _own_constants_only():
        warnings.simplefilter("ignore", HypothesisWarning)
        collect()
    return Ingredients(
        tuple(dict.fromkeys([*_ODD_TEXTS, *texts])),
        tuple({json.dumps(value, sort_keys=True): value for value in [*_ODD_NUMBERS, *odd]}.values()),
    )


@contextmanager
def _own_constants_only() -> Iterator[None]:
    """
    Keep Hypothesis from mixing in constants of whatever modules happen to be imported, so that a seed draws the same
    from a checkout, an installed wheel and a replay. Where its inside is not as it was known, nothing is changed.
    """
    from hypothesis.internal.conjecture import providers

    name = "_get_local_constants"
    known, constants = getattr(providers, name, None), getattr(providers, "_local_constants", None)
    if known is None or constants is None:
        yield
        return
    empty = type(constants)()
    setattr(providers, name, lambda: empty)
    try:
        yield
    finally:
        setattr(providers, name, known)


def draw_bodies(
    contract: Contract, operation: str, *, count: int, seed: int, pools: Mapping[str, list[Any]], urls: list[str]
) -> Iterator[dict[str, Any]]:
    """
    Yield *count* different request bodies for an operation; the same seed and versions yield the same bodies.

    *pools* gives values to prefer for a field (such as the models and dimensions that the target lists), *urls* media
    URLs that the target can fetch.
    """
    schema = contract.requests[str(contract.operations[operation].request_schema)]
    ingredients = draw_ingredients(seed, count=min(2000, max(200, count)))
    mixer = _Mixer(random.Random(f"{seed}:{operation}"), ingredients, pools, urls)
    seen: set[str] = set()
    images = 0
    for _ in range(count * 6):
        body = mixer.body(schema)
        mark = json.dumps(body, sort_keys=True)
        if any(json.dumps(url) in mark for url in urls):
            # Every image that is served is fetched and paid for.
            images += 1
            if images > _MOST_IMAGES:
                continue
        if mark not in seen:
            # A server learns nothing from hearing the same thing twice.
            seen.add(mark)
            yield body
        if len(seen) >= count:
            return


class _Mixer:
    """
    Mixes bodies by a schema: most keep to it, and most of the others leave it in one place.
    """

    def __init__(
        self, rng: random.Random, ingredients: Ingredients, pools: Mapping[str, list[Any]], urls: list[str]
    ) -> None:
        self._rng = rng
        self._texts = ingredients.texts
        self._values = ingredients.values
        self._pools = pools
        self._urls = urls

    def body(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        rng = self._rng
        properties: Mapping[str, Any] = schema.get("properties", {})
        required = set(schema.get("required", ()))
        spoilt = rng.choice([None, None, *properties])
        second = rng.choice([*properties]) if spoilt is not None and rng.random() < 0.1 else None
        made: dict[str, Any] = {}
        for name, inner in properties.items():
            if name in (spoilt, second):
                if rng.random() < 0.12:
                    continue
                made[name] = rng.choice((self._odd, self._beside))(inner)
            elif name in required or rng.random() < 0.4:
                pool = self._pools.get(name)
                made[name] = rng.choice(pool) if pool else self.valid(inner)
        if rng.random() < 0.03:
            made[rng.choice(self._texts)[:20] or "extra"] = self._odd(schema)
        return made

    def _odd(self, schema: Mapping[str, Any]) -> Any:
        return self._rng.choice(self._values) if self._rng.random() < 0.8 else self._rng.choice(self._texts)

    def valid(self, schema: Mapping[str, Any]) -> Any:
        """
        Return a value that keeps to a schema, of a size that a request usually has.
        """
        rng = self._rng
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return rng.choice(schema["enum"])
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            shared = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
            return self.valid(_merged(shared, rng.choice(options)))
        make: Callable[[Mapping[str, Any]], Any] | None = {
            "string": self._string,
            "integer": lambda s: rng.randint(s.get("minimum", 1), s.get("maximum", 4096)),
            "array": self._array,
            "object": self._object,
        }.get(schema.get("type", ""))
        return make(schema) if make else rng.choice(self._values)

    def _string(self, schema: Mapping[str, Any]) -> str:
        rng = self._rng
        if "http" in str(schema.get("pattern", "")):
            return rng.choice(self._urls) if self._urls else "https://media.invalid/image.png"
        longest = schema.get("maxLength", 200)
        text = rng.choice(self._texts)
        if rng.random() < 0.75:
            # A text that is sure to hold a letter, so that no server may call it empty.
            text = f"{rng.choice(_LETTERED)} {text}" if rng.random() < 0.5 else f"{text} {rng.choice(_LETTERED)}"
        if rng.random() < 0.05:
            text = text * rng.randint(2, 40)
        return text[:longest] if len(text) >= schema.get("minLength", 0) else "text"

    def _array(self, schema: Mapping[str, Any]) -> list[Any]:
        size = self._rng.randint(schema.get("minItems", 0), min(schema.get("maxItems", 6), 6))
        return [self.valid(schema.get("items", {})) for _ in range(size)]

    def _object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        return {name: self.valid(properties.get(name, {})) for name in schema.get("required", ())}

    def _beside(self, schema: Mapping[str, Any]) -> Any:
        """
        Return a value that looks like a schema's and is just beside it: lists of its parts with a stranger among them.
        """
        rng = self._rng
        options = schema.get("anyOf") or schema.get("oneOf") or [schema]
        arrays = [option for option in options if option.get("type") == "array"]
        if arrays:
            items = arrays[0].get("items", {})
            kind = rng.randrange(5)
            if kind == 0:
                return [rng.choice(self._texts) for _ in range(rng.randint(1, 4))]
            if kind == 1:
                return [rng.randint(0, 50_000) for _ in range(rng.randint(1, 5))]
            if kind == 2:
                return [self.valid(items) for _ in range(rng.randint(0, 20))]
            mixed = [self.valid(items) if rng.random() < 0.7 else self._odd(items) for _ in range(rng.randint(1, 5))]
            if kind == 3 and isinstance(mixed[-1], dict) and mixed[-1]:
                spoilt = rng.choice(list(mixed[-1]))
                mixed[-1] = {k: v for k, v in mixed[-1].items() if k != spoilt or rng.random() < 0.5}
                if spoilt in mixed[-1]:
                    mixed[-1][spoilt] = self._odd(items)
            return mixed
        if schema.get("type") == "integer":
            return rng.choice((rng.randint(-5, 5000), str(rng.randint(1, 4096)), rng.random() * 4096 + 0.001, 10**30))
        if schema.get("type") == "string" and rng.random() < 0.5:
            longest = int(schema.get("maxLength", 40))
            return (
                (rng.choice(self._texts) or "x") * (longest + 1)
                if rng.random() < 0.3
                else "x" * (longest + rng.randint(-1, 3))
            )
        return rng.choice(self._texts)


def _merged(shared: Mapping[str, Any], option: Mapping[str, Any]) -> dict[str, Any]:
    properties = {**shared.get("properties", {}), **option.get("properties", {})}
    required = [
        *shared.get("required", ()),
        *(n for n in option.get("required", ()) if n not in shared.get("required", ())),
    ]
    merged = {**shared, **option}
    if properties:
        merged["properties"] = properties
    if required:
        merged["required"] = required
    return merged
