"""
The reference server behind a delay: every answer begins BENCH_DELAY_MS milliseconds late.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from typing import Any

from conformance.reference.__main__ import load_provider
from conformance.reference.serving import serve_app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("provider")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--media-origin", action="append", default=[])
    options = parser.parse_args()
    delay = float(os.environ.get("BENCH_DELAY_MS", "50")) / 1000
    provider = load_provider(options.provider)
    app = provider.make_app(None, None, options.media_origin)

    async def delayed(scope: Any, receive: Any, send: Any) -> None:
        due = time.monotonic() + delay

        async def late(message: Any) -> None:
            # What the server does for an answer is part of the delay, and adds nothing to it.
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await send(message)

        await app(scope, receive, late)

    serve_app(delayed, host="127.0.0.1", port=options.port, ready=provider.ready)


if __name__ == "__main__":
    main()
