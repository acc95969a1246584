"""
The log is written so that a kill loses nothing, and read so that nothing malformed passes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import UsageError
from conformance.report.line import check_line, encode_line, schema_path
from conformance.report.log import Log, LogWriter, read_log

from .sample import HOSTILE, sample_lines

Lines = list[bytes]


def test_every_sample_line_matches_the_schema() -> None:
    lines = [json.loads(encode_line(line)) for line in sample_lines()]
    assert [list(check_line(line)) for line in lines] == [[]] * len(lines)
    verdicts = {line["verdict"] for line in lines if line["kind"] == "clause"}
    assert len(verdicts) == 7


def test_the_schema_itself_is_valid() -> None:
    import jsonschema_rs

    schema = json.loads(schema_path().read_text())
    jsonschema_rs.meta.validate(schema)
    validator = jsonschema_rs.validator_for(schema)
    assert all(validator.is_valid(json.loads(encode_line(line))) for line in sample_lines())


def test_a_log_reads_back(log: Log) -> None:
    written = [json.loads(encode_line(line)) for line in sample_lines()]
    assert list(log.lines()) == written
    assert log.header == written[0]
    assert log.footer == written[-1]
    assert len(log.clauses) == 34
    assert len(log.excluded) == 2
    assert log.case("encoding.stranger/int4")["clause"] == "encoding.stranger"
    assert list(log.pick(["encoding.stranger/int4", "nothing"])) == ["encoding.stranger/int4"]


def test_an_unknown_case_names_its_neighbours(log: Log) -> None:
    with pytest.raises(UsageError, match="encoding.stranger/int4"):
        log.case("encoding.stranger/int8")


def test_live_lines_are_not_written(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "a" / "b" / "run.log") as writer:
        for line in sample_lines(live=True):
            writer.write(line)
    assert read_log(writer.path).footer is not None


def test_lone_surrogates_become_visible(tmp_path: Path) -> None:
    line = encode_line({"kind": "case", "reason": HOSTILE, "findings": ({"actual": "\udfff"},)})
    assert json.loads(line)["findings"][0]["actual"] == "\\udfff"
    assert "\\ud800" in json.loads(line)["reason"]


def test_each_line_is_on_the_disk_before_write_returns(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "run.log")
    for count, line in enumerate(sample_lines(), start=1):
        writer.write(line)
        if count > 20:
            break
    assert (tmp_path / "run.log").read_bytes().count(b"\n") == 21  # read while the writer is still open
    writer.close()


@pytest.mark.parametrize("place", ["", "file/inside"])
def test_an_unwritable_path_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't be written"):
        LogWriter(tmp_path / place)


def _whole(log_path: Path) -> Lines:
    return log_path.read_bytes().splitlines(keepends=True)


def _edit(lines: Lines, kind: str, change: Callable[[dict[str, Any]], object]) -> Lines:
    number = next(n for n, line in enumerate(lines) if json.loads(line)["kind"] == kind)
    line = json.loads(lines[number])
    change(line)
    return [*lines[:number], encode_line(line), *lines[number + 1 :]]


def _twice(lines: Lines, kind: str) -> Lines:
    number = next(n for n, line in enumerate(lines) if json.loads(line)["kind"] == kind)
    return [*lines[: number + 1], lines[number], *lines[number + 1 :]]


MALFORMED: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "empty": (lambda lines: [], "the log is empty"),
    "binary": (lambda lines: [b"\x7fELF\x00\xff\xfe\n"], ":1: this line is not JSON"),
    "not_json": (lambda lines: [lines[0], b"oops\n", *lines[1:]], ":2: this line is not JSON"),
    "empty_line": (lambda lines: [lines[0], b"\n", *lines[1:]], ":2: this line is not JSON"),
    "not_an_object": (lambda lines: [lines[0], b"[1]\n", *lines[1:]], ":2: this line is of no known kind"),
    "other_json": (lambda lines: [b'{"name": "package"}\n'], ":1: this line is of no known kind"),
    "kind_unhashable": (lambda lines: [b'{"kind": {}}\n'], ":1: this line is of no known kind"),
    "live_line": (
        lambda lines: [lines[0], b'{"kind":"progress"}\n', *lines[1:]],
        ":2: this line belongs to the live stream",
    ),
    "no_header": (lambda lines: lines[1:], ":1: the log has no header"),
    "second_header": (lambda lines: _twice(lines, "header"), ":2: the log has a second header"),
    "no_footer": (lambda lines: lines[:-1], "conformance run --resume"),
    "half_line": (lambda lines: [*lines[:-1], lines[-1][:40]], "conformance run --resume"),
    "half_header": (lambda lines: [lines[0][:40]], "run the suite again"),
    "after_footer": (lambda lines: [*lines, lines[1]], "a line follows the footer"),
    "second_footer": (lambda lines: [*lines, lines[-1]], "a line follows the footer"),
    "clause_twice": (lambda lines: _twice(lines, "clause"), "judges this clause twice"),
    "version": (lambda lines: _edit(lines, "header", lambda x: x.update(log=2)), "expected: log 1"),
    "closed": (lambda lines: _edit(lines, "case", lambda x: x.update(extra=1)), "'extra' was unexpected"),
    "missing": (lambda lines: _edit(lines, "clause", lambda x: x.pop("says")), '"says" is a required'),
    "level": (lambda lines: _edit(lines, "clause", lambda x: x.update(level="must")), "at /level"),
    "verdict": (lambda lines: _edit(lines, "case", lambda x: x.update(verdict="ok")), "at /verdict"),
    "exit": (lambda lines: _edit(lines, "footer", lambda x: x.update(exit=9)), "at /exit"),
    "moment": (lambda lines: _edit(lines, "header", lambda x: x.update(started="now")), "at /started"),
    "two_bodies": (
        lambda lines: _edit(lines, "case", lambda x: x["exchanges"][0]["request"].update(body_z="AA==")),
        "/exchanges/0/request",
    ),
    "clause_lost": (
        lambda lines: [line for line in lines if b'"kind":"clause","id":"answer.shape"' not in line],
        "contradict each other",
    ),
    "clause_whitewashed": (
        lambda lines: [
            line.replace(b'"level":"MUST","verdict":"fail"', b'"level":"MUST","verdict":"pass"')
            for line in lines
        ],
        "contradict each other",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_log_is_refused(tmp_path: Path, log_path: Path, name: str) -> None:
    mangle, told = MALFORMED[name]
    path = tmp_path / "run.log"
    path.write_bytes(b"".join(mangle(_whole(log_path))))
    with pytest.raises(UsageError) as refusal:
        read_log(path)
    message = refusal.value.render()
    assert told in " ".join(message.split())
    assert str(path) in message
    for fault in refusal.value.faults:
        assert fault.got
        assert fault.expected
        assert fault.move
    assert len(message) < 6000


@pytest.mark.parametrize("place", ["missing.log", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        read_log(tmp_path / place)


def test_all_faults_are_told_at_once(tmp_path: Path, log_path: Path) -> None:
    path = tmp_path / "run.log"
    lines = _edit(_whole(log_path), "case", lambda x: x.update(verdict="ok"))
    path.write_bytes(b"".join(_edit(lines, "clause", lambda x: x.update(level="must"))))
    with pytest.raises(UsageError) as refusal:
        read_log(path)
    assert len(refusal.value.faults) == 2


def test_a_line_without_end_does_not_fill_the_memory(
    tmp_path: Path, log_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from conformance.report import reader

    monkeypatch.setattr(reader, "_LONGEST", 5000)
    path = tmp_path / "run.log"
    path.write_bytes(_whole(log_path)[0] + b'{"kind": "' + b"a" * 9000)
    with pytest.raises(UsageError, match=":2: this line is too long"):
        read_log(path, allow_cut=True)


def test_a_cut_log_is_read_for_resuming(tmp_path: Path, log_path: Path) -> None:
    path = tmp_path / "run.log"
    lines = _whole(log_path)
    path.write_bytes(b"".join(lines[:50]) + lines[50][:30])
    cut = read_log(path, allow_cut=True)
    assert cut.footer is None
    assert len(list(cut.lines())) == 50


def test_a_resumed_log_ends_like_one_that_was_never_cut(tmp_path: Path, log_path: Path) -> None:
    lines = _whole(log_path)
    path = tmp_path / "run.log"
    first_clause = next(n for n, line in enumerate(lines) if b'"kind":"clause"' in line)
    path.write_bytes(b"".join(lines[: first_clause + 3]) + lines[first_clause + 3][:9])
    with LogWriter(path, resume=True) as writer:
        writer.write(json.loads(lines[0]))  # a new header, which is passed over
        for line in lines[first_clause:]:
            writer.write(json.loads(line))
    assert path.read_bytes() == log_path.read_bytes()


def test_a_whole_log_is_not_resumed(log_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to resume"):
        LogWriter(log_path, resume=True)


def test_an_incomplete_log_is_resumed(tmp_path: Path, log_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_bytes(
        b"".join(_edit(_whole(log_path), "footer", lambda x: x.update(incomplete="budget", exit=3)))
    )
    LogWriter(path, resume=True).close()
    assert read_log(path, allow_cut=True).footer is None


def test_the_later_of_two_cases_counts(tmp_path: Path, log_path: Path) -> None:
    path = tmp_path / "run.log"
    lines = _whole(log_path)
    again = json.loads(lines[1]) | {"verdict": "fail"}
    path.write_bytes(b"".join([*lines[:2], encode_line(again), *lines[2:]]))
    assert read_log(path).case(again["id"])["verdict"] == "fail"


def test_reading_a_log_stays_cheap_to_import() -> None:
    code = "import sys, conformance.report.log; print({'rich', 'jinja2', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
