"""
The example target files: each loads, with stand-ins for the variables that it names.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.contract import load_contract
from conformance.engine.target import read_target
from conformance.errors import UsageError

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "targets"
FILES = sorted(FOLDER.glob("*.yaml"))


def variables(path: Path) -> set[str]:
    return set(re.findall(r"_env: (\w+)", path.read_text("utf-8"))) | {"AUROUS_API_KEY"}


def test_there_is_a_file_for_each_situation() -> None:
    assert {path.stem for path in FILES} == {"local", "remote", "asgi", "waivers", "behind_a_proxy"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_loads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables(path):
        monkeypatch.setenv(name, f"stand-in-{name.lower()}")
    target = read_target(path, load_contract("aurous"))
    assert target.contract == "aurous"
    assert bool(target.base_url) != bool(target.app)
    assert target.secrets[target.key_names["main"]].startswith("stand-in-")
    assert not any(secret in repr(target.redacted()) for secret in target.secrets.values())
    assert not any(secret in repr(target) for secret in target.secrets.values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_commented_and_holds_no_key(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("#")
    assert text.count("#") >= 3
    assert "al_live_" not in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_variable_that_is_not_set_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables(path):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="is not set"):
        read_target(path, load_contract("aurous"))


def test_the_waivers_of_the_example_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUROUS_API_KEY", "stand-in")
    target = read_target(FOLDER / "waivers.yaml", load_contract("aurous"))
    assert [waiver.pattern for waiver in target.waivers] == ["usage.breakdown.model", "refuse.*.message"]
    assert all(waiver.reason and waiver.issue for waiver in target.waivers)


def test_the_keys_of_the_operator_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    path = FOLDER / "remote.yaml"
    for name in variables(path):
        monkeypatch.setenv(name, "stand-in")
    contract = load_contract("aurous")
    assert set(read_target(path, contract).key_names) == {"main", *contract.authentication["keys"]}
