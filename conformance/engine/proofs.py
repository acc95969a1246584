"""
Each witness is proven alive in the same run before it is believed.
"""

from __future__ import annotations

import asyncio
import time

import jsonschema_rs

from conformance.engine.session import Session
from conformance.errors import shorten
from conformance.generate.case import Step
from conformance.generate.directed import Workshop
from conformance.judge.view import View, finite, pointer
from conformance.wire.client import BudgetSpent
from conformance.witness.canary import Canary
from conformance.witness.ledger import Ledger, LedgerError, Reading

__all__ = [
    "charge_proof",
    "described",
    "make_workshop",
    "open_ledger",
    "prove_canary",
    "prove_ledger",
    "prove_media",
]

_FETCH_GRACE = 2.0
_FETCH_STEP = 0.02
_DEAD = "a target that serves a plain request"
_LEDGER = "witnesses.ledger: a balance that the key may read"
_SPENT = "budget.credits: enough for the request that proves the balance alive"
_CANARY = "witnesses.canary: an address of the suite that the target can fetch media from (public_url, often https)"
_MEDIA = "media.images: URLs of images that the target can fetch"


def make_workshop(session: Session) -> None:
    """
    Make the workshop anew, with what is known of the target by now.
    """
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


def described(session: Session, view: View) -> str:
    """
    Return an answer in two words: its status and its code.
    """
    code = pointer(view.document, session.contract.refusal["code"])
    return f"{view.status} {shorten(code, limit=40)}" if isinstance(code, str) else str(view.status)


async def prove_canary(session: Session) -> None:
    """
    Start the canary and see the target fetch from it.
    """
    spec = session.contract.witnesses.get("canary")
    wanted = session.target.canary
    if spec is None or wanted is None or not session.alive:
        session.lacks["canary"] = _CANARY if session.alive else _DEAD
        return
    canary = Canary(listen=wanted.get("listen"), public_url=wanted.get("public_url"))
    await canary.start()
    session.canary = canary
    make_workshop(session)
    env = session.shop.environment(session.shop.nonce())
    name, request, body, key, key_header = session.shop.request(spec["proof"], env)
    view = await session.send(Step("canary", name, request, body, key=key, key_header=key_header))
    token = env.tokens[0]
    waited = 0.0
    while view.success and not canary.fetches(token) and waited < _FETCH_GRACE:
        await asyncio.sleep(_FETCH_STEP)
        waited += _FETCH_STEP
    if view.success and canary.fetches(token):
        session.canary_proven = True
        return
    seen = "accepted but never fetched" if view.success else f"refused ({described(session, view)})"
    session.lacks["canary"] = f"{_CANARY} (the suite's own media URL was {seen})"


async def prove_media(session: Session) -> None:
    """
    See the target accept an image part.
    """
    part = session.contract.witnesses.get("canary", {}).get("part", "image_url")
    if not session.alive or part not in session.contract.parts:
        session.lacks["media"] = _MEDIA if session.alive else _DEAD
        return
    view = await session.plain(session.contract.default_operation, {"input": {"$parts": {"text": 1, part: 1}}})
    if not view.success:
        session.lacks["media"] = f"{_MEDIA} (an image part was answered with {described(session, view)})"


async def open_ledger(session: Session) -> None:
    """
    Read the balance before anything is charged, when there is one that can be believed.
    """
    spec = session.contract.witnesses.get("ledger")
    wanted = session.target.ledger
    if spec is None or wanted is None:
        session.lacks["ledger"] = _LEDGER
        return
    operation = wanted.get("operation") or spec["operation"]
    path = wanted.get("path") or session.contract.operations[operation].path
    read_at = wanted.get("read") or spec["read"]
    # A count of what was used is a balance that is read the other way round.
    alive_at = wanted.get("alive") or spec.get("alive")
    sign = -1.0 if wanted.get("grows", spec.get("grows", False)) else 1.0
    believe = jsonschema_rs.validator_for(spec.get("believe", True))

    async def read() -> Reading:
        send = {"operation": operation, "path": path}
        name, request, body, key, _ = session.shop.request(send, session.shop.environment("0" * 12))
        view = await session.send(Step("balance", name, request, body, key=key))
        value = finite(pointer(view.document, read_at))
        if not view.answered or not 200 <= view.status < 300 or value is None:
            raise LedgerError(f"the balance can't be read: {path} answers {described(session, view)}")
        if not believe.is_valid(view.document):
            session.lacks["metered"] = spec["doubt"]
        pulse = finite(pointer(view.document, alive_at)) if alive_at else None
        return Reading(sign * value, repr(value), pulse)

    ledger = Ledger(read, sent=lambda: session.client.traffic.sent)
    try:
        await ledger.open()
    except LedgerError as problem:
        session.lacks["ledger"] = f"{_LEDGER} ({problem})"
        return
    if "metered" in session.lacks:
        session.lacks["ledger"] = session.lacks["metered"]
        return
    session.ledger = ledger


async def charge_proof(session: Session) -> View | None:
    """
    Send the heavy request that should move the balance; returns None where there is no balance to be moved.
    """
    if session.ledger is None or not session.alive:
        return None
    proof = session.contract.witnesses["ledger"]["proof"]
    try:
        return await session.plain(proof["operation"], proof.get("body"))
    except BudgetSpent:
        session.lacks["ledger"] = _SPENT
        return None


async def _charge_unkeyed(session: Session) -> bool:
    """
    Send the heavy request without an idempotency key; False where no request has one, or it is not served.
    """
    proof = session.contract.witnesses["ledger"]["proof"]
    header = session.contract.operations[proof["operation"]].idempotency_key
    if header is None:
        return False
    return (await session.plain(proof["operation"], proof.get("body"), headers={header: None})).success


async def prove_ledger(session: Session, view: View | None) -> None:
    """
    See the balance lose what a heavy request, of which *view* is the answer, and all before it cost; until then it is
    not believed.
    """
    ledger, session.ledger = session.ledger, None
    if ledger is None:
        return
    if view is None:
        session.lacks.setdefault("ledger", _DEAD)
        return
    try:
        if not view.success:
            raise LedgerError(f"the request that should prove it alive is answered with {described(session, view)}")
        try:
            await ledger.prove(session.charged, since=time.monotonic())
        except LedgerError:
            # A request without an idempotency key may be charged where one with a key is not; that one is for a clause.
            if not await _charge_unkeyed(session):
                raise
            await ledger.prove(session.charged, since=time.monotonic())
    except LedgerError as problem:
        session.lacks["ledger"] = f"{_LEDGER} ({problem})"
        return
    except BudgetSpent:
        session.lacks["ledger"] = _SPENT
        return
    session.ledger = ledger
