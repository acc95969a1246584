"""
The losses of a connection, told apart: what the HTTP library raised becomes a failure.
"""

from __future__ import annotations

from pyreqwest.exceptions import DetailedPyreqwestError, NetworkError, PyreqwestError, RequestTimeoutError

from conformance.errors import shorten
from conformance.exchange import Failure, FailureKind

__all__ = ["explain", "has_head"]

# The library's classes don't tell a refused connection from one that was closed later; only its causes do.
_CONNECTING = "client error (Connect)"
_CLOSED = (
    "connection closed before message completed",
    "end of file before message length reached",
    "unexpected end of file",
    "unexpected eof",
    "connection reset",
    "connection was not ready",
    "broken pipe",
    "connection error",
    "close_notify",
    "connection aborted",
)
_LONG_HEAD = "message head is too large"
_SENDING = "error sending request"


def has_head(error: PyreqwestError) -> bool:
    """
    Return whether *error* came after the head of an answer did: then it is about a body, and not about a
    sending.
    """
    causes = _causes(error)
    return bool(causes) and not any(cause.startswith(_SENDING) for cause in causes)


def explain(error: PyreqwestError, *, answered: bool, timeout: float) -> Failure:
    """
    Return the failure that *error* stands for; *answered* says whether the head of an answer had come.

    *timeout* is what the request was given, in seconds.
    """
    causes = _causes(error)
    last = shorten(causes[-1] if causes else error.message)
    lowered = " / ".join(causes).lower()
    place = "the body" if answered else "the answer's head"
    if _CONNECTING in causes:
        return Failure(FailureKind.CONNECT, f"no connection: {last}")
    if isinstance(error, RequestTimeoutError):
        return Failure(FailureKind.TIMEOUT, f"{place} was not complete after {timeout:g} s")
    if _LONG_HEAD in lowered:
        return Failure(FailureKind.TOO_LARGE, "the answer's head has over 100 headers or is over 400 KB long")
    if isinstance(error, NetworkError) or any(text in lowered for text in _CLOSED):
        return Failure(FailureKind.DISCONNECT, f"the connection ended before {place} did: {last}")
    return Failure(FailureKind.PROTOCOL, f"{place} can't be read as HTTP: {last}")


def _causes(error: PyreqwestError) -> list[str]:
    if not isinstance(error, DetailedPyreqwestError):
        return []
    return [cause["message"] for cause in error.details.get("causes") or ()]
