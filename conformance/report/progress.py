"""
Progress while a run goes on: a live line on a terminal, plain lines elsewhere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TextIO

from conformance.report.inert import inert
from conformance.report.line import Line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["LiveProgress", "PlainProgress", "Progress", "open_progress"]

_EVERY = 5.0  # seconds between two plain lines


class Progress(Protocol):
    """
    Something that is fed every line of the live stream, and closed once.
    """

    def feed(self, line: Line) -> None: ...

    def close(self) -> None: ...


def open_progress(*, stream: TextIO | None = None, live: bool | None = None) -> Progress:
    """
    Return live progress when *stream* (standard error) is a terminal, plain lines otherwise; *live* overrides
    that.
    """
    stream = stream or sys.stderr
    if live is None:
        live = stream.isatty()
    if not live:
        return PlainProgress(stream=stream)
    from rich.console import Console

    return LiveProgress(console=Console(file=stream))


class PlainProgress:
    """
    One line at each change of phase and about every five seconds, for the log of a build.
    """

    def __init__(self, *, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._phase = ""
        self._due = 0.0
        self._unsaid: str | None = None

    def feed(self, line: Line) -> None:
        kind = line["kind"]
        if kind == "plan":
            self._say(_plan(line))
        elif kind == "progress":
            now = self._clock()
            self._unsaid = _progress(line)
            if line["phase"] != self._phase or now >= self._due:
                self._phase, self._due = line["phase"], now + _EVERY
                self._say(self._unsaid)

    def close(self) -> None:
        if self._unsaid is not None:
            self._say(self._unsaid)

    def _say(self, text: str) -> None:
        self._unsaid = None
        self._stream.write(f"{inert(text)}\n")
        self._stream.flush()


class LiveProgress:
    """
    One line that is redrawn in place: phase, bar, cases, requests, requests per second and failures.
    """

    def __init__(self, *, console: Console) -> None:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        # markup=False: the phase is the engine's, yet nothing in a line of ours is ever read as markup.
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:.0f}/{task.total:.0f} cases", markup=False),
            TextColumn("{task.fields[told]}", markup=False),
            TimeElapsedColumn(),
        )
        self._bar = Bar(*columns, console=console, transient=True)
        self._task = self._bar.add_task("planning", total=0, told="")
        self._bar.start()

    def feed(self, line: Line) -> None:
        kind = line["kind"]
        if kind == "plan":
            self._bar.console.print(_plan(line), markup=False, highlight=False)
            self._bar.update(self._task, total=line["cases"])
        elif kind == "progress":
            told = f"{line['requests']:,} requests{_rate(line)}, {line['failures']} failed"
            done, total, phase = line["done"], line["of"], inert(line["phase"])
            self._bar.update(self._task, completed=done, total=total, description=phase, told=told)

    def close(self) -> None:
        self._bar.stop()


def _plan(line: Line) -> str:
    return (
        f"plan: {line['clauses']:,} clauses, {line['cases']:,} cases, {line['requests']:,} requests, "
        f"of which {line['charged']:,} may be charged"
    )


def _progress(line: Line) -> str:
    return (
        f"{line['phase']}: {line['done']}/{line['of']} cases, {line['requests']:,} requests{_rate(line)}, "
        f"{line['failures']} failed"
    )


def _rate(line: Line) -> str:
    # A stream may leave the rate out; the requests alone still show that the run moves.
    return f", {line['rate']:.0f}/s" if line.get("rate") is not None else ""
