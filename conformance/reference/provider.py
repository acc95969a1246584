"""
What a provider's package gives to the command line and to the servers that need no contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from conformance.reference.asgi import ASGIApp
from conformance.reference.zoo import Fault, Variant

__all__ = ["Provider"]


class MakeApp(Protocol):
    """Makes one fresh application."""

    def __call__(
        self, fault: str | None = None, variant: str | None = None, media_origins: Iterable[str] = ()
    ) -> ASGIApp:
        """Return an application with at most one fault and one variant."""
        ...


@dataclass(frozen=True)
class Provider:
    """
    One reference server.

    `ready` is what the ready line says besides the base URL; `sample_success` and `sample_refusal` are bodies
    that a server without any sense could repeat for ever.
    """

    name: str
    make_app: MakeApp
    faults: Callable[[], tuple[Fault, ...]]
    variants: Callable[[], tuple[Variant, ...]]
    ready: Mapping[str, Any]
    sample_success: Callable[[], bytes]
    sample_refusal: bytes
