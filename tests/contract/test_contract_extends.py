"""
A contract that keeps what another one promises: what it takes over, what it leaves out, and what is stale in its rows.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.contract import Contract, contract_names, load_contract, loader
from conformance.engine.lint import lint_contract
from conformance.errors import UsageError
from conformance.generate.classify import Classifier
from conformance.generate.forms import Environment
from conformance.verdict import Level
from tests.contract.copying import Change, assert_found, change, copy_both

HEAD = "contract.yaml"


@pytest.fixture(autouse=True)
def _shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "specs_folder", lambda: tmp_path)


def upper(folder: Path, made: Change | None = None) -> Contract:
    return load_contract(copy_both(folder, made))


def test_the_contract_that_extends_another_is_clean(tmp_path: Path) -> None:
    assert lint_contract(copy_both(tmp_path)) == []


def test_the_other_s_clauses_come_after_its_own(tmp_path: Path) -> None:
    ids = [clause.id for clause in upper(tmp_path).clauses]
    assert ids == [
        "accept.closed", "success.shape", "refuse.missing", "uncharged.missing",
        "caps.parts.at", "caps.parts.over", "caps.parts.message", "uncharged.caps.parts",
    ]


def test_the_other_s_promises_are_its_own_ones_each_once(tmp_path: Path) -> None:
    contract = upper(tmp_path)
    assert contract.clause("refuse.missing").promises == ("U2",)
    assert contract.clause("caps.parts.over").promises == ("U2", "U1")
    assert set(contract.promises) == {"U1", "U2"}


def test_a_clause_may_bind_less_here(tmp_path: Path) -> None:
    contract = upper(tmp_path)
    assert contract.clause("success.shape").level is Level.MAY
    assert contract.clause("refuse.missing").level is Level.MUST


def test_what_is_left_out_takes_its_trigger_along(tmp_path: Path) -> None:
    contract = upper(tmp_path)
    assert [trigger.id for trigger in contract.triggers] == ["missing", "caps.parts"]


def test_a_zone_that_is_settled_is_gone_and_the_others_stay(tmp_path: Path) -> None:
    assert [zone.id for zone in upper(tmp_path).zones] == ["stairs", "odd"]


def test_what_both_have_is_its_own(tmp_path: Path) -> None:
    contract = upper(tmp_path)
    base = load_contract("minimal")
    assert contract.envelopes == {**base.envelopes, "error": {"type": "object", "required": ["error"], "properties": {"floor": {"type": "integer"}}}}
    assert contract.operations["create"].path == "/{room}/embeddings"
    assert contract.facts == base.facts
    assert contract.documents.keys() == {"guide", "floor"}
    assert contract.requests == base.requests


def test_a_clause_of_its_own_stands_for_the_other_s_of_that_name(tmp_path: Path) -> None:
    contract = upper(tmp_path, change("own", "clauses/own.yaml", "id: accept.closed", "id: refuse.missing"))
    clauses = [clause for clause in contract.clauses if clause.id == "refuse.missing"]
    assert [clause.says for clause in clauses] == ["A room that is closed is still served."]
    assert clauses[0].level is Level.SHOULD
    # The trigger that told of it is not taken over: what it says is said otherwise here.
    assert "missing" not in {trigger.id for trigger in contract.triggers}


def test_a_contract_that_extends_another_is_not_extended(tmp_path: Path) -> None:
    copy_both(tmp_path)
    third = tmp_path / "third"
    shutil.copytree(tmp_path / "upper", third)
    head = (third / HEAD).read_text("utf-8").replace("contract: upper", "contract: third").replace("contract: minimal", "contract: upper")
    (third / HEAD).write_text(head, "utf-8")
    (fault,) = lint_contract("third")
    assert fault.where.endswith("third/contract.yaml:10")
    assert "upper itself extends another contract" in fault.render()


def test_a_change_of_either_changes_the_digest(tmp_path: Path) -> None:
    first = upper(tmp_path).digest
    path = tmp_path / "minimal" / "promises.yaml"
    path.write_text(path.read_text("utf-8") + "# More.\n", "utf-8")
    assert load_contract(str(tmp_path / "upper")).digest != first
    assert load_contract("minimal").digest != first


def test_features_of_both_come_together(tmp_path: Path) -> None:
    base = tmp_path / "minimal"
    copy_both(tmp_path)
    text = (base / HEAD).read_text("utf-8")
    features = 'features:\n  lift: {says: of the other, values: {"yes": a, "no": b, slow: c}, default: slow}\n  door: {values: {a: a, b: b}, default: a}\n'
    (base / HEAD).write_text(text + features, "utf-8")
    found = load_contract(str(tmp_path / "upper")).features
    assert found.keys() == {"lift", "door"}
    assert (found["lift"]["says"], found["lift"]["default"]) == ("whether there is a lift", "yes")


def test_tolerances_are_the_other_s_where_it_has_none(tmp_path: Path) -> None:
    own = "tolerances:\n  same_text: {cosine: 0.99, reason: The model is small.}\n"
    contract = upper(tmp_path, change("none", HEAD, own, ""))
    assert contract.tolerances == {}
    path = tmp_path / "minimal" / HEAD
    path.write_text(path.read_text("utf-8") + own.replace("0.99", "0.9"), "utf-8")
    assert load_contract(str(tmp_path / "upper")).tolerances["same_text"]["cosine"] == 0.9


STALE = [
    change("without a clause", HEAD, "accept.plain, ", "accept.plain, accept.plan, ", ("16", "minimal has no clause accept.plan")),
    change("without a pattern", HEAD, "accept.plain, ", "accept.plain, accept.x*, ", ("16", "no clause accept.x*")),
    change("levels of no clause", HEAD, "success.shape: MAY", "success.shap: MAY", ("17", "no clause success.shap")),
    change("settled that is no zone", HEAD, "settled: [long]", "settled: [long, lang]", ("18", "no zone lang")),
    change("promise that is none", HEAD, "P4: [U2, U1]", "P4: [U2, U1]\n    P9: [U1]", ("16", "minimal has no promise P9")),
    change("promise that stands for nothing", HEAD, "    P2: [U2]\n", "", ("11", "the promise P2 of minimal stands for nothing here")),
    change("promise that is not its own", HEAD, "P4: [U2, U1]", "P4: [U2, U7]", ("15", "U7")),
    change("another contract", HEAD, "contract: minimal", "contract: minimum", ("10", "minimum")),
    change("level that is none", HEAD, "success.shape: MAY", "success.shape: may", ("17", "one of MUST, SHOULD, MAY")),
    change("misspelt", HEAD, "  settled: [long]", "  setled: [long]", ("18", "did you mean settled?")),
    change("without twice", HEAD, "accept.plain, ", "accept.plain, accept.plain, ", ("16", "each entry once")),
    change("no promises", HEAD, "  promises:\n    P1: [U1]\n    P2: [U2]\n    P3: [U2]\n    P4: [U2, U1]\n", "", ("9", "promises is missing")),
    change("itself", HEAD, "contract: minimal", "contract: upper", ("10", "upper can't extend upper")),
    change("level of what is left out", HEAD, "{success.shape: MAY}", "{success.shape: MAY, accept.plain: MAY}", ("17", "accept.plain is left out")),
]


def lint_both(folder: Path, made: Change) -> None:
    assert_found(lint_contract(copy_both(folder, made)), made, Path(folder.name), "upper")


@pytest.mark.parametrize("made", STALE, ids=lambda made: made.name)
def test_a_stale_row_is_one_fault_at_its_line(tmp_path: Path, made: Change) -> None:
    lint_both(tmp_path, made)


def test_stale_rows_come_at_once_and_stop_the_loading(tmp_path: Path) -> None:
    made = change("several", HEAD, "success.shape: MAY}\n  settled: [long]", "gone: MAY}\n  settled: [gone]")
    with pytest.raises(UsageError) as raised:
        upper(tmp_path, made)
    assert [fault.where.rpartition("/")[2] for fault in raised.value.faults] == [f"{HEAD}:17", f"{HEAD}:18"]


def test_a_fault_of_the_other_is_told_where_it_stands(tmp_path: Path) -> None:
    folder = copy_both(tmp_path)
    path = tmp_path / "minimal" / "caps.yaml"
    path.write_text(path.read_text("utf-8").replace("max: 2", "max: two"), "utf-8")
    (fault,) = lint_contract(folder)
    assert fault.where.endswith("minimal/caps.yaml:4")


def test_facts_of_the_other_have_stand_ins(tmp_path: Path) -> None:
    made = change("all", HEAD, '"*.size", ', "")
    assert lint_contract(copy_both(tmp_path, made)) == []


@pytest.mark.parametrize("name", contract_names())
def test_a_folder_of_a_contract_s_name_is_not_in_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    for other in contract_names():
        (tmp_path / other).mkdir()
    assert load_contract(name).name == name


# Zones of servers that do something in their own way


@pytest.mark.parametrize(("declared", "zones"), [("no", ("stairs",)), ("yes", ()), (None, ())])
def test_a_zone_may_be_one_of_certain_servers_only(tmp_path: Path, declared: str | None, zones: tuple[str, ...]) -> None:
    facts: dict[str, Any] = {"model": {"id": "m", "sizes": [8]}, "features": {} if declared is None else {"lift": declared}}
    contract = replace(upper(tmp_path), triggers=())
    found = Classifier(contract, Environment(facts, {})).classify("create", {"model": "m", "input": "a", "hurry": True})
    assert found.zones == zones
