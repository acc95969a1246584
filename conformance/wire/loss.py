"""
The losses of a connection, told apart: what the system raised becomes a failure.
"""

from __future__ import annotations

import os
import socket
import ssl

from conformance.errors import shorten
from conformance.exchange import Failure, FailureKind

__all__ = ["disconnected", "late", "unconnected"]


def unconnected(error: Exception) -> Failure:
    """
    Return the failure of a connection that was never made.
    """
    return Failure(FailureKind.CONNECT, f"no connection: {_reason(error)}")


def disconnected(place: str, error: Exception | None) -> Failure:
    """
    Return the failure of an answer whose connection ended before *place* did.
    """
    reason = "the server closed it" if error is None else _reason(error)
    return Failure(FailureKind.DISCONNECT, f"the connection ended before {place} did: {reason}")


def late(place: str, *, timeout: float) -> Failure:
    """
    Return the failure of an answer of which *place* was not complete after *timeout* seconds.
    """
    return Failure(FailureKind.TIMEOUT, f"{place} was not complete after {timeout:g} s")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {shorten(error.verify_message)}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {shorten(str(error.reason or error).lower().replace('_', ' '))}"
    if isinstance(error, OSError) and error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno)
    text = getattr(error, "strerror", None) or str(error)
    return shorten(text or type(error).__name__)
