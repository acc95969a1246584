"""
Redaction: every form of a key, and nothing else.
"""

from __future__ import annotations

import base64
import json
import random
import time
from urllib.parse import quote, quote_plus

import pytest

from conformance.wire.redaction import Redactor, redact

KEY = 'sk-live/4f+"ö=9 x\\y'
SECRETS = {"API_KEY": KEY}


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        json.dumps(KEY)[1:-1],
        json.dumps(KEY, ensure_ascii=False)[1:-1],
        json.dumps(KEY)[1:-1].replace("/", "\\/"),
        quote(KEY),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        quote_plus(KEY),
        base64.b64encode(KEY.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("="),
    ],
)
def test_each_form_is_replaced(form: str) -> None:
    text = f"before {form} after {form}."
    shown = redact(text, SECRETS)
    assert KEY not in shown
    assert shown.startswith("before ${API_KEY}")
    assert shown.count("${API_KEY}") == 2
    # Padding or half a character may stay of a form in base64, never more.
    assert len(shown) <= len("before ${API_KEY} after ${API_KEY}.") + 2
    assert redact(text.encode(), SECRETS) == shown.encode()


def test_base64_is_found_wherever_the_key_begins() -> None:
    drawn = random.Random(7)
    for _ in range(300):
        secret = "".join(drawn.choices("abcXYZ019-_", k=drawn.randint(6, 40)))
        before, after = drawn.randbytes(drawn.randint(0, 9)), drawn.randbytes(drawn.randint(0, 9))
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(before + secret.encode() + after).decode()
            shown = redact(text, {"K": secret})
            assert "${K}" in shown
            # What is left around it holds less than a whole character of the key at either end.
            left, right = shown.split("${K}", 1)
            assert len(left) <= (len(before) * 8 + 5) // 6
            assert len(right.rstrip("=")) <= (len(after) * 8 + 5) // 6 + 1


def test_basic_authorization_hides_the_key() -> None:
    secret = "sk-0123456789abcdef"
    header = "Basic " + base64.b64encode(b"user:" + secret.encode()).decode()
    shown = redact(header, {"K": secret})
    assert "${K}" in shown
    assert len(shown) < 25


def test_the_longest_of_overlapping_secrets_wins() -> None:
    secrets = {"SHORT": "secret-1", "LONG": "secret-1-and-more"}
    assert redact("secret-1-and-more secret-1", secrets) == "${LONG} ${SHORT}"


def test_short_secrets_leave_words_alone() -> None:
    secrets = {"K": "test", "T": "a"}
    assert (
        redact("the latest test, a pretest and test-case", secrets)
        == "the latest ${K}, a pretest and test-case"
    )
    assert redact('{"key":"test"}', secrets) == '{"key":"${K}"}'
    assert redact("Authorization: Bearer a", secrets) == "Authorization: Bearer ${T}"
    assert redact(b"a Bearer a, b", secrets) == b"a Bearer ${T}, b"


def test_nothing_to_redact() -> None:
    text = "nothing here"
    assert redact(text, {}) is text
    assert redact(text, {"EMPTY": ""}) is text
    assert redact(text, SECRETS) is text
    assert redact(b"\xff\x00", SECRETS) == b"\xff\x00"


def test_a_clean_text_costs_little() -> None:
    redactor = Redactor({f"KEY_{number}": f"sk-{number:032x}" for number in range(4)})
    text = b'{"embedding":[0.123,-0.456]}' * 40_000
    started = time.perf_counter()
    assert redactor.redact(text) is text
    assert time.perf_counter() - started < 0.25
