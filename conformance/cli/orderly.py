"""
A run that ends in order whatever happens: on an interrupt it still says what it saw.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

from conformance.contract import Contract
from conformance.engine.run import Emit, Options, run
from conformance.engine.target import Target

__all__ = ["run_orderly"]


def run_orderly(contract: Contract, target: Target, options: Options, emit: Emit) -> int:
    """
    Run as `run` does, from outside of any event loop, and return the exit code.

    The first SIGINT or SIGTERM cancels the run, which then closes as incomplete; a second SIGINT interrupts even that.
    """

    async def go() -> int:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(run(contract, target, options, emit))

        def stop() -> None:
            task.cancel()
            _release(loop)

        # Without handlers (another thread, another system) the loop's own handling of Ctrl-C stays in place.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for number in _SIGNALS:
                loop.add_signal_handler(number, stop)
        try:
            return await task
        finally:
            _release(loop)

    return asyncio.run(go())


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _release(loop: asyncio.AbstractEventLoop) -> None:
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
