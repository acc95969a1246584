"""
Refusals: what the server says when it does not do what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "DOC_ROOT",
    "Refusal",
    "Refused",
    "internal_error",
    "invalid",
    "malformed",
    "missing",
    "out_of_range",
    "unauthenticated",
    "write_envelope",
]

DOC_ROOT = "https://docs.aurous-labs.com/errors#"


@dataclass(frozen=True)
class Refusal:
    """
    One refusal. `kind` is the server's own word for the rule that was broken; callers never see it.
    """

    kind: str
    status: int
    type: str
    code: str
    message: str
    param: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Refused(Exception):
    """Carries a refusal up to the place where it is written."""

    def __init__(self, refusal: Refusal) -> None:
        """Wrap one refusal."""
        super().__init__(refusal.code)
        self.refusal = refusal


def invalid(kind: str, code: str, message: str, param: str | None = None) -> Refusal:
    """Make a refusal of the request itself: 400, invalid_request."""
    return Refusal(kind, 400, "invalid_request", code, message, param)


def unauthenticated(kind: str, code: str, message: str) -> Refusal:
    """Make a refusal of the credential: 401, authentication."""
    return Refusal(kind, 401, "authentication", code, message)


def missing(field: str) -> Refusal:
    """Make the refusal of a request without a required field."""
    return invalid(f"{field}.missing", "missing_field", f"{field} is required.", field)


def malformed(kind: str, message: str, param: str | None = None) -> Refusal:
    """Make the refusal of a value of the wrong type or pattern."""
    return invalid(kind, "invalid_format", message, param)


def out_of_range(kind: str, message: str, param: str | None = None) -> Refusal:
    """Make the refusal of a value that is too short, too long, too small or too large."""
    return invalid(kind, "value_out_of_range", message, param)


def internal_error() -> Refusal:
    """Make the answer to a fault of the platform itself."""
    return Refusal("internal", 500, "server_error", "internal_error", "Something went wrong on our side.")


def write_envelope(refusal: Refusal, *, request_id: str, doc_url: str) -> dict[str, Any]:
    """Return the error document of a refusal."""
    return {
        "error": {
            "type": refusal.type,
            "code": refusal.code,
            "message": refusal.message,
            "param": refusal.param,
            "doc_url": doc_url,
            "request_id": request_id,
        }
    }
