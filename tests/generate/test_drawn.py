"""
Drawn bodies: the same seed draws the same, nothing twice, and something of every kind.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.generate.body import encode
from conformance.generate.drawn import draw_bodies, draw_ingredients

from .shop import contract, make_shop

POOLS: dict[str, list[Any]] = {"model": ["embed-1"], "encoding_format": ["float", "base64"], "dimensions": [1024, 2048]}
URLS = ["https://media.example/image-0.png", "https://media.example/image-1.png"]


@cache
def drawn(seed: int, count: int = 400, operation: str = "create") -> tuple[dict[str, Any], ...]:
    return tuple(draw_bodies(contract(), operation, count=count, seed=seed, pools=POOLS, urls=URLS))


def test_the_same_seed_draws_the_same() -> None:
    again = tuple(draw_bodies(contract(), "create", count=400, seed=11, pools=POOLS, urls=URLS))
    assert json.dumps(again) == json.dumps(drawn(11))


DRAWING = """
import hashlib, json, sys
for name in sys.argv[1:]:
    __import__(name)
from tests.generate.test_drawn import drawn
print(hashlib.sha256(json.dumps(drawn(11)).encode()).hexdigest())
"""


def test_the_same_seed_draws_the_same_whatever_else_is_imported() -> None:
    folder = Path(__file__).resolve().parents[2]
    drawn_by = {
        subprocess.run([sys.executable, "-c", DRAWING, *names], cwd=folder, capture_output=True, text=True, check=True).stdout
        for names in ([], ["conformance.cli", "conformance.report.html", "conformance.reference.openai", "tests.engine.test_lane"])
    }
    assert len(drawn_by) == 1


def test_another_seed_draws_others() -> None:
    assert json.dumps(drawn(11)) != json.dumps(drawn(12))


@pytest.mark.parametrize("operation", ["create", "estimate"])
def test_as_many_as_asked_for_and_none_twice(operation: str) -> None:
    bodies = drawn(11, 400, operation)
    assert len(bodies) == 400
    assert len({json.dumps(body, sort_keys=True) for body in bodies}) == 400


def test_every_kind_of_classification_occurs() -> None:
    classifier = make_shop().classifier
    found = [classifier.classify("create", body) for body in drawn(11)]
    counts = Counter("accepted" if f.accepted else "undocumented" if f.undocumented else "refused" for f in found)
    assert min(counts["accepted"], counts["undocumented"], counts["refused"]) >= 20, counts
    assert len({trigger for f in found for trigger in f.triggers}) >= 10
    assert len({zone for f in found for zone in f.zones}) >= 5
    assert any(len(f.triggers) == 1 for f in found)


def test_every_field_is_sent_left_out_and_spoilt() -> None:
    bodies = drawn(11)
    for name in ("model", "input", "dimensions", "encoding_format", "user"):
        present = [body[name] for body in bodies if name in body]
        assert 0 < len(present) < len(bodies)
        assert len({type(value) for value in present}) >= 2
    assert any(set(body) - {"model", "input", "dimensions", "encoding_format", "user"} for body in bodies)


def test_every_body_can_be_written() -> None:
    for body in drawn(11):
        assert json.loads(encode(body)) == body


def test_ingredients_hold_what_hardly_any_draw_finds() -> None:
    ingredients = draw_ingredients(3, count=200)
    assert {"\ud800", "\x00", "", "NaN"} <= set(ingredients.texts)
    assert any(value == 2**63 for value in ingredients.values)
    assert len(set(ingredients.texts)) == len(ingredients.texts)
    assert ingredients == draw_ingredients(3, count=200)


def test_drawing_leaves_no_trace_in_the_process() -> None:
    import random

    random.seed(5)
    before = random.getstate()
    list(draw_bodies(contract(), "create", count=50, seed=1, pools=POOLS, urls=URLS))
    assert random.getstate() == before
