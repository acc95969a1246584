"""
The file that a report goes to.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from conformance.errors import Fault, UsageError

__all__ = ["write_report"]


def write_report(data: str | bytes, path: Path | str) -> Path:
    """
    Write *data* to *path*, whole or not at all, and return it; raises `UsageError` when it can't be written.
    """
    path = Path(path)
    spare = path.with_name(f"{path.name}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        spare.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
        os.replace(spare, path)
    except OSError as error:
        with suppress(OSError):
            spare.unlink(missing_ok=True)
        raise UsageError(
            Fault(
                "the report can't be written",
                where=str(path),
                got=error.strerror or type(error).__name__,
                expected="a file in a folder that may be written, with room on its disk",
                move="give another path",
            )
        ) from error
    return path
