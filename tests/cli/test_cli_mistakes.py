"""
What a user may get wrong: each is one clear message, with the right exit code, and no key.
"""

import socket

import pytest

from tests.cli.conftest import SECRET

GOOD = "contract: aurous\nbase_url: http://127.0.0.1:9\n"

# name, the target file, what the message has to say
TARGET_FILES = [
    ("empty", "", ["target.yaml:1", "expected"]),
    ("a_word", "hello\n", ["target.yaml:1"]),
    ("a_list", "- base_url: http://127.0.0.1:9\n", ["target.yaml:1"]),
    ("not_yaml", "contract: aurous\nbase_url: [http://a\nkey_env: X\n", ["target.yaml:", "not YAML"]),
    ("tab", "contract: aurous\nwitnesses:\n\tcanary: null\n", ["target.yaml:3", "not YAML"]),
    ("key_twice", GOOD + "base_url: http://127.0.0.1:8\n", ["target.yaml:3", "twice"]),
    ("tag", "contract: aurous\nbase_url: !!python/object:os.system x\n", ["target.yaml:2"]),
    ("unknown_key", GOOD + "# more\nkey: sk-secret-secret-secret\n", ["target.yaml:4", "key"]),
    ("unknown_inner_key", GOOD + "pace:\n  in_flight: 2\n  speed: 3\n", ["target.yaml:5", "speed"]),
    ("wrong_type", GOOD + "pace: {in_flight: many}\n", ["target.yaml:3", "expected"]),
    ("below_minimum", GOOD + "budget: {requests: 0}\n", ["target.yaml:3"]),
    ("key_in_place_of_its_name", GOOD + f"key_env: {SECRET}-x\n", ["target.yaml:3"]),
    ("key_that_looks_like_a_name", GOOD + f"key_env: {SECRET}\n", ["target.yaml:3", "is not set"]),
    ("missing_variable", GOOD + "key_env: NOT_SET_ANYWHERE\n", ["target.yaml:3", "NOT_SET_ANYWHERE is not set", "export"]),
    ("missing_operator_variable", GOOD + "operator: {keys: {revoked_env: NOT_SET_EITHER}}\n", ["NOT_SET_EITHER"]),
    ("unknown_operator_key", GOOD + "operator: {keys: {golden_env: AUROUS_API_KEY}}\n", ["target.yaml:3", "golden", "revoked_env"]),
    ("both_servers", GOOD + "app: some.module:app\n", ["target.yaml:3", "two servers"]),
    ("no_server", "contract: aurous\n", ["names no server", "base_url"]),
    ("no_scheme", "contract: aurous\nbase_url: api.example.com\n", ["base_url", "api.example.com", "https://"]),
    ("user_in_url", "contract: aurous\nbase_url: http://me:pw@h/\n", ["base_url"]),
    ("query_in_url", "contract: aurous\nbase_url: http://h/?a=1\n", ["query"]),
    ("ftp", "contract: aurous\nbase_url: ftp://h/\n", ["base_url"]),
    ("port", "contract: aurous\nbase_url: http://h:99999/\n", ["base_url"]),
    ("no_such_app", "contract: aurous\napp: no_such_module_at_all:app\n", ["no_such_module_at_all"]),
    ("unknown_contract", "contract: nothing\nbase_url: http://127.0.0.1:9\n", ["nothing", "aurous"]),
    ("no_contract", "base_url: http://127.0.0.1:9\n", ["no contract is given", "aurous"]),
    ("waiver_day", GOOD + "waivers:\n- {clause: a, reason: b, until: '2026-02-30'}\n", ["target.yaml:4", "2026-02-30", "YYYY-MM-DD"]),
    ("waiver_form", GOOD + "waivers:\n- {clause: a, reason: b, until: tomorrow}\n", ["target.yaml:4"]),
    ("waiver_without_reason", GOOD + "waivers:\n- {clause: a, until: '2026-02-03'}\n", ["target.yaml:4", "reason"]),
    ("ledger_operation", GOOD + "witnesses: {ledger: {operation: purse}}\n", ["target.yaml:3", "purse", "balance"]),
    ("canary_listen", GOOD + "witnesses: {canary: {listen: nowhere}}\n", ["target.yaml:3"]),
    ("ca_missing", "contract: aurous\nbase_url: https://127.0.0.1:9\ntls: {ca: /no/such/file.pem}\n", ["/no/such/file.pem"]),
    ("proxy", GOOD + "proxy: 'not a url'\n", ["proxy"]),
]


@pytest.mark.parametrize(("text", "said"), [row[1:] for row in TARGET_FILES], ids=[row[0] for row in TARGET_FILES])
def test_target_file(call, tmp_path, text, said):
    path = tmp_path / "target.yaml"
    path.write_text(text)
    result = call("run", "--target", path, "--budget", "quick", "--no-progress")
    assert result.exit_code == 2, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    for word in said:
        assert word in result.stderr


@pytest.mark.parametrize("text", [GOOD.replace("127", "me:hunter2hunter2@127"), GOOD + "api_token: hunter2hunter2-Hunter\n"])
def test_what_looks_like_a_key_is_not_repeated(call, tmp_path, text):
    path = tmp_path / "target.yaml"
    path.write_text(text)
    result = call("run", "--target", path)
    assert result.exit_code == 2
    assert "hunter2" not in result.output


def test_all_faults_of_a_file_at_once(call, tmp_path):
    path = tmp_path / "target.yaml"
    path.write_text(GOOD + "speed: 1\npace: {in_flight: 0}\nproxi: x\n")
    said = call("run", "--target", path).stderr
    assert all(f"target.yaml:{line}" in said for line in (3, 4, 5))


def test_target_file_that_is_not_text(call, tmp_path):
    path = tmp_path / "target.yaml"
    path.write_bytes(b"\xff\xfe\x00b")
    result = call("run", "aurous", "--target", path)
    assert result.exit_code == 2
    assert "UTF-8" in result.stderr


def test_target_file_that_is_a_folder(call, tmp_path):
    result = call("run", "aurous", "--target", tmp_path)
    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr


def test_target_file_of_another_contract(call, tmp_path):
    path = tmp_path / "target.yaml"
    path.write_text(GOOD.replace("aurous", "other"))
    result = call("run", "aurous", "--target", path)
    assert result.exit_code == 2
    assert "another contract" in result.stderr
    assert "target.yaml:1" in result.stderr


def test_stale_waiver_fails_the_run(call, servers, tmp_path):
    path, env = servers.start()
    own = tmp_path / "target.yaml"
    own.write_text(path.read_text() + "waivers:\n- {clause: caps.images.at, reason: b, until: '2020-01-01'}\n")
    result = call("run", "--target", own, "--clause", "caps.images.at", "--budget", "quick", "--no-progress", env=env)
    assert result.exit_code == 1
    assert "ended on 2020-01-01" in result.stdout.replace("\n            ", " ")


def test_canary_address_that_is_taken(call, servers, tmp_path):
    path, env = servers.start()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        own = tmp_path / "target.yaml"
        head = path.read_text().split("witnesses:")[0]
        own.write_text(f"{head}witnesses: {{canary: {{listen: '127.0.0.1:{taken.getsockname()[1]}'}}}}\n")
        result = call("run", "--target", own, "--budget", "quick", "--no-progress", env=env)
    assert result.exit_code in (2, 3)
    assert "can't listen" in result.stdout + result.stderr


FLAGS = [
    ("no_target", ["run", "aurous"], ["--target", "--reference"]),
    ("no_contract", ["run", "--reference"], ["no contract is given", "aurous"]),
    ("unknown_contract", ["run", "aurus", "--reference"], ["aurus", "aurous"]),
    ("contract_path", ["run", "./nowhere", "--reference"], ["./nowhere"]),
    ("two_servers", ["run", "aurous", "--target", "http://h", "--reference"], ["--target", "--reference", "contradict"]),
    ("key_env_with_reference", ["run", "aurous", "--reference", "--key-env", "X"], ["--key-env", "--reference"]),
    ("key_env_with_file", ["run", "aurous", "--target", "x.yaml", "--key-env", "X"], ["--key-env", "key_env"]),
    ("key_env_not_set", ["run", "aurous", "--target", "http://h", "--key-env", "NOT_SET_HERE"], ["--key-env", "NOT_SET_HERE"]),
    ("missing_file", ["run", "aurous", "--target", "nowhere.yaml"], ["nowhere.yaml", "no such target file"]),
    ("bare_address", ["run", "aurous", "--target", "localhost:8000"], ["http://localhost:8000"]),
    ("password_in_url", ["run", "aurous", "--target", "http://me:hunter2@h"], ["base_url"]),
    ("bad_url", ["run", "aurous", "--target", "htp://h"], ["base_url", "htp://h"]),
    ("no_clause", ["run", "aurous", "--reference", "--clause", "zzz.*"], ["no clause is selected", "zzz.*", "conformance list"]),
    ("bad_level", ["run", "aurous", "--reference", "--level", "COULD"], ["COULD", "must"]),
    ("bad_budget", ["run", "aurous", "--reference", "--budget", "huge"], ["huge", "quick"]),
    ("bad_seed", ["run", "aurous", "--reference", "--seed", "x"], ["--seed"]),
    ("negative_seed", ["run", "aurous", "--reference", "--seed", "-1"], ["--seed"]),
    ("no_pace", ["run", "aurous", "--reference", "--requests-per-second", "0"], ["--requests-per-second"]),
    ("in_flight", ["run", "aurous", "--reference", "--in-flight", "0"], ["--in-flight"]),
    ("unknown_flag", ["run", "aurous", "--refrence"], ["--refrence", "--reference"]),
    ("unknown_command", ["rnu"], ["rnu"]),
    ("out_is_a_folder", ["run", "aurous", "--reference", "--out", "."], ["--out", "folder"]),
    ("out_below_a_file", ["run", "aurous", "--reference", "--out", "/dev/null/x"], ["--out", "/dev/null/x"]),
    ("html_below_a_file", ["run", "aurous", "--reference", "--html", "/dev/null/x"], ["--html"]),
    ("junit_below_a_file", ["run", "aurous", "--reference", "--junit", "/dev/null/x"], ["--junit"]),
    ("one_file_twice", ["run", "aurous", "--reference", "--out", "a.x", "--html", "./a.x"], ["--html", "--out"]),
    ("resume_and_clause", ["run", "aurous", "--reference", "--resume", "l", "--clause", "x"], ["--resume", "--clause"]),
    ("resume_and_seed", ["run", "aurous", "--reference", "--resume", "l", "--seed", "1"], ["--resume", "--seed"]),
    ("resume_and_out", ["run", "aurous", "--reference", "--resume", "l", "--out", "x"], ["--resume", "--out"]),
    ("rerun_and_clause", ["run", "aurous", "--reference", "--rerun-failed", "l", "--clause", "x"], ["--rerun-failed", "--clause"]),
    ("rerun_and_resume", ["run", "aurous", "--reference", "--rerun-failed", "l", "--resume", "m"], ["--rerun-failed", "--resume"]),
    ("rerun_missing", ["run", "aurous", "--reference", "--rerun-failed", "nowhere.log"], ["nowhere.log"]),
    ("resume_missing", ["run", "aurous", "--reference", "--resume", "nowhere.log"], ["nowhere.log"]),
    ("report_missing", ["report", "nowhere.log"], ["nowhere.log"]),
    ("report_folder", ["report", "."], ["can't be read"]),
    ("report_nothing", ["report"], ["LOG"]),
    ("replay_missing", ["replay", "nowhere.log", "x"], ["nowhere.log"]),
    ("list_unknown", ["list", "aurus"], ["aurus", "aurous"]),
    ("list_nothing", ["list", "aurous", "--clause", "zzz"], ["zzz"]),
    ("list_which", ["list", "--level", "MUST"], ["contract"]),
    ("explain_unknown", ["explain", "caps.imges.over"], ["caps.imges.over", "caps.images.over"]),
    ("explain_area", ["explain", "caps.images"], ["caps.images.over"]),
    ("explain_contract", ["explain", "x", "--contract", "nowhere"], ["nowhere", "aurous"]),
    ("serve_fault", ["serve", "aurous", "--fault", "parts_cap_18"], ["parts_cap_18", "parts_cap_17"]),
    ("serve_variant", ["serve", "aurous", "--variant", "slwo"], ["slwo", "slow"]),
    ("serve_host", ["serve", "aurous", "--host", "203.0.113.1"], ["203.0.113.1"]),
    ("serve_unknown", ["serve", "nowhere"], ["nowhere"]),
    ("selftest_nothing", ["selftest", "aurous", "--fault", "parts_cup_17"], ["parts_cup_17", "parts_cap_17"]),
    ("selftest_kind", ["selftest", "aurous", "--kind", "evil"], ["evil", "hostile"]),
    ("plan_no_target", ["plan", "aurous"], ["--target"]),
    ("lint_nothing", ["lint"], ["CONTRACT"]),
]


@pytest.mark.parametrize(("args", "said"), [row[1:] for row in FLAGS], ids=[row[0] for row in FLAGS])
def test_flags(call, tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    result = call(*args)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    for word in said:
        assert word in result.stderr
    assert "hunter2" not in result.stderr
    assert not list(tmp_path.iterdir())


def cut(data):
    return data[: data.rindex(b'{"kind":"footer"')]


LOGS = [
    ("empty", lambda data: b"", ["the log is empty"]),
    ("cut", cut, ["was cut", "--resume"]),
    ("torn", lambda data: data[:-20], ["was cut"]),
    ("binary", lambda data: bytes(range(256)) * 8, ["not JSON"]),
    ("other_json", lambda data: b'{"a": 1}\n', ["no known kind"]),
    ("other_version", lambda data: data.replace(b'"log":1', b'"log":2', 1), ["another version"]),
    ("two_headers", lambda data: data.split(b"\n")[0] + b"\n" + data, ["second header"]),
    ("edited_verdict", lambda data: data.replace(b'"verdict":"fail","says"', b'"verdict":"pass","says"'), ["contradict"]),
    ("joined", lambda data: data + data, ["footer"]),
]


@pytest.mark.parametrize(("change", "said"), [row[1:] for row in LOGS], ids=[row[0] for row in LOGS])
def test_log(call, kept_log, tmp_path, change, said):
    path = tmp_path / "bad.log"
    path.write_bytes(change(kept_log.read_bytes()))
    for args in (["report", path], ["run", "aurous", "--reference", "--rerun-failed", path]):
        result = call(*args)
        assert result.exit_code == 2
        for word in (*said, "bad.log"):
            assert word in result.stderr


def test_log_of_another_contract(call, kept_log, tmp_path):
    path = tmp_path / "other.log"
    data = kept_log.read_bytes()
    digest = data.split(b'"digest":"')[1][:64]
    path.write_bytes(data.replace(digest, b"0" * 64))
    result = call("run", "aurous", "--reference", "--rerun-failed", path)
    assert result.exit_code == 2
    assert "000000000000" in result.stderr
    path.write_bytes(cut(path.read_bytes()))
    result = call("run", "aurous", "--reference", "--resume", path)
    assert result.exit_code == 2
    assert "other.log:1" in result.stderr


def test_nothing_to_resume(call, kept_log):
    before = kept_log.read_bytes()
    result = call("run", "aurous", "--reference", "--resume", kept_log)
    assert result.exit_code == 2
    assert "nothing to resume" in result.stderr
    assert kept_log.read_bytes() == before


def test_nothing_to_rerun(call, tmp_path):
    log = tmp_path / "good.log"
    assert call("run", "aurous", "--reference", "--clause", "refuse.batch", "--budget", "quick", "--out", log).exit_code == 0
    result = call("run", "aurous", "--reference", "--rerun-failed", log)
    assert result.exit_code == 2
    assert "nothing failed" in result.stderr


def test_unknown_case_has_near_matches(call, kept_log):
    result = call("replay", kept_log, "caps.parts.over/txt.17", "--reference")
    assert result.exit_code == 2
    assert "caps.parts.over/text.17" in result.stderr


def test_replay_without_the_key(call, kept_log):
    result = call("replay", kept_log, "caps.parts.over/text.17", env={"AUROUS_API_KEY": None})
    assert result.exit_code == 2
    assert "AUROUS_API_KEY" in result.stderr
    assert "--reference" in result.stderr


def test_replay_against_nothing(call, kept_log):
    result = call("replay", kept_log, "caps.parts.over/text.17", "--target", "http://127.0.0.1:9")
    assert result.exit_code == 3
    assert "does not answer" in result.stderr


def test_serve_port_that_is_taken(call):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = call("serve", "aurous", "--port", taken.getsockname()[1])
    assert result.exit_code == 2
    assert "--port" in result.stderr


def test_key_that_cannot_be_sent(call):
    for key in ("line\nbreak-in-a-long-key-000", "ключ-ключ-ключ-ключ-ключ", "with space in a long long key"):
        result = call("run", "aurous", "--target", "http://127.0.0.1:9", env={"AUROUS_API_KEY": key})
        assert result.exit_code == 2
        assert "can't be sent in a header" in result.stderr


def test_a_fault_of_the_suite_is_told_in_one_line(call, monkeypatch, tmp_path):
    import tempfile

    import conformance.report.log

    def fail(*args, **options):
        raise RuntimeError(f"something with {SECRET}")

    monkeypatch.setattr(conformance.report.log, "read_log", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    from click.testing import CliRunner

    from conformance.cli import main

    result = CliRunner().invoke(main, ["report", "x.log"])
    assert result.exit_code == 4
    assert result.stderr.startswith("error: a fault of the suite: RuntimeError")
    assert len(result.stderr.splitlines()) == 1
    kept = list(tmp_path.glob("conformance-fault-*"))
    assert len(kept) == 1
    assert str(kept[0]) in result.stderr
    assert "Traceback" in kept[0].read_text()


def test_keys_are_redacted_from_faults_of_the_suite(monkeypatch, tmp_path):
    import tempfile

    from conformance.cli.boundary import Boundary

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    boundary = Boundary()
    boundary.remember({"KEY": SECRET})

    def fail():
        raise RuntimeError(f"something with {SECRET}")

    assert boundary.guard(fail) == 4
    assert SECRET not in next(tmp_path.glob("conformance-fault-*")).read_text()
