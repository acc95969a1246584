"""
The ASGI transport against applications that are honest, broken and slow.
"""

from __future__ import annotations

import asyncio
import gzip
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import IncompleteError, UsageError
from conformance.exchange import Exchange, Failure, FailureKind, Request
from conformance.wire.transport import open_asgi

POST = Request("POST", "/v1/embeddings?a=b%20c", (("Authorization", "Bearer ${KEY}"),), b"hello")


def call(app: Any, *requests: Request, timeout: float = 2.0, **options: Any) -> list[Exchange]:
    async def run() -> list[Exchange]:
        transport = open_asgi(app, secrets={"KEY": "sk-secret"}, **options)
        try:
            return [await transport.send(request, timeout=timeout) for request in requests or (POST,)]
        finally:
            await transport.close()

    return asyncio.run(run())


def reply(*messages: dict[str, Any], error: BaseException | None = None) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("this application knows no lifespan")
        for message in messages:
            await send(message)
        if error is not None:
            raise error

    return app


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def test_the_application_sees_the_request() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            assert (await receive())["type"] == "lifespan.startup"
            scope["state"]["ready"] = "yes"
            await send({"type": "lifespan.startup.complete"})
            assert (await receive())["type"] == "lifespan.shutdown"
            seen["stopped"] = True
            await send({"type": "lifespan.shutdown.complete"})
            return
        seen.update(scope, sent=(await receive())["body"])
        await send(start((b"X-A", b"1"), (b"X-A", b"2"), status=201))
        await send(body(b"he", more=True))
        await send(body(b"llo"))
        assert (await receive())["type"] == "http.disconnect"

    [exchange] = call(app, base_url="http://h:81/v1")
    assert (exchange.status, exchange.body, exchange.failure) == (201, b"hello", None)
    assert exchange.headers == (("x-a", "1"), ("x-a", "2"))
    assert (seen["method"], seen["path"], seen["query_string"]) == ("POST", "/v1/embeddings", b"a=b%20c")
    assert (seen["sent"], seen["stopped"], seen["state"]) == (b"hello", True, {"ready": "yes"})
    headers = dict(seen["headers"])
    assert headers[b"authorization"] == b"Bearer sk-secret"
    assert (headers[b"host"], headers[b"content-length"]) == (b"h:81", b"5")


@pytest.mark.parametrize(
    ("app", "kind", "status"),
    [
        (reply(error=ValueError("sk-secret")), FailureKind.DISCONNECT, None),
        (reply(start(), body(b"x", more=True), error=OSError()), FailureKind.DISCONNECT, 200),
        (reply(error=SystemExit(1)), FailureKind.DISCONNECT, None),
        (reply(error=asyncio.TimeoutError()), FailureKind.DISCONNECT, None),
        (reply(), FailureKind.DISCONNECT, None),
        (reply(start()), FailureKind.DISCONNECT, 200),
        (reply(body(b"x")), FailureKind.DISCONNECT, None),
        (reply(start(), start()), FailureKind.DISCONNECT, 200),
        (reply({"type": "nonsense"}), FailureKind.DISCONNECT, None),
        (reply({}), FailureKind.DISCONNECT, None),
        (reply(start(), body(bytes(2000))), FailureKind.TOO_LARGE, 200),
        (reply(start((b"content-length", b"9")), body(b"x")), FailureKind.DISCONNECT, 200),
        (reply(start((b"content-length", b"1")), body(b"xxx")), FailureKind.PROTOCOL, 200),
        (reply(start((b"content-encoding", b"gzip")), body(b"xxx")), FailureKind.PROTOCOL, 200),
        (
            reply(start((b"content-encoding", b"gzip")), body(gzip.compress(bytes(2000)))),
            FailureKind.TOO_LARGE,
            200,
        ),
    ],
)
def test_broken_applications_end_as_failures(app: Any, kind: FailureKind, status: int | None) -> None:
    [exchange] = call(app, max_body=1000)
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.status) == (kind, status)
    assert "sk-secret" not in exchange.failure.detail


def test_the_exception_is_named() -> None:
    expected = Failure(FailureKind.DISCONNECT, "the application raised ValueError")
    assert call(reply(error=ValueError()))[0].failure == expected


def test_an_exception_after_the_answer_changes_nothing() -> None:
    [exchange] = call(reply(start(), body(b"x"), error=ValueError()))
    assert (exchange.body, exchange.failure) == (b"x", None)


def test_a_slow_application_times_out_and_can_change_nothing_later() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await send(start())
        try:
            await asyncio.sleep(5)
        finally:
            await send(body(b"late"))

    [exchange] = call(app, timeout=0.1)
    assert exchange.failure == Failure(FailureKind.TIMEOUT, "the answer was not complete after 0.1 s")
    assert (exchange.status, exchange.body) == (200, b"")


def test_an_answer_does_not_wait_for_background_work() -> None:
    done = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send(start())
            await send(body(b"x"))
            await asyncio.sleep(0.2)
            done.append(True)

    [exchange] = call(app)
    assert exchange.elapsed < 0.15
    assert done == [True]


def test_a_failed_startup_is_incomplete() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(IncompleteError, match="no database"):
        call(app)


def test_head_has_no_body() -> None:
    [exchange] = call(reply(start((b"content-length", b"9")), body(b"x")), Request("HEAD", "/"))
    assert (exchange.body, exchange.failure) == (b"", None)


def test_import_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    source = (
        "async def app(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 204})\n"
        "    await send({'type': 'http.response.body'})\n"
        "class holder:\n    app = staticmethod(app)\n"
        "number = 1\n"
    )
    (tmp_path / "wire_sample_app.py").write_text(source)
    (tmp_path / "wire_broken_app.py").write_text("raise RuntimeError('mended soon')\n")
    assert call("wire_sample_app:app")[0].status == 204
    assert call("wire_sample_app:holder.app")[0].status == 204
    wrong = {
        "wire_sample_app": "not an import path",
        "wire_sample_app:": "not an import path",
        "wire_sample_app:nope": "no attribute nope",
        "wire_sample_app:number": "can't be called",
        "wire_no_such_app:app": "no module named wire_no_such_app",
        "wire_broken_app:app": "RuntimeError: mended soon",
        "..:app": "importing",
    }
    for path, text in wrong.items():
        with pytest.raises(UsageError) as caught:
            call(path)
        message = str(caught.value)
        assert text in message
        assert "expected:" in message
        assert "next:" in message
