"""
Twins: the nearest valid request beside a refusal, which has to be served for the refusal to count.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from conformance.engine.session import Session
from conformance.generate.case import Case, Step
from conformance.judge.invariants import judge_invariants
from conformance.judge.view import View, pointer

if TYPE_CHECKING:
    from conformance.engine.execute import Outcome

__all__ = ["check_twin", "excuse", "share", "twin_answer", "twin_identity"]


def share(session: Session, case: Case, outcome: Outcome) -> None:
    """
    Let the answer at a limit serve as the twin of what lies beyond it, so that it is paid for once.
    """
    identity = twin_identity(case, case.steps[0])
    if identity in session.shareable:
        session.shareable.discard(identity)
        waiting = session.twins.setdefault(identity, asyncio.get_running_loop().create_future())
        if not waiting.done():
            waiting.set_result(outcome.views[0][1] if outcome.views else None)


def twin_identity(case: Case, step: Step) -> tuple[str, str, bytes]:
    """
    Return what makes a twin the same as another: operation, key, and all that is sent, whatever the case's nonce.
    """
    if step.request is None:
        return step.operation, step.key, b""
    sent = repr((step.request.method, step.request.target, step.request.headers, step.key_header)).encode()
    return step.operation, step.key, (sent + (step.request.body or b"")).replace(case.nonce.encode(), b"")


async def twin_answer(session: Session, case: Case) -> View | None:
    """
    Return the answer to a case's twin, sent once in a run for all cases that share it.
    """
    twin = case.twin
    if twin is None or twin.request is None:
        return None
    identity = twin_identity(case, twin)
    if identity not in session.twins:
        # A case of the plan that sends the very same request comes before those that lean on it.
        shared = identity in session.shareable
        session.twins[identity] = (
            asyncio.get_running_loop().create_future() if shared else asyncio.ensure_future(_send_twin(session, twin))
        )
    return await asyncio.shield(session.twins[identity]) or await _send_twin(session, twin)


async def _send_twin(session: Session, twin: Step) -> View | None:
    view = await session.send(twin)
    for clause, findings in judge_invariants(session.invariants, view, session.scene()):
        tally = session.tally(clause)
        # A breach is left to the cases, which know how to repeat it and to show it.
        if tally is not None and not findings:
            tally.judged += 1
            tally.keep()
    view.drop()
    return view


async def check_twin(session: Session, case: Case, outcome: Outcome) -> None:
    """
    A refusal counts only when the nearest valid request is accepted.
    """
    view = await twin_answer(session, case)
    if view is None or view.success:
        return
    answer = outcome.views[-1][1]
    if case.distinguishes and _signature(session, view) != _signature(session, answer) and view.refused:
        return
    code = pointer(view.document, session.contract.refusal["code"])
    shown = f"{view.status} {code}" if isinstance(code, str) else str(view.status)
    outcome.reason = f"its twin, the nearest valid request, is not accepted either ({shown})"


async def excuse(session: Session, case: Case, outcome: Outcome) -> None:
    """
    Drop a breach that is no more than the target refusing this kind of request altogether.
    """
    answer = outcome.views[-1][1]
    if answer.success or not answer.answered:
        return
    view = await twin_answer(session, case)
    if view is not None and not view.success and _signature(session, view) == _signature(session, answer):
        outcome.breaches.pop(case.clause, None)
        outcome.reason = f"its twin, the nearest valid request, gets the same answer ({view.status})"


def _signature(session: Session, view: View) -> tuple[int, Any]:
    code = pointer(view.document, session.contract.refusal["code"])
    return view.status, code if isinstance(code, str) else None
