"""
The reference server for the embeddings API of Xerotier.

`app` is a sound server for use in process; `make_app` makes any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.reference.asgi import Receive, Scope, Send
from conformance.reference.provider import Provider
from conformance.reference.shape.behaviour import Behaviour
from conformance.reference.shape.samples import write_sample_success
from conformance.reference.shape.server import Server
from conformance.reference.xerotier.dialect import DIALECT, KEYS
from conformance.reference.xerotier.endpoints import FIXED, MODEL, PROJECT, SLUG, SLUGS
from conformance.reference.zoo import Fault, Variant, change_behaviour, find_named

__all__ = ["KEYS", "PROVIDER", "READY", "app", "faults", "make_app", "variants"]

READY: dict[str, Any] = {
    "keys": KEYS,
    "slugs": SLUGS,
    "limits": {"tokens_per_input": 8_192},
    "features": {"dimensions": "reducible", "tokenizer": "cl100k"},
    "vars": {"project_id": PROJECT, "endpoint_slug": SLUG, "model": MODEL.name, "fixed_model": FIXED.name},
    "models": {"embedding": MODEL.name, "fixed_dimensions": FIXED.name},
    "ledger": {"path": f"/{PROJECT}/v1/usage", "pointer": "/totals/cost"},
}


def faults() -> tuple[Fault, ...]:
    """Return every fault of the zoo."""
    from conformance.reference.xerotier.faulty import FAULTS

    return FAULTS


def variants() -> tuple[Variant, ...]:
    """Return every odd server that keeps the contract."""
    from conformance.reference.xerotier.unusual import VARIANTS

    return VARIANTS


def make_app(fault: str | None = None, variant: str | None = None, media_origins: Iterable[str] = ()) -> Server:
    """
    Return a fresh server with at most one fault and one variant; it fetches no media, from wherever.

    Raises:
        UnknownName: there is no such fault or variant.
        ClashingChanges: both change the same thing.
    """
    behaviour = change_behaviour(
        Behaviour(),
        find_named(faults(), fault) if fault else None,
        find_named(variants(), variant) if variant else None,
    )
    return Server(behaviour, DIALECT)


class _LazyApp:
    """A sound server that is made when it is first asked."""

    def __init__(self) -> None:
        self._server: Server | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._server is None:
            self._server = make_app()
        await self._server(scope, receive, send)


app = _LazyApp()

PROVIDER = Provider(
    name="xerotier",
    make_app=make_app,
    faults=faults,
    variants=variants,
    ready=READY,
    sample_success=lambda: write_sample_success(MODEL.name),
    sample_refusal=(
        b'{"error":{"message":"\'input\' is not valid.","type":"invalid_request_error","param":"input",'
        b'"code":"invalid_input"}}'
    ),
)
