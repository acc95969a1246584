"""
The words of the language that servers of one shape in many ways asked for: features, groups of the operator, variables,
tolerances, levels of rows, what comes last, and what an earlier answer tells.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.contract import Contract, load_contract, loader
from conformance.engine.lint import lint_contract
from conformance.verdict import Level
from tests.contract.copying import Change, assert_found, change, copy_both, lint_changed

HEAD = "contract.yaml"
PLAIN = "clauses/plain.yaml"
OWN = "clauses/own.yaml"
ONE = "one: {steps: [{send: {}, expect: {success: true}}]}"


def expecting(name: str, expect: str, what: str) -> Change:
    return change(name, PLAIN, ONE, f"one: {{steps: [{{send: {{}}, expect: {expect}}}]}}", ("8", what))


def sending(name: str, send: str, what: str) -> Change:
    return change(name, PLAIN, ONE, f"one: {{steps: [{{send: {send}, expect: {{success: true}}}}]}}", ("8", what))


def step(name: str, fields: str, what: str) -> Change:
    return change(name, PLAIN, ONE, f"one: {{steps: [{{send: {{}}, expect: {{success: true}}, {fields}}}]}}", ("8", what))


def head(name: str, rows: str, *found: tuple[str, str]) -> Change:
    return change(name, HEAD, "", rows, *found)


# Each is one mistake in the minimal contract, whose contract.yaml has 45 lines.
CHANGES = [
    expecting("charge as a word", "{charge: {more: 0}}", "more than a number"),
    expecting("charge of two kinds", "{charge: {more_than: 0, times: 2}}", "more_than"),
    expecting("charge below nothing", "{charge: {more_than: -1}}", "0 or more"),
    expecting("times without a step", "{charge: {times: 2}}", "so many times what an earlier step cost"),
    expecting("moved_from without beyond", "{moved_from: {step: first}}", "beyond is missing"),
    expecting("unit in words", "{vectors: {unit: yes}}", "can only be true"),
    expecting("row of no number", "{row_vectors: {first: one}}", "out of place"),
    expecting("no rows", "{row_vectors: {}}", "not empty"),
    expecting("row without its index", "{vector_of_row: {step: one}}", "index is missing"),
    expecting("lines without names", "{line_names: {by: /custom_id}}", "are is missing"),
    expecting("lines by no pointer", "{line_names: {by: custom_id, are: [a]}}", "JSON Pointer"),
    expecting("line_vectors without a place", "{line_vectors: {by: /id, are: {a: one}}}", "at is missing"),
    expecting("distinct_rows false", "{distinct_rows: false}", "can only be true"),
    expecting("keeps_key false", "{keeps_key: false}", "can only be true"),
    expecting("unknown step of a row", "{row_vectors: {'0': first}}", "no earlier step 'first'"),
    expecting("unknown step of a vector", "{vector_of_row: {step: first, index: 0}}", "no earlier step 'first'"),
    expecting("unknown step of a norm", "{same_norm_as: first}", "no earlier step 'first'"),
    expecting("row of an unknown step", "{listed: {in: /data, where: {/id: step:first:body:/id}}}", "no earlier step 'first'"),
    expecting("row of nothing", "{listed: {in: /data, where: {}}}", "not empty"),
    expecting("row in no list", "{listed: {where: {/id: a}}}", "in is missing"),
    expecting("unknown step of numbers", "{same_numbers_as: first}", "no earlier step 'first'"),
    expecting("unknown step of lines", "{line_vectors: {by: /id, at: /v, are: {a: first}}}", "no earlier step 'first'"),
    sending("texts without a count", "{body: {input: {$texts: {words: 3}}}}", "count is missing"),
    sending("texts by lists of texts", "{body: {input: {$texts: {count: 3, words: [a few]}}}}", "a whole number"),
    sending("whole of nothing", "{body: {dimensions: {$whole: {times: 2}}}}", "of is missing"),
    sending("whole over words", "{body: {dimensions: {$whole: {of: 2, over: two}}}}", "a whole number"),
    sending("unknown limit", "{body: {dimensions: {$whole: {of: $limits.tokens}}}}", "no variable or fact 'limits.tokens'"),
    sending("from no step", "{body: {id: {$from: 'body:/id'}}}", "step:NAME:body:/pointer"),
    sending("from no time", "{body: {id: {$from: 'now:soon'}}}", "seconds from now"),
    sending("form with a body", "{multipart: {purpose: batch}, raw: x}", "one body only"),
    sending("file without lines", "{operation: models, multipart: {file: {name: a}}}", "lines is missing"),
    sending("form of nothing", "{multipart: {}}", "not empty"),
    sending("unknown client", "{client: pyton}", "no client library 'pyton'"),
    sending("too many retries", "{retries: 6}", "5 or less"),
    sending("unknown variable of a path", "{vars: {room: $slugs.closed}}", "no variable or fact 'slugs.closed'"),
    step("until without within", "until: {success: true}", "within is missing"),
    step("within without until", "within: 5", "until is missing"),
    step("within no time", "until: {success: true}, within: 0", "within"),
    step("misspelt within until", "until: {sucess: true}, within: 5", "did you mean success?"),
    change("last in words", PLAIN, "level: MUST", "level: MUST\n    last: always", ("4", "true or false")),
    change("need of an unknown feature", PLAIN, "level: MUST", "level: MUST\n    needs: [feature.lift.yes]", ("4", "'feature.lift.yes'")),
    change("need of an unknown client", PLAIN, "level: MUST", "level: MUST\n    needs: [client.python]", ("4", "'client.python'")),
    change("level of a trigger", "triggers.yaml", "promises: [P2]\n    operations: [create]\n    refusal: {codes: [missing_input]}",
           "promises: [P2]\n    level: must\n    operations: [create]\n    refusal: {codes: [missing_input]}", ("6", "one of MUST, SHOULD, MAY")),
    change("levels of a cap", "caps.yaml", "max: 2", "max: 2\n    levels: {far: SHOULD}", ("5", "unknown key 'far'")),
    change("level of a cap", "caps.yaml", "max: 2", "max: 2\n    levels: {at: WILL}", ("5", "one of MUST, SHOULD, MAY")),
    change("zone of no feature", "undocumented.yaml", "", "zones:\n  - {id: a, says: b, when: {required: [c]}, features: {}}\n", ("2", "not empty")),
    change("race without its least", PLAIN, "cases:\n      one", "race: {large: {}, small: {}}\n    cases:\n      one", ("7", "least is missing")),
    change("hangup without rounds", PLAIN, "cases:\n      one", "hangup: {send: {}, beside: {}}\n    cases:\n      one", ("7", "rounds is missing")),
    head("tolerance without its reason", "tolerances: {same_text: {cosine: 0.99}}\n", ("46", "reason is missing")),
    head("tolerance beyond one", "tolerances: {same_text: {cosine: 99, reason: So.}}\n", ("46", "1 or less")),
    head("tolerance of something else", "tolerances: {some_text: {cosine: 0.9, reason: So.}}\n", ("46", "did you mean same_text?")),
    head("feature of one value", 'features: {lift: {values: {"yes": a}, default: "yes"}}\n', ("46", "out of bounds")),
    head("variable without what to supply", "vars: {room: {}}\n", ("46", "supply is missing")),
    head("client of another language", "clients: {go: {run: go, script: a.go, path: /v1, supply: go}}\n", ("46", "one of python, node")),
    head("group of texts", "operator: {slugs: {closed: a room}}\n", ("46", "a mapping")),
]


@pytest.mark.parametrize("made", CHANGES, ids=lambda made: made.name)
def test_each_mistake_is_one_fault_at_its_line(made: Change, tmp_path: Path) -> None:
    assert_found(lint_changed(tmp_path, made), made, tmp_path)


AMISS = [
    expecting("width as a list", "{vectors: {width: [3]}}", "a list of 1"),
    head("feature without values", "features: {lift: {says: a lift}}\n", ("46", "values is missing")),
    head("feature whose default is none", 'features: {lift: {values: {"yes": a, "no": b}, default: maybe}}\n', ("46", "maybe")),
    change("zone of an unknown feature", "undocumented.yaml", "", 'zones:\n  - {id: a, says: b, when: {required: [c]}, features: {lift: "no"}}\n', ("2", "lift")),
    expecting("unknown step of a charge", "{charge: {times: 2, step: first}}", "no earlier step 'first'"),
    sending("from an unknown step", "{body: {input: {$from: 'step:first:body:/id'}}}", "no earlier step 'first'"),
    step("until with an unknown step", "until: {same_vector_as: first}, within: 5", "no earlier step 'first'"),
    change("client without its script", HEAD, "", "clients: {py: {run: python, script: nowhere.py, path: /v1, supply: it}}\n", ("46", "nowhere.py")),
]


@pytest.mark.parametrize("made", AMISS, ids=lambda made: made.name)
def test_a_name_that_leads_nowhere_is_one_fault_at_its_line(made: Change, tmp_path: Path) -> None:
    assert_found(lint_changed(tmp_path, made), made, tmp_path)


GIVEN = "no answer of this case can break the clause"
ONLY_GIVEN = [
    "{name: first, send: {}, expect: {success: true}}",
    "{given: true, send: {}, expect: {success: true}}",
    "{name: first, send: {}, expect: {success: true}}, {name: last, send: {}, expect: {success: true, same_vector_as: first}}",
]


@pytest.mark.parametrize("steps", ONLY_GIVEN)
def test_a_case_that_only_prepares_is_a_fault(steps: str, tmp_path: Path) -> None:
    made = change("only given", PLAIN, ONE, f"one: {{steps: [{steps}]}}", ("8", GIVEN))
    faults = lint_changed(tmp_path, made)
    assert_found(faults, made, tmp_path)
    assert "given: false" in faults[0].move


JUDGED = [
    "{name: first, given: false, send: {}, expect: {success: true}}",
    "{name: first, send: {}, expect: {success: true}}, {name: last, given: false, send: {}, expect: {success: true}}",
    "{name: first, send: {}, expect: {success: true}, times: 2, together: true}",
    "{name: first, send: {}, expect: {success: true}}, {send: {}, expect: {success: true}}",
]


@pytest.mark.parametrize("steps", JUDGED)
def test_a_case_with_a_step_that_is_judged_is_none(steps: str, tmp_path: Path) -> None:
    assert lint_changed(tmp_path, change("judged", PLAIN, ONE, f"one: {{steps: [{steps}]}}")) == []


def loaded(folder: Path, *changes: Change) -> Contract:
    copy_both(folder)
    for made in changes:
        path = folder / "minimal" / made.file
        text = path.read_text("utf-8")
        path.write_text(text.replace(made.old, made.new) if made.old else text + made.new, "utf-8")
    return load_contract(str(folder / "minimal"))


def test_rows_bind_as_they_say_and_must_where_they_say_nothing(tmp_path: Path) -> None:
    contract = loaded(
        tmp_path,
        change("trigger", "triggers.yaml", "  - id: missing\n", "  - id: missing\n    level: SHOULD\n    last: true\n"),
        change("cap", "caps.yaml", "max: 2", "max: 2\n    levels: {over: MAY}"),
    )
    levels = {clause.id: clause.level for clause in contract.clauses}
    assert (levels["refuse.missing"], levels["refuse.size"]) == (Level.SHOULD, Level.MUST)
    assert (levels["caps.parts.at"], levels["caps.parts.over"], levels["caps.parts.far"]) == (Level.MUST, Level.MAY, Level.MAY)
    # What a refusal must not cost binds as its effect says, and the wording of a limit's message only should.
    assert (levels["uncharged.missing"], levels["caps.parts.message"]) == (Level.MUST, Level.SHOULD)


def test_a_cap_may_bind_less_at_the_limit(tmp_path: Path) -> None:
    contract = loaded(tmp_path, change("cap", "caps.yaml", "max: 2", "max: 2\n    levels: {at: SHOULD}"))
    assert contract.clause("caps.parts.at").level is Level.SHOULD
    assert contract.clause("caps.parts.over").level is Level.MUST


def test_what_a_target_may_not_outlive_comes_last(tmp_path: Path) -> None:
    contract = loaded(
        tmp_path,
        change("trigger", "triggers.yaml", "  - id: missing\n", "  - id: missing\n    last: true\n"),
        change("clause", PLAIN, "  - id: accept.plain\n", "  - id: accept.plain\n    last: true\n"),
    )
    last = {clause.id for clause in contract.clauses if clause.last}
    assert {"refuse.missing", "accept.plain"} <= last
    assert not {"refuse.size", "success.shape", "caps.parts.over"} & last


def test_without_effects_no_refusal_is_held_to_one(tmp_path: Path) -> None:
    assert any(clause.id.startswith("uncharged.") for clause in loaded(tmp_path).clauses)
    path = tmp_path / "minimal" / HEAD
    path.write_text(path.read_text("utf-8").partition("effects:\n")[0], "utf-8")
    assert not [c.id for c in load_contract(str(tmp_path / "minimal")).clauses if c.id.startswith(("uncharged.", "unfetched."))]


def test_a_step_says_how_long_it_waits_and_what_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "specs_folder", lambda: tmp_path)
    contract = load_contract(copy_both(tmp_path))
    first, job = next(case for case in contract.clause("accept.closed").cases if case.name == "two").steps
    assert (first.given, first.until, first.within) == (True, None, 0.0)
    assert (job.given, job.until, job.within) == (False, {"success": True}, 5)


def test_an_operation_says_where_a_row_has_its_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_contract("openai").operations["content"].lines is True
    monkeypatch.setattr(loader, "specs_folder", lambda: tmp_path)
    contract = load_contract(copy_both(tmp_path))
    assert contract.operations["create"].vector_index == "/index"
    assert contract.operations["models"].lines is False


UPPER: list[Any] = [
    ("need of an unknown value", "feature.lift.yes", "feature.lift.maybe", ("7", "did you mean feature.lift.yes?")),
    ("need of any but an unknown value", "feature.lift.yes", "feature.lift.not.maybe", ("7", "'feature.lift.not.maybe'")),
    ("need of an unknown name", "slugs.closed, feature", "slugs.open, feature", ("7", "'slugs.open'")),
    ("variable of an unknown name", "room: $slugs.closed", "room: $slugs.shut", ("10", "'slugs.shut'")),
]


@pytest.mark.parametrize(("name", "old", "new", "found"), UPPER, ids=[row[0] for row in UPPER])
def test_what_only_an_operator_knows_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str, found: tuple[str, str]
) -> None:
    monkeypatch.setattr(loader, "specs_folder", lambda: tmp_path)
    made = change(name, OWN, old, new, found)
    assert_found(lint_contract(copy_both(tmp_path, made)), made, Path(tmp_path.name), "upper")
