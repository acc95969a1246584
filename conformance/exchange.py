"""
One request and what came back: the values that pass between generating, sending, judging and witnessing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Exchange", "Failure", "FailureKind", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """
    One HTTP request, exactly as it will be sent, apart from the keys.

    *target* is path and query, appended to the target's base URL. A header's value may hold ``${NAME}``, which the
    wire replaces with the secret of that name; so no key ever stands in a request, a log or a report.
    *connection* ``"fresh"`` asks for a connection that no other request uses.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    connection: str = "pooled"

    def header(self, name: str) -> str | None:
        """
        Return the first value of header *name* (in any case), or None.
        """
        lowered = name.lower()
        return next((value for key, value in self.headers if key.lower() == lowered), None)


class FailureKind(str, Enum):
    """
    Why a request has no answer that could be judged.
    """

    CONNECT = "connect"  # no connection: refused, unknown host, TLS
    TIMEOUT = "timeout"  # no complete answer in time
    DISCONNECT = "disconnect"  # the connection ended before the answer did
    PROTOCOL = "protocol"  # what came is not HTTP, or breaks its own framing or coding
    TOO_LARGE = "too_large"  # the answer passed the suite's limit of bytes

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Failure:
    """
    A transport failure; *detail* is one short line without keys.
    """

    kind: FailureKind
    detail: str


@dataclass(slots=True)
class Exchange:
    """
    One request with its answer, or with the failure that stands in its place.

    *headers* are lower-case names with values in the order of arrival. *body* is decoded from its content coding.
    *elapsed* is in seconds, of the last attempt. *attempts* counts the sendings (more than one after an overload or a
    lost connection), and *overloads* lists the statuses of the answers that were retried, *overload_heads* how their
    bodies begin. *leaks* says
    that the answer held a key, which is taken out before anybody sees it.
    """

    request: Request
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    failure: Failure | None = None
    elapsed: float = 0.0
    attempts: int = 1
    overloads: tuple[int, ...] = field(default=())
    overload_heads: tuple[bytes, ...] = field(default=())
    leaks: bool = False

    def header(self, name: str) -> str | None:
        """
        Return the first value of header *name* (in any case), or None.
        """
        lowered = name.lower()
        for key, value in self.headers:
            if key == lowered:
                return value
        return None
