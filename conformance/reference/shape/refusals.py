"""
Refusals: what the server says when it does not do what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Coding", "Headers", "Refusal", "Refused", "code_refusal", "write_envelope"]

Headers = tuple[tuple[bytes, bytes], ...]


class Coding(NamedTuple):
    """How one provider writes refusals of one kind: `keeps_param` says whether the field is named."""

    status: int
    type: str
    code: str | None
    keeps_param: bool = True


@dataclass(frozen=True)
class Refusal:
    """
    One refusal. `kind` is the server's own word for the rule that was broken; callers never see it.
    """

    kind: str
    status: int
    type: str
    code: str | None
    message: str
    param: str | None = None
    headers: Headers = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


class Refused(Exception):
    """Carries what was refused, and why, up to the place where it is written."""

    def __init__(
        self,
        kind: str,
        message: str,
        param: str | None = None,
        *,
        headers: Headers = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Note the kind, the message, the field concerned and what else has to be sent."""
        super().__init__(kind)
        self.kind = kind
        self.message = message
        self.param = param
        self.headers = headers
        self.extra = extra or {}


def code_refusal(refused: Refused, codings: Mapping[str, Coding]) -> Refusal:
    """Return the refusal with the status, type and code of a provider: by its kind, or by the first word of it."""
    coding = codings.get(refused.kind) or codings[refused.kind.partition(".")[0]]
    return Refusal(
        kind=refused.kind,
        status=coding.status,
        type=coding.type,
        code=coding.code,
        message=refused.message,
        param=refused.param if coding.keeps_param else None,
        headers=refused.headers,
        extra=refused.extra,
    )


def write_envelope(refusal: Refusal) -> dict[str, Any]:
    """Return the error document of a refusal."""
    return {
        "error": {
            "message": refusal.message,
            "type": refusal.type,
            "param": refusal.param,
            "code": refusal.code,
            **refusal.extra,
        }
    }
