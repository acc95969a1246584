"""
A copy of the minimal contract with one thing changed, and what is then found.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from conformance.engine.lint import lint_contract
from conformance.errors import Fault

MINIMAL = Path(__file__).parent / "minimal"
# Keeps what the minimal contract promises, and is found beside it.
UPPER = Path(__file__).parent / "upper"
ZONES = "zones:\n  - {id: long, says: Long texts., when: {required: [long]}}\n  - {id: odd, says: Odd ones., when: {required: [odd]}}\n"


@dataclass(frozen=True)
class Change:
    """
    One change: in *file*, *old* (which stands there exactly once) becomes *new*; an empty *old* appends. Each
    of *found* is a file with a line and a piece of the fault that is expected there.
    """

    name: str
    file: str
    old: str
    new: str
    found: tuple[tuple[str, str], ...]


def change(name: str, file: str, old: str, new: str, *found: tuple[str, str]) -> Change:
    """
    Return a change whose faults stand in its own file unless they name another: ``("12", "no keyword")``.
    """
    return Change(
        name,
        file,
        old,
        new,
        tuple((where if ":" in where else f"{file}:{where}", what) for where, what in found),
    )


def lint_changed(folder: Path, made: Change) -> list[Fault]:
    """
    Return the faults of a copy of the minimal contract with that change.
    """
    copy = folder / "minimal"
    shutil.copytree(MINIMAL, copy)
    path = copy / made.file
    text = path.read_text("utf-8") if path.is_file() else ""
    if made.old:
        assert text.count(made.old) == 1, f"{made.old!r} stands {text.count(made.old)} times in {made.file}"
        text = text.replace(made.old, made.new)
    else:
        text += made.new
    path.write_text(text, "utf-8")
    return lint_contract(str(copy))


def copy_both(folder: Path, made: Change | None = None) -> str:
    """
    Copy the minimal contract, with zones, and the one that extends it, with that change; returns the latter's folder.

    The one finds the other by its name where *folder* is that of the shipped contracts.
    """
    for contract in (MINIMAL, UPPER):
        shutil.copytree(contract, folder / contract.name)
    (folder / "minimal" / "undocumented.yaml").write_text(ZONES, "utf-8")
    if made is not None:
        path = folder / "upper" / made.file
        text = path.read_text("utf-8")
        assert text.count(made.old) == 1 or not made.old, f"{made.old!r} stands {text.count(made.old)} times"
        path.write_text(text.replace(made.old, made.new) if made.old else text + made.new, "utf-8")
    return str(folder / "upper")


def assert_found(faults: list[Fault], made: Change, folder: Path, name: str = "minimal") -> None:
    """
    Hold what was found against what the change expects: as many faults, each at its line.
    """
    shown = "\n".join(fault.render() for fault in faults)
    prefix = str(folder / name) + "/"
    assert len(faults) == len(made.found), shown or "nothing was found"
    for fault, (where, what) in zip(faults, made.found, strict=True):
        assert fault.where.removeprefix(prefix) == where, shown
        assert what in fault.render(), shown
        assert fault.got or fault.expected or fault.move, shown
