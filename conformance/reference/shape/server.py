"""
The server itself: routes, headers, and refusals written as the provider wants them.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

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
from conformance.reference.clock import VirtualClock
from conformance.reference.documents import MalformedDocument, read_document
from conformance.reference.identifiers import UlidMaker
from conformance.reference.shape.accounts import make_keyring
from conformance.reference.shape.behaviour import Behaviour
from conformance.reference.shape.bench import Bench
from conformance.reference.shape.call import Call, Model, Place, Shared
from conformance.reference.shape.connections import hang_up
from conformance.reference.shape.cors import answer_preflight, is_preflight, offer_origin
from conformance.reference.shape.dialect import Dialect
from conformance.reference.shape.doorkeeper import Doorkeeper
from conformance.reference.shape.embedding import Embedder
from conformance.reference.shape.filing import Filing
from conformance.reference.shape.jobs import Line
from conformance.reference.shape.reading import Reader
from conformance.reference.shape.refusals import Refusal, Refused, code_refusal, write_envelope

__all__ = ["Server", "write_document"]

LARGEST_BODY = 32_000_000
_CREATED = 1_706_000_000
Handler = Callable[[Call], Awaitable[Answer]]


def write_document(document: Any) -> bytes:
    """Encode any document; bytes are taken as written already."""
    if isinstance(document, bytes):
        return document
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


class Server:
    """One ASGI application with its own keys, clock and stores."""

    def __init__(self, behaviour: Behaviour, dialect: Dialect) -> None:
        """Start with full buckets and without files."""
        self.behaviour = behaviour
        self.dialect = dialect
        self.clock = VirtualClock()
        self.shared = Shared()
        self._ulids = UlidMaker()
        self._doorkeeper = Doorkeeper(behaviour, dialect, make_keyring(dialect.secrets, self.clock))
        self._reader = Reader(behaviour, dialect)
        self._embedder = Embedder(behaviour, dialect)
        self._turn = asyncio.Lock()
        filing = Filing(behaviour, dialect, self.clock, self._ulids)
        bench = Bench(behaviour, dialect, self.clock, self._ulids, filing, self._answer_line)
        self._ledger: list[dict[str, Any]] = []
        self._routes: dict[str, dict[str, Handler]] = {
            "embeddings": {"POST": self._embed},
            "models": {"GET": self._list_models},
            "model": {"GET": self._show_model},
            "files": {"POST": filing.upload, "GET": filing.list_all},
            "file": {"GET": filing.show, "DELETE": filing.remove},
            "content": {"GET": filing.read},
            "batches": {"POST": bench.create, "GET": bench.list_all},
            "batch": {"GET": bench.show},
            "cancel": {"POST": bench.cancel},
            "usage": {"GET": self._show_usage},
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
            call = self._make_call(request)
            if self.shared.dead == "drop" or (self.behaviour.drops is not None and self.behaviour.drops(call)):
                await hang_up(send)
                return
            watch = asyncio.ensure_future(self._watch(call, receive)) if self.behaviour.hangup_cancels_all else None
            answer = await self.answer(call)
            if watch is not None:
                watch.cancel()
            if call.abandoned or self.shared.dead == "drop":
                await hang_up(send)
                return
        except ClientGone:
            return
        except BodyTooLarge:
            call = self._make_call(Request(scope["method"], scope["path"], b"", {}, b""))
            refused = Refused("body.size", f"The request body is larger than {LARGEST_BODY} bytes.")
            answer = self._dress(call, self._refuse(call, refused))
        await send_answer(send, answer)

    async def answer(self, call: Call) -> Answer:
        """Answer one call."""
        self.shared.running.append(call)
        try:
            answer = await self._find_handler(call)(call)
        except Refused as refused:
            answer = self._refuse(call, refused)
        except Exception:  # noqa: BLE001 - the last resort of a server: 500 in the envelope, and tell the operator
            traceback.print_exc(file=sys.stderr)
            answer = self._refuse(call, self._internal())
        finally:
            self.shared.running.remove(call)
        answer = self._dress(call, answer)
        return answer if self.behaviour.on_answer is None else self.behaviour.on_answer(call, answer)

    def _make_call(self, request: Request) -> Call:
        self.shared.calls += 1
        return Call(request, f"req_{self._ulids.make().lower()}", self.shared, self.shared.calls)

    async def _watch(self, call: Call, receive: Receive) -> None:
        message = await receive()
        if message["type"] == "http.disconnect":
            for other in self.shared.running:
                other.abandoned = True

    @staticmethod
    def _internal() -> Refused:
        return Refused("internal", "The server had an error while processing your request.")

    def _find_handler(self, call: Call) -> Handler:
        path = call.request.path
        if self.behaviour.on_path is not None:
            path = self.behaviour.on_path(path)
        call.place = self.dialect.find_place(path)
        methods = self._routes.get(call.place.kind) if call.place is not None else None
        if methods is None:
            raise Refused("route.unknown", f"Invalid URL ({call.request.method} {path})"[:300])
        if is_preflight(call):
            return self._answer_preflight
        handler = methods.get(call.request.method)
        if handler is None:
            allow = ", ".join(methods)
            message = f"This path answers only {allow}."
            raise Refused("route.method", message, headers=((b"allow", allow.encode()),))
        if call.embeds:
            return handler
        return self._guard(handler)

    def _guard(self, handler: Handler) -> Handler:
        async def guarded(call: Call) -> Answer:
            self._doorkeeper.admit(call)
            return await handler(call)

        return guarded

    async def _answer_preflight(self, call: Call) -> Answer:
        if self.behaviour.cors == "preflight_401":
            raise Refused("auth.missing", "You didn't provide an API key.")
        answer = answer_preflight(call, self.behaviour.cors)
        if answer is None:
            raise Refused("route.method", "This path does not answer OPTIONS.", headers=((b"allow", b"POST"),))
        return answer

    async def _embed(self, call: Call) -> Answer:
        behaviour = self.behaviour
        if not behaviour.validates_first:
            self._doorkeeper.admit(call)
        try:
            call.document = read_document(call.request.body)
        except MalformedDocument as error:
            raise Refused("json.malformed", f"We could not parse the JSON body of your request: {error}.") from None
        except UnicodeError:
            raise Refused("json.malformed", "We could not parse the JSON body of your request.") from None
        self._try_strength(call)
        call.wish = self._reader.read(call, call.document)
        if behaviour.validates_first:
            self._doorkeeper.admit(call)
        await self._dispatch(call)
        if behaviour.refuses is not None and (refusal := behaviour.refuses(call)) is not None:
            return self._write_refusal(call, refusal)
        await self._take_time(call)
        self._try_strength(call)
        document = self._embedder.embed(call)
        if self.dialect.keeps_ledger and call.key is not None:
            self._charge(call, 200)
        return Answer(200, write_document(document))

    def _try_strength(self, call: Call) -> None:
        # Asked twice: once with nothing but the document, once when it was read and others may run beside it.
        behaviour = self.behaviour
        if behaviour.kills is not None and not self.shared.dead:
            self.shared.dead = behaviour.kills(call)
        if self.shared.dead or (behaviour.crashes is not None and behaviour.crashes(call)):
            raise self._internal()

    async def _take_time(self, call: Call) -> None:
        behaviour = self.behaviour
        if behaviour.pause is None:
            return
        if behaviour.one_at_a_time:
            async with self._turn:
                await asyncio.sleep(behaviour.pause(call))
        else:
            await asyncio.sleep(behaviour.pause(call))

    def _answer_line(self, line: Line) -> tuple[int, str, Any]:
        request = Request("POST", "/v1/embeddings", b"", {}, b"")
        call = self._make_call(request)
        call.document, call.in_job, call.place = dict(line.body), True, Place("embeddings")
        try:
            call.wish = self._reader.read(call, call.document)
            return 200, call.request_id, self._embedder.embed(call)
        except Refused as refused:
            refusal = code_refusal(refused, self.dialect.codings)
            return refusal.status, call.request_id, write_envelope(refusal)

    def _refuse(self, call: Call, refused: Refused) -> Answer:
        return self._write_refusal(call, code_refusal(refused, self.dialect.codings))

    def _write_refusal(self, call: Call, refusal: Refusal) -> Answer:
        behaviour = self.behaviour
        call.refusal = refusal
        if behaviour.on_refusal is not None:
            refusal = behaviour.on_refusal(call, refusal)
        envelope: Any = write_envelope(refusal)
        if behaviour.on_envelope is not None:
            envelope = behaviour.on_envelope(call, envelope)
        return Answer(refusal.status, write_document(envelope), headers=list(refusal.headers))

    def _dress(self, call: Call, answer: Answer) -> Answer:
        headers = answer.headers
        headers.append((b"x-request-id", call.request_id.encode()))
        if call.key is not None and self.behaviour.rate_headers:
            headers.extend(self.dialect.rate_headers(call.key))
        offer_origin(call, answer, self.behaviour.cors)
        return answer

    def _read(self, call: Call, document: dict[str, Any]) -> Answer:
        if self.behaviour.on_read is not None:
            document = self.behaviour.on_read(call, document)
        return Answer(200, write_document(document))

    def _write_model(self, model: Model) -> dict[str, Any]:
        return {"id": model.name, "object": "model", "created": _CREATED, "owned_by": "reference"}

    async def _list_models(self, call: Call) -> Answer:
        rows = [self._write_model(model) for model in self.dialect.models]
        return self._read(call, {"object": "list", "data": rows})

    async def _show_model(self, call: Call) -> Answer:
        assert call.place is not None
        for model in self.dialect.models:
            if model.name == call.place.id:
                return self._read(call, self._write_model(model))
        raise Refused("model.unknown", f"The model '{call.place.id}' does not exist.", "model")

    async def _dispatch(self, call: Call) -> None:
        try:
            await self.dialect.check_dispatch(call)
        except Refused as refused:
            if refused.kind in self.behaviour.unchecked:
                return
            # What was never sent to a worker has no row; what a worker failed at has one, and costs nothing.
            if self.behaviour.logs_failures and refused.kind in self.dialect.reached_worker:
                self._charge(call, code_refusal(refused, self.dialect.codings).status)
            raise

    def _charge(self, call: Call, status: int) -> None:
        wish = call.wish
        assert wish is not None
        # Prices are in quarters of a unit for each token, so that a fourth more is a whole number too.
        price = wish.tokens * (5 if wish.tier == "priority" else 4)
        charge = self.behaviour.charge if status == 200 else self.behaviour.fee_on_failure
        units = charge(call, price)
        row = {
            "id": call.request_id,
            "input_tokens": wish.tokens,
            "service_tier": wish.tier or "default",
            "status_code": status,
            "endpoint_slug": call.place.slug if call.place is not None else "",
            "cost": units,
        }
        self._ledger.append(row)

    async def _show_usage(self, call: Call) -> Answer:
        totals = {
            "requests": len(self._ledger),
            "input_tokens": sum([row["input_tokens"] for row in self._ledger]),
            "cost": sum([row["cost"] for row in self._ledger]),
        }
        return self._read(call, {"object": "list", "data": self._ledger[-100:], "totals": totals})
