"""
One call: everything the server knows about a request while it serves it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from conformance.reference.asgi import Request
from conformance.reference.aurous.accounts import ApiKey, Team
from conformance.reference.aurous.catalogue import Model
from conformance.reference.aurous.refusals import Refusal
from conformance.reference.buckets import Bucket

__all__ = ["CREATE", "ESTIMATE", "Call", "Part", "Shared", "Wish"]

CREATE = "/v1/embeddings"
ESTIMATE = "/v1/embeddings/estimate"


class Part(NamedTuple):
    """One content part: its kind, its text or URL, and where in the body that stands."""

    kind: str
    value: str
    path: str


@dataclass(slots=True)
class Wish:
    """What a valid request asks for."""

    model: Model
    slug: str
    parts: tuple[Part, ...]
    user: str | None
    text_tokens: int

    @property
    def images(self) -> int:
        """Return the number of parts that are billed as images."""
        return sum(part.kind != "text" for part in self.parts)


@dataclass(slots=True)
class Shared:
    """What the calls of one server share: counters, the calls that run now, and a memory for hooks."""

    calls: int = 0
    creates: int = 0
    running: list[Call] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One request on its way through the server."""

    request: Request
    request_id: str
    shared: Shared
    serial: int
    version: str
    key: ApiKey | None = None
    document: Any = None
    wish: Wish | None = None
    refusal: Refusal | None = None
    idempotency_key: str | None = None
    replayed: bool = False
    replay_of: str = ""

    @property
    def path(self) -> str:
        """Return the path that was asked for."""
        return self.request.path

    @property
    def creates(self) -> bool:
        """Tell whether this call is for an embedding."""
        return self.request.path == CREATE and self.request.method == "POST"

    @property
    def estimates(self) -> bool:
        """Tell whether this call is for an estimate."""
        return self.request.path == ESTIMATE and self.request.method == "POST"

    @property
    def team(self) -> Team:
        """Return the team of the caller; only for calls that were let in."""
        assert self.key is not None
        return self.key.team

    @property
    def bucket(self) -> Bucket:
        """Return the bucket that this call is counted in: reads have one of their own."""
        return self.team.requests if self.request.method == "POST" else self.team.reads

    def header(self, name: bytes) -> str | None:
        """Return a request header, each byte a character."""
        value = self.request.headers.get(name)
        return None if value is None else value.decode("latin-1")
