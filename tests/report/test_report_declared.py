"""
What a target says that it does in its own way, and what may be done either way: shown apart, and counted nowhere else.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from conformance.report.html import render_html
from conformance.report.junit import render_junit
from conformance.report.line import check_line
from conformance.report.log import Line
from conformance.report.summary import Summary, summarise
from conformance.report.terminal import render_summary

from .sample import sample_lines
from .test_report_html import Page

LIFT, HOSTILE = "lift: no", "[bold]door[/bold]: <b>\x1b[2J"
DECLARED = {"caps.body": [LIFT], "ledger.refusal_free": [LIFT], "images.private_refused": [HOSTILE]}
RECORDED = {"case": "input.tokens/000", "expected": "a success", "actual": "400", "where": "status", "why": ""}


def lines(*, declared: bool = True, otherwise: bool = False, code: int | None = None) -> Iterator[Line]:
    for line in sample_lines(hostile=False):
        told = dict(line)
        if told["kind"] == "clause" and declared and told["id"] in DECLARED:
            told["declared"] = DECLARED[told["id"]]
            told["missing"] = [f"declared by the target: {gap}" for gap in told["declared"]]
        if told["kind"] == "clause" and otherwise and told["id"] == "input.tokens":
            told["findings"] = [RECORDED]
        if told["kind"] == "footer" and code is not None:
            told["exit"] = code
        yield told


def summary(**options: Any) -> Summary:
    return summarise(lines(**options))


def printed(**options: Any) -> str:
    file = io.StringIO()
    render_summary(lines(**options), console=Console(file=file, width=100))
    return file.getvalue()


def test_a_line_with_a_declared_gap_keeps_to_its_schema() -> None:
    assert [list(check_line(line)) for line in lines() if line["kind"] == "clause"] == [[]] * 34


@pytest.mark.parametrize("wrong", [[], "lift: no", [5]])
def test_a_declared_gap_is_a_list_of_texts(wrong: Any) -> None:
    line = next(line for line in lines() if line.get("declared"))
    assert list(check_line({**line, "declared": wrong}))


def test_declared_gaps_stand_by_what_is_declared() -> None:
    found = summary().declared()
    assert {gap: [clause["id"] for clause in clauses] for gap, clauses in found.items()} == {
        LIFT: ["caps.body", "ledger.refusal_free"],
        HOSTILE: ["images.private_refused"],
    }
    assert summary(declared=False).declared() == {}


def test_nothing_has_to_be_supplied_for_what_is_declared() -> None:
    needs = summary().missing()
    assert {clause["id"] for clauses in needs.values() for clause in clauses} == {"ledger.replay_free", "images.fetched_once"}
    assert not any("declared" in need for need in needs)


def test_the_terminal_shows_declared_gaps_apart() -> None:
    text = printed()
    assert "Not established (2)" in text
    # Three clauses by two declarations.
    apart = text.partition("Declared gaps: the target says so itself (2)")[2].partition("Waived")[0]
    assert LIFT in apart
    assert "caps.body (MUST), ledger.refusal_free (MUST)" in apart
    assert "images.private_refused (MUST)" in apart
    assert "caps.body" not in text.partition("Not established (2)")[2].partition("Declared gaps")[0]


def test_the_terminal_says_nothing_of_declared_gaps_where_there_are_none() -> None:
    assert "Declared gaps" not in printed(declared=False)
    assert "Not established (5)" in printed(declared=False)


def test_a_declaration_cannot_act_in_the_terminal() -> None:
    text = printed()
    assert "\x1b" not in text
    assert "[bold]door[/bold]" in text


def test_many_clauses_of_one_declaration_are_named_in_part() -> None:
    def many() -> Iterator[Line]:
        for line in lines():
            if line["kind"] == "clause" and line["verdict"] == "pass":
                yield {**line, "verdict": "not_established", "declared": [LIFT], "missing": [f"declared by the target: {LIFT}"]}
            else:
                yield line

    file = io.StringIO()
    render_summary(many(), console=Console(file=file, width=100))
    assert " more" in file.getvalue().partition("Declared gaps")[2].partition("Waived")[0]


def test_the_page_shows_declared_gaps_apart() -> None:
    html = render_html(lines())
    page = Page(html)
    assert "declared" in page.every("id")
    section = html.partition('<section id="declared">')[2].partition("</section>")[0]
    assert LIFT in section
    assert section.count('href="#clause-') == 3
    assert "&lt;b&gt;" in section
    assert "<b>" not in section
    assert "\x1b" not in html


def test_the_page_has_no_such_part_where_nothing_is_declared() -> None:
    assert 'id="declared"' not in render_html(lines(declared=False))


def test_junit_says_of_a_declared_gap_that_it_is_one() -> None:
    root = ElementTree.fromstring(render_junit(lines()))
    told = {name: root.find(f".//testcase[@name='{name}']/skipped") for name in (*DECLARED, "ledger.replay_free")}
    messages = {name: "" if found is None else found.get("message") or "" for name, found in told.items()}
    assert messages["caps.body"] == f"declared by the target: {LIFT}"
    assert messages["images.private_refused"].startswith("declared by the target: ")
    assert messages["ledger.replay_free"].startswith("not established; supply")
    assert root.get("skipped") == "7"


def test_declared_gaps_stay_in_every_total() -> None:
    assert summary().tally("MUST") == summary(declared=False).tally("MUST")
    assert summary().states() == summary(declared=False).states()


# What may be done either way


def test_a_may_that_is_done_otherwise_is_counted_as_that() -> None:
    before, after = summary().tally("MAY"), summary(otherwise=True).tally("MAY")
    assert after["otherwise"] == 1
    assert after.get("pass", 0) == before["pass"] - 1
    assert sum(after.values()) == sum(before.values())


def test_only_a_may_is_done_otherwise() -> None:
    def noted() -> Iterator[Line]:
        for line in lines():
            yield {**line, "findings": [RECORDED]} if line["kind"] == "clause" and line["verdict"] == "pass" and line["level"] != "MAY" else line

    found = summarise(noted())
    assert not any("otherwise" in found.tally(level) for level in ("MUST", "SHOULD", "MAY"))


def test_the_page_and_the_terminal_tell_what_is_done_otherwise() -> None:
    assert "1 done otherwise" in Page(render_html(lines(otherwise=True))).text
    assert "done otherwise" not in Page(render_html(lines())).text
    assert "otherwise" in printed(otherwise=True).partition("Totals")[2]
    assert "otherwise" not in printed().partition("Totals")[2]


def test_what_is_done_otherwise_is_no_failure_in_junit() -> None:
    root = ElementTree.fromstring(render_junit(lines(otherwise=True)))
    found = root.find(".//testcase[@name='input.tokens']")
    assert found is not None
    assert found.find("failure") is None
    assert found.find("skipped") is None
    assert root.get("failures") == ElementTree.fromstring(render_junit(lines())).get("failures")
