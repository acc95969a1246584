"""
Letting browsers in from other origins, in the right way and in several wrong ones.
"""

from __future__ import annotations

from conformance.reference.asgi import Answer
from conformance.reference.shape.call import Call

__all__ = ["MODES", "answer_preflight", "is_preflight", "offer_origin"]

MODES = (
    *("right", "echo", "none", "no_authorization", "preflight_401", "preflight_405", "preflight_only"),
    *("not_on_errors", "empty_origin"),
)
_ALLOWED = b"authorization, content-type"


def is_preflight(call: Call) -> bool:
    """Tell whether a browser asks for leave."""
    return call.request.method == "OPTIONS"


def answer_preflight(call: Call, mode: str) -> Answer | None:
    """Return the answer to a preflight; None when this server offers nothing to browsers."""
    if mode in ("none", "preflight_401", "preflight_405"):
        return None
    headers = [
        (b"access-control-allow-methods", b"GET, POST, DELETE, OPTIONS"),
        (b"access-control-allow-headers", b"content-type" if mode == "no_authorization" else _ALLOWED),
        (b"access-control-max-age", b"600"),
    ]
    return Answer(200 if mode == "echo" else 204, b"", b"", headers)


def offer_origin(call: Call, answer: Answer, mode: str) -> None:
    """Put the header on an answer that lets a page read it."""
    origin = call.request.headers.get(b"origin")
    if origin is None or mode == "none" or (mode == "preflight_only" and not is_preflight(call)):
        return
    if mode == "not_on_errors" and answer.status >= 400:
        return
    if mode == "echo":
        answer.headers.append((b"vary", b"origin"))
    value = {"echo": origin, "empty_origin": b""}.get(mode, b"*")
    answer.headers.append((b"access-control-allow-origin", value))
