"""
What is wrong with the meaning of a contract whose grammar holds.
"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract import contract_names
from conformance.engine.lint import lint_contract
from tests.contract.copying import MINIMAL, assert_found, change, lint_changed

PLAIN = "clauses/plain.yaml"
ONE = "one: {steps: [{send: {}, expect: {success: true}}]}"


def expecting(name: str, expect: str, what: str) -> Any:
    return change(name, PLAIN, ONE, f"one: {{steps: [{{send: {{}}, expect: {expect}}}]}}", ("8", what))


def sending(name: str, send: str, what: str) -> Any:
    return change(
        name, PLAIN, ONE, f"one: {{steps: [{{send: {send}, expect: {{success: true}}}}]}}", ("8", what)
    )


def clause(name: str, rest: str, *found: tuple[str, str], clause_id: str = "more") -> Any:
    row = f"  - {{id: {clause_id}, level: MUST, says: More., source: {{doc: guide}}, promises: [P1]{rest}}}\n"
    return change(name, PLAIN, "", row, *found)


def zone(name: str, when: str, *found: tuple[str, str]) -> Any:
    return change(
        name, "undocumented.yaml", "", f"zones:\n  - {{id: z, says: A zone., when: {when}}}\n", *found
    )


CASE = ", cases: {a: {steps: [{send: {}, expect: {success: true}}]}}"
CHANGES = [
    # Ids and promises.
    clause("id twice", CASE, ("24", "two clauses have the id accept.plain"), clause_id="accept.plain"),
    clause(
        "id of a derived clause",
        CASE,
        ("triggers.yaml:2", "two clauses have the id refuse.missing"),
        clause_id="refuse.missing",
    ),
    clause(
        "derived id of a cap",
        CASE,
        ("caps.yaml:2", "two clauses have the id caps.parts.over"),
        clause_id="caps.parts.over",
    ),
    clause("nothing judges it", "", ("24", "nothing can ever judge more")),
    change(
        "unknown promise",
        PLAIN,
        "promises: [P1]\n    cases",
        "promises: [P1, P9]\n    cases",
        ("6", "no promise 'P9'"),
    ),
    change(
        "unknown promise of an effect",
        "contract.yaml",
        "fetches nothing, source: {doc: guide}, promises: [P3]",
        "fetches nothing, source: {doc: guide}, promises: [Q3]",
        ("45", "no promise 'Q3'"),
    ),
    change(
        "unbound promise",
        "promises.yaml",
        "excluded:",
        "  P6: {doc: guide, says: More.}\nexcluded:",
        ("7", "no clause binds the promise P6"),
    ),
    change(
        "bound and excluded",
        "promises.yaml",
        "",
        "  - {promise: P1, reason: No.}\n",
        ("9", "P1 is excluded, and a clause binds it"),
    ),
    change(
        "excluded and unknown",
        "promises.yaml",
        "",
        "  - {promise: P7, reason: No.}\n",
        ("9", "no promise 'P7'"),
    ),
    change(
        "unknown document",
        PLAIN,
        "says: A plain request is served.\n    source: {doc: guide}",
        "says: A plain request is served.\n    source: {doc: gide}",
        ("5", "did you mean guide?"),
    ),
    change(
        "unknown document of a promise",
        "promises.yaml",
        "P2: {doc: guide",
        "P2: {doc: manual",
        ("3", "no document"),
    ),
    # Errors.
    expecting("unknown code", "{refusal: mising_input}", "did you mean missing_input?"),
    expecting("unknown code in a list", "{refusal: {codes: [bad_size, bad_sise]}}", "did you mean bad_size?"),
    expecting("unknown code in code_in", "{code_in: [nobody]}", "no error code"),
    expecting("unknown type", "{refusal: {codes: any, type: invlid}}", "did you mean invalid?"),
    change(
        "unknown code of a trigger",
        "triggers.yaml",
        "{codes: [missing_input]}",
        "{codes: [missing_input, x]}",
        ("7", "no error code"),
    ),
    change(
        "unknown code of or_refused",
        "caps.yaml",
        "max: 2",
        "max: 2\n    or_refused: [x]",
        ("5", "no error code"),
    ),
    change(
        "error that nothing provokes",
        "errors.yaml",
        "",
        "  - {code: lost, status: [404], type: server, stage: x, source: {doc: guide}}\n",
        ("7", "nothing provokes the error lost"),
    ),
    change(
        "unprovoked and provoked",
        PLAIN,
        ONE,
        "one: {steps: [{send: {}, expect: {refusal: broken}}]}",
        ("errors.yaml:6", "is unprovoked, and a request provokes it"),
    ),
    change(
        "code twice",
        "errors.yaml",
        "",
        "  - {code: bad_size, status: [422], type: invalid, stage: x, source: {doc: guide}}\n",
        ("7", "bad_size stands twice"),
    ),
    # Names that lead nowhere.
    expecting("unknown envelope", "{schema: embedings}", "did you mean embeddings?"),
    expecting("unknown step", "{same_as: first}", "no earlier step 'first'"),
    expecting(
        "unknown step in a reference", "{equal: [[body:/a, step:first:body:/a]]}", "no earlier step 'first'"
    ),
    change(
        "later step",
        PLAIN,
        "{send: {}, expect: {success: true, same_vector_as: first}}",
        "{name: last, send: {}, expect: {success: true, same_vector_as: last}}",
        ("12", "no earlier step 'last'"),
    ),
    sending("unknown operation", "{operation: creat}", "did you mean create?"),
    sending("unknown key", "{key: revokd}", "did you mean revoked?"),
    sending("unknown form of key", "{form: basic}", "no form of authentication 'basic'"),
    sending("unknown part", "{body: {input: {$parts: {txt: 1}}}}", "did you mean text?"),
    sending("unknown variable", "{body: {input: $inptu}}", "no variable or fact 'inptu'"),
    sending("unknown field of a fact", "{body: {model: $model.name}}", "no variable or fact 'model.name'"),
    sending("field of a field", "{body: {model: $model.id.x}}", "no variable or fact 'model.id.x'"),
    change(
        "cap of a million parts", "caps.yaml", "far: [9]", "far: [1000000]", ("12", "too large to be made")
    ),
    sending("impossible argument", "{body: {input: {$json: '{'}}}", "can't be made"),
    change(
        "unknown operation of an invariant",
        PLAIN,
        "on: {operations: [create]",
        "on: {operations: [create, crate]",
        ("18", "did you mean create?"),
    ),
    change(
        "unknown request shape",
        "contract.yaml",
        "request: create_request",
        "request: creat_request",
        ("22", "did you mean create_request?"),
    ),
    change(
        "unknown envelope of an operation",
        "contract.yaml",
        "envelope: models",
        "envelope: model",
        ("28", "did you mean models?"),
    ),
    change(
        "unknown default form",
        "contract.yaml",
        "default: bearer",
        "default: bear",
        ("10", "did you mean bearer?"),
    ),
    change(
        "unknown variable of the plain body",
        "contract.yaml",
        "model: $model.id",
        "model: $modle.id",
        ("21", "did you mean model.id?"),
    ),
    clause("unknown need", ", needs: [key.revokd]" + CASE, ("24", "did you mean key.revoked?")),
    clause("unknown fact as need", ", needs: [model.size]" + CASE, ("24", "did you mean model.sizes?")),
    clause(
        "unknown property of a target",
        ", unless: full_moon" + CASE,
        ("24", "no property of a target 'full_moon'"),
    ),
    # Schemas and patterns.
    change(
        "type of a schema",
        "envelopes.yaml",
        "error: {type: object",
        "error: {type: objct",
        ("2", "no valid JSON Schema"),
    ),
    change(
        "keyword of a schema",
        "envelopes.yaml",
        "error: {type: object, required",
        "error: {type: object, requierd",
        ("2", "did you mean required?"),
    ),
    change(
        "schema that leads away",
        "envelopes.yaml",
        "models: {type: object",
        "models: {$ref: 'https://example.invalid/x'",
        ("4", "leads out of its file"),
    ),
    change(
        "schema that leads nowhere",
        "envelopes.yaml",
        "models: {type: object",
        "models: {$ref: '#/nowhere'",
        ("4", "no valid JSON Schema"),
    ),
    change(
        "pattern of a schema",
        "triggers.yaml",
        "when: {not: {required: [input]}}",
        'when: {not: {required: [input]}, properties: {a: {pattern: "("}}}',
        ("8", "does not compile"),
    ),
    change(
        "pattern of a header",
        PLAIN,
        '"^application/json"',
        '"^(application/json"',
        ("21", "does not compile"),
    ),
    expecting("pattern of what is lacking", '{lacks: {pattern: "(", says: no bracket}}', "does not compile"),
    change("schema of a body", PLAIN, "minItems: 1", "minItems: one", ("22", "no valid JSON Schema")),
    change(
        "schema of a fact",
        "contract.yaml",
        "where: {required: [id]}",
        "where: {required: id}",
        ("34", "no valid JSON Schema"),
    ),
    zone("schema of a zone", "{minimun: 3}", ("2", "did you mean minimum?")),
    # Requests that do something else.
    change(
        "trigger that nothing matches",
        "triggers.yaml",
        "when: {not: {required: [input]}}",
        "when: {required: [nothing]}",
        ("8", "no request of missing matches its own when"),
    ),
    change(
        "case that does not match",
        "triggers.yaml",
        "      plain: {body: {input: $absent}}\n",
        "      plain: {body: {input: $absent}}\n      other: {body: {user: u}}\n",
        ("12", "does not match the when of missing"),
    ),
    change(
        "case that matches two",
        "triggers.yaml",
        "plain: {body: {input: $absent}}",
        "plain: {body: {input: $absent, size: 3}}",
        ("11", "breaks something else too"),
    ),
    zone("case in a zone", "{not: {required: [input]}}", ("triggers.yaml:11", "breaks something else too")),
    change(
        "twin that is refused",
        "triggers.yaml",
        "twin: {}",
        "twin: {body: {size: 3}}",
        ("11", "the twin is refused"),
    ),
    change(
        "limit that is refused",
        "caps.yaml",
        "minItems: 3",
        "minItems: 2",
        ("12", "a request at the limit is refused"),
    ),
    sending("success that is refused", "{body: {input: [a, b, c]}}", "caps.parts"),
    change(
        "control that is refused",
        "contract.yaml",
        "    - {operation: create}\n",
        "    - {operation: create, body: {size: 3}}\n",
        ("40", "has to succeed is refused"),
    ),
    clause(
        "crowd that is refused",
        ", crowd: {clients: 2, texts: 2, rounds: {quick: 1, standard: 1, deep: 1}, "
        "send: {body: {input: $absent}}, "
        "reference: {success: true}, expect: {success: true}}",
        ("24", "has to succeed is refused"),
    ),
]


@pytest.mark.parametrize("made", CHANGES, ids=lambda made: made.name)
def test_each_mistake_is_found_at_its_line(made, tmp_path):
    assert_found(lint_changed(tmp_path, made), made, tmp_path)


def test_the_minimal_contract_is_clean():
    assert lint_contract(str(MINIMAL)) == []


@pytest.mark.parametrize("name", contract_names())
def test_every_shipped_contract_is_clean(name):
    assert "\n".join(fault.render() for fault in lint_contract(name)) == ""


def test_mistakes_of_several_files_come_at_once_and_in_order(tmp_path):
    first = change("several", PLAIN, "level: MUST", "level: MUST\n    needs: [moon]\n    unless: sun")
    lint_changed(tmp_path, first)
    path = tmp_path / "minimal" / "errors.yaml"
    path.write_text(path.read_text().replace("status: [500], type: server", "status: [500], type: severe"))
    wheres = [fault.where.rpartition("/")[2] for fault in lint_contract(str(tmp_path / "minimal"))]
    assert wheres == ["plain.yaml:4", "plain.yaml:5", "errors.yaml:6"]


def test_a_good_list_of_anchors_is_no_fault(tmp_path):
    made = change(
        "anchors", PLAIN, ONE, "one: &one {steps: [{send: {}, expect: {success: true}}]}\n      again: *one"
    )
    assert lint_changed(tmp_path, made) == []
