"""
Forms with a file, as the uploads of a contract spell them; read back by the standard library's own parser.
"""

from __future__ import annotations

import json
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from conformance.generate.multipart import encode_form

LINE = {"custom_id": "a", "body": {"input": "größe 日本", "n": 1}}


def parts(fields: dict[str, Any]) -> list[Message]:
    body, kind = encode_form(fields, "form-000")
    assert kind == "multipart/form-data; boundary=form-000"
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    assert not whole.defects
    return list(whole.iter_parts())


def test_a_text_is_a_field() -> None:
    (field,) = parts({"purpose": "batch"})
    assert field["Content-Disposition"] == 'form-data; name="purpose"'
    assert field.get_payload(decode=True) == b"batch"


def test_a_file_has_a_name_and_a_line_for_each_value() -> None:
    purpose, file = parts({"purpose": "batch", "file": {"name": "in.jsonl", "lines": [LINE, "not json", LINE]}})
    assert file["Content-Disposition"] == 'form-data; name="file"; filename="in.jsonl"'
    assert file.get_content_type() == "application/jsonl"
    content = file.get_payload(decode=True).decode()
    assert content.endswith("\n")
    first, second, third = content.splitlines()
    assert (json.loads(first), second, json.loads(third)) == (LINE, "not json", LINE)


def test_a_file_may_hold_nothing() -> None:
    (file,) = parts({"file": {"name": "in.jsonl", "lines": []}})
    assert file.get_payload(decode=True) == b""


def test_the_order_of_the_fields_is_kept() -> None:
    fields = {"file": {"name": "in.jsonl", "lines": []}, "purpose": "batch", "n": 5}
    assert [part.get_param("name", header="Content-Disposition") for part in parts(fields)] == list(fields)


def test_a_form_ends_with_its_boundary_and_stands_in_whole_lines() -> None:
    body, _ = encode_form({"purpose": "batch"}, "form-000")
    assert body.startswith(b"--form-000\r\n")
    assert body.endswith(b"\r\n--form-000--\r\n")


def test_a_line_with_half_a_character_is_still_bytes() -> None:
    body, _ = encode_form({"file": {"name": "in.jsonl", "lines": ['{"input": "\ud800"}']}}, "form-000")
    assert b"\xed\xa0\x80" in body
