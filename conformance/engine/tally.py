"""
Folds what the cases showed into one verdict for each clause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from conformance.contract import Clause
from conformance.verdict import Finding, Level, Verdict

__all__ = ["DECLARED", "Tally"]

_MOST_FINDINGS = 5

# How a need reads that the target itself declares not to meet.
DECLARED = "declared by the target: "


@dataclass(slots=True)
class Tally:
    """
    What a run knows of one clause so far.

    *established* counts the cases (or, for an invariant, the exchanges) that showed the promise kept; *broken* those
    that showed it broken; *judged* every exchange that was looked at. *missing* says what to supply, *reasons* why a
    case could not be established otherwise (*gaps* counts them), *told* what its reader should know besides. *excused*
    counts the cases whose answer it leaves to another clause: it does not pass for what it never judged.
    """

    clause: Clause
    cases: int = 0
    established: int = 0
    broken: int = 0
    judged: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    seen: int = 0
    repeated: int = 0
    example: str | None = None
    told: list[str] = field(default_factory=list)
    error: str | None = None
    gaps: int = 0
    excused: int = 0

    def keep(self) -> None:
        """
        Count one exchange or case that kept the promise.
        """
        self.established += 1

    def breach(self, case: str, findings: Iterable[Finding]) -> None:
        """
        Count one case that broke the promise, and keep the first few of its findings, those of directed cases before
        those of drawn ones.
        """
        self.broken += 1
        # A case that the contract writes down says more to its reader than one that was drawn.
        if self.example is None or (_is_drawn(self.example) and not _is_drawn(case) and "/" in case):
            self.example = case
        self.findings += (
            {
                "case": case,
                "expected": found.expected,
                "actual": found.actual,
                "where": found.where,
                "why": found.why,
            }
            for found in findings
        )
        self.findings.sort(key=lambda found: _is_drawn(found["case"]))
        del self.findings[_MOST_FINDINGS:]

    def gap(self, reason: str, supply: str = "") -> None:
        """
        Note a case that could not be established.
        """
        self.gaps += bool(reason or supply)
        if supply:
            for item in supply.split("\n"):
                if item not in self.missing:
                    self.missing.append(item)
        elif reason and reason not in self.reasons and len(self.reasons) < _MOST_FINDINGS:
            self.reasons.append(reason)

    def verdict(self, *, alive: bool) -> Verdict:
        """
        Return the verdict; a target that is not *alive* (it fails the controls) can break promises but keep none.
        """
        if self.error is not None:
            return Verdict.ERROR
        if self.broken:
            if self.clause.contested:
                return Verdict.CONTESTED
            if self.clause.level is not Level.MAY:
                return Verdict.FAIL if self.clause.level is Level.MUST else Verdict.WARN
            # What may be done either way is recorded, and says something only of a target that is alive.
            return Verdict.PASS if alive else Verdict.NOT_ESTABLISHED
        if self.established and alive and not self.excused:
            return Verdict.PASS
        return Verdict.NOT_ESTABLISHED

    def _untouched(self, ended: str | None, *, answers: bool) -> str:
        """
        Return why nothing at all is known of the clause.
        """
        if ended:
            return f"the run ended first: {ended}"
        # Every answer of a run is held against every invariant; what none of them holds is no want of requests.
        if self.clause.on is not None and answers:
            return "no answer of this run had what it is about"
        return "no exchange of this run reached it"

    def line(
        self, *, alive: bool, proven: bool = True, ended: str | None = None, answers: bool = False
    ) -> dict[str, Any]:
        """
        Return the clause's line for the report log; *ended* says why the run came to an early end, *answers* whether
        there were any that an invariant could have spoken of.
        """
        clause = self.clause
        verdict = self.verdict(alive=alive)
        notes = [*([clause.note] if clause.note else []), *self.told]
        missing = list(self.missing) if verdict is Verdict.NOT_ESTABLISHED else []
        if verdict is Verdict.NOT_ESTABLISHED:
            if self.established and not alive:
                missing.append("a target that serves a plain request and refuses a broken one (see the controls)")
            missing.extend(f"because: {reason}" for reason in self.reasons)
            if not missing:
                missing.append(f"because: {self._untouched(ended, answers=answers)}")
        elif self.reasons or self.missing:
            left = [*self.missing, *self.reasons]
            notes.append(f"{self.gaps} of its cases could not be established: {'; '.join(left[:2])}")
        if clause.level is Level.MAY and self.broken:
            notes.append(f"Recorded: {self.findings[0]['actual']} where {self.findings[0]['expected']} is described.")
        if clause.contested and self.broken:
            notes.append(f"Contested: {clause.contested.get('reason', '')}")
        if self.error:
            notes.append(self.error)
        line: dict[str, Any] = {
            "kind": "clause",
            "id": clause.id,
            "level": clause.level.value,
            "verdict": verdict.value,
            "says": clause.says,
            "source": [{"doc": clause.source.title, "section": clause.source.section, "url": clause.source.url}],
            "promises": list(clause.promises),
            "cases": self.cases,
            "established": self.established,
            "judged": self.judged,
            "findings": self.findings,
            "missing": missing,
            "notes": notes,
            "unproven": not proven,
        }
        declared = [item.removeprefix(DECLARED) for item in missing if item.startswith(DECLARED)]
        if declared and verdict is Verdict.NOT_ESTABLISHED:
            line["declared"] = declared
        if self.broken and self.repeated and self.seen < self.repeated:
            line["unstable"] = {"seen": self.seen, "of": self.repeated}
        if self.example is not None:
            line["example"] = self.example
        return line


def _is_drawn(case: str) -> bool:
    """
    Whether the case of that id was drawn.
    """
    return "/drawn." in case
