"""
Hanging up: ending a connection without an answer.
"""

from __future__ import annotations

import asyncio

from conformance.reference.asgi import Send

__all__ = ["hang_up"]


async def hang_up(send: Send) -> None:
    """
    Drop the connection where the server lets us reach it; elsewhere just leave without an answer.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        # The server has to learn of it before we return, or it would write an answer of its own.
        for _ in range(3):
            await asyncio.sleep(0)
