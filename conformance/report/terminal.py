"""
The closing summary on a terminal: what is broken and why, what could not be established, and the outcome
last.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.report.evidence import evidence, replay_command
from conformance.report.inert import inert
from conformance.report.line import Line
from conformance.report.reader import Log
from conformance.report.summary import MEANINGS, Summary, summarise

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["render_summary"]

_LABEL = 10  # columns of the labels on the left
_CURL = 2000  # characters of a command that is still worth printing
_NAMED = 12  # clauses named under one thing to supply
_SHOWN = 3  # exchanges of one case
_BODY = 320  # characters of an answer's body
_VALUE = 600  # characters of one expected or actual
_CONTROLS = "The controls failed"  # a note that all clauses of a dead target share
_STYLES = {
    "FAIL": "bold red",
    "ERROR": "bold magenta",
    "WARN": "yellow",
    "CONTESTED": "cyan",
    "WAIVED": "cyan",
}


def render_summary(
    lines: Log | Iterable[Line], *, console: Console, log_path: Path | str | None = None, log_kept: bool = True
) -> None:
    """
    Print the closing summary of *lines* on *console*.

    Everything that a server said is printed as inert text. *log_path* is named in the commands that replay a
    case; when it is not *log_kept*, the summary says how to keep one.
    """
    summary = summarise(lines)
    _Page(summary, console, log_path or (lines.path if isinstance(lines, Log) else None), log_kept).print()


class _Page:
    def __init__(self, summary: Summary, console: Console, log_path: Path | str | None, log_kept: bool) -> None:
        self.log_kept = log_kept
        self.summary = summary
        self.console = console
        self.log_path = log_path

    def print(self) -> None:
        summary = self.summary
        for title, verdict in (("Broken", "fail"), ("Suite errors", "error")):
            clauses = summary.judged(verdict)
            self._title(title, len(clauses))
            for clause in clauses:
                self._failure(clause)
        warnings = summary.judged("warn")
        self._title("Warnings", len(warnings))
        for clause in warnings:
            self._warning(clause)
        self._not_established()
        self._declared()
        self._excused("Waived", "waived")
        self._excused("Contested", "contested")
        self._named(
            "Unproven: no fault was ever seen to break these", [c for c in summary.clauses if c["unproven"]]
        )
        self._excluded()
        self._totals()

    def _failure(self, clause: Line) -> None:
        self._heading(clause)
        case = self.summary.case(clause)
        if case is not None:
            self._sent(case, clause["id"])
        findings = [f for f in clause["findings"] if case is None or f["case"] == case["id"]] or clause[
            "findings"
        ]
        for finding in findings[:1]:
            self._row("expected", finding["expected"], style="green")
            self._row("actual", finding["actual"], style="red")
            self._row("at", "the body" if finding["where"] == "body:" else finding["where"])
            self._row("why", finding["why"])
        # Why a case was left open is said of its own clause alone.
        own = case["reason"] if case and case.get("reason") and case["clause"] == clause["id"] else ""
        for note in dict.fromkeys([*clause["notes"], own]):
            self._row("note", note)
        if clause.get("unstable"):
            self._row("seen", f"{_rate(clause['unstable'])}: unstable")
        if case is not None:
            self._row("replay", replay_command(case["id"], log_path=self.log_path), copied=True)
        if len(clause["findings"]) > 1:
            others = dict.fromkeys(
                f["case"] for f in clause["findings"] if case is None or f["case"] != case["id"]
            )
            self._row("also in", ", ".join(others))

    def _sent(self, case: Line, clause: str) -> None:
        shown = evidence(case, base_url=self.summary.header["target"]["base_url"], log_path=self.log_path)
        telling = [one for one in shown if not one.step.startswith("twin")] or list(shown)
        for twin in shown:
            if twin not in telling:
                self._row("twin", f"the nearest valid request was answered with {twin.outcome}")
        if len(telling) > _SHOWN:
            # What a finding is about is always among those that are shown, and what led to it.
            last = next((at for at, one in enumerate(telling) if clause in one.blamed), len(telling) - 1) + 1
            first = max(0, last - _SHOWN)
            self._row("sent", f"{last - first} of {len(telling)} requests, from number {first + 1} on")
            telling = telling[first:last]
        seen: dict[str, str] = {}
        for one in telling:
            self._row("sent", one.step or "this request")
            if one.curl in seen:
                self._row("", f"(the same request as {seen[one.curl]})", style="dim")
                self._row("answer", one.outcome)
                continue
            seen[one.curl] = one.step or "this request"
            if len(one.curl) > _CURL:
                self._row(
                    "", f"(a command of {len(one.curl):,} characters; the replay below sends it)", style="dim"
                )
            else:
                self._copied(inert(one.curl, lines=True))
            self._row("answer", one.outcome)
        self._row("body", telling[-1].body[:_BODY], style="dim")

    def _warning(self, clause: Line) -> None:
        self._heading(clause)
        for finding in clause["findings"][:1]:
            self._row("expected", finding["expected"])
            self._row("actual", finding["actual"])
            if clause.get("unstable"):
                self._row("seen", f"{_rate(clause['unstable'])}: unstable")
            self._row("replay", replay_command(finding["case"], log_path=self.log_path), copied=True)

    def _declared(self) -> None:
        gaps = self.summary.declared()
        self._title("Declared gaps: the target says so itself", len(gaps))
        for gap, clauses in gaps.items():
            self._row("", gap, style="bold")
            told = ", ".join(f"{clause['id']} ({clause['level']})" for clause in clauses[:_NAMED])
            self._row("", told + (f" and {len(clauses) - _NAMED} more" if len(clauses) > _NAMED else ""))

    def _not_established(self) -> None:
        open_clauses = [c for c in self.summary.judged("not_established") if not c.get("declared")]
        self._title("Not established", len(open_clauses))
        shared = dict.fromkeys(
            note
            for clause in open_clauses
            for note in clause["notes"]
            if note.startswith(_CONTROLS)
        )
        for note in shared:
            self._row("because", note, style="yellow")
        for need, clauses in self.summary.missing().items():
            reason = need.startswith("because: ")
            self._row("because" if reason else "supply", need.removeprefix("because: "), style="bold")
            told = ", ".join(f"{clause['id']} ({clause['level']})" for clause in clauses[:_NAMED])
            self._row("", told + (f" and {len(clauses) - _NAMED} more" if len(clauses) > _NAMED else ""))

    def _excused(self, title: str, verdict: str) -> None:
        clauses = self.summary.judged(verdict)
        self._title(title, len(clauses))
        for clause in clauses:
            waiver = clause.get("waiver")
            reasons = [f"until {waiver['until']}: {waiver['reason']}"] if waiver else clause["notes"]
            self._row("", f"{clause['id']} ({clause['level']})  {clause['says']}")
            for reason in reasons:
                self._row("", reason, style="dim")

    def _named(self, title: str, clauses: list[Line]) -> None:
        self._title(title, len(clauses))
        if clauses:
            self._row("", ", ".join(clause["id"] for clause in clauses))

    def _excluded(self) -> None:
        self._title("Excluded promises", len(self.summary.excluded))
        for line in self.summary.excluded:
            self._row(line["promise"], line["says"])
            self._row("", line["reason"], style="dim")

    def _totals(self) -> None:
        summary, footer = self.summary, self.summary.footer
        self._title("Totals", 1, counted=False)
        for level in ("MUST", "SHOULD", "MAY"):
            tally = summary.tally(level)
            if tally:
                self._row(level, f"{sum(tally.values())}: {_counts(tally)}")
        states = summary.states()
        self._row("promises", f"{sum(states.values())}: {_counts(states)}")
        retries = f", {footer['retries']:,} sent again" if footer["retries"] else ""
        charged = "" if footer["charged"] is None else f", charged {footer['charged']:g}"
        self._row("requests", f"{footer['requests']:,} in {footer['seconds']:,.1f} s{retries}{charged}")
        self._row("seed", f"{summary.header['seed']}, budget {summary.header['budget']}")
        if not self.log_kept:
            self._row("log", "not kept; --out LOG keeps it, for replays and further reports")
        elif self.log_path:
            self._row("log", str(self.log_path), copied=True)
        if footer["incomplete"]:
            self._row("incomplete", footer["incomplete"], style="yellow")
        self._line("")
        style = "bold green" if footer["exit"] == 0 else "bold yellow" if footer["exit"] == 3 else "bold red"
        self._line(summary.headline(), style=style)
        self._line(f"exit {footer['exit']}: {MEANINGS[footer['exit']]}")

    def _title(self, title: str, count: int, *, counted: bool = True) -> None:
        if count:
            self._line("")
            self._line(f"{title} ({count})" if counted else title, style="bold underline")

    def _heading(self, clause: Line) -> None:
        from rich.text import Text

        word = clause["verdict"].upper()
        text = Text()
        text.append(f"{word}  ", style=_STYLES.get(word, ""))
        text.append(inert(clause["id"]), style="bold")
        text.append(f"  {clause['level']}", style="dim")
        self._line("")
        self.console.print(text, overflow="fold")
        for line in Text(inert(clause["says"])).wrap(self.console, max(20, self.console.width - 2)):
            line.rstrip()
            self.console.print(Text("  ").append_text(line), soft_wrap=True)
        for source in clause["source"]:
            self._row("source", f"{source['doc']}, {source['section']}", style="dim")
            self._row("", source.get("url") or "", style="dim", copied=True)

    def _row(self, label: str, text: str, *, style: str = "", copied: bool = False) -> None:
        """
        Print *text* beside *label*, wrapped under itself; text that is to be *copied* is never broken by us.
        """
        if not text:
            return
        from rich.text import Text

        text = inert(text if len(text) <= _VALUE else f"{text[: _VALUE - 1]}…")
        margin = f"  {inert(label):<{_LABEL}}" if len(label) < _LABEL else f"  {inert(label)}  "
        room = max(20, self.console.width - len(margin))
        lines = [Text(text)] if copied else Text(text).wrap(self.console, room)
        for number, line in enumerate(lines):
            line.rstrip()
            line.stylize(style)
            start = Text(margin if number == 0 else " " * len(margin), style="dim")
            self.console.print(start.append_text(line), soft_wrap=True)

    def _copied(self, text: str) -> None:
        from rich.text import Text

        for line in text.splitlines():
            self.console.print(Text(f"    {line}"), soft_wrap=True)

    def _line(self, text: str, *, style: str = "") -> None:
        from rich.text import Text

        self.console.print(Text(inert(text), style=style), overflow="fold")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in counts.items() if count)


def _rate(rate: Line) -> str:
    return f"{rate['seen']} of {rate['of']} times"
