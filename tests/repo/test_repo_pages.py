"""
What the pages beside the code have to keep true.
"""

import re
import sys

import pytest

from conformance import __version__
from tests.repo.tracked import ROOT, tracked

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

INSTALL = (
    'python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e ".[dev]" && .venv/bin/python -m pytest -q'
)


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def package(requirement: str) -> str:
    return re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def runtime() -> list[str]:
    extras = project()["project"]["optional-dependencies"]
    return [package(item) for item in [*project()["project"]["dependencies"], *extras["proxy"]]]


@pytest.mark.parametrize("name", runtime())
def test_every_dependency_has_its_reason(name: str) -> None:
    """
    Write a line "- `name`: why" under Dependencies in ARCHITECTURE.md, or do without it.
    """
    section = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## Dependencies")[2].partition("\n## ")[0]
    assert f"\n- `{name}`: " in section


def test_no_reason_is_left_of_a_dependency_that_is_gone() -> None:
    section = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## Dependencies")[2].partition("\n## ")[0]
    known = {package(item) for extra in project()["project"]["optional-dependencies"].values() for item in extra} | set(
        runtime()
    )
    assert set(re.findall(r"^- `([\w.-]+)`: ", section, re.MULTILINE)) <= known


def test_everything_that_is_installed_is_pinned() -> None:
    """
    Every package of pyproject.toml has a line in constraints.txt; a pin is an exact version without an address.
    """
    rows = [
        row for row in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if row and not row.startswith("#")
    ]
    assert [
        row
        for row in rows
        if not re.fullmatch(
            r'[a-z0-9-]+==[\w.]+(?:; python_version [<>=]+ "[\d.]+"(?: and python_version < "[\d.]+")?)?', row
        )
    ] == []
    pinned = {row.partition("==")[0] for row in rows}
    extras = project()["project"]["optional-dependencies"].values()
    named = {package(item) for item in project()["project"]["dependencies"]} | {
        package(item) for extra in extras for item in extra
    }
    assert named - pinned == set()


def test_the_changelog_speaks_of_this_version() -> None:
    """
    A change that a user can notice has a line in CHANGELOG.md.
    """
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings
    assert re.search(rf"^{re.escape(__version__)}\b|^unreleased", headings[0], re.IGNORECASE)


def test_there_is_one_version() -> None:
    assert project()["project"]["version"] == __version__


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_the_tests_are_run_by_one_command(page: str) -> None:
    """
    Whoever reads the page and whoever runs CI install and run the very same thing.
    """
    assert INSTALL in (ROOT / page).read_text("utf-8")


def test_the_pages_link_to_what_is_there() -> None:
    broken = []
    for path in (p for p in tracked() if p.suffix == ".md"):
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / path).read_text("utf-8")):
            if "://" not in link and not link.startswith("mailto:") and not (ROOT / path.parent / link).exists():
                broken.append(f"{path}: {link}")
    assert broken == []


def test_the_pages_name_modules_that_are_there() -> None:
    """
    A file or folder that a page names in backticks, as `conformance/judge/`, exists.
    """
    gone = []
    for path in (p for p in tracked() if p.suffix == ".md" and p.name != "CHANGELOG.md"):
        for name in re.findall(
            r"`((?:conformance|specs|tests|benchmarks|docs|fixtures|reports)/[\w./-]+)`",
            (ROOT / path).read_text("utf-8"),
        ):
            if "NAME" not in name and not (ROOT / name).exists():
                gone.append(f"{path}: {name}")
    assert gone == []
