"""
Terminal, progress and JUnit: complete, readable, and deaf to what a server says.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from conformance.errors import UsageError
from conformance.report.evidence import evidence, read_request, replay_command
from conformance.report.inert import inert
from conformance.report.junit import render_junit
from conformance.report.log import Log
from conformance.report.output import write_report
from conformance.report.progress import LiveProgress, PlainProgress, open_progress
from conformance.report.summary import summarise
from conformance.report.terminal import render_summary

from .sample import HOSTILE, sample_lines


def _printed(source: Log, *, width: int = 80, tty: bool = False, color: str | None = None) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=tty, color_system="truecolor" if color else None)
    render_summary(source, console=console)
    return file.getvalue()


def test_a_failure_tells_everything(log: Log) -> None:
    text = " ".join(_printed(log).split())
    assert "FAIL encoding.stranger MUST An encoding that is not on the list" in text
    assert "create-embeddings, encoding_format https://docs.example.com/embeddings/create-embeddings" in text
    assert "curl " in text
    assert "expected a refusal: 400 with code invalid_encoding_format" in text
    assert "actual 500 text/html, no envelope at status why Clients retry a 500 for ever." in text
    assert f"replay conformance replay {log.path} encoding.stranger/int4" in text
    assert "seen 3 of 5 times: unstable" in text


def test_every_part_is_there_in_its_order(log: Log) -> None:
    text = _printed(log)
    titles = [
        "Broken (5)",
        "Suite errors (1)",
        "Warnings (2)",
        "Not established (5)",
        "Waived (1)",
        "Contested (1)",
    ]
    titles += [
        "Unproven",
        "Excluded promises (2)",
        "Totals",
        "Not conformant: 5 MUST clauses broken",
        "exit 1:",
    ]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    assert "27: 10 kept, 6 broken, 2 warned, 7 not established, 2 excluded" in text


def test_a_directed_case_is_shown_though_many_drawn_ones_came_before_it() -> None:
    lines = list(sample_lines())
    place = next(at for at, line in enumerate(lines) if line.get("id") == "encoding.stranger/int4")
    lines[place:place] = [{**lines[place], "id": f"encoding.stranger/drawn.create.{number}"} for number in range(9)]
    summary = summarise(iter(lines))
    (clause,) = [clause for clause in summary.clauses if clause["id"] == "encoding.stranger"]
    assert clause["example"] == (summary.case(clause) or {})["id"] == "encoding.stranger/int4"


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_but_what_is_copied_is_wider_than_the_screen(log: Log, width: int) -> None:
    wide = [line for line in _printed(log, width=width).splitlines() if len(line) > width]
    assert all(re.match(r"    |  (replay|log) ", line) and not line.startswith(" " * 12) for line in wide)


def test_no_colour_without_a_terminal(log: Log) -> None:
    assert "\x1b" not in _printed(log)
    assert "\x1b[1;31m" in _printed(log, tty=True, color="yes")


def test_a_server_cannot_act_in_the_terminal(log: Log) -> None:
    text = _printed(log, width=400, tty=True, color="yes")
    assert "[bold red]markup[/bold red]" in text
    assert "\\u001b]0;owned\\u0007" in text
    for char in "\x07\x00\u202e\u200b\ufffe\ud800":
        assert char not in text
    assert not re.search(r"\x1b(?!\[[0-9;]*m)", text)


def test_a_stream_gives_the_same_summary_as_its_log(log: Log) -> None:
    from_log, from_stream = (
        summarise(log),
        summarise(json.loads(json.dumps(line)) for line in sample_lines(live=True)),
    )
    assert list(from_log.examples) == list(from_stream.examples)
    assert from_log.seconds == pytest.approx(from_stream.seconds)


def test_a_stream_without_its_end_is_refused() -> None:
    with pytest.raises(UsageError, match="no footer"):
        summarise(line for line in sample_lines() if line["kind"] != "footer")


@pytest.mark.parametrize(
    ("code", "unseen", "told"),
    [
        (0, False, "Conformant"),
        (0, True, "Conformant, with 5 clauses not established"),
        (1, True, "Not conformant"),
        (3, True, "Incomplete"),
        (4, True, "No verdict: the suite is at fault"),
    ],
)
def test_the_headline_never_says_too_much(code: int, unseen: bool, told: str) -> None:
    def lines() -> Iterator[dict[str, Any]]:
        for line in sample_lines():
            if line["kind"] == "footer":
                yield {**line, "exit": code}
            elif line["kind"] != "clause" or (unseen and line["verdict"] == "not_established"):
                yield dict(line)

    assert summarise(lines()).headline() == told


def test_plain_progress_speaks_at_each_phase_and_every_five_seconds() -> None:
    stream, now = io.StringIO(), iter(range(1000))
    progress = PlainProgress(stream=stream, clock=lambda: float(next(now)))
    for line in sample_lines(live=True):
        progress.feed(line)
    progress.close()
    told = stream.getvalue().splitlines()
    assert told[0].startswith("plan: 34 clauses")
    assert told[1].startswith("firing: 1/34")
    assert any(line.startswith("shrinking: 30/34") for line in told)
    assert told[-1].startswith("shrinking: 34/34")
    assert len(told) == 9


def test_live_progress_takes_the_same_lines() -> None:
    file = io.StringIO()
    progress = LiveProgress(console=Console(file=file, force_terminal=True, width=100))
    for line in sample_lines(live=True):
        progress.feed({**line, "phase": "[red]\x1b[2J"} if line["kind"] == "progress" else line)
    progress.close()
    assert "34/34 cases" in file.getvalue()
    assert "[red]\\u001b[2J" in file.getvalue()


def test_progress_is_plain_without_a_terminal() -> None:
    assert isinstance(open_progress(stream=io.StringIO()), PlainProgress)
    assert isinstance(open_progress(stream=io.StringIO(), live=True), LiveProgress)


def test_junit_files_each_verdict_under_its_own_element(log: Log) -> None:
    root = ElementTree.fromstring(render_junit(log))
    verdicts = Counter(clause["verdict"] for clause in log.clauses)
    assert root.get("tests") == "34"
    assert (root.get("failures"), root.get("errors"), root.get("skipped")) == ("5", "1", "7")
    assert len(root.findall(".//failure")) == verdicts["fail"] == 5
    assert len(root.findall(".//error")) == verdicts["error"] == 1
    assert len(root.findall(".//skipped")) == 7
    assert len(root.findall(".//system-out")) == verdicts["warn"] == 2
    for case in root.iter("testcase"):
        told = {p.get("name"): p.get("value") for p in case.iterfind("properties/property")}
        clause = next(clause for clause in log.clauses if clause["id"] == case.get("name"))
        assert (told["verdict"], told["level"]) == (clause["verdict"], clause["level"])
    skipped = root.find(".//testcase[@name='ledger.refusal_free']/skipped")
    assert skipped is not None
    assert "supply a ledger witness" in (skipped.get("message") or "")


def test_junit_suites_are_areas_and_their_counts_add_up(log: Log) -> None:
    root = ElementTree.fromstring(render_junit(log))
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == list(summarise(log).areas())
    for name in ("tests", "failures", "errors", "skipped"):
        assert sum(int(suite.get(name, "")) for suite in suites) == int(root.get(name, ""))
    told = {p.get("name"): p.get("value") for p in suites[0].iterfind("properties/property")}
    assert told["contract.digest"] == log.header["contract"]["digest"]
    assert (told["seed"], told["suite"]) == ("20251120", "0.1.0")
    assert float(suites[0].get("time", "")) > 1


def test_junit_is_valid_xml_whatever_the_server_sent(log: Log) -> None:
    data = render_junit(log)
    text = data.decode("utf-8")
    assert not re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    failure = ElementTree.fromstring(data).find(".//testcase[@name='caps.inputs.over']/failure")
    assert failure is not None
    assert inert(HOSTILE) in (failure.text or "")


@pytest.mark.parametrize("change", [{"exit": 3, "incomplete": "the target can't be reached"}, {"exit": 1}])
def test_junit_is_never_green_when_the_run_is_not(change: dict[str, Any]) -> None:
    lines = [
        {**line, **(change if line["kind"] == "footer" else {})}
        for line in sample_lines()
        if line["kind"] != "clause" or line["verdict"] not in ("fail", "error")
    ]
    root = ElementTree.fromstring(render_junit(lines))
    assert (root.get("tests"), root.get("failures")) == ("29", "1")
    assert root.find(".//testcase[@name='run.outcome']/failure") is not None


def test_a_packed_body_comes_back_byte_for_byte(log: Log) -> None:
    record = log.case("caps.inputs.over/one_above")["exchanges"][1]["request"]
    request = read_request(record)
    assert len(request.body or b"") == record["bytes"]
    assert request.header("content-type") == "application/json"


@pytest.mark.parametrize("packed", ["AAAA", "eJw=", "!"])
def test_a_packed_body_that_is_broken_is_refused(packed: str) -> None:
    with pytest.raises(UsageError, match="can't be unpacked"):
        read_request({"method": "POST", "target": "/", "headers": [], "body_z": packed})


def test_a_bomb_in_a_log_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import base64
    import zlib

    from conformance.report import evidence as module

    monkeypatch.setattr(module, "_LARGEST", 1000)
    packed = base64.b64encode(zlib.compress(bytes(100_000))).decode()
    with pytest.raises(UsageError, match="more than 1,000 bytes"):
        read_request({"method": "POST", "target": "/", "headers": [], "body_z": packed})


def test_a_target_that_is_no_url_still_has_evidence(log: Log) -> None:
    shown = evidence(log.case("encoding.stranger/int4"), base_url="asgi:server:app", log_path="run.log")
    assert [one.step for one in shown] == ["twin", "refused"]
    assert shown[1].curl == "POST /embeddings\nconformance replay run.log encoding.stranger/int4"


def test_the_replay_command_is_quoted() -> None:
    assert replay_command("a/b;rm", log_path="my runs/x.log") == "conformance replay 'my runs/x.log' 'a/b;rm'"


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    assert write_report("text", tmp_path / "a" / "b.xml").read_text() == "text"
    with pytest.raises(UsageError, match="can't be written"):
        write_report(b"x", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_inert_text() -> None:
    assert inert("plain é 漢 😀") == "plain é 漢 😀"
    assert inert("a\r\nb\t\U000e0001") == "a\\r\\nb\\t\\udb40\\udc01"
    assert inert("a\nb\x85", lines=True) == "a\nb\\u0085"
