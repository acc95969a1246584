"""
Before the first case: read what the target says of itself, and see that it and the witnesses are alive.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import jsonschema_rs

from conformance.contract import Clause
from conformance.contract.model import Fact
from conformance.engine.proofs import (
    charge_proof,
    described,
    make_workshop,
    open_ledger,
    prove_canary,
    prove_ledger,
    prove_media,
)
from conformance.engine.session import Session
from conformance.errors import Fault, IncompleteError
from conformance.generate.forms import MissingFact, fill
from conformance.judge.invariants import make_invariant
from conformance.judge.vectors import cosine
from conformance.judge.view import View, pointer
from conformance.witness.clock import Clock

__all__ = ["discover"]

_DISTINCT = 0.9999
_NOT_FOUND = 404


async def discover(session: Session) -> None:
    """
    Fill in the session: facts, controls, witnesses, invariants.

    Raises:
        IncompleteError: when the target gives no answer at all.
    """
    session.facts["vars"] = dict(session.target.variables)
    session.facts["features"] = session.features
    session.facts["limits"] = dict(session.target.limits)
    for group in session.contract.operator:
        session.facts[group] = dict(session.target.operator.get(group, {}))
    make_workshop(session)
    await _read_facts(session)
    make_workshop(session)
    await open_ledger(session)
    await _control(session)
    await _choose_paths(session)
    await prove_canary(session)
    make_workshop(session)
    _, proof = await asyncio.gather(prove_media(session), charge_proof(session))
    await prove_ledger(session, proof)
    if session.target.clock is None:
        session.lacks["clock"] = "witnesses.clock: a request that advances the target's time"
    elif not session.alive:
        session.lacks["clock"] = "a target that serves a plain request"
    else:
        session.clock = _clock(session)
    _make_invariants(session)


async def _read_facts(session: Session) -> None:
    answers: dict[str, View] = {}
    for fact in session.contract.facts:
        if fact.operation not in answers:
            answers[fact.operation] = await session.plain(fact.operation)
            failure = answers[fact.operation].exchange.failure
            if failure is not None:
                raise _silent(session, failure.kind, failure.detail)
        rows = pointer(answers[fact.operation].document, fact.rows)
        try:
            # A fact may speak of those before it, as "another model than the one under test".
            where = fill(fact.where, session.shop.environment("0" * 12))
        except MissingFact:
            continue
        value = _take(fact, where, rows if isinstance(rows, list) else [], session.target.model)
        if value is not None:
            session.facts[fact.name] = value
    for fact in session.contract.facts:
        # A model that the user names is taken at the word, whether or not a row describes it.
        if fact.target_field == "model" and session.target.model and fact.name not in session.facts:
            session.facts[fact.name] = {"id": session.target.model}


async def _choose_paths(session: Session) -> None:
    """
    Where the documents do not agree on a path, take the one that is served, and say so.
    """
    either = {name: operation for name, operation in session.contract.operations.items() if operation.or_path}
    using = [tally for tally in session.tallies.values() if _operations_of(tally.clause) & either.keys()]
    if not using or not session.alive:
        return
    for name, operation in either.items():
        if operation.method != "GET":
            continue
        try:
            first = await session.plain(name)
            if first.status != _NOT_FOUND or not (await session.plain(name, path=operation.or_path)).success:
                return
        except MissingFact:
            # It is about something that a client has to make first.
            continue
        chosen = {n: replace(o, path=o.or_path or o.path) for n, o in either.items()}
        session.contract = replace(session.contract, operations={**session.contract.operations, **chosen})
        make_workshop(session)
        for tally in using:
            tally.told.append(f"{operation.path} answers 404, so what is under {operation.or_path} was judged.")
        return


def _operations_of(clause: Clause) -> set[str]:
    return {str((step.send or {}).get("operation", "")) for case in clause.cases for step in case.steps}


def _silent(session: Session, kind: object, detail: str) -> IncompleteError:
    return IncompleteError(
        Fault(
            "the target does not answer",
            where=session.client.base_url,
            got=f"{kind}: {detail}",
            expected="an HTTP answer",
            move="start the server, or check base_url and pace.timeout",
        )
    )


def _take(fact: Fact, wanted_where: Any, rows: list[Any], wanted: str | None) -> dict[str, Any] | None:
    where = jsonschema_rs.validator_for(wanted_where)
    fitting = [row for row in rows if isinstance(row, dict) and _is_valid(where, row)]
    if fact.target_field and wanted:
        fitting = [row for row in fitting if row.get("id") == wanted]
    if not fitting and fact.otherwise is not None:
        # The row lacks what should tell its kind; that is for the clause about rows, and no reason to stop.
        otherwise = jsonschema_rs.validator_for(dict(fact.otherwise))
        fitting = [row for row in rows if isinstance(row, dict) and _is_valid(otherwise, row)]
        if fact.target_field and wanted:
            fitting = [row for row in fitting if row.get("id") == wanted]
    if not fitting:
        return None
    if fact.collect:
        return {
            name: [v for row in fitting if isinstance(v := pointer(row, path), (str, int))]
            for name, path in fact.take.items()
        }
    if fact.prefer:
        prefer = jsonschema_rs.validator_for(dict(fact.prefer))
        fitting.sort(key=lambda row: 0 if _is_valid(prefer, row) else 1)
    row = fitting[0]
    return {
        name: value
        for name, path in fact.take.items()
        if (value := pointer(row, path)) is not None and value != {} and value
    }


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
            raise _silent(session, view.exchange.failure.kind, view.exchange.failure.detail)
        if session.overloaded(view):
            raise IncompleteError(
                Fault(
                    "the target is overloaded",
                    where=session.client.base_url,
                    got=f"{view.status} after {view.exchange.attempts} tries",
                    expected="a success",
                    move="try again later, or lower pace.requests_per_second",
                )
            )
        if not view.success or not view.vectors or not view.vectors[0].width:
            session.control = f"a plain request is not served (it answers {described(session, view)})"
            return
        accepted.append(view)
    first, second = accepted[0].vectors[0].values, accepted[-1].vectors[0].values
    if len(accepted) > 1 and first is not None and second is not None and len(first) == len(second):
        if bool((first == second).all()) or cosine(first, second) > _DISTINCT:
            session.memory.constant = True
            session.control = "two different texts get the same vector, so its answers say nothing"
            return
    # What is left says nothing of each other, so it is asked at once.
    refuse = session.contract.controls["refuse"]
    bodied = [
        name
        for name, operation in session.contract.operations.items()
        if operation.body is not None and name != session.contract.default_operation
    ]
    sends = [*((send["operation"], send.get("body")) for send in refuse), *((name, None) for name in bodied)]
    views = await asyncio.gather(*(session.plain(operation, body) for operation, body in sends))
    for view in views[: len(refuse)]:
        if not view.refused:
            session.control = f"a broken request is not refused (it answers {described(session, view)})"
            return
    session.alive = True
    session.first = accepted[0]
    session.facts["plain"] = {"width": accepted[0].vectors[0].width}
    for name, view in zip(bodied, views[len(refuse) :], strict=True):
        if not view.success:
            session.dead.add(name)


def _clock(session: Session) -> Clock:
    assert session.target.clock is not None
    _, request, _, _, _ = session.shop.request(
        {"operation": session.contract.default_operation}, session.shop.environment("0" * 12)
    )
    return Clock(session.target.clock, request.headers, session.client.send)


def _make_invariants(session: Session) -> None:
    made = []
    for clause in session.contract.clauses:
        tally = session.tally(clause.id)
        if clause.on is None or tally is None:
            continue
        missing = [supply for need in clause.needs if (supply := session.available(need)) is not None]
        if missing:
            tally.gap("", "\n".join(missing))
            continue
        env = session.shop.environment("0" * 12)
        try:
            made.append(make_invariant(clause.id, fill(clause.on, env), fill(clause.expect, env)))
        except ValueError:
            tally.gap("a fact of the target is not what it should be, so the clause can't be put")
        except MissingFact as missing_fact:
            tally.gap("", session.available(missing_fact.name) or f"the target gives no {missing_fact.name}")
    session.invariants = tuple(made)
