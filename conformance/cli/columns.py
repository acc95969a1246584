"""
Columns: rows of text, aligned, the last one wrapped on a terminal and left whole in a pipe.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

__all__ = ["align", "page_width", "wrap"]

_GAP = 2
_NARROW = 40  # a last column with less room than this goes below its row
_INDENT = 4


def page_width() -> int | None:
    """
    Return the columns of the terminal, or None when standard output is none and says nothing of a width.
    """
    import os

    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return max(40, shutil.get_terminal_size().columns)
    return None


def align(rows: Sequence[Sequence[str]], *, width: int | None) -> Iterator[str]:
    """
    Yield *rows* as lines whose columns begin at the same place. None for *width* wraps nothing.
    """
    if not rows:
        return
    before = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    start = sum(before) + _GAP * len(before)
    below = width is not None and width - start < _NARROW
    for row in rows:
        head = "".join(cell.ljust(size + _GAP) for cell, size in zip(row, before, strict=False))
        if width is None:
            yield (head + row[-1]).rstrip()
        elif below:
            yield head.rstrip()
            yield from wrap(row[-1], width=width, indent=_INDENT)
        else:
            first, *others = textwrap.wrap(row[-1], width - start, break_on_hyphens=False) or [""]
            yield (head + first).rstrip()
            yield from (" " * start + line for line in others)


def wrap(text: str, *, width: int | None, indent: int = 0) -> Iterator[str]:
    """
    Yield *text* as indented lines of at most *width* columns; words longer than that stay whole.
    """
    margin = " " * indent
    if width is None:
        yield margin + text
    else:
        yield from textwrap.wrap(
            text, width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False, break_long_words=False
        ) or [margin.rstrip()]
