"""
Cases with their requests drawn: what the engine fires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.exchange import Request

__all__ = ["NONCE_LENGTH", "Case", "Gap", "Step", "refreshed", "stamped"]

NONCE_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step with its request. *body* is the value that the request's bytes spell, or None where they spell none.

    *key_header* names the header that gets a fresh idempotency key each time the step is sent. *tokens* are the canary
    tokens that the body names. *client* is the library that makes the call, in place of the wire, with so many
    *retries*.
    """

    name: str
    operation: str
    request: Request | None
    body: Any = None
    expect: Mapping[str, Any] = field(default_factory=dict)
    also: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    times: int = 1
    together: bool = False
    of_all: Mapping[str, Any] | None = None
    clock: float | None = None
    wait: float = 0.0
    settle: bool = False
    given: bool = False
    until: Mapping[str, Any] | None = None
    within: float = 0.0
    due: bool = False
    client: str | None = None
    retries: int = 2
    key: str = "main"
    key_header: str | None = None
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """
    One instance of a clause. *nonce* stands in every idempotency key and canary URL of the case, so that replacing it
    makes the case new. *variables* are the values that the case was made with, for reports.
    """

    id: str
    clause: str
    steps: tuple[Step, ...]
    nonce: str
    twin: Step | None = None
    distinguishes: bool = False
    trigger: str | None = None
    or_refused: tuple[str, ...] = ()
    weight: int = 1
    drawn: bool = False

    @property
    def sends(self) -> int:
        """
        How many requests the case sends, its twin left out.
        """
        return sum(step.times for step in self.steps if step.request is not None)


@dataclass(frozen=True, slots=True)
class Gap:
    """
    A case that can't be made for this target: the clause, why, and what to supply.
    """

    clause: str
    case: str
    reason: str
    supply: str = ""


def stamped(request: Request, header: str | None, key: str) -> Request:
    """
    Return *request* with a fresh idempotency key in *header*, unless it names one already or *header* is None.
    """
    if header is None or request.header(header) is not None:
        return request
    return replace(request, headers=(*request.headers, (header, key)))


def refreshed(case: Case, nonce: str) -> Case:
    """
    Return *case* with another nonce, so that none of its keys and canary URLs was ever seen by the target.
    """
    old, new = case.nonce, nonce

    def renew(step: Step) -> Step:
        request = step.request
        if request is not None:
            headers = tuple((name, value.replace(old, new)) for name, value in request.headers)
            body = request.body.replace(old.encode(), new.encode()) if request.body and step.tokens else request.body
            request = replace(request, headers=headers, body=body, target=request.target.replace(old, new))
        return replace(step, request=request, tokens=tuple(token.replace(old, new) for token in step.tokens))

    return replace(
        case, nonce=nonce, steps=tuple(renew(step) for step in case.steps), twin=renew(case.twin) if case.twin else None
    )
