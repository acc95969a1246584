"""
The clock: the operator's own request, filled in and sent.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from conformance.exchange import Exchange, Failure, FailureKind, Request
from conformance.witness.clock import Clock, ClockError

HEADERS = (("Authorization", "Bearer ${KEY}"),)


def advanced(spec: dict[str, Any], seconds: float, *, status: int | None = 200, failure: Failure | None = None) -> Request:
    sent: list[Request] = []

    async def send(request: Request) -> Exchange:
        sent.append(request)
        return Exchange(request, status=status, failure=failure)

    asyncio.run(Clock(spec, HEADERS, send).advance(seconds))
    (request,) = sent
    return request


def body(request: Request) -> Any:
    return json.loads(request.body or b"")


def test_the_default_body_says_how_many_seconds() -> None:
    request = advanced({"path": "/__clock"}, 3600)
    assert (request.method, request.target, request.headers) == ("POST", "/__clock", HEADERS)
    assert body(request) == {"advance_s": 3600}


def test_seconds_are_filled_in_wherever_they_stand() -> None:
    spec = {"method": "PUT", "path": "/clock/$seconds", "body": {"by": "$seconds", "deep": [{"s": "$seconds"}, "seconds"], "n": 1}}
    request = advanced(spec, 90061)
    assert (request.method, request.target) == ("PUT", "/clock/90061")
    assert body(request) == {"by": 90061, "deep": [{"s": 90061}, "seconds"], "n": 1}


@pytest.mark.parametrize(("seconds", "text"), [(86400.0, "86400"), (0.5, "0.5"), (1, "1")])
def test_whole_seconds_are_whole(seconds: float, text: str) -> None:
    request = advanced({"path": "/c"}, seconds)
    assert request.body == b'{"advance_s": ' + text.encode() + b"}"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_will_do(status: int) -> None:
    advanced({"path": "/c"}, 1, status=status)


@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_a_refusal_is_an_error_that_names_the_path(status: int) -> None:
    with pytest.raises(ClockError, match=rf"/c answered {status}"):
        advanced({"path": "/c"}, 1, status=status)


def test_a_failure_is_an_error_that_says_why() -> None:
    with pytest.raises(ClockError, match="no route to it"):
        advanced({"path": "/c"}, 1, status=None, failure=Failure(FailureKind.CONNECT, "no route to it"))
