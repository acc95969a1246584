"""
The lifespan of an ASGI application: found by its import path, started before the first request, and stopped
at the end.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from conformance.errors import Fault, IncompleteError, UsageError, shorten

__all__ = ["Application", "Lifespan", "Message", "load_application"]

Message = MutableMapping[str, Any]
Application = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]

_EXPECTED = "an import path such as package.module:app, which names an ASGI application"
_STOP_SECONDS = 10.0


def load_application(app: str | Application) -> Application:
    """
    Return the application that *app* names, or *app* itself when it is one. Raises UsageError when it can't
    be had.
    """
    found: Any = app
    if isinstance(app, str):
        found = _import(app)
    if not callable(found):
        raise _refuse(
            app,
            "the ASGI application can't be called",
            got=type(found).__name__,
            move="name the object to call",
        )
    application: Application = found
    return application


def _import(path: str) -> Any:
    name, colon, attribute = path.partition(":")
    if not colon or not name or not attribute:
        raise _refuse(
            path, "this is not an import path", got=shorten(path), move="write module, colon, attribute"
        )
    # The folder the user stands in counts, as it does for ASGI servers.
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(name)
    except ModuleNotFoundError as error:
        got = f"no module named {error.name}"
        raise _refuse(
            path, "the ASGI application can't be imported", got=got, move="install it, or change folder"
        ) from None
    except (Exception, SystemExit) as error:
        # The module is the user's, and what it raises while it is imported is theirs to read.
        got = f"{type(error).__name__}: {shorten(str(error))}"
        raise _refuse(
            path, "importing the ASGI application failed", got=got, move=f"try: python -c 'import {name}'"
        ) from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            got = f"no attribute {shorten(part)}"
            raise _refuse(
                path, "the ASGI application is not in its module", got=got, move="check the name"
            ) from None
    return found


def _refuse(app: object, what: str, *, got: str, move: str) -> UsageError:
    return UsageError(Fault(what, where=f"app: {shorten(app)}", got=got, expected=_EXPECTED, move=move))


class Lifespan:
    """
    Runs an application's startup and shutdown, in a task of its own as the protocol wants it.
    """

    __slots__ = ("_app", "_failed", "_from_app", "_lock", "_task", "_to_app", "state")

    def __init__(self, app: Application) -> None:
        self._app = app
        self._failed: str | None = None
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] = {}

    async def start(self) -> None:
        """
        Run the startup, at the first call only. Raises IncompleteError when the application says that it
        failed.
        """
        if self._task is None:
            self._to_app: asyncio.Queue[Message] = asyncio.Queue()
            self._from_app: asyncio.Queue[Message] = asyncio.Queue()
            self._lock = asyncio.Lock()
            self._task = asyncio.create_task(self._run())
            async with self._lock:
                answer = await self._tell("lifespan.startup")
                if answer["type"] == "lifespan.startup.failed":
                    self._failed = shorten(str(answer.get("message", ""))) or "no reason was given"
        elif self._lock.locked():
            async with self._lock:
                pass
        if self._failed is not None:
            raise IncompleteError(
                Fault(
                    "the application's startup failed",
                    where="lifespan.startup",
                    got=self._failed,
                    expected="lifespan.startup.complete",
                    move="start the application alone and mend its startup",
                )
            )

    async def stop(self) -> None:
        """
        Run the shutdown, and wait for at most 10 seconds.
        """
        if self._task is None:
            return
        if not self._task.done():
            try:
                await asyncio.wait_for(self._tell("lifespan.shutdown"), _STOP_SECONDS)
                await asyncio.wait_for(self._task, _STOP_SECONDS)
            except asyncio.TimeoutError:
                self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        scope: dict[str, Any] = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._to_app.get, self._from_app.put)
        except Exception:
            # The protocol's way to say that lifespans aren't supported: the application is used without one.
            pass
        finally:
            self._from_app.put_nowait({"type": "lifespan.ended"})

    async def _tell(self, event: str) -> Message:
        await self._to_app.put({"type": event})
        return await self._from_app.get()
