"""
The HTML report: one file that is whole, well formed, asks for nothing, and in which a server's text can't
act.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import pytest

from conformance.report.html import render_html
from conformance.report.inert import inert
from conformance.report.log import Log
from conformance.report.summary import summarise

from .sample import HOSTILE, sample_lines

_VOID = {"meta", "link", "img", "br", "input", "hr"}


class Page(HTMLParser):
    """
    The elements, ids and texts of a page; it fails on a tag that is closed out of order.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def every(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


@pytest.fixture(scope="module")
def html(log: Log) -> str:
    return render_html(log)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_nothing_in_the_page_can_act(html: str, page: Page) -> None:
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "img", "iframe", "object", "embed", "link", "form", "base"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name == "style"]
    assert all(re.match(r"#|https?://", url) for url in page.every("href"))
    assert page.every("src") == []
    assert "javascript:alert(4)" not in html


def test_hostile_text_is_shown_and_made_visible(html: str, page: Page) -> None:
    assert inert(HOSTILE) in page.text
    assert not set(html) & set("\x00\x07\x1b\u200b\u202e\u202c\ufffe\ud800")
    assert all(char.isprintable() or char in "\n\t\u2002" for char in html)


def test_hostile_text_is_inert_wherever_it_stands() -> None:
    def poisoned(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: poisoned(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [poisoned(item, key) for item in value]
        fixed = (
            "kind",
            "verdict",
            "level",
            "state",
            "started",
            "finished",
            "budget",
            "body_z",
            "example",
            "case",
            "id",
        )
        return f"{value}\">'{HOSTILE}" if isinstance(value, str) and key not in fixed else value

    page = Page(render_html([poisoned(line) for line in sample_lines()]))
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


def test_the_policy_allows_the_one_style_sheet_and_nothing_else(html: str) -> None:
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert policy.replace("'", "&#39;") in html
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_every_link_inside_the_page_leads_somewhere_and_ids_are_unique(page: Page) -> None:
    ids = page.every("id")
    assert len(ids) == len(set(ids))
    assert {url[1:] for url in page.every("href") if url.startswith("#")} <= set(ids)


def test_every_clause_and_promise_is_in_the_page(log: Log, page: Page) -> None:
    ids = set(page.every("id"))
    assert {f"clause-{clause['id']}" for clause in log.clauses} <= ids
    assert log.footer is not None
    assert {f"promise-{promise}" for promise in log.footer["promises"]} <= ids
    assert {f"finding-{clause['id']}" for clause in summarise(log).judged("fail", "warn", "error")} <= ids
    for line in log.excluded:
        assert line["reason"] in page.text


def test_the_page_says_what_a_reader_needs(log: Log, page: Page) -> None:
    text = " ".join(page.text.split())
    for told in (
        "Not conformant5 MUST clauses broken",
        "16 of 27 pass",
        log.header["contract"]["digest"],
        "20 November 2025, 09:21 UTC",
        "Supplya ledger witness",
        "The waiver ends on 2026-01-31.",
        "Unstable: seen 3 of 5 times",
        "conformance replay run.log encoding.stranger/int4",
        "10 kept, 6 broken, 2 warned, 7 not established, 2 excluded of 27",
        "no ledger was read",
        "Shrunk from a body of 48,211 bytes.",
    ):
        assert told in text
    assert "curl " in text


def test_a_clean_run_has_no_empty_sections() -> None:
    lines = []
    for line in sample_lines(hostile=False):
        if line["kind"] == "clause" and line["verdict"] != "pass":
            continue
        lines.append({**line, "exit": 0} if line["kind"] == "footer" else line)
    page = Page(render_html(lines))
    assert not {"broken", "errors", "warnings", "not-established", "excused"} & set(page.every("id"))
    assert "Conformant" in page.text


def test_lines_without_their_optional_fields_are_enough() -> None:
    optional = ("step", "headers", "repeats", "shrunk_from", "unstable", "example", "url", "model")

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: bare(item) for name, item in value.items() if name not in optional or name == "headers"
            }
        return [bare(item) for item in value] if isinstance(value, list) else value

    assert "Not conformant" in render_html([bare(line) for line in sample_lines()])


@pytest.mark.parametrize("started", ["2025-11-20T09:21:04.5Z", "2025-13-41T99:99:99Z"])
def test_any_moment_that_the_schema_allows_is_shown(started: str) -> None:
    lines = [
        {**line, **({"started": started} if line["kind"] == "header" else {})} for line in sample_lines()
    ]
    assert ("20 November 2025, 09:21 UTC" if "T09" in started else started) in render_html(lines)
