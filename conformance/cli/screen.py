"""
The screen: where a command prints, as wide as the terminal, and plain when it is no terminal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["open_screen"]


def open_screen() -> Console:
    """
    Return a console on standard output that reads no markup and colours nothing by itself.
    """
    from rich.console import Console

    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
