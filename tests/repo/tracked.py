"""
The files of this repository, as git tracks them.
"""

import subprocess
from functools import cache
from pathlib import Path

__all__ = ["ROOT", "modules", "texts", "tracked"]

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked() -> tuple[Path, ...]:
    """
    Return every file that git tracks, or would track, as a path from the root.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted(Path(name) for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


@cache
def texts(*suffixes: str) -> dict[str, str]:
    """
    Return the text of every tracked file (with one of the suffixes, when any are given) by its path from the root.
    """
    found = {}
    for path in tracked():
        if not suffixes or path.suffix in suffixes:
            try:
                found[path.as_posix()] = (ROOT / path).read_text("utf-8")
            except UnicodeDecodeError:
                continue  # A recorded answer may be no text.
    return found


def modules(*, reference: bool = True) -> dict[str, str]:
    """
    Return the source of every module of the package by its path, the reference servers left out when told so.
    """
    return {
        name: text
        for name, text in texts(".py").items()
        if name.startswith("conformance/") and (reference or not name.startswith("conformance/reference/"))
    }
