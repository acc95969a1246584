"""
What no file may say, and where it belongs instead.
"""

import re

import pytest

from tests.repo.tracked import modules, texts, tracked

# The patterns are put together from halves, so that this page does not find itself.
PROVIDER = re.compile("aurous|xerotier|openai|credits_charged|al_live_|xero_", re.IGNORECASE)
UNFINISHED = re.compile(
    r"\b(?:TO"
    r"DO|FIX"
    r"ME|X"
    r"XX)\b|raise NotImplemented"
    r"Error|\bpytest\.(?:skip|xfail|importor"
    r"skip)|\bmark\.(?:xfail|skip(?!if\((?:sys\.platform|shutil\.which|not has_)))|@unittest\.skip"
)
MACHINE = re.compile(
    r"(?<![\w.:/-])/(?:work|root|opt|Users|mnt)/\w|(?<![\w.:/-])/home/(?!user\b|you\b)\w|"
    r"/tmp/\w*"
    r"(?:house|venv|bash_jobs)"
)
REGISTRY = re.compile(
    "py"
    r"pi\.org|python"
    r"hosted\.org|anaconda\.org|npm"
    r"js\.|index-"
    r"url|(?:find|extra)-"
    r"links|trusted-"
    "host",
    re.IGNORECASE,
)
NOUNLESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "stuff", "tools"}


def lines(found: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in found.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_provider_is_named_in_python() -> None:
    """
    A provider's names, codes and numbers are data: write them into its folder under specs/. Only the reference
    servers, which are providers, may hold them.
    """
    # One example in the help text names a contract that is shipped; a command line without one explains nothing.
    assert lines({name: outside_help(text) for name, text in modules(reference=False).items()}, PROVIDER) == []


def outside_help(source: str) -> str:
    """
    Return *source* without the example command lines (``conformance run aurous …``), which have to name a contract.
    """
    return re.sub(r"conformance (?:run|list|explain|serve|selftest|lint|plan|replay|report) \w+", "conformance", source)


@pytest.mark.parametrize("forbidden", ["the name", "a code"])
def test_a_provider_in_python_would_be_seen(forbidden: str) -> None:
    code = {"the name": 'if contract.name == "aurous":', "a code": 'cost = usage["credits_charged"]'}[forbidden]
    assert lines({"engine.py": outside_help(code)}, PROVIDER)


def test_nothing_is_left_unfinished_or_skipped() -> None:
    """
    Finish it or take it out; a test that can't run where CI runs is no test.
    """
    assert lines(texts(".py", ".yaml", ".toml", ".ini", ".jinja", ".css"), UNFINISHED) == []


def test_no_path_of_one_machine_is_named() -> None:
    """
    Name files from the root of the repository: everybody's checkout lies elsewhere.
    """
    assert lines(texts(), MACHINE) == []


def test_no_registry_is_named() -> None:
    """
    Where packages come from is the installing user's setting, not ours.
    """
    assert lines(texts(), REGISTRY) == []


def test_a_module_is_named_by_its_noun() -> None:
    """
    A name that fits everything says nothing: name the file by the concept it holds.
    """
    assert [p.as_posix() for p in tracked() if p.suffix == ".py" and {p.stem, p.parent.name} & NOUNLESS] == []
