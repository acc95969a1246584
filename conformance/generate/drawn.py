"""
What nobody thought of: request bodies drawn by Hypothesis from strategies that are compiled from a contract's schemas.

Every body is classified before it is sent, so a drawn request is judged by the clause that it falls under: accepted,
refused for one reason or for one of several, or in a region of which the documents are silent.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings, strategies
from hypothesis import seed as with_seed
from hypothesis.errors import HypothesisWarning, NonInteractiveExampleWarning

from conformance.contract.model import Contract

__all__ = ["draw_bodies"]

_BATCH = 25
_LETTERED = strategies.sampled_from(["a", "text", "Straße", "日本語", "مرحبا", "42", "naïve"])
_TEXT = strategies.text(max_size=60)
_SCALARS = strategies.one_of(
    strategies.none(),
    strategies.booleans(),
    strategies.integers(-(2**40), 2**40),
    strategies.floats(allow_nan=False, allow_infinity=False, width=32),
    _TEXT,
)
_JUNK = strategies.one_of(
    _SCALARS,
    strategies.lists(_SCALARS, max_size=3),
    strategies.dictionaries(strategies.text(max_size=8), _SCALARS, max_size=2),
)


def draw_bodies(
    contract: Contract, operation: str, *, count: int, seed: int, pools: Mapping[str, list[Any]], urls: list[str]
) -> Iterator[dict[str, Any]]:
    """
    Yield *count* request bodies for an operation; the same seed and versions yield the same bodies.

    *pools* gives values to prefer for a field (such as the models and dimensions that the target lists), *urls* media
    URLs that the target can fetch.
    """
    schema = contract.requests[str(contract.operations[operation].request_schema)]
    body = _body(schema, pools, urls)
    drawn: list[dict[str, Any]] = []

    @with_seed(seed)
    @settings(
        max_examples=max(1, -(-count // _BATCH)),
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategies.lists(body, min_size=_BATCH, max_size=_BATCH))
    def collect(bodies: list[dict[str, Any]]) -> None:
        drawn.extend(bodies)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        warnings.simplefilter("ignore", NonInteractiveExampleWarning)
        collect()
    seen: set[str] = set()
    for candidate in drawn:
        # Hypothesis likes to come back to small values; a server learns nothing from hearing one twice.
        mark = json.dumps(candidate, sort_keys=True)
        if mark not in seen:
            seen.add(mark)
            yield candidate
        if len(seen) >= count:
            return


def _body(
    schema: Mapping[str, Any], pools: Mapping[str, list[Any]], urls: list[str]
) -> strategies.SearchStrategy[dict[str, Any]]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = set(schema.get("required", ()))

    @strategies.composite
    def build(draw: strategies.DrawFn) -> dict[str, Any]:
        # One field in most bodies is spoilt, so that most bodies break one rule or none.
        spoilt = draw(strategies.sampled_from([None, None, *properties]))
        made: dict[str, Any] = {}
        for name, inner in properties.items():
            if name == spoilt:
                made[name] = draw(strategies.one_of(_JUNK, _near(inner, urls)))
            elif name in required or draw(strategies.booleans()):
                pool = pools.get(name)
                made[name] = draw(strategies.sampled_from(pool)) if pool else draw(_valid(inner, urls))
        if spoilt is not None and draw(strategies.integers(0, 9)) == 0:
            made.pop(spoilt, None)
        return made

    return build()


def _valid(schema: Mapping[str, Any], urls: list[str]) -> strategies.SearchStrategy[Any]:
    """
    Return values that keep to a schema, of a size that a request usually has.
    """
    if "const" in schema:
        return strategies.just(schema["const"])
    if "enum" in schema:
        return strategies.sampled_from(schema["enum"])
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        shared = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
        return strategies.one_of([_valid(_merged(shared, option), urls) for option in options])
    type_ = schema.get("type")
    if type_ == "string":
        return _strings(schema, urls)
    if type_ == "integer":
        return strategies.integers(schema.get("minimum", 1), schema.get("maximum", 4096))
    if type_ == "array":
        items = _valid(schema.get("items", {}), urls)
        return strategies.lists(items, min_size=schema.get("minItems", 0), max_size=min(schema.get("maxItems", 6), 6))
    if type_ == "object":
        properties = schema.get("properties", {})
        required = {n: _valid(properties.get(n, {}), urls) for n in schema.get("required", ())}
        return strategies.fixed_dictionaries(required)
    return _JUNK


def _merged(shared: Mapping[str, Any], option: Mapping[str, Any]) -> dict[str, Any]:
    properties = {**shared.get("properties", {}), **option.get("properties", {})}
    required = [*shared.get("required", ()), *(n for n in option.get("required", ()) if n not in shared.get("required", ()))]
    merged = {**shared, **option}
    if properties:
        merged["properties"] = properties
    if required:
        merged["required"] = required
    return merged


def _strings(schema: Mapping[str, Any], urls: list[str]) -> strategies.SearchStrategy[str]:
    if "url" in str(schema.get("pattern", "")) or "http" in str(schema.get("pattern", "")):
        return strategies.sampled_from(urls) if urls else strategies.just("https://media.invalid/image.png")
    longest = min(schema.get("maxLength", 200), 200)
    text = strategies.text(min_size=schema.get("minLength", 0), max_size=longest)
    # A text that is sure to hold a letter, so that no server may call it empty.
    lettered = strategies.builds(lambda word, rest: f"{word} {rest}"[:longest], _LETTERED, text)
    return strategies.one_of(lettered, lettered, lettered, text)


def _near(schema: Mapping[str, Any], urls: list[str]) -> strategies.SearchStrategy[Any]:
    """
    Return values that look like a schema's and are just beside it: lists of its parts with something else among them.
    """
    options = schema.get("anyOf") or schema.get("oneOf") or [schema]
    arrays = [option for option in options if option.get("type") == "array"]
    if arrays:
        item = _valid(arrays[0].get("items", {}), urls)
        return strategies.one_of(
            strategies.lists(_TEXT, min_size=1, max_size=4),
            strategies.lists(strategies.one_of(item, _JUNK), min_size=1, max_size=5),
            strategies.lists(strategies.integers(0, 50000), min_size=1, max_size=5),
            strategies.lists(item, min_size=0, max_size=20),
        )
    if schema.get("type") == "integer":
        return strategies.one_of(strategies.integers(-5, 5000), strategies.just(10**30), strategies.floats(0, 5000, width=16))
    if schema.get("type") == "string" or "enum" in schema:
        return strategies.one_of(
            strategies.text(max_size=int(schema.get("maxLength", 40)) + 4),
            strategies.sampled_from(["", " ", "null", "FLOAT", "\x00", "\ud800", "\U0001f680"]),
        )
    return _JUNK
