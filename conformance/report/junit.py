"""
JUnit XML for build servers: one suite for each area, one test case for each clause, and no verdict blurred
into another.

    pass             nothing
    warn             nothing, with the finding in system-out: a SHOULD never breaks a build
    fail             failure
    error            error: the suite is at fault, not the server
    not_established  skipped, with what to supply
    waived           skipped, with the reason and the date
    contested        skipped, with the notes

Each test case also has its verdict and its level as properties, because several verdicts share one element.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from conformance.report.evidence import evidence, replay_command
from conformance.report.inert import inert
from conformance.report.line import Line
from conformance.report.reader import Log
from conformance.report.summary import MEANINGS, Summary, summarise

__all__ = ["render_junit"]

_SKIPPED = ("not_established", "waived", "contested")


def render_junit(lines: Log | Iterable[Line], *, log_path: Path | str | None = None) -> bytes:
    """
    Return *lines* as a JUnit XML document in UTF-8, valid XML 1.0 whatever the server sent.
    """
    summary = summarise(lines)
    log_path = log_path or (lines.path if isinstance(lines, Log) else None)
    header, footer = summary.header, summary.footer
    root = Element("testsuites", name=inert(f"{header['contract']['title']} conformance"))
    _count(root, summary.clauses, seconds=footer["seconds"])
    for area, clauses in summary.areas().items():
        suite = SubElement(
            root, "testsuite", name=inert(area), timestamp=header["started"].partition(".")[0].rstrip("Z")
        )
        _count(suite, clauses, seconds=sum(summary.seconds.get(clause["id"], 0.0) for clause in clauses))
        _properties(suite, _facts(summary))
        for clause in clauses:
            _testcase(suite, clause, summary=summary, log_path=log_path)
    if footer["exit"] != 0 and not summary.judged("fail", "error"):
        _outcome(root, summary)
    indent(root)
    data: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return data


def _outcome(root: Element, summary: Summary) -> None:
    """
    Add one failed test case to a document that would look green although the run is not: incomplete, a stale
    waiver.
    """
    footer = summary.footer
    for name in ("tests", "failures"):
        root.set(name, str(int(root.get(name, "0")) + 1))
    suite = SubElement(
        root, "testsuite", name="run", tests="1", failures="1", errors="0", skipped="0", time="0.000"
    )
    _properties(suite, _facts(summary))
    case = SubElement(suite, "testcase", name="run.outcome", classname="run", time="0.000")
    message = f"exit {footer['exit']}: {footer['incomplete'] or MEANINGS[footer['exit']]}"
    SubElement(case, "failure", type="outcome", message=inert(message)).text = inert(summary.headline())


def _facts(summary: Summary) -> dict[str, str]:
    header, footer = summary.header, summary.footer
    facts = {
        "contract": header["contract"]["name"],
        "contract.revision": header["contract"]["revision"],
        "contract.digest": header["contract"]["digest"],
        "suite": header["suite"],
        "seed": str(header["seed"]),
        "budget": header["budget"],
        "target": header["target"]["base_url"],
        "exit": str(footer["exit"]),
    }
    if footer["incomplete"]:
        facts["incomplete"] = footer["incomplete"]
    return facts


def _count(element: Element, clauses: Iterable[Line], *, seconds: float) -> None:
    verdicts = [clause["verdict"] for clause in clauses]
    element.set("tests", str(len(verdicts)))
    element.set("failures", str(verdicts.count("fail")))
    element.set("errors", str(verdicts.count("error")))
    element.set("skipped", str(sum(verdict in _SKIPPED for verdict in verdicts)))
    element.set("time", f"{seconds:.3f}")


def _testcase(suite: Element, clause: Line, *, summary: Summary, log_path: Path | str | None) -> None:
    verdict = clause["verdict"]
    classname = f"{summary.header['contract']['name']}.{clause['id'].rpartition('.')[0] or clause['id']}"
    seconds = summary.seconds.get(clause["id"], 0.0)
    case = SubElement(
        suite, "testcase", name=inert(clause["id"]), classname=inert(classname), time=f"{seconds:.3f}"
    )
    unproven = {"unproven": "true"} if clause["unproven"] else {}
    _properties(case, {"level": clause["level"], "verdict": verdict, "says": clause["says"], **unproven})
    if verdict in ("fail", "error"):
        kind = "failure" if verdict == "fail" else "error"
        told = SubElement(case, kind, type=f"{clause['level']} {verdict}", message=inert(_message(clause)))
        told.text = inert(_story(clause, summary=summary, log_path=log_path), lines=True)
    elif verdict in _SKIPPED:
        SubElement(case, "skipped", message=inert(_message(clause)))
    elif verdict == "warn":
        told = SubElement(case, "system-out")
        told.text = inert(
            f"warning: {_message(clause)}\n{_story(clause, summary=summary, log_path=log_path)}", lines=True
        )


def _message(clause: Line) -> str:
    verdict = clause["verdict"]
    if verdict == "not_established":
        if clause.get("declared"):
            return f"declared by the target: {', '.join(clause['declared'])}"
        needs = " and ".join(need for need in clause["missing"] if not need.startswith("because: "))
        reasons = "; ".join(need for need in clause["missing"] if need.startswith("because: "))
        told = [f"supply {needs}"] if needs else []
        return "; ".join(["not established", *told, *([reasons] if reasons else [])])
    if verdict == "waived":
        return f"waived until {clause['waiver']['until']}: {clause['waiver']['reason']}"
    if verdict == "contested":
        return f"contested: {' '.join(clause['notes']) or clause['says']}"
    if not clause["findings"]:
        return " ".join(clause["notes"]) or str(clause["says"])
    finding = clause["findings"][0]
    return f"expected {finding['expected']}; actual {finding['actual']}"


def _story(clause: Line, *, summary: Summary, log_path: Path | str | None) -> str:
    """
    Return everything that the person needs who mends the server, as plain lines.
    """
    told = [clause["says"]]
    told += [f"source: {source['doc']}, {source['section']}" for source in clause["source"]]
    for finding in clause["findings"]:
        for label in ("case", "expected", "actual", "where", "why"):
            told += [f"{label}: {finding[label]}"] if finding[label] else []
    if clause.get("unstable"):
        told.append(f"seen {clause['unstable']['seen']} of {clause['unstable']['of']} times: unstable")
    case = summary.case(clause)
    if case is not None:
        for shown in evidence(case, base_url=summary.header["target"]["base_url"], log_path=log_path):
            told += [f"sent: {shown.step}".rstrip(": "), shown.curl, f"answer: {shown.outcome}"]
        told.append(f"replay: {replay_command(case['id'], log_path=log_path)}")
    return "\n".join(told)


def _properties(element: Element, facts: dict[str, str]) -> None:
    holder = SubElement(element, "properties")
    for name, value in facts.items():
        SubElement(holder, "property", name=name, value=inert(value))
