"""
The report as one HTML file that needs nothing else: no script, no request, and nothing of a server's that
could act.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conformance.report.evidence import Evidence, evidence, replay_command
from conformance.report.inert import inert
from conformance.report.line import Line
from conformance.report.reader import Log
from conformance.report.summary import MEANINGS, STATES, Summary, summarise

__all__ = ["render_html"]

_HERE = Path(__file__).parent
_CURL = 12_000  # characters of a command that is still worth showing
_BODY = 6_000  # characters of an answer's body

# Word, glyph and rank: a verdict is never told by its colour alone.
_VERDICTS = {
    "fail": ("Fail", "✕"),
    "error": ("Error", "‼"),
    "warn": ("Warn", "!"),
    "not_established": ("Not established", "?"),
    "contested": ("Contested", "≠"),
    "otherwise": ("Done otherwise", "~"),
    "waived": ("Waived", "~"),
    "pass": ("Pass", "✓"),
}
_PROMISES = {
    "kept": ("Kept", "✓"),
    "broken": ("Broken", "✕"),
    "warned": ("Warned", "!"),
    "not_established": ("Not established", "?"),
    "excluded": ("Excluded", "–"),
}


def render_html(lines: Log | Iterable[Line], *, log_path: Path | str | None = None) -> str:
    """
    Return *lines* as one self-contained HTML document.

    Every text is escaped and inert, only ``http`` and ``https`` sources become links, and a content security
    policy forbids everything but the one style sheet. *log_path* is named in the commands that replay a case.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    summary = summarise(lines)
    log_path = log_path or (lines.path.name if isinstance(lines, Log) else None)
    style = (_HERE / "report.css").read_text("utf-8")
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        finalize=lambda value: (
            value if isinstance(value, Markup) or not isinstance(value, str) else inert(value, lines=True)
        ),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": _moment, "link": _link, "number": "{:,}".format}
    return environment.get_template("report.html.jinja").render(
        summary=summary,
        header=summary.header,
        footer=summary.footer,
        style=Markup(f"\n{style}"),
        policy=_policy(f"\n{style}"),
        tone={0: "pass", 1: "fail", 3: "not_established"}.get(summary.footer["exit"], "error"),
        meaning=MEANINGS[summary.footer["exit"]],
        levels=list(_levels(summary)),
        words=_VERDICTS,
        promise_words=_PROMISES,
        states=STATES,
        evidence=partial(_evidence, summary=summary, log_path=log_path),
        replay=partial(replay_command, log_path=log_path),
        facts=list(_facts(summary)),
    )


def _policy(style: str) -> str:
    digest = b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _levels(summary: Summary) -> Iterator[dict[str, Any]]:
    """
    Yield each level that has clauses, with the segments of its bar in hundredths of its width.
    """
    for level in ("MUST", "SHOULD", "MAY"):
        tally = summary.tally(level)
        total = sum(tally.values())
        if total:
            segments, start = [], 0.0
            for verdict in ("pass", "otherwise", "waived", "contested", "not_established", "warn", "error", "fail"):
                width = 100 * tally.get(verdict, 0) / total
                if width:
                    segments.append((verdict, round(start, 3), round(width, 3), tally[verdict]))
                start += width
            yield {"level": level, "total": total, "kept": tally.get("pass", 0), "segments": segments}


def _evidence(clause: Line, *, summary: Summary, log_path: Path | str | None) -> dict[str, Any] | None:
    case = summary.case(clause)
    if case is None:
        return None
    shown = evidence(case, base_url=summary.header["target"]["base_url"], log_path=log_path)
    return {
        "case": case,
        "exchanges": [_cut(one) for one in shown],
        "replay": replay_command(case["id"], log_path=log_path),
    }


def _cut(one: Evidence) -> Evidence:
    curl = (
        one.curl
        if len(one.curl) <= _CURL
        else f"(a command of {len(one.curl):,} characters; replay the case instead)"
    )
    body = one.body if len(one.body) <= _BODY else f"{one.body[:_BODY]}…"
    return Evidence(one.step, curl, one.outcome, one.headers, body)


def _facts(summary: Summary) -> Iterator[tuple[str, str]]:
    header, footer = summary.header, summary.footer
    yield "Contract", f"{header['contract']['title']} ({header['contract']['name']})"
    yield "Revision", header["contract"]["revision"]
    yield "Digest", header["contract"]["digest"]
    for name, value in header["target"].items():
        if value is not None:
            yield f"Target {name.replace('_', ' ')}", value if isinstance(value, str) else str(value)
    yield "Started", _moment(header["started"])
    yield "Finished", _moment(footer["finished"])
    chosen = header["selection"]
    yield (
        "Selection",
        ", ".join(chosen["clauses"] or ["all clauses"]) + (f", {chosen['level']}" if chosen["level"] else ""),
    )
    yield "Seed", str(header["seed"])
    yield "Budget", header["budget"]
    yield "Requests", f"{footer['requests']:,}, and {footer['retries']:,} sent again"
    yield "Charged", "no ledger was read" if footer["charged"] is None else f"{footer['charged']:g}"
    yield "Suite", header["suite"]
    yield "Versions", ", ".join(f"{name} {version}" for name, version in header["versions"].items())


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text[:16])
    except ValueError:  # the schema holds the shape, not the calendar
        return text
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _link(url: str | None) -> str:
    """
    Return *url* when following it is safe, otherwise nothing.
    """
    try:
        return url if url and urlsplit(url).scheme in ("http", "https") and url.isprintable() else ""
    except ValueError:
        return ""
