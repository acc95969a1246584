"""
What the language itself says is wrong: keys, types, words and choices.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from conformance.contract.document import read_document
from conformance.contract.grammar import check_document, language_schema
from conformance.generate.forms import FORMS
from conformance.judge.predicates import PREDICATES
from tests.contract.copying import assert_found, change, lint_changed

ROOT = Path(__file__).resolve().parents[2]
PLAIN = "clauses/plain.yaml"
ONE = "one: {steps: [{send: {}, expect: {success: true}}]}"
KINDS = ("contract", "errors", "envelopes", "triggers", "caps", "undocumented", "promises", "clauses")


def expecting(name: str, expect: str, what: str) -> Any:
    return change(name, PLAIN, ONE, f"one: {{steps: [{{send: {{}}, expect: {expect}}}]}}", ("8", what))


def sending(name: str, send: str, what: str) -> Any:
    return change(
        name, PLAIN, ONE, f"one: {{steps: [{{send: {send}, expect: {{success: true}}}}]}}", ("8", what)
    )


CHANGES = [
    expecting("misspelt predicate", "{statsu: 200}", "did you mean status?"),
    expecting("status that is none", "{status: 9xx}", "400, 4xx, a list of those, or {not: …}"),
    expecting("misspelt not", "{status: {nt: 5xx}}", "did you mean not?"),
    expecting("misspelt codes", "{refusal: {code: [missing_input]}}", "did you mean codes?"),
    expecting("refusal as number", "{refusal: 5}", "the number 5"),
    expecting("no codes", "{refusal: []}", "at least 1 in the list"),
    expecting("body value", "{body: {/data: abscent}}", "absent, or a JSON Schema"),
    expecting("body without pointer", "{body: {data: absent}}", "a JSON Pointer"),
    expecting("unknown reference", "{equal: [[bdy:/x, 1]]}", "body:/pointer"),
    expecting("reference without slash", "{equal: [[body:x, 1]]}", "body:/pointer"),
    expecting("reference to a step alone", "{equal: [[step:first, 1]]}", "step:NAME:REFERENCE"),
    expecting("half a pair", "{equal: [[body:/x]]}", "a pair of references"),
    expecting("typo within a choice", "{any_of: [{success: true}, {refusl: any}]}", "did you mean refusal?"),
    expecting("success false", "{success: false}", "can only be true"),
    expecting("sum without within", "{sum: {of: [body:/a], is: body:/b}}", "within is missing"),
    expecting("near with a text", "{near: {of: body:/a, value: body:/b, within: wide}}", "the text 'wide'"),
    expecting("header value", "{header: {X: {patern: a}}}", "did you mean pattern?"),
    expecting("charge", "{charge: 5}", "0, reported (what the answers say), once"),
    expecting("vectors", "{vectors: {flat: true, finit: true}}", "did you mean finite?"),
    expecting("nothing expected", "{}", "not empty"),
    sending("misspelt form", "{body: {input: {$txt: {words: 3}}}}", "did you mean $text?"),
    sending(
        "words and chars", "{body: {input: {$text: {words: 3, chars: 4}}}}", "so many words, or of exactly"
    ),
    sending("form beside a key", "{body: {input: {$text: {words: 3}, a: b}}}", "a form stands alone"),
    sending(
        "words as text",
        "{body: {input: {$text: {words: lots}}}}",
        "a whole number up to 10,000,000, or a variable",
    ),
    sending("a billion parts", "{body: {input: {$parts: {text: 1000000000}}}}", "up to 100,000"),
    sending("two bodies", "{raw: x, body: {input: a}}", "one body only"),
    sending("half a byte", "{raw_hex: abc}", "hex"),
    sending("variation", "{vary: key_odrer}", "did you mean key_order?"),
    sending("header as number", "{headers: {X-Retries: 5}}", 'put it in quotes: "5"'),
    change("steps as mapping", PLAIN, ONE, "one: {steps: {}}", ("8", "a list")),
    change(
        "expect without send",
        PLAIN,
        ONE,
        "one: {steps: [{expect: {success: true}}]}",
        ("8", "send is missing"),
    ),
    change("send without expect", PLAIN, ONE, "one: {steps: [{send: {}}]}", ("8", "expect is missing")),
    change("misspelt level key", PLAIN, "level: MUST", "levle: MUST", ("3", "did you mean level?")),
    change("level in small letters", PLAIN, "level: MUST", "level: must", ("3", "one of MUST, SHOULD, MAY")),
    change("no level", PLAIN, "    level: MUST\n", "", ("2", "level is missing in accept.plain")),
    change("needs as text", PLAIN, "level: MUST", "level: MUST\n    needs: ledger", ("4", "write [ledger]")),
    change("promise as text", PLAIN, "promises: [P1]\n    cases", "promises: P1\n    cases", ("6", "a list")),
    change(
        "on without expect",
        PLAIN,
        "level: MUST",
        "level: MUST\n    on: {operations: [create]}",
        ("2", "expect is missing"),
    ),
    change("each of nothing", PLAIN, "level: MUST", "level: MUST\n    each: {v: []}", ("4", "at least 1")),
    change("id with a space", PLAIN, "id: accept.plain", "id: accept plain", ("2", "an id")),
    change("language of the future", "contract.yaml", "language: 1", "language: 2", ("2", "can only be 1")),
    change("misspelt table", "contract.yaml", "discover:", "discovr:", ("30", "did you mean discover?")),
    change("revision as number", "contract.yaml", '"2020-01-01"', "2020", ("5", 'put it in quotes: "2020"')),
    change("method", "contract.yaml", "method: POST", "method: post", ("18", "the text 'post'")),
    change("pointer", "contract.yaml", "rows: /data, value", "rows: data, value", ("24", "JSON Pointer")),
    change("status as text", "errors.yaml", "status: [422]", 'status: ["422"]', ("4", "a whole number")),
    change("status out of range", "errors.yaml", "status: [422]", "status: [42]", ("4", "100 or more")),
    change(
        "schema as list",
        "triggers.yaml",
        "when: {not: {required: [input]}}",
        "when: [input]",
        ("8", "a mapping"),
    ),
    change(
        "no cases",
        "triggers.yaml",
        "    cases:\n      plain: {body: {input: $absent}}\n",
        "",
        ("2", "cases is missing"),
    ),
    change("max as text", "caps.yaml", "max: 2", "max: two", ("4", "the text 'two'")),
    change("unknown effect", "caps.yaml", "message: [P4]", "massage: [P4]", ("7", "did you mean message?")),
    change(
        "code_level without codes",
        "triggers.yaml",
        "{codes: [bad_size]}",
        "{codes: any, code_level: MAY}",
        ("18", "a list"),
    ),
    change(
        "zones",
        "undocumented.yaml",
        "",
        "zones:\n  - {id: a, says: b, wen: true}\n",
        ("2", "did you mean when?"),
    ),
    change(
        "zone",
        "undocumented.yaml",
        "",
        "zones:\n  - {id: a, says: b, when: {pattern_anywhere: x, y: z}}\n",
        ("2", "unknown key 'y'"),
    ),
    change(
        "promise",
        "promises.yaml",
        "{doc: guide, says: A plain request is served.}",
        "{doc: guide}",
        ("2", "says is missing"),
    ),
]


@pytest.mark.parametrize("made", CHANGES, ids=lambda made: made.name)
def test_each_mistake_is_one_fault_at_its_line(made, tmp_path):
    assert_found(lint_changed(tmp_path, made), made, tmp_path)


def objects(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            yield path, node
        for key, item in node.items():
            yield from objects(item, f"{path}/{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from objects(item, f"{path}/{index}")


def said(schema: Any) -> bool:
    if isinstance(schema, dict) and "description" in schema:
        return True
    return (
        isinstance(schema, dict)
        and "$ref" in schema
        and said(language_schema()["$defs"][schema["$ref"].split("/")[-1]])
    )


def test_the_schema_is_one_and_every_definition_is_described():
    schema = language_schema()
    jsonschema_rs.meta.validate(schema)
    assert schema["$id"] and schema["title"]
    assert not [name for name, definition in schema["$defs"].items() if not said(definition)]
    assert set(KINDS) <= schema["$defs"].keys()


def test_every_field_is_described_and_every_object_closed():
    for path, node in objects(language_schema()["$defs"], ""):
        assert "additionalProperties" in node or path.endswith("/then"), path
        assert not [
            key
            for key, field in node["properties"].items()
            if not said(field) and "/dependentSchemas/" not in path
        ], path


def test_every_definition_is_used():
    text = json.dumps(language_schema())
    unused = {name for name in language_schema()["$defs"] if f'"#/$defs/{name}"' not in text}
    # A target is a file of its own, with a schema of its own for editors.
    assert unused == {"target"}


def test_the_predicates_are_those_of_the_judge():
    # unless is none of them: it says which answers the others have nothing to say of.
    assert set(language_schema()["$defs"]["expect"]["properties"]) == {*PREDICATES, "unless"}


def test_the_forms_are_those_of_the_generator():
    assert set(language_schema()["$defs"]["template"]["properties"]) == set(FORMS)


def test_a_whole_contract_is_checked_in_no_time():
    folder = ROOT / "specs" / "aurous"
    documents = [(read_document(folder / f"{kind}.yaml"), kind) for kind in KINDS if kind != "clauses"]
    documents += [(read_document(path), "clauses") for path in sorted((folder / "clauses").glob("*.yaml"))]
    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        assert not [fault for document, kind in documents for fault in check_document(document, kind)]
        best = min(best, time.perf_counter() - started)
    assert best < 0.015
