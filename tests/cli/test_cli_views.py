import json

import pytest

from conformance.cli.explaining import explain_clause
from conformance.contract import load_contract


@pytest.mark.parametrize("columns", [80, 120])
def test_list_fits_the_terminal(call, columns):
    result = call("list", "aurous", columns=columns)
    assert result.exit_code == 0
    shown = result.stdout.splitlines()
    assert max(map(len, shown)) <= columns
    assert any(line.startswith("caps.images.over") for line in shown)
    assert "\t" not in result.stdout


def test_list_is_plain_in_a_pipe(call):
    result = call("list", "aurous", "--clause", "caps.images.*", env={"COLUMNS": ""})
    rows = result.stdout.splitlines()
    assert len(rows) == 5
    assert len({row.index("MUST") for row in rows if "MUST" in row}) == 1
    assert rows[0].endswith(".")


def test_list_names_the_contracts(call):
    result = call("list")
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["NAME", "REVISION", "MUST", "SHOULD", "MAY", "TITLE"]
    assert any(row.startswith("aurous ") for row in rows)


def test_list_of_one_level(call):
    rows = call("list", "aurous", "--level", "MAY", env={"COLUMNS": ""}).stdout.splitlines()
    assert rows
    assert all("  MAY " in row for row in rows)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize(
    "clause", ["caps.images.over", "idempotency.replay", "refusal.envelope", "auth.revoked", "crowd.own_answers", "rate_limit.refusal"]
)
def test_explain_says_all(call, clause, columns):
    result = call("explain", clause, columns=columns)
    assert result.exit_code == 0
    for said in (clause, "source", "https://", "promise", "specs/aurous/", "conformance run aurous --clause"):
        assert said in result.stdout


def test_explain_says_what_to_supply(call):
    assert "operator.keys.revoked_env" in call("explain", "auth.revoked").stdout


def test_explain_every_clause():
    contract = load_contract("aurous")
    for clause in contract.clauses:
        told = "\n".join(explain_clause(contract, clause, 80))
        assert clause.id in told
        assert "&id" not in told


def test_plan_counts(call):
    result = call("plan", "aurous", "--reference", "--clause", "caps.*", "--clause", "url.*")
    assert result.exit_code == 0
    assert "caps.images.over" in result.stdout
    assert "Totals" in result.stdout
    assert "Not established" in result.stdout
    total = next(row for row in result.stdout.splitlines() if "are charged" in row)
    counted = [row.split() for row in result.stdout.splitlines()[1:] if row.startswith(("caps.", "url."))]
    assert f"{sum(int(row[3]) for row in counted)} requests" in total
    assert f"of which {sum(int(row[4]) for row in counted)} are charged" in total


def test_report_renders_again(call, kept_log, tmp_path):
    result = call("report", kept_log)
    assert result.exit_code == 0
    assert "FAIL  caps.parts.over" in result.stdout
    html, junit = tmp_path / "r.html", tmp_path / "r.xml"
    result = call("report", kept_log, "--html", html, "--junit", junit)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "caps.parts.over" in html.read_text()
    assert "caps.parts.over" in junit.read_text()


def test_replay_shows_that_it_recurs(call, servers, kept_log):
    path, env = servers.start("--fault", "parts_cap_17")
    result = call("replay", kept_log, "caps.parts.over/text.17", "--target", path, env=env)
    assert result.exit_code == 1
    assert "The findings recur." in result.stdout
    assert "curl " in result.stdout
    # The target of the log's header, with its key from the environment.
    assert call("replay", kept_log, "caps.parts.over/text.17", env=env).exit_code == 1


def test_replay_shows_that_it_is_mended(call, kept_log):
    result = call("replay", kept_log, "caps.parts.over/text.17", "--reference")
    assert result.exit_code == 0
    assert "do not recur" in result.stdout
    assert "in the log" in result.stdout


def test_replay_renews_keys_alike(call, kept_log):
    from conformance.engine.replay import renewed
    from conformance.exchange import Request

    keys = ["conf-0123456789ab-1", "conf-0123456789ab-1", "x0123456789ab-k", "abc", "", "plain"]
    requests = [("s", Request("POST", "/", (("idempotency-KEY", key), ("other", key)))) for key in keys]
    fresh = [request.headers[0][1] for _, request in renewed(requests, load_contract("aurous"))]
    assert fresh[0] == fresh[1] != keys[0]
    assert fresh[2][1:13] == fresh[0][5:17]
    assert fresh[3] != "abc"
    assert len(fresh[3]) == 3
    assert fresh[4:] == ["", "plain"]
    assert [request.headers[1][1] for _, request in renewed(requests, load_contract("aurous"))] == keys


def test_exact_keeps_the_key(call, servers, kept_log):
    case = next(
        line for line in map(json.loads, kept_log.read_text().splitlines())
        if line["kind"] == "case" and line["id"] == "caps.parts.over/text.17"
    )
    key = next(v for n, v in case["exchanges"][0]["request"]["headers"] if n.lower() == "idempotency-key")
    path, env = servers.start("--fault", "parts_cap_17")
    assert key in call("replay", kept_log, case["id"], "--target", path, "--exact", env=env).stdout
    assert key not in call("replay", kept_log, case["id"], "--target", path, env=env).stdout


def test_replay_of_a_drawn_case(call, servers, tmp_path):
    path, env = servers.start()
    log = tmp_path / "drawn.log"
    call("run", "--target", path, "--clause", "accept.*", "--clause", "refuse.*", "--no-progress", "--out", log, env=env)
    drawn = [line["id"] for line in map(json.loads, log.read_text().splitlines()) if "/drawn." in line.get("id", "")]
    assert drawn
    for case in drawn[:3]:
        result = call("replay", log, case, "--target", path, env=env)
        assert result.exit_code == 0, result.stdout


def test_lint(call, tmp_path):
    result = call("lint", "aurous")
    assert (result.exit_code, result.stdout) == (0, "aurous: no faults\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "contract.yaml").write_text("language: 1\nwhat: no\n")
    result = call("lint", empty)
    assert result.exit_code == 2
    assert "contract.yaml" in result.stdout
    assert "faults" in result.stdout


def test_serve_lists_its_zoo(call):
    result = call("serve", "aurous", "--list", env={"COLUMNS": ""})
    assert result.exit_code == 0
    assert any(row.split()[:2] == ["fault", "parts_cap_17"] for row in result.stdout.splitlines())


def test_selftest_of_a_few(call, tmp_path):
    out = tmp_path / "matrix.json"
    result = call("selftest", "aurous", "--fault", "sound", "--fault", "ok", "--budget", "quick", "--jobs", "2", "--json", out)
    assert result.exit_code == 0, result.stdout
    assert "judge" in result.stdout
    assert "2/2" in result.stderr
    assert {row["name"] for row in json.loads(out.read_text())["results"]} == {"sound", "ok"}
