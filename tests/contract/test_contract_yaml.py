"""
Files that are no YAML, or no YAML that a contract may be written in.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from conformance.engine.lint import lint_contract
from tests.contract.copying import MINIMAL, assert_found, change, lint_changed

CHANGES = [
    change("tab", "errors.yaml", "", "\t- {code: x}\n", ("7", "not YAML")),
    change("open bracket", "errors.yaml", "", "more: [1, 2\n", ("8", "not YAML")),
    change("key twice", "errors.yaml", "", "errors: []\n", ("7", "the key 'errors' stands twice")),
    change("merge key", "errors.yaml", "", "<<: {a: b}\n", ("7", "unknown key '<<'")),
    change(
        "python tag",
        "errors.yaml",
        "type: server,",
        "type: !!python/object:os.system server,",
        ("6", "python"),
    ),
    change("own tag", "errors.yaml", "type: server,", "type: !secret server,", ("6", "means nothing here")),
    change("unknown anchor", "errors.yaml", "type: server,", "type: *server,", ("6", "not YAML")),
    change("two documents", "errors.yaml", "", "---\nerrors: []\n", ("7", "not YAML")),
    change("mapping as key", "errors.yaml", "", "? {a: b}\n: c\n", ("7", "a key has to be a word")),
    change(
        "long number",
        "errors.yaml",
        "status: [500]",
        f"status: [{'9' * 500}]",
        ("6", "too long"),
    ),
    change("deep", "promises.yaml", "", "unjudged: " + "[" * 70 + "]" * 70 + "\n", ("9", "nested too deep")),
    change(
        "very deep",
        "promises.yaml",
        "",
        "unjudged: " + "[" * 3000 + "]" * 3000 + "\n",
        ("9", "nested too deep"),
    ),
]


@pytest.mark.parametrize("made", CHANGES, ids=lambda made: made.name)
def test_each_mistake_is_one_fault_at_its_line(made, tmp_path):
    assert_found(lint_changed(tmp_path, made), made, tmp_path)


RAW = {
    "empty": (b"", "wrong type"),
    "only a comment": (b"# nothing yet\n", "wrong type"),
    "a list at the top": (b"- errors\n", "wrong type"),
    "a word at the top": (b"errors\n", "wrong type"),
    "latin-1": ("errors: [é]".encode("latin-1"), "not UTF-8"),
    "binary": (bytes(range(256)), "not UTF-8"),
    "nul": (b"errors: \0\n", "not YAML"),
    "utf-16": ("errors: []".encode("utf-16"), "not UTF-8"),
}


@pytest.mark.parametrize("name", RAW)
def test_a_file_that_holds_no_contract_is_one_fault(name, tmp_path):
    content, what = RAW[name]
    copy = tmp_path / "minimal"
    shutil.copytree(MINIMAL, copy)
    (copy / "errors.yaml").write_bytes(content)
    (fault,) = lint_contract(str(copy))
    assert "errors.yaml" in fault.where
    assert what in fault.what


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on a process's memory")
def test_a_bomb_of_anchors_ends_at_once(tmp_path):
    copy = tmp_path / "minimal"
    shutil.copytree(MINIMAL, copy)
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (copy / "errors.yaml").write_text("\n".join(rows) + "\n")
    # In a process of its own, because a reader that falls for it takes all memory there is.
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from conformance.engine.lint import lint_contract\n"
        "print(*(fault.render() for fault in lint_contract(sys.argv[1])), sep='\\n')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(copy)], check=False, capture_output=True, text=True, timeout=2
    )
    assert ended.returncode == 0, ended.stderr[-400:]
    assert ended.stdout.splitlines() == [
        f"{copy / 'errors.yaml'}:1: the file holds too many values",
        "    expected: at most 200,000",
    ]


def test_an_anchor_that_holds_itself_is_a_fault(tmp_path):
    copy = tmp_path / "minimal"
    shutil.copytree(MINIMAL, copy)
    (copy / "errors.yaml").write_text("errors: &all [*all]\n")
    assert lint_contract(str(copy))


def test_faults_of_several_files_come_at_once(tmp_path):
    copy = tmp_path / "minimal"
    shutil.copytree(MINIMAL, copy)
    (copy / "errors.yaml").write_text("\t")
    (copy / "promises.yaml").write_text("promise: {}\n")
    (copy / "envelopes.yaml").unlink()
    wheres = " ".join(fault.where for fault in lint_contract(str(copy)))
    assert "errors.yaml" in wheres and "promises.yaml" in wheres and "envelopes.yaml" in wheres


@pytest.mark.parametrize("name", ["no-such-contract", "/no/such/folder", "", "..", "a\0b"])
def test_a_contract_that_is_not_there_is_a_fault(name):
    (fault,) = lint_contract(name)
    assert "no contract" in fault.what
