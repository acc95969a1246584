"""
What a run writes: lines that keep to their schema, and no key in any of them.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import pytest

from conformance.reference.aurous import KEYS
from conformance.report.line import KINDS, check_line, decode_line, encode_line

from .worlds import CREATE, Answered, Asked, HangUp, Report, World, contract, judge, light, refuse


def every_third(asked: Asked, answered: Answered) -> Answered | None:
    if asked.path == CREATE and asked.number % 3 == 0:
        return refuse(500, "internal_error", kind="server_error")
    if asked.path == CREATE and asked.number % 11 == 0:
        raise HangUp
    return None


def odd_text(asked: Asked, answered: Answered) -> Answered | None:
    if answered.status != 400:
        return None
    return Answered(400, b'{"error": {"type": "t\\ud800", "code": "\\udfff\\u0000", "message": "\\u202e<script>", "param": "\\ud83d"}}', {"x-odd": "\x80\xff", **answered.headers})


def nan_usage(asked: Asked, answered: Answered) -> Answered | None:
    if asked.path == CREATE and answered.status == 200:
        return Answered(200, answered.body.replace(b'"total_tokens"', b'"x":NaN,"total_tokens"'), answered.headers)
    return None


WORLDS: dict[str, Any] = {"sound": None, "shaky": every_third, "odd_text": odd_text, "nan": nan_usage}


@pytest.mark.parametrize("name", WORLDS)
def test_every_line_keeps_to_its_schema(name: str) -> None:
    report = judge(World(edit=WORLDS[name]), *light())
    kinds = [line["kind"] for line in report.lines]
    assert (kinds[0], kinds[-1]) == ("header", "footer")
    assert kinds.count("header") == kinds.count("footer") == 1
    assert set(kinds) <= {*KINDS, "plan", "progress"}
    for number, line in enumerate(report.lines):
        if line["kind"] not in KINDS:
            continue
        read = decode_line(encode_line(line), where=f"line {number}")
        assert isinstance(read, dict), read
        assert list(check_line(read)) == []
    assert report.ids("error") == set()


def test_an_answer_that_was_fine_is_not_kept_whole() -> None:
    report = judge(World(), "accept.plain", "vector.floats")
    for line in report.cases.values():
        for exchange in line["exchanges"]:
            assert "body" not in exchange["answer"]
    assert len(report.text()) < 200_000


def test_a_vector_is_never_written() -> None:
    def edit(asked: Asked, answered: Answered) -> Answered | None:
        if asked.path != CREATE or answered.status != 200:
            return None
        return answered.rewrite({**answered.document, "object": "lists"})

    report = judge(World(edit=edit), "accept.plain", "success.object")
    assert report.verdict("success.object") == "fail"
    answers = [e["answer"] for line in report.cases.values() for e in line["exchanges"]]
    # Of a case of several steps only the answers that broke something are kept.
    shown = [answer["body"] for answer in answers if answer["status"] == 200 and answer.get("body")]
    assert any("numbers …]" in body for body in shown)
    assert all(len(body) < 5000 for body in shown)
    assert re.search(r"(-?\d+\.\d+(e-?\d+)?\s*,\s*){8}", report.text()) is None


def unpacked(report: Report) -> str:
    texts = [report.text()]
    for line in report.cases.values():
        for exchange in line["exchanges"]:
            if "body_z" in exchange["request"]:
                texts.append(zlib.decompress(base64.b64decode(exchange["request"]["body_z"])).decode("utf-8", "replace"))
    return "\n".join(texts)


def assert_no_key(report: Report) -> None:
    text = unpacked(report)
    for role, key in KEYS.items():
        assert key not in text, role
        assert key.swapcase() not in text, role
        assert base64.b64encode(key.encode()).decode().rstrip("=")[:-2] not in text, role


def echo_everywhere(asked: Asked, answered: Answered) -> Answered | None:
    if asked.path != CREATE or not asked.key:
        return None
    encoded = base64.b64encode(asked.key.encode()).decode()
    headers = {**answered.headers, "x-echo": asked.headers.get("authorization", asked.key), "x-encoded": encoded}
    document = answered.document if answered.body else {}
    document["seen"] = {"headers": asked.headers, "encoded": encoded}
    # Something has to be broken, or nothing of an answer would be kept.
    document["object"] = "lists"
    return Answered(answered.status, json.dumps(document).encode(), headers)


def test_no_key_is_written_although_the_server_sends_it_back() -> None:
    report = judge(World(edit=echo_everywhere), *light())
    assert report.ids("fail")
    assert_no_key(report)
    assert "${TEST_MAIN_KEY}" in report.text()


def test_no_key_is_written_by_a_sound_run() -> None:
    assert_no_key(judge(World()))


def test_the_header_names_keys_and_never_holds_one() -> None:
    header = judge(World(), "refuse.batch").lines[0]
    assert header["target"]["keys"]["main"] == "TEST_MAIN_KEY"
    assert header["contract"]["digest"] == contract().digest
    assert header["selection"]["clauses"] == ["refuse.batch"]
