"""
One call: everything the server knows about a request while it serves it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from conformance.reference.asgi import Request
from conformance.reference.shape.accounts import ApiKey
from conformance.reference.shape.refusals import Refusal

__all__ = ["Call", "Item", "Model", "Place", "Shared", "Wish"]


class Model(NamedTuple):
    """One listed model; `kind` is "embedding" or another thing that it is for."""

    name: str
    kind: str = "embedding"
    reduces: bool = True


class Place(NamedTuple):
    """What a path means: the kind of thing, and the ids in the path."""

    kind: str
    id: str = ""
    project: str = ""
    slug: str = ""


class Item(NamedTuple):
    """One input: its tokens, and its text if it came as one."""

    ids: tuple[int, ...]
    text: str | None = None


@dataclass(slots=True)
class Wish:
    """What a valid request asks for; `named` is the model as the request names it."""

    model: Model
    named: str
    items: list[Item]
    base64: bool = False
    dimensions: int | None = None
    user: str | None = None
    tier: str | None = None

    @property
    def tokens(self) -> int:
        """Return the number of tokens of all inputs."""
        return sum([len(item.ids) for item in self.items])


@dataclass(slots=True)
class Shared:
    """
    What the calls of one server share: counters, the calls that run now, and a memory for hooks.

    `dead` is "drop" when the process counts as gone, and "engine" when only the part that embeds is.
    """

    calls: int = 0
    embeds: int = 0
    running: list[Call] = field(default_factory=list)
    dead: str = ""
    memory: dict[Any, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Call:
    """One request on its way through the server; `in_job` tells a line of a batch from a request of its own."""

    request: Request
    request_id: str
    shared: Shared
    serial: int
    place: Place | None = None
    key: ApiKey | None = None
    document: Any = None
    wish: Wish | None = None
    refusal: Refusal | None = None
    in_job: bool = False
    abandoned: bool = False

    @property
    def embeds(self) -> bool:
        """Tell whether this call is for embeddings."""
        return self.place is not None and self.place.kind == "embeddings" and self.request.method == "POST"

    @property
    def input(self) -> Any:
        """Return the input of the request, whatever it is."""
        return self.document.get("input") if isinstance(self.document, dict) else None

    def header(self, name: bytes) -> str | None:
        """Return a request header, each byte a character."""
        value = self.request.headers.get(name)
        return None if value is None else value.decode("latin-1")
