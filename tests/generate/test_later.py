"""
What only an earlier answer tells: it is put into a request where its mark stands, and nowhere else.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import pytest

from conformance.engine.patience import earlier
from conformance.exchange import Request
from conformance.generate.body import encode
from conformance.generate.later import MissingAnswer, mark, settled_request, waits

ID = "step:upload:body:/id"
MARK = mark(ID)


def settle(*, target: str = "/v1/files", headers: tuple[tuple[str, str], ...] = (), body: Any = None, given: Any = "file-1") -> tuple[Request, Any]:
    request = Request("POST", target, headers, None if body is None else encode(body))
    return settled_request(request, body, lambda reference: given if reference == ID else None)


@pytest.mark.parametrize(
    ("request_", "waiting"),
    [
        (Request("GET", "/v1/files"), False),
        (Request("GET", f"/v1/files/{MARK}"), True),
        (Request("GET", "/v1/files", (("X-File", MARK),)), True),
        (Request("POST", "/v1/files", (), json.dumps({"id": MARK}).encode()), True),
        (Request("POST", "/v1/files/100%{step}", (("X-Odd", "%{stepping"),), b'{"id": "%{id}"}'), False),
        (Request("POST", "/v1/files", (), b"\xff\xfe%{step:"), True),
    ],
)
def test_a_request_with_a_mark_waits(request_: Request, waiting: bool) -> None:
    assert waits(request_) is waiting


def test_a_request_without_a_mark_stays_as_it_is() -> None:
    request = Request("POST", "/v1/files?after=100%25", (("X-Odd", "${KEY} %{name}"),), b"\xff{}")
    assert settled_request(request, {"a": [1]}, lambda reference: "never") == (request, {"a": [1]})


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("file-1", "/v1/files/file-1/content"),
        ("a/b?c#d", "/v1/files/a%2Fb%3Fc%23d/content"),
        ("../x", "/v1/files/..%2Fx/content"),
        ("größe 1", "/v1/files/gr%C3%B6%C3%9Fe%201/content"),
        (17, "/v1/files/17/content"),
    ],
)
def test_a_mark_in_a_path_becomes_one_part_of_it(given: Any, target: str) -> None:
    request, _ = settle(target=f"/v1/files/{MARK}/content", given=given)
    assert request.target == target
    assert not waits(request)


def test_a_mark_in_a_header_becomes_the_value() -> None:
    request, _ = settle(headers=(("X-File", f"id={MARK}"), ("Authorization", "Bearer ${KEY}")))
    assert request.headers == (("X-File", "id=file-1"), ("Authorization", "Bearer ${KEY}"))


@pytest.mark.parametrize("given", ["file-1", 'a"b', "a\\b\nc", "größe 日本 👩", "%{step:other:body:/id}", "\ud800"])
def test_a_mark_in_a_body_becomes_json_whatever_the_answer_held(given: str) -> None:
    request, body = settle(body={"file": MARK, "list": ["é", {"deep": f"<{MARK}>"}], "n": 1}, given=given)
    wanted = {"file": given, "list": ["é", {"deep": f"<{given}>"}], "n": 1}
    assert body == wanted
    assert json.loads(request.body or b"") == wanted


def test_a_number_becomes_its_text() -> None:
    request, body = settle(body={"file": MARK}, given=17)
    assert body == {"file": "17"} == json.loads(request.body or b"")


def test_bytes_that_are_no_text_stay_beside_a_mark() -> None:
    request = Request("POST", "/v1/files", (), b"\xff\xfe" + MARK.encode() + b"\x00")
    assert settled_request(request, None, lambda reference: "file-1")[0].body == b"\xff\xfefile-1\x00"


def test_two_marks_are_two_values() -> None:
    request = Request("GET", f"/v1/{mark('step:a:body:/id')}/{mark('step:b:header:Location')}")
    found = {"step:a:body:/id": "one", "step:b:header:Location": "two"}
    assert settled_request(request, None, found.__getitem__)[0].target == "/v1/one/two"


@pytest.mark.parametrize("given", [None, True, ["file-1"], {"id": "file-1"}])
@pytest.mark.parametrize("place", ["target", "headers", "body"])
def test_an_answer_without_the_value_is_named(given: Any, place: str) -> None:
    places: dict[str, Any] = {"target": f"/v1/{MARK}", "headers": (("X-File", MARK),), "body": {"file": MARK}}
    with pytest.raises(MissingAnswer) as missing:
        settle(**{place: places[place]}, given=given)
    assert missing.value.reference == ID


def test_the_time_is_told_when_the_request_is_sent() -> None:
    request = Request("GET", f"/v1/events?since={mark('now:-60')}", (), None)
    assert waits(request)
    moment = earlier("now:-60", {})
    assert settled_request(request, None, lambda name: earlier(name, {}))[0].target == f"/v1/events?since={quote(moment, safe='')}"
    since = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert 58 <= (datetime.now(timezone.utc) - since).total_seconds() <= 65
