import json

import pytest

PART = ("--budget", "quick", "--clause", "caps.images.*", "--no-progress")


def lines(path, kind):
    return [line for line in map(json.loads, path.read_text().splitlines()) if line["kind"] == kind]


def test_reference_conforms(call):
    result = call("run", "aurous", "--reference", "--budget", "quick", "--clause", "refuse.*")
    assert result.exit_code == 0
    assert "Conformant" in result.stdout
    assert "exit 0" in result.stdout
    assert "not kept" in result.stdout
    assert "plan: " in result.stderr


def test_no_progress_says_nothing(call):
    assert call("run", "aurous", "--reference", *PART).stderr == ""


def test_reports_are_written(call, tmp_path):
    log, html, junit = tmp_path / "a" / "run.log", tmp_path / "run.html", tmp_path / "run.xml"
    result = call("run", "aurous", "--reference", *PART, "--out", log, "--html", html, "--junit", junit)
    assert result.exit_code == 0
    assert str(log) in result.stdout.replace("\n", "")
    assert lines(log, "footer")[0]["exit"] == 0
    assert "<html" in html.read_text()
    assert "<testsuites" in junit.read_text()


def test_seed_budget_and_level_reach_the_log(call, tmp_path):
    log = tmp_path / "run.log"
    call("run", "aurous", "--reference", *PART, "--level", "must", "--seed", "7", "--out", log)
    header = lines(log, "header")[0]
    assert (header["seed"], header["budget"], header["selection"]["level"]) == (7, "quick", "MUST")
    assert {line["level"] for line in lines(log, "clause")} == {"MUST"}


def test_contract_comes_from_the_target_file(call, servers):
    path, env = servers.start()
    assert call("run", "--target", path, *PART, env=env).exit_code == 0


def test_url_of_a_loopback_address_has_no_pace(call, servers, tmp_path):
    path, env = servers.start()
    url = next(line.split(": ")[1] for line in path.read_text().splitlines() if line.startswith("base_url"))
    log = tmp_path / "run.log"
    result = call("run", "aurous", "--target", url, "--budget", "quick", "--clause", "caps.parts.*", "--out", log, env=env)
    assert result.exit_code == 0
    assert lines(log, "header")[0]["target"]["pace"]["requests_per_second"] is None
    call("run", "aurous", "--target", url, *PART, "--requests-per-second", "200", "--in-flight", "3", "--out", log, env=env)
    pace = lines(log, "header")[0]["target"]["pace"]
    assert (pace["requests_per_second"], pace["in_flight"]) == (200.0, 3)


def test_key_env_names_the_variable(call, servers):
    path, env = servers.start()
    url = next(line.split(": ")[1] for line in path.read_text().splitlines() if line.startswith("base_url"))
    given = {"OTHER_KEY": env["AUROUS_API_KEY"], "AUROUS_API_KEY": None}
    args = ("run", "aurous", "--target", url, "--key-env", "OTHER_KEY", "--clause", "refuse.batch", "--budget", "quick")
    assert call(*args, env=given).exit_code == 0


def test_a_fault_is_found(call, servers):
    path, env = servers.start("--fault", "parts_cap_17")
    result = call("run", "--target", path, "--budget", "quick", "--clause", "caps.*", env=env)
    assert result.exit_code == 1
    for said in ("FAIL  caps.parts.over", "curl ", "conformance replay LOG caps.parts.over/", "expected", "Not conformant"):
        assert said in result.stdout


def test_every_second_run_of_one_seed_is_judged_alike(call, servers):
    # A server remembers idempotency keys; what an earlier run sent must not look like a replay.
    path, env = servers.start()
    for _ in range(2):
        result = call("run", "--target", path, "--clause", "idempotency.*", "--budget", "quick", "--no-progress", env=env)
        assert result.exit_code == 0, result.stdout


def test_uncharged_clauses_hold_alone(call):
    # The twins are charged; alone, nothing else would have sent them before the balance is read.
    assert call("run", "aurous", "--reference", "--clause", "uncharged.caps.*", "--budget", "quick", "--no-progress").exit_code == 0


def test_always_500_is_not_conformant(call, servers):
    path, env = servers.start("--null", "always_500", timeout=1.0)
    result = call("run", "--target", path, "--budget", "quick", "--no-progress", env={**env, "AUROUS_API_KEY": "k" * 24})
    assert result.exit_code in (1, 3)
    assert "The controls failed" in result.stdout
    assert " pass" not in result.stdout


def test_unreachable_is_incomplete(call):
    result = call("run", "aurous", "--target", "http://127.0.0.1:9", "--budget", "quick", "--no-progress")
    assert result.exit_code == 3
    assert "does not answer" in result.stdout


def test_strict_needs_every_must(call, servers):
    path, env = servers.start()
    args = ("run", "--target", path, "--clause", "url.*", "--budget", "quick", "--no-progress")
    assert call(*args, env=env).exit_code == 0
    result = call(*args, "--strict", env=env)
    assert result.exit_code == 3
    assert "--strict" in result.stdout


def test_model_is_taken_at_the_word(call, tmp_path):
    log = tmp_path / "run.log"
    call("run", "aurous", "--reference", *PART, "--model", "aurous-embed-vision-1.0", "--out", log)
    assert lines(log, "header")[0]["target"]["model"] == "aurous-embed-vision-1.0"


def test_waiver_of_an_unselected_clause_is_not_stale(call, servers, tmp_path):
    path, env = servers.start()
    own = tmp_path / "target.yaml"
    own.write_text(path.read_text() + "waivers:\n- {clause: caps.text.at, reason: known, until: '2099-01-01'}\n")
    assert call("run", "--target", own, *PART, env=env).exit_code == 0


def test_waived_clause_does_not_fail(call, servers, tmp_path):
    path, env = servers.start("--fault", "parts_cap_17")
    own = tmp_path / "target.yaml"
    own.write_text(path.read_text() + "waivers:\n- {clause: '*caps.parts.over', reason: known, until: '2099-01-01'}\n")
    result = call("run", "--target", own, "--clause", "*caps.parts.over", "--no-progress", env=env)
    assert result.exit_code == 0
    assert "until 2099-01-01: known" in result.stdout


def test_rerun_failed_runs_only_those(call, servers, kept_log, tmp_path):
    failed = {line["id"] for line in lines(kept_log, "clause") if line["verdict"] in ("fail", "warn", "error")}
    assert failed
    path, env = servers.start("--fault", "parts_cap_17")
    log = tmp_path / "again.log"
    result = call("run", "--target", path, "--rerun-failed", kept_log, "--out", log, "--no-progress", env=env)
    assert result.exit_code == 1
    assert {line["id"] for line in lines(log, "clause")} == failed
    assert {line["clause"] for line in lines(log, "case")} <= failed
    assert lines(log, "header")[0]["budget"] == "quick"
    mended = call("run", "aurous", "--reference", "--rerun-failed", kept_log, "--no-progress")
    assert mended.exit_code == 0


@pytest.mark.parametrize("torn", [False, True])
def test_resume_ends_with_the_same_verdicts(call, tmp_path, torn):
    whole, cut = tmp_path / "whole.log", tmp_path / "cut.log"
    args = ("run", "aurous", "--reference", "--budget", "quick", "--seed", "3", "--no-progress")
    assert call(*args, "--out", whole).exit_code == 0
    rows = whole.read_bytes().splitlines(keepends=True)
    cases = [row for row in rows if b'"kind":"case"' in row]
    kept = [rows[0], *cases[: len(cases) * 2 // 3]]
    cut.write_bytes(b"".join(kept) + (cases[-1][:40] if torn else b""))
    result = call("run", "aurous", "--reference", "--resume", cut, "--no-progress")
    assert result.exit_code == 0, result.stdout
    verdicts = [{line["id"]: line["verdict"] for line in lines(path, "clause")} for path in (whole, cut)]
    assert verdicts[0] == verdicts[1]
    assert cut.read_bytes().startswith(b"".join(kept)[:1000])
    header = lines(cut, "header")
    assert len(header) == 1
    assert (header[0]["seed"], header[0]["budget"]) == (3, "quick")
    ids = [line["id"] for line in lines(cut, "case")]
    assert len(set(ids)) >= len(cases) * 9 // 10


def test_an_older_log_stays_when_the_run_cannot_start(call, tmp_path):
    log = tmp_path / "old.log"
    log.write_text("precious\n")
    assert call("run", "aurous", "--reference", "--clause", "nothing.*", "--out", log).exit_code == 2
    assert log.read_text() == "precious\n"
