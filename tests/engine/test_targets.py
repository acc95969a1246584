"""
The example target files: each loads, with stand-ins for the variables that it names.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.contract import Contract, load_contract
from conformance.engine.target import Target, read_target
from conformance.errors import UsageError

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "targets"
FILES = sorted(FOLDER.glob("*.yaml"))


def told(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text("utf-8"))


def judged_by(path: Path) -> Contract:
    return load_contract(told(path)["contract"])


def read(path: Path) -> Target:
    return read_target(path, judged_by(path))


def variables(path: Path) -> set[str]:
    return set(re.findall(r"_env: (?!null\b)(\w+)", path.read_text("utf-8"))) | {judged_by(path).authentication["key_env"]}


ASKING = [path for path in FILES if told(path).get("key_env", "") is not None or "_env" in str(told(path).get("operator"))]


def test_there_is_a_file_for_each_situation() -> None:
    names = {path.stem for path in FILES}
    assert {name for name in names if not name.startswith("openai-")} == {"local", "remote", "asgi", "waivers", "behind_a_proxy"}
    assert {told(path)["contract"] for path in FILES if path.stem.startswith("openai-")} == {"openai"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_loads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables(path):
        monkeypatch.setenv(name, f"stand-in-{name.lower()}")
    target = read(path)
    assert target.contract == judged_by(path).name
    assert bool(target.base_url) != bool(target.app)
    if told(path).get("key_env", "") is None:
        assert "main" not in target.key_names
    else:
        assert target.secrets[target.key_names["main"]].startswith("stand-in-")
    assert not any(secret in repr(target.redacted()) for secret in target.secrets.values())
    assert not any(secret in repr(target) for secret in target.secrets.values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_commented_and_holds_no_key(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("#")
    assert text.count("#") >= 3
    assert "al_live_" not in text


@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_a_variable_that_is_not_set_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables(path):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="is not set"):
        read(path)


def test_the_waivers_of_the_example_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUROUS_API_KEY", "stand-in")
    target = read(FOLDER / "waivers.yaml")
    assert [waiver.pattern for waiver in target.waivers] == ["usage.breakdown.model", "refuse.*.message"]
    assert all(waiver.reason and waiver.issue for waiver in target.waivers)


def test_the_keys_of_the_operator_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    path = FOLDER / "remote.yaml"
    for name in variables(path):
        monkeypatch.setenv(name, "stand-in")
    assert set(read(path).key_names) == {"main", *judged_by(path).authentication["keys"]}
