"""
Before the first case: read what the target says of itself, and see that it and the witnesses are alive.
"""

from __future__ import annotations

import asyncio
from typing import Any

import jsonschema_rs

from conformance.contract.model import Fact
from conformance.engine.session import Session
from conformance.errors import IncompleteError, UsageError, shorten
from conformance.generate.case import Step
from conformance.generate.directed import Workshop
from conformance.generate.forms import MissingFact, fill
from conformance.judge.invariants import make_invariant
from conformance.judge.vectors import cosine
from conformance.judge.view import View, pointer
from conformance.wire.client import BudgetSpent
from conformance.witness.canary import Canary
from conformance.witness.clock import Clock
from conformance.witness.ledger import Ledger, LedgerError, Reading

__all__ = ["discover"]

_FETCH_GRACE = 2.0
_DISTINCT = 0.9999


async def discover(session: Session) -> None:
    """
    Fill in the session: facts, controls, witnesses, invariants.

    Raises:
        IncompleteError: when the target gives no answer at all.
    """
    _make_workshop(session)
    await _read_facts(session)
    _make_workshop(session)
    await _control(session)
    if session.alive:
        await _prove_canary(session)
    else:
        session.lacks["canary"] = "a target that serves a plain request"
    _make_workshop(session)
    await _prove_media(session)
    await _prove_ledger(session)
    if session.target.clock is None:
        session.lacks["clock"] = "witnesses.clock: a request that advances the target's time"
    elif not session.alive:
        session.lacks["clock"] = "a target that serves a plain request"
    else:
        session.clock = _clock(session)
    _make_invariants(session)


def _make_workshop(session: Session) -> None:
    session.facts["media"] = {"pattern": session.media_pattern()}
    old = session.workshop
    session.workshop = Workshop(
        contract=session.contract,
        facts=session.facts,
        key_names=session.target.key_names,
        available=session.available,
        image=session.image,
        video=session.video,
        canary_url=session.canary.url if session.canary else None,
        seed=session.seed if old is None else old.seed + 1,
    )


async def _read_facts(session: Session) -> None:
    answers: dict[str, View] = {}
    for fact in session.contract.facts:
        if fact.operation not in answers:
            answers[fact.operation] = await session.plain(fact.operation)
            failure = answers[fact.operation].exchange.failure
            if failure is not None:
                raise IncompleteError(f"the target does not answer: {failure.kind}: {failure.detail}")
        rows = pointer(answers[fact.operation].document, fact.rows)
        value = _take(fact, rows if isinstance(rows, list) else [], session.target.model)
        if value is not None:
            session.facts[fact.name] = value
    for fact in session.contract.facts:
        # A model that the user names is taken at the word, whether or not a row describes it.
        if fact.target_field == "model" and session.target.model and fact.name not in session.facts:
            session.facts[fact.name] = {"id": session.target.model}


def _take(fact: Fact, rows: list[Any], wanted: str | None) -> dict[str, Any] | None:
    where = jsonschema_rs.validator_for(fact.where)
    fitting = [row for row in rows if isinstance(row, dict) and _is_valid(where, row)]
    if fact.target_field and wanted:
        fitting = [row for row in fitting if row.get("id") == wanted]
    if not fitting and fact.otherwise is not None:
        # The row lacks what should tell its kind; that is for the clause about rows, and no reason to stop.
        otherwise = jsonschema_rs.validator_for(fact.otherwise)
        fitting = [row for row in rows if isinstance(row, dict) and _is_valid(otherwise, row)]
        if fact.target_field and wanted:
            fitting = [row for row in fitting if row.get("id") == wanted]
    if not fitting:
        return None
    if fact.collect:
        return {name: [v for row in fitting if isinstance(v := pointer(row, path), (str, int))] for name, path in fact.take.items()}
    if fact.prefer:
        prefer = jsonschema_rs.validator_for(fact.prefer)
        fitting.sort(key=lambda row: 0 if _is_valid(prefer, row) else 1)
    row = fitting[0]
    return {name: value for name, path in fact.take.items() if (value := pointer(row, path)) is not None and value != {} and value}


def _is_valid(validator: Any, row: Any) -> bool:
    try:
        return bool(validator.is_valid(row))
    except (UnicodeEncodeError, ValueError):
        return False


async def _control(session: Session) -> None:
    """
    See that the target tells a good request from a bad one, and one text from another.
    """
    accepted: list[View] = []
    for send in session.contract.controls["accept"]:
        try:
            view = await session.plain(send["operation"], send.get("body"))
        except MissingFact as missing:
            session.control = f"no plain request can be made: the target gives no {missing.name}"
            return
        if view.exchange.failure is not None and not accepted:
            raise IncompleteError(f"the target does not answer: {view.exchange.failure.kind}: {view.exchange.failure.detail}")
        if session.overloaded(view):
            raise IncompleteError(f"the target is overloaded: it still answers {view.status} after {view.exchange.attempts} tries")
        if not view.success or not view.vectors or not view.vectors[0].width:
            session.control = f"a plain request is not served (it answers {_described(session, view)})"
            return
        accepted.append(view)
    first, second = accepted[0].vectors[0].values, accepted[-1].vectors[0].values
    if len(accepted) > 1 and first is not None and second is not None and len(first) == len(second):
        if bool((first == second).all()) or cosine(first, second) > _DISTINCT:
            session.control = "two different texts get the same vector, so its answers say nothing"
            return
    for send in session.contract.controls["refuse"]:
        view = await session.plain(send["operation"], send.get("body"))
        if not view.refused:
            session.control = f"a broken request is not refused (it answers {_described(session, view)})"
            return
    session.alive = True
    for name, operation in session.contract.operations.items():
        if operation.body is not None and name != session.contract.default_operation:
            view = await session.plain(name)
            if not view.success:
                session.dead.add(name)


def _described(session: Session, view: View) -> str:
    code = pointer(view.document, session.contract.refusal["code"])
    return f"{view.status} {shorten(code, limit=40)}" if isinstance(code, str) else str(view.status)


async def _prove_canary(session: Session) -> None:
    spec = session.contract.witnesses.get("canary")
    wanted = session.target.canary
    supply = "witnesses.canary: an address of the suite that the target can fetch media from (public_url, often https)"
    if spec is None or wanted is None:
        session.lacks["canary"] = supply
        return
    canary = Canary(listen=wanted.get("listen"), public_url=wanted.get("public_url"))
    try:
        await canary.start()
    except OSError as problem:
        raise UsageError(f"the canary can't listen on {wanted.get('listen')}: {problem.strerror}") from None
    session.canary = canary
    _make_workshop(session)
    proof = spec["proof"]
    env = session.shop.environment(session.shop.nonce())
    name, request, body, key, key_header = session.shop.request(proof, env)
    view = await session.send(Step("canary", name, request, body, key=key, key_header=key_header))
    token = env.tokens[0]
    waited = 0.0
    while view.success and not canary.fetches(token) and waited < _FETCH_GRACE:
        await asyncio.sleep(0.02)
        waited += 0.02
    if view.success and canary.fetches(token):
        session.canary_proven = True
        return
    seen = "accepted but never fetched" if view.success else f"refused ({_described(session, view)})"
    session.lacks["canary"] = f"{supply} (the suite's own media URL was {seen})"


async def _prove_media(session: Session) -> None:
    supply = "media.images: URLs of images that the target can fetch"
    if not session.alive or "image_url" not in session.contract.parts:
        session.lacks["media"] = supply
        return
    part = session.contract.witnesses.get("canary", {}).get("part", "image_url")
    view = await session.plain(session.contract.default_operation, {"input": {"$parts": {"text": 1, part: 1}}})
    if not view.success:
        session.lacks["media"] = f"{supply} (an image part was answered with {_described(session, view)})"


async def _prove_ledger(session: Session) -> None:
    spec = session.contract.witnesses.get("ledger")
    wanted = session.target.ledger
    supply = "witnesses.ledger: a balance that the key may read"
    if spec is None or wanted is None:
        session.lacks["ledger"] = supply
        return
    if not session.alive:
        session.lacks["ledger"] = "a target that serves a plain request"
        return
    operation = wanted.get("operation") or spec["operation"]
    path = wanted.get("path") or session.contract.operations[operation].path
    read_at = wanted.get("read") or spec["read"]
    doubted = False

    async def read() -> Reading:
        nonlocal doubted
        send = {"operation": operation, "path": path}
        name, request, body, key, _ = session.shop.request(send, session.shop.environment("0" * 12))
        view = await session.send(Step("balance", name, request, body, key=key))
        value = pointer(view.document, read_at)
        if not view.answered or not 200 <= view.status < 300 or isinstance(value, bool) or not isinstance(value, (int, float)):
            raise LedgerError(f"the balance can't be read: {path} answers {_described(session, view)}")
        believe = spec.get("believe")
        doubted = believe is not None and not jsonschema_rs.validator_for(believe).is_valid(view.document)
        return Reading(float(value), repr(value))

    async def charge() -> float | None:
        view = await session.plain(spec["proof"]["operation"], spec["proof"].get("body"))
        pointer_to = view.operation.charge
        cost = pointer(view.document, pointer_to) if pointer_to and view.success else None
        return float(cost) if isinstance(cost, (int, float)) else None

    ledger = Ledger(read, sent=lambda: session.client.traffic.sent)
    try:
        await ledger.read()
        if doubted:
            session.lacks["ledger"] = spec["doubt"]
            return
        await ledger.prove(charge)
    except LedgerError as problem:
        session.lacks["ledger"] = f"{supply} ({problem})"
        return
    except BudgetSpent:
        session.lacks["ledger"] = "budget.credits: enough for the request that proves the balance alive"
        return
    session.ledger = ledger


def _clock(session: Session) -> Clock:
    assert session.target.clock is not None
    _, request, _, _, _ = session.shop.request({"operation": session.contract.default_operation}, session.shop.environment("0" * 12))
    return Clock(session.target.clock, request.headers, session.client.send)


def _make_invariants(session: Session) -> None:
    made = []
    for clause in session.contract.clauses:
        tally = session.tally(clause.id)
        if clause.on is None or tally is None:
            continue
        missing = [supply for need in clause.needs if (supply := session.available(need)) is not None]
        if missing:
            tally.gap("", "; ".join(missing))
            continue
        env = session.shop.environment("0" * 12)
        try:
            made.append(make_invariant(clause.id, fill(clause.on, env), fill(clause.expect, env)))
        except MissingFact as missing_fact:
            tally.gap("", session.available(missing_fact.name) or f"the target gives no {missing_fact.name}")
    session.invariants = tuple(made)
