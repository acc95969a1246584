"""
One way to call the program, and the reference servers that several tests share.
"""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from conformance.cli import main
from conformance.contract import load_contract
from conformance.engine.embedded import embedded_target

SECRET = "al_live_5ecret0f7his7est0nly0123456789abcdef0123456789abcdef012345"


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    # Drawn bodies are kept for this session only.
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture
def call():
    """
    Call the program and return its result; no output may hold a key or a traceback.
    """

    def act(*args, env=None, columns=100):
        given = {"AUROUS_API_KEY": SECRET, "COLUMNS": str(columns), "NO_COLOR": "1", **(env or {})}
        result = CliRunner().invoke(main, [str(arg) for arg in args], env=given, prog_name="conformance")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        for text in (result.stdout, result.stderr):
            assert "Traceback" not in text
            for value in (SECRET, *(env or {}).values()):
                assert value is None or len(value) < 20 or value not in text
        return result

    return act


class Servers:
    """
    Reference servers by their options, each started once.
    """

    def __init__(self, folder):
        self.folder = folder
        self.stack = ExitStack()
        self.known = {}

    def start(self, *options, timeout=10.0):
        """
        Return the target file of a server and the environment that holds its keys.
        """
        if options not in self.known:
            contract = load_contract("aurous")
            target = self.stack.enter_context(embedded_target(contract, *options, timeout=timeout))
            self.known[options] = target
        target = self.known[options]
        path = Path(self.folder) / f"{'-'.join(options).strip('-') or 'sound'}.yaml"
        value = {
            "contract": "aurous",
            "base_url": target.base_url,
            "key_env": "AUROUS_API_KEY",
            "witnesses": {"canary": dict(target.canary)},
            "pace": {"requests_per_second": None, "timeout": timeout},
            "budget": {"requests": None, "credits": None},
        }
        if target.clock:
            value["witnesses"]["clock"] = dict(target.clock)
        roles = {role: name for role, name in target.key_names.items() if role != "main" and name in target.secrets}
        if roles:
            value["operator"] = {"keys": {f"{role}_env": name for role, name in roles.items()}}
        path.write_text(yaml.safe_dump(value))
        return path, dict(target.secrets)


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    made = Servers(tmp_path_factory.mktemp("targets"))
    with made.stack:
        yield made


@pytest.fixture(scope="session")
def kept_log(servers, tmp_path_factory):
    """
    The log of a quick run against a server with one fault.
    """
    path, env = servers.start("--fault", "parts_cap_17")
    log = tmp_path_factory.mktemp("logs") / "kept.log"
    args = ["run", "--target", str(path), "--budget", "quick", "--clause", "caps.*", "--no-progress", "--out", str(log)]
    result = CliRunner().invoke(main, args, env={"NO_COLOR": "1", **env})
    assert result.exit_code == 1, result.output
    return log
