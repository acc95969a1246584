"""
The server itself: routes, headers, and refusals written as the contract wants them.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable

import orjson

from conformance.reference.asgi import (
    Answer,
    BodyTooLarge,
    ClientGone,
    Receive,
    Request,
    Scope,
    Send,
    read_request,
    run_lifespan,
    send_answer,
)
from conformance.reference.aurous.accounts import REQUESTS_PER_MINUTE, make_keyring
from conformance.reference.aurous.behaviour import Behaviour
from conformance.reference.aurous.call import CREATE, ESTIMATE, Call, Shared
from conformance.reference.aurous.doorkeeper import DEFAULT_VERSION, Doorkeeper
from conformance.reference.aurous.reads import Reads
from conformance.reference.aurous.refusals import (
    Refusal,
    Refused,
    internal_error,
    malformed,
    write_envelope,
)
from conformance.reference.aurous.service import Service
from conformance.reference.aurous.writing import write_document
from conformance.reference.buckets import Bucket
from conformance.reference.clock import VirtualClock
from conformance.reference.identifiers import UlidMaker
from conformance.reference.media import MediaFetcher

__all__ = ["Server"]

LARGEST_BODY = 80_000_000
Handler = Callable[[Call], Awaitable[Answer]]


class Server:
    """One ASGI application with its own teams, clock and stores."""

    def __init__(self, behaviour: Behaviour, *, media_origins: Iterable[str] = ()) -> None:
        """Start with fresh balances; only `media_origins` are really asked for media."""
        self.behaviour = behaviour
        self.clock = VirtualClock()
        self.keys = make_keyring(self.clock)
        self.shared = Shared()
        self._ulids = UlidMaker()
        self._anonymous = Bucket(
            self.clock, capacity=REQUESTS_PER_MINUTE, per_second=REQUESTS_PER_MINUTE / 60
        )
        doorkeeper = Doorkeeper(behaviour, self.keys)
        self.service = Service(behaviour, doorkeeper, self.clock, MediaFetcher(media_origins))
        reads = Reads(behaviour, doorkeeper)
        self._routes: dict[str, dict[str, Handler]] = {
            CREATE: {"POST": self.service.create},
            ESTIMATE: {"POST": self.service.estimate},
            "/v1/models": {"GET": reads.models},
            "/v1/balance": {"GET": reads.balance},
            "/v1/team": {"GET": reads.team},
            "/v1/usage/events": {"GET": reads.events},
            "/__clock": {"POST": self._move_clock},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await run_lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            request = await read_request(scope, receive, limit=LARGEST_BODY)
            answer = await self.answer(request)
        except ClientGone:
            return
        except BodyTooLarge:
            request = Request(scope["method"], scope["path"], b"", {}, b"")
            call = self._make_call(request)
            message = f"The request body is larger than {LARGEST_BODY} bytes."
            refusal = Refusal("body.size", 413, "invalid_request", "value_out_of_range", message)
            answer = self._dress(call, await self._refuse(call, refusal))
        await send_answer(send, answer)

    async def answer(self, request: Request) -> Answer:
        """Answer one request."""
        call = self._make_call(request)
        behaviour = self.behaviour
        try:
            if behaviour.crashes is not None and behaviour.crashes(call):
                raise Refused(internal_error())
            answer = await self._find_handler(call)(call)
        except Refused as refused:
            answer = await self._refuse(call, refused.refusal)
        except Exception:  # noqa: BLE001 - the last resort of a server: 500 in the envelope, and tell the operator
            traceback.print_exc(file=sys.stderr)
            answer = await self._refuse(call, internal_error())
        if behaviour.delay_s:
            await asyncio.sleep(behaviour.delay_s)
        answer = self._dress(call, answer)
        return answer if behaviour.on_answer is None else behaviour.on_answer(call, answer)

    def _make_call(self, request: Request) -> Call:
        self.shared.calls += 1
        call = Call(request, f"req_{self._ulids.make()}", self.shared, self.shared.calls, DEFAULT_VERSION)
        if self.behaviour.make_request_id is not None:
            call.request_id = self.behaviour.make_request_id(call, call.request_id)
        return call

    def _find_handler(self, call: Call) -> Handler:
        methods = self._routes.get(call.path)
        if methods is None:
            raise Refused(
                Refusal(
                    "route.unknown", 404, "not_found", "resource_not_found", "There is nothing at this path."
                )
            )
        handler = methods.get(call.request.method)
        if handler is None:
            allow = ", ".join(methods)
            message = f"This path answers only {allow}."
            headers = ((b"allow", allow.encode()),)
            raise Refused(
                Refusal("route.method", 405, "invalid_request", "method_not_allowed", message, None, headers)
            )
        return handler

    async def _refuse(self, call: Call, refusal: Refusal) -> Answer:
        behaviour = self.behaviour
        call.refusal = refusal
        if refusal.kind in behaviour.fetches_before:
            await self.service.prefetch(call)
        if behaviour.fee_on_refusal is not None and call.key is not None:
            call.team.account.debit(behaviour.fee_on_refusal(call, refusal))
        if behaviour.on_refusal is not None:
            refusal = behaviour.on_refusal(call, refusal)
        envelope = write_envelope(
            refusal, request_id=call.request_id, doc_url=behaviour.write_doc_url(refusal.code)
        )
        if behaviour.on_envelope is not None:
            body = write_document(behaviour.on_envelope(call, envelope))
        else:
            body = write_document(envelope)
        return Answer(refusal.status, body, headers=list(refusal.headers))

    def _dress(self, call: Call, answer: Answer) -> Answer:
        requests = self._anonymous if call.key is None else call.bucket
        headers = answer.headers
        headers.append((b"aurous-request-id", call.request_id.encode()))
        headers.append((b"aurous-version", call.version.encode()))
        headers.append((b"x-ratelimit-limit", b"%d" % requests.capacity))
        headers.append((b"x-ratelimit-remaining", b"%d" % requests.remaining()))
        headers.append((b"x-ratelimit-reset", b"%d" % requests.full_at()))
        if call.key is not None and (call.creates or call.estimates):
            tokens = call.key.team.tokens
            headers.append((b"x-ratelimit-tpm-limit", b"%d" % tokens.capacity))
            headers.append((b"x-ratelimit-tpm-remaining", b"%d" % tokens.remaining()))
            headers.append((b"x-ratelimit-tpm-reset", b"%d" % tokens.full_at()))
        if call.replayed:
            headers.append((b"aurous-idempotent-replayed", b"true"))
        return answer

    async def _move_clock(self, call: Call) -> Answer:
        try:
            seconds = orjson.loads(call.request.body)["advance_s"]
            now = self.clock.advance(float(seconds))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            raise Refused(malformed("clock", 'Send {"advance_s": seconds}.', "advance_s")) from None
        return Answer(200, write_document({"now": now}))
