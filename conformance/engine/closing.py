"""
The end of a run: every clause's line, the exclusions, and the footer with the exit code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timezone
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from conformance.engine.session import Session
from conformance.verdict import Exit, Verdict

if TYPE_CHECKING:
    from conformance.engine.run import Options

__all__ = ["closing_lines"]

Line = dict[str, Any]


def closing_lines(session: Session, options: Options, *, incomplete: str | None, seconds: float) -> Iterator[Line]:
    """
    Yield the last lines of a report log.
    """
    ended = incomplete.splitlines()[0] if incomplete else None
    lines = [
        t.line(alive=session.alive, proven=c not in options.unproven, ended=ended, answers=session.done > 0)
        for c, t in session.tallies.items()
    ]
    if not session.alive and session.control:
        for line in lines:
            if line["verdict"] == Verdict.NOT_ESTABLISHED.value:
                line["notes"].append(f"The controls failed: {session.control}.")
    stale = _waive(session, lines)
    yield from lines
    for promise in session.contract.promises.values():
        if promise.excluded is not None:
            yield {"kind": "excluded", "promise": promise.id, "says": promise.says, "reason": promise.excluded}
    incomplete = incomplete or _vacuous(session, lines, options)
    yield {
        "kind": "footer",
        "exit": int(_exit(lines, stale=stale, incomplete=incomplete)),
        "finished": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": round(seconds, 3),
        "requests": session.client.traffic.sent,
        "retries": session.client.traffic.retries,
        "charged": round(session.charged, 8),
        "verdicts": _totals(lines),
        "promises": dict(_promises(session, lines)),
        "incomplete": "; ".join([*(_told(incomplete) if incomplete else ()), *stale]) or None,
    }


def _told(fault: str) -> Iterator[str]:
    """
    Yield the lines of a fault without the white space that sets them below each other.
    """
    for line in fault.splitlines():
        yield " ".join(line.split())


def _waive(session: Session, lines: list[Line]) -> list[str]:
    """
    Apply the target's waivers; returns what is wrong with them.
    """
    stale: list[str] = []
    for waiver in session.target.waivers:
        matched = [line for line in lines if fnmatchcase(line["id"], waiver.pattern)]
        needed = [line for line in matched if line["verdict"] in ("fail", "warn")]
        if not matched and any(fnmatchcase(clause.id, waiver.pattern) for clause in session.contract.clauses):
            continue  # It excuses what this run did not select.
        if not matched:
            stale.append(f"the waiver for {waiver.pattern} matches no clause of the contract")
        elif waiver.until < date.today():
            stale.append(f"the waiver for {waiver.pattern} ended on {waiver.until}")
        elif not needed and any(line["verdict"] == "pass" for line in matched):
            stale.append(f"the waiver for {waiver.pattern} is no longer needed")
        else:
            for line in needed:
                line["verdict"] = Verdict.WAIVED.value
                line["waiver"] = {"reason": waiver.reason, "until": waiver.until.isoformat()}
    return stale


def _vacuous(session: Session, lines: list[Line], options: Options) -> str | None:
    """
    Return why a run that broke nothing still can't be called conformant, or None.
    """
    musts = [line for line in lines if line["level"] == "MUST"]
    if not any(line["verdict"] in ("pass", "fail", "warn", "waived") for line in lines):
        why = session.control or "no clause was reached"
        return f"nothing could be established: {why}"
    # What a target declares not to do is a gap that everybody can see, and no reason to call the run incomplete.
    open_musts = [
        line["id"] for line in musts if line["verdict"] == Verdict.NOT_ESTABLISHED.value and "declared" not in line
    ]
    if options.strict and open_musts:
        shown = ", ".join(open_musts[:3]) + (" …" if len(open_musts) > 3 else "")
        return f"--strict: {len(open_musts)} MUST clauses are not established ({shown})"
    return None


def _exit(lines: list[Line], *, stale: list[str], incomplete: str | None) -> Exit:
    verdicts = {line["verdict"] for line in lines}
    if "error" in verdicts:
        return Exit.INTERNAL
    if "fail" in verdicts or stale:
        return Exit.BROKEN
    return Exit.INCOMPLETE if incomplete else Exit.CONFORMANT


def _totals(lines: list[Line]) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {"MUST": {}, "SHOULD": {}, "MAY": {}}
    for line in lines:
        level = totals[line["level"]]
        level[line["verdict"]] = level.get(line["verdict"], 0) + 1
    return totals


def _promises(session: Session, lines: list[Line]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    by_id = {line["id"]: line for line in lines}
    for promise in session.contract.promises.values():
        bound = [clause.id for clause in session.contract.clauses if promise.id in clause.promises]
        verdicts = {by_id[clause]["verdict"] for clause in bound if clause in by_id}
        if promise.excluded is not None:
            state = "excluded"
        elif verdicts & {"fail", "error", "waived", "contested"}:
            state = "broken"
        elif "warn" in verdicts:
            state = "warned"
        elif "pass" in verdicts:
            state = "kept"
        else:
            state = "not_established"
        yield promise.id, {"state": state, "clauses": bound, "says": promise.says}
