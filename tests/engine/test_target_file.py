"""
What a target file may declare beside its address: variables, features, groups of the operator, and no key at all.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.contract import Contract, load_contract
from conformance.engine.target import Target, read_target, simple_target
from conformance.errors import UsageError

OPENAI = "contract: openai\nbase_url: http://127.0.0.1:1\nkey_env: null\n"
XEROTIER = "contract: xerotier\nbase_url: http://127.0.0.1:1\nkey_env: null\nvars: {project_id: proj_1, endpoint_slug: embed}\n"


@cache
def contract(name: str) -> Contract:
    return load_contract(name)


def read(text: str, folder: Path) -> Target:
    path = folder / "target.yaml"
    path.write_text(text, "utf-8")
    return read_target(path, contract(text.partition("contract: ")[2].partition("\n")[0]))


def test_a_target_may_ask_for_no_key(tmp_path: Path) -> None:
    target = read(OPENAI, tmp_path)
    assert dict(target.key_names) == dict(target.secrets) == {}
    assert target.redacted()["keys"] == {}


def test_a_target_without_a_main_key_may_have_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVOKED", "stand-in")
    target = read(f"{OPENAI}operator: {{keys: {{revoked_env: REVOKED}}}}\n", tmp_path)
    assert target.key_names == {"revoked": "REVOKED"}


def test_a_key_that_is_not_mentioned_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="OPENAI_API_KEY is not set"):
        read(OPENAI.replace("key_env: null\n", ""), tmp_path)


def test_variables_are_texts_whatever_was_written(tmp_path: Path) -> None:
    target = read(XEROTIER.replace("embed}", "17}"), tmp_path)
    assert target.variables == {"project_id": "proj_1", "endpoint_slug": "17"}
    assert target.redacted()["vars"] == target.variables


def test_features_are_read_and_shown(tmp_path: Path) -> None:
    target = read(f'{OPENAI}features: {{dimensions: fixed, token_input: "no"}}\n', tmp_path)
    assert target.features == {"dimensions": "fixed", "token_input": "no"}
    assert target.redacted()["features"] == target.features


def test_limits_are_read_and_shown(tmp_path: Path) -> None:
    target = read(f"{OPENAI}limits: {{tokens_per_input: 512, inputs: 32}}\n", tmp_path)
    assert target.limits == {"tokens_per_input": 512, "inputs": 32}
    assert target.redacted()["limits"] == target.limits


def test_what_is_not_declared_is_not_shown(tmp_path: Path) -> None:
    assert not {"features", "limits", "vars"} & read(OPENAI, tmp_path).redacted().keys()


def test_groups_of_the_operator_are_read(tmp_path: Path) -> None:
    target = read(f"{XEROTIER}operator: {{slugs: {{inactive: asleep}}}}\n", tmp_path)
    assert target.operator == {"slugs": {"inactive": "asleep"}}
    target = read(f"{OPENAI}operator: {{models: {{not_embedding: chat-1}}}}\n", tmp_path)
    assert target.operator == {"models": {"not_embedding": "chat-1"}}


MISTAKES: list[Any] = [
    ("unknown variable", XEROTIER.replace("embed}", "embed, region: eu}"), 4, ["no vars 'region'", "project_id, endpoint_slug"]),
    ("variable of a contract without any", f"{OPENAI}vars: {{region: eu}}\n", 4, ["no vars 'region'", "nothing"]),
    ("missing variable", XEROTIER.replace(", endpoint_slug: embed", ""), 4, ["vars.endpoint_slug is missing", "slug of an endpoint"]),
    ("no variables at all", XEROTIER.partition("vars")[0].replace("key_env: null", "key_env: null\nvars: {project_id: p}"), 4, ["vars.endpoint_slug is missing"]),
    ("variable that is a list", XEROTIER.replace("embed}", "[embed]}"), 4, ["a list of 1"]),
    ("variable that is a boolean", XEROTIER.replace("embed}", "true}"), 4, ["the boolean true"]),
    ("unknown feature", f"{OPENAI}features:\n  dimensions: fixed\n  dimension: fixed\n", 6, ["no features 'dimension'", "dimensions"]),
    ("unknown value of a feature", f"{OPENAI}features:\n  dimensions: shrinkable\n", 5, ["no such value", "shrinkable", "either, reducible, fixed"]),
    ("feature that is a number", f"{OPENAI}features:\n  item_cap: 2048\n", 5, ['put it in quotes: "2048"']),
    ("feature of a contract without any", "contract: aurous\nbase_url: http://h\nkey_env: null\nfeatures: {dimensions: fixed}\n", 4, ["no features 'dimensions'", "nothing"]),
    ("unknown limit", f"{OPENAI}limits:\n  tokens: 512\n", 5, ["no limits 'tokens'", "tokens_per_input"]),
    ("limit of a contract without any", "contract: aurous\nbase_url: http://h\nkey_env: null\nlimits: {inputs: 3}\n", 4, ["no limits 'inputs'", "nothing"]),
    ("limit of nothing", f"{OPENAI}limits:\n  inputs: 0\n", 5, ["the number 0"]),
    ("limit in words", f"{OPENAI}limits:\n  inputs: many\n", 5, ["the text 'many'"]),
    ("unknown name of a group", f"{XEROTIER}operator:\n  slugs: {{asleep: x}}\n", 6, ["no slugs 'asleep'", "inactive"]),
    ("group of another contract", f"{OPENAI}operator:\n  slugs: {{inactive: x}}\n", 5, ["no slugs 'inactive'", "nothing"]),
    ("unknown group", f"{OPENAI}operator:\n  slug: {{inactive: x}}\n", 5, ["unknown key 'slug'", "did you mean slugs?"]),
    ("group that is a text", f"{OPENAI}operator:\n  models: chat-1\n", 5, ["the text 'chat-1'"]),
    ("unknown key of the operator", f"{OPENAI}operator:\n  keys: {{revokd_env: X}}\n", 5, ["no key 'revokd'", "revoked_env"]),
    ("key that is no name", OPENAI.replace("key_env: null", "key_env: sk-123"), 3, ["sk-123"]),
    ("key that is a number", OPENAI.replace("key_env: null", "key_env: 5"), 3, ["the number 5"]),
    ("ledger that grows in words", f"{OPENAI}witnesses: {{ledger: {{grows: always}}}}\n", 4, ["the text 'always'", "true or false"]),
]


@pytest.mark.parametrize(("text", "line", "said"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_one_fault_at_its_line(tmp_path: Path, text: str, line: int, said: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        read(text, tmp_path)
    (fault,) = raised.value.faults
    assert fault.where == f"{tmp_path}/target.yaml:{line}"
    for word in said:
        assert word in fault.render()
    assert fault.got or fault.expected or fault.move


@pytest.mark.parametrize("word", ["yes", "no"])
def test_a_yes_without_quotes_is_a_yes(tmp_path: Path, word: str) -> None:
    target = read(f"{OPENAI}features: {{token_input: {word}}}\n", tmp_path)
    assert target.features == {"token_input": word}


def test_several_mistakes_come_at_once(tmp_path: Path) -> None:
    text = 'contract: xerotier\nbase_url: http://h\nkey_env: null\nvars: {region: eu}\nfeatures: {dimensions: x, y: "z"}\n'
    with pytest.raises(UsageError) as raised:
        read(text, tmp_path)
    assert len(raised.value.faults) == 5
    assert {fault.where.rpartition(":")[2] for fault in raised.value.faults} == {"4", "5"}


def test_an_address_alone_is_no_target_where_paths_have_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XEROTIER_API_KEY", "stand-in")
    with pytest.raises(UsageError, match="vars: project_id, endpoint_slug"):
        simple_target(contract("xerotier"), base_url="http://h")
