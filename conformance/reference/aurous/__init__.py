"""
The reference server for the embeddings API of Aurous Labs.

`app` is a sound server for use in process; `make_app` makes any other.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.reference.asgi import Receive, Scope, Send
from conformance.reference.aurous.accounts import KEYS
from conformance.reference.aurous.behaviour import Behaviour
from conformance.reference.aurous.samples import SAMPLE_REFUSAL, write_sample_success
from conformance.reference.aurous.server import Server
from conformance.reference.provider import Provider
from conformance.reference.zoo import Fault, Variant, change_behaviour, find_named

__all__ = ["KEYS", "PROVIDER", "READY", "app", "faults", "make_app", "variants"]

READY = {
    "keys": KEYS,
    "clock": {"method": "POST", "path": "/__clock", "body": {"advance_s": "$seconds"}},
    "ledger": {"path": "/v1/balance", "pointer": "/credits"},
}


def faults() -> tuple[Fault, ...]:
    """Return every fault of the zoo."""
    from conformance.reference.aurous.faulty import FAULTS

    return FAULTS


def variants() -> tuple[Variant, ...]:
    """Return every odd server that keeps the contract."""
    from conformance.reference.aurous.unusual import VARIANTS

    return VARIANTS


def make_app(
    fault: str | None = None, variant: str | None = None, media_origins: Iterable[str] = ()
) -> Server:
    """
    Return a fresh server with at most one fault and one variant.

    Raises:
        UnknownName: there is no such fault or variant.
        ClashingChanges: both change the same thing.
    """
    behaviour = change_behaviour(
        Behaviour(),
        find_named(faults(), fault) if fault else None,
        find_named(variants(), variant) if variant else None,
    )
    return Server(behaviour, media_origins=media_origins)


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
    name="aurous",
    make_app=make_app,
    faults=faults,
    variants=variants,
    ready=READY,
    sample_success=write_sample_success,
    sample_refusal=SAMPLE_REFUSAL,
)
