"""
The summary that every report for people is made from: a run's clauses in their order of weight, with their
evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conformance.errors import Fault, UsageError
from conformance.report.line import Line
from conformance.report.reader import Log

__all__ = ["MEANINGS", "STATES", "Summary", "summarise"]

MEANINGS = {
    0: "every MUST that could be established is kept",
    1: "a MUST is broken, or a waiver is stale",
    2: "a flag, a target or a contract is wrong",
    3: "the run is incomplete",
    4: "the suite itself is at fault",
}
STATES = ("kept", "broken", "warned", "not_established", "excluded")
_WEIGHT = {"MUST": 0, "SHOULD": 1, "MAY": 2}
_KEPT = 5  # cases of each kind kept for each clause when the lines can be read only once


@dataclass(frozen=True, slots=True)
class Summary:
    """
    A run in short. *clauses* are in the log's order, *examples* are the cases that reports show, by id, and
    *seconds* is the time that each clause's own exchanges took.
    """

    header: Line
    footer: Line
    clauses: tuple[Line, ...]
    excluded: tuple[Line, ...]
    examples: Mapping[str, Line]
    seconds: Mapping[str, float]

    def judged(self, *verdicts: str) -> list[Line]:
        """
        Return the clauses with one of *verdicts*, the most binding first.
        """
        found = [clause for clause in self.clauses if clause["verdict"] in verdicts]
        return sorted(found, key=lambda clause: _WEIGHT[clause["level"]])

    def areas(self) -> dict[str, list[Line]]:
        """
        Return the clauses by area, which is the first word of their ids.
        """
        areas: dict[str, list[Line]] = {}
        for clause in self.clauses:
            areas.setdefault(clause["id"].partition(".")[0], []).append(clause)
        return areas

    def missing(self) -> dict[str, list[Line]]:
        """
        Return the clauses that are not established, by what has to be supplied; what unlocks the most comes
        first.
        """
        groups: dict[str, list[Line]] = {}
        for clause in self.judged("not_established"):
            if clause.get("declared"):
                continue
            for need in clause["missing"] or ["nothing that can be supplied: no exchange reached these"]:
                groups.setdefault(need, []).append(clause)
        return dict(sorted(groups.items(), key=lambda group: -len(group[1])))

    def declared(self) -> dict[str, list[Line]]:
        """
        Return the clauses that the target does not keep and says so, by what it declares.
        """
        groups: dict[str, list[Line]] = {}
        for clause in self.judged("not_established"):
            for gap in clause.get("declared", ()):
                groups.setdefault(gap, []).append(clause)
        return groups

    def tally(self, level: str) -> dict[str, int]:
        """
        Return how many clauses at *level* have each verdict, without zeros; a MAY that is done in another way than
        described counts as ``otherwise``.
        """
        tally: dict[str, int] = {}
        for clause in self.clauses:
            if clause["level"] == level:
                # What may be done either way passes, but whoever does it otherwise is not shown among the rest.
                recorded = level == "MAY" and clause["verdict"] == "pass" and clause["findings"]
                verdict = "otherwise" if recorded else clause["verdict"]
                tally[verdict] = tally.get(verdict, 0) + 1
        return tally

    def states(self) -> dict[str, int]:
        """
        Return how many promises are in each of the five states, zeros included.
        """
        states = dict.fromkeys(STATES, 0)
        for promise in self.footer["promises"].values():
            states[promise["state"]] += 1
        return states

    def case(self, clause: Line) -> Line | None:
        """
        Return the case that shows the verdict on *clause* best, or None when the log kept none.
        """
        ids = [clause.get("example"), *(finding["case"] for finding in clause["findings"])]
        return next((self.examples[id] for id in ids if id in self.examples), None)

    def headline(self) -> str:
        """
        Return the outcome in a few words, never more than was established.
        """
        broken = len([clause for clause in self.judged("fail") if clause["level"] == "MUST"])
        unseen = len(self.judged("not_established"))
        code = self.footer["exit"]
        if code == 0:
            return "Conformant" if not unseen else f"Conformant, with {_clauses(unseen)} not established"
        if code == 1:
            return f"Not conformant: {_clauses(broken, 'MUST ')} broken" if broken else "Not conformant"
        if code == 3:
            return (
                "Incomplete" if not broken else f"Incomplete, and {_clauses(broken, 'MUST ')} broken already"
            )
        return "No verdict: the run could not start" if code == 2 else "No verdict: the suite is at fault"


def _clauses(count: int, kind: str = "") -> str:
    return f"{count} {kind}clause{'' if count == 1 else 's'}"


def summarise(lines: Log | Iterable[Line]) -> Summary:
    """
    Read *lines* once and return their summary.

    From a `Log`, exactly the cases that its clauses name are kept. From a stream that can't be read twice,
    the first cases that failed are kept for each clause. Raises `UsageError` when there is no header or no
    footer.
    """
    header: Line | None = None
    footer: Line | None = None
    clauses: list[Line] = []
    excluded: list[Line] = []
    examples: dict[str, Line] = {}
    seconds: dict[str, float] = {}
    kept: dict[str, int] = {}
    wanted = _named(lines.clauses) if isinstance(lines, Log) else None
    for line in lines.lines() if isinstance(lines, Log) else lines:
        kind = line["kind"]
        if kind == "case":
            spent = (
                sum((exchange.get("answer") or {}).get("ms", 0.0) for exchange in line["exchanges"]) / 1000
            )
            seconds[line["clause"]] = seconds.get(line["clause"], 0.0) + spent
            if line["id"] in wanted if wanted is not None else _room(line, kept):
                examples[line["id"]] = line
        elif kind == "clause":
            clauses.append(line)
        elif kind == "excluded":
            excluded.append(line)
        elif kind == "header":
            header = line
        elif kind == "footer":
            footer = line
    if header is None or footer is None:
        raise UsageError(
            Fault(
                "these lines are not of a whole run, so no report can be made of them",
                got="no header" if header is None else "no footer",
                expected="a header, cases, clauses and a footer",
                move="let the run come to its end, or resume it",
            )
        )
    named = _named(clauses)
    shown = {id: case for id, case in examples.items() if id in named}
    return Summary(header, footer, tuple(clauses), tuple(excluded), shown, seconds)


def _named(clauses: Iterable[Line]) -> frozenset[str]:
    """
    Return the ids of the cases that *clauses* point to, those apart that merely pass.
    """
    named: set[str] = set()
    for clause in clauses:
        if clause["verdict"] != "pass":
            named.update(finding["case"] for finding in clause["findings"])
            if clause.get("example"):
                named.add(clause["example"])
    return frozenset(named)


def _room(case: Line, kept: dict[str, int]) -> bool:
    """
    Tell whether *case* shows something of a clause that fewer than `_KEPT` cases show yet, and count it.
    """
    if case["verdict"] in ("pass", "recorded") and not case["findings"]:
        return False
    # Drawn cases come in crowds, and must not take the room of the directed ones that are named before them.
    kind = "drawn" if "/drawn." in case["id"] else "directed"
    clauses = {case["clause"], *(finding["clause"] for finding in case["findings"])}
    roomy = [key for key in (f"{clause} {kind}" for clause in clauses) if kept.get(key, 0) < _KEPT]
    for key in roomy:
        kept[key] = kept.get(key, 0) + 1
    return bool(roomy)
