"""
Replays one case of a report log: the stored bytes are sent again and, where the contract still makes that case, judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Any

from conformance.contract import Clause, Contract
from conformance.engine.discovery import discover
from conformance.engine.draw import drawn_case
from conformance.engine.execute import Outcome, attempt
from conformance.engine.opening import open_session
from conformance.engine.run import Options, close_session
from conformance.engine.session import Session
from conformance.engine.target import Target
from conformance.exchange import Request
from conformance.generate.case import NONCE_LENGTH, Case, Step
from conformance.judge.view import MISSING, View
from conformance.report.evidence import read_request

__all__ = ["Replay", "Resent", "renewed", "replay"]

Line = Mapping[str, Any]

_NONCE = re.compile(rf"[0-9a-f]{{{NONCE_LENGTH}}}")
_SHORT = re.compile(rf"[0-9a-f]{{1,{NONCE_LENGTH - 1}}}")  # a key that is the beginning of a nonce
_DRAWN = re.compile(r"drawn\.(.+)\.(\d+)")
_CANARY = re.compile(rb"https?:(?:\\?/){2}[^/\"\\]+(?=\\?/canary\\?/)")


@dataclass(frozen=True, slots=True)
class Resent:
    """
    One exchange of the replay as the log would record it, beside the one that the log holds (if it does).
    """

    step: str
    record: Line
    stored: Line | None


@dataclass(frozen=True, slots=True)
class Replay:
    """
    What a replay showed. *findings* are those of now, each with its clause; *unjudged* says why nothing was judged
    again, and *reason* why the case could not be established.
    """

    case: str
    exchanges: tuple[Resent, ...]
    stored: tuple[Line, ...]
    findings: tuple[Line, ...] = ()
    unjudged: str = ""
    reason: str = ""

    @property
    def recurring(self) -> frozenset[str]:
        """
        The clauses that were broken then and are broken now.
        """
        return frozenset(f["clause"] for f in self.stored) & frozenset(f["clause"] for f in self.findings)

    @property
    def broken(self) -> frozenset[str]:
        """
        The clauses that are broken now.
        """
        return frozenset(f["clause"] for f in self.findings)


async def replay(contract: Contract, target: Target, line: Line, *, exact: bool = False) -> Replay:
    """
    Send the requests of the case line *line* to *target* again, byte for byte, and judge the answers.

    Idempotency keys are replaced by fresh ones, equal keys staying equal, unless *exact*.

    Raises:
        UsageError: when a request can't be sent, a key is missing for instance.
        IncompleteError: when the target gives no answer.
    """
    known = {clause.id: clause for clause in contract.clauses}
    clause = known.get(line["clause"])
    wanted = {line["clause"], *(found["clause"] for found in line["findings"])} & known.keys()
    session = open_session(contract, target, Options(clauses=tuple(sorted(wanted))), lambda line: None)
    try:
        requests = [(x.get("step") or "", read_request(x["request"])) for x in line["exchanges"]]
        if not exact:
            requests = renewed(requests, contract)
        if clause is None:
            return await _resend(session, line, requests, f"the contract has no clause {line['clause']}")
        await discover(session)
        case = _rebuilt(session, clause, line)
        if isinstance(case, str):
            return await _resend(session, line, requests, case)
        outcome = await attempt(session, _with_stored(session, case, dict(requests), line, exact=exact))
        return _judged(session, line, outcome)
    finally:
        await close_session(session)


async def _resend(session: Session, line: Line, requests: list[tuple[str, Request]], why: str) -> Replay:
    operation = session.contract.operations[session.contract.default_operation]
    made = []
    for (step, request), stored in zip(requests, line["exchanges"], strict=True):
        exchange = await session.client.send(request)
        record = session.recorder.exchange(View(exchange, operation, None), step=step, whole=True)
        made.append(Resent(step, record, stored))
    return Replay(line["id"], tuple(made), tuple(line["findings"]), unjudged=why)


def _judged(session: Session, line: Line, outcome: Outcome) -> Replay:
    stored = {x.get("step"): x for x in line["exchanges"]}
    made = []
    for step, view in outcome.views:
        if not view.exchange.body and view.document is not MISSING:
            # The judge keeps what it read, not the bytes.
            view.exchange.body = json.dumps(view.document, ensure_ascii=False).encode("utf-8", "backslashreplace")
        made.append(Resent(step, session.recorder.exchange(view, step=step, whole=True), stored.get(step)))
    findings = tuple(
        {"clause": clause, "expected": f.expected, "actual": f.actual, "where": f.where, "why": f.why}
        for clause, found in outcome.breaches.items()
        for f in found
    )
    return Replay(line["id"], tuple(made), tuple(line["findings"]), findings, reason=outcome.reason)


def _rebuilt(session: Session, clause: Clause, line: Line) -> Case | str:
    """
    Return the case as the contract makes it for this target, or why it can't be made.
    """
    if clause.crowd or clause.burst:
        return "what it judges is many requests at the same moment, of which the log keeps a few"
    drawn = _DRAWN.fullmatch(line["id"].partition("/")[2])
    if drawn:
        return _drawn(session, line, drawn[1], int(drawn[2]) - 1)
    gaps: list[str] = []
    for templates in (clause.cases, clause.window):
        for made in session.shop.cases(clause, templates) if templates else ():
            if not isinstance(made, Case):
                gaps.append(made.supply or made.reason)
            elif made.id == line["id"]:
                return made
    if gaps and any(gaps):
        return f"this target can't be asked: {next(gap for gap in gaps if gap)}"
    return "the contract makes no case of this name for this target"


def _drawn(session: Session, line: Line, operation: str, index: int) -> Case | str:
    try:
        body = json.loads(read_request(line["exchanges"][0]["request"]).body or b"")
    except (ValueError, LookupError):
        return "its request was drawn, and its body can't be read"
    kinds: dict[str | None, Clause] = {clause.drawn: clause for clause in session.contract.clauses if clause.drawn}
    known = operation in session.contract.operations and isinstance(body, dict)
    case = drawn_case(session, operation, body, index, kinds) if known else None
    if case is None or case.id != line["id"]:
        return "its request was drawn, and the contract now says something else of it"
    return case


def _with_stored(session: Session, case: Case, stored: dict[str, Request], line: Line, *, exact: bool) -> Case:
    """
    Return *case* with the stored requests in the place of its own.
    """
    steps = []
    for step in case.steps:
        request = stored.get(step.name) or stored.get(f"{step.name}#1")
        if step.request is None or request is None:
            steps.append(step)
            continue
        own = step.request.body or b""
        if session.canary is not None and _CANARY.search(own):
            if not line.get("shrunk_from"):
                # Its media URLs belong to the run that made it; this run counts the fetches of its own.
                steps.append(step)
                continue
            request = replace(request, body=_CANARY.sub(session.canary.base_url.encode(), request.body or b""))
        if step.key_header and not exact:
            # Each sending gets its own key, as in the run.
            lowered = step.key_header.lower()
            request = replace(request, headers=tuple(h for h in request.headers if h[0].lower() != lowered))
        steps.append(replace(step, request=request, body=_value(step, request)))
    return replace(case, steps=tuple(steps))


def _value(step: Step, request: Request) -> Any:
    assert step.request is not None
    if step.body is None or request.body is None or request.body == step.request.body:
        return step.body
    try:
        return json.loads(request.body)
    except ValueError:
        return step.body


def renewed(requests: list[tuple[str, Request]], contract: Contract) -> list[tuple[str, Request]]:
    """
    Return the requests with fresh idempotency keys; the parts that two keys share stay shared.
    """
    names = {o.idempotency_key.lower() for o in contract.operations.values() if o.idempotency_key}
    fresh: dict[str, str] = {}

    def renew(value: str) -> str:
        if _SHORT.fullmatch(value):
            return fresh.setdefault(value, token_hex(NONCE_LENGTH // 2)[: len(value)])
        return _NONCE.sub(lambda m: fresh.setdefault(m[0], token_hex(NONCE_LENGTH // 2)), value)

    return [
        (step, replace(r, headers=tuple((n, renew(v) if n.lower() in names else v) for n, v in r.headers)))
        for step, r in requests
    ]
