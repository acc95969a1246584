"""
``conformance report``: make reports from a log.
"""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]

_FILE = click.Path(path_type=Path)


@click.command("report")
@click.argument("log", type=_FILE)
@click.option("--html", type=_FILE, metavar="FILE", help="Write an HTML report.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write a JUnit report.")
def command(log: Path, html: Path | None, junit: Path | None) -> int:
    """
    Make reports from LOG; without an option, print its summary.

    The exit code is 0 when the reports could be made, whatever they say.
    """
    from conformance.cli.destination import check_writable
    from conformance.cli.pages import print_summary, write_pages
    from conformance.report.log import read_log

    lines = read_log(log)
    check_writable({"LOG": log, "--html": html, "--junit": junit})
    if html is None and junit is None:
        print_summary(lines, log=log)
    write_pages(lines, html=html, junit=junit, log=log)
    return 0
