"""
The pages made from a log: the summary on the terminal, and files in the formats that were asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.screen import open_screen

if TYPE_CHECKING:
    from conformance.report.log import Log

__all__ = ["print_summary", "write_pages"]

# Stands in commands for the log, where the run kept none.
_NO_LOG = "LOG"


def write_pages(lines: Log, *, html: Path | None, junit: Path | None, log: Path | None) -> None:
    """
    Write the reports that were asked for. Raises UsageError when one can't be written.
    """
    from conformance.report.output import write_report

    if html is not None:
        from conformance.report.html import render_html

        write_report(render_html(lines, log_path=log or _NO_LOG), html)
    if junit is not None:
        from conformance.report.junit import render_junit

        write_report(render_junit(lines, log_path=log or _NO_LOG), junit)


def print_summary(lines: Log, *, log: Path | None) -> None:
    """
    Print the closing summary on standard output.
    """
    from conformance.report.terminal import render_summary

    render_summary(lines, console=open_screen(), log_path=log or _NO_LOG, log_kept=log is not None)
