"""
Making embeddings and estimates: from a call to a body, with the money and the replays in between.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson

from conformance.reference.asgi import Answer
from conformance.reference.aurous.behaviour import Behaviour
from conformance.reference.aurous.call import Call, Part, Wish
from conformance.reference.aurous.doorkeeper import Doorkeeper
from conformance.reference.aurous.pricing import Cost, compute_cost
from conformance.reference.aurous.reading import Reader
from conformance.reference.aurous.refusals import Refusal, Refused, invalid
from conformance.reference.aurous.writing import write_document, write_embedding, write_estimate
from conformance.reference.clock import VirtualClock, format_utc
from conformance.reference.documents import MalformedDocument, read_document
from conformance.reference.identifiers import UlidMaker
from conformance.reference.ledger import MICRO, InsufficientFunds
from conformance.reference.media import FetchFailed, MediaFetcher
from conformance.reference.replay import Entry, ReplayStore
from conformance.reference.vectors import VectorSource, digest_parts

__all__ = ["Service"]

OVERLAP_S = 0.005


class Service:
    """The two routes that read content."""

    def __init__(
        self, behaviour: Behaviour, doorkeeper: Doorkeeper, clock: VirtualClock, fetcher: MediaFetcher
    ) -> None:
        """Serve with a fresh idempotency store."""
        self._behaviour = behaviour
        self._doorkeeper = doorkeeper
        self._clock = clock
        self._fetcher = fetcher
        self._ulids = UlidMaker()
        self._vectors = VectorSource()
        self._reader = Reader(behaviour, fetcher, estimate=False)
        self._estimate_reader = Reader(behaviour, fetcher, estimate=True)
        self.replays = ReplayStore(clock, window_s=behaviour.window_s)

    async def estimate(self, call: Call) -> Answer:
        """Preview the cost of a request, free of charge."""
        behaviour = self._behaviour
        self._doorkeeper.admit(call, scope="write")
        wish = self._estimate_reader.read(call)
        call.wish = wish
        cost = compute_cost(wish.model, text_tokens=wish.text_tokens, images=wish.images)
        if behaviour.fetches_on_estimate:
            await self.prefetch(call)
        if behaviour.fee_on_estimate is not None:
            call.team.account.debit(behaviour.fee_on_estimate(call, cost.total))
        body = write_estimate(wish, cost)
        if behaviour.on_estimate is not None:
            body = write_document(behaviour.on_estimate(call, orjson.loads(body)))
        return Answer(behaviour.success_status, body)

    async def create(self, call: Call) -> Answer:
        """Make one vector, or replay the answer of an earlier request with the same key and body."""
        self._doorkeeper.admit(call, scope="write")
        call.idempotency_key = self._doorkeeper.read_idempotency_key(call)
        call.shared.creates += 1
        if call.idempotency_key is None:
            call.wish = self._reader.read(call)
            return await self._serve(call, call.wish)
        return await self._create_once(call, call.idempotency_key)

    async def _create_once(self, call: Call, key: str) -> Answer:
        behaviour = self._behaviour
        place = (behaviour.key_scope(call), key)
        try:
            call.wish = self._reader.read(call)
        except Refused as refused:
            self._keep_refusal(call, place, refused.refusal)
            raise
        fingerprint = behaviour.fingerprint(call, call.document)
        entry = self.replays.find(place)
        if entry is not None and entry.running and behaviour.waits_for_running:
            await entry.done.wait()
            entry = self.replays.find(place)
        if entry is not None and (behaviour.guards_running or not entry.running):
            answer = await self._repeat(call, entry, fingerprint)
            if answer is not None:
                return answer
        entry = self.replays.begin(place, fingerprint=fingerprint, request_id=call.request_id)
        try:
            await asyncio.sleep(OVERLAP_S)
            answer = await self._serve(call, call.wish)
        except BaseException:
            self.replays.abandon(place, entry)
            raise
        self.replays.finish(entry, status=answer.status, body=answer.body)
        return answer

    async def _repeat(self, call: Call, entry: Entry, fingerprint: str) -> Answer | None:
        """Replay a stored answer, refuse, or return None to serve the request as if its key were new."""
        behaviour = self._behaviour
        if entry.fingerprint != fingerprint:
            if behaviour.on_conflict == "serve":
                return None
            if behaviour.on_conflict == "refuse" or entry.running:
                raise Refused(_key_in_use("idempotency.conflict", "was used with another body"))
        elif entry.running:
            raise Refused(_key_in_use("idempotency.running", "belongs to a request that is still running"))
        call.replayed = True
        call.replay_of = entry.request_id
        if behaviour.fee_on_replay is not None and call.wish is not None:
            call.team.account.debit(behaviour.fee_on_replay(call, self._price(call.wish).total))
        if behaviour.fetches_on_replay:
            await self.prefetch(call)
        if behaviour.recomputes_replay and call.wish is not None:
            contents = [("text", call.request_id.encode())]
            vector = self._vectors.write(digest_parts(contents), call.wish.model.width)
            cost = self._price(call.wish)
            return Answer(entry.status, write_embedding(call.wish, cost, vector, cost.total))
        return Answer(entry.status, entry.body)

    def _keep_refusal(self, call: Call, place: tuple[str, str], refusal: Refusal) -> None:
        behaviour = self._behaviour
        if not behaviour.remembers_refusals and not behaviour.reserves_refused_keys:
            return
        memory: dict[tuple[str, str], tuple[bytes, Refusal]] = call.shared.memory.setdefault("refusals", {})
        kept = memory.get(place)
        if behaviour.remembers_refusals and kept is not None:
            call.replayed = True
            raise Refused(kept[1])
        memory[place] = (call.request.body, refusal)
        if behaviour.reserves_refused_keys and self.replays.find(place) is None:
            entry = self.replays.begin(place, fingerprint="refused", request_id=call.request_id)
            self.replays.finish(entry, status=refusal.status, body=b"")

    def _price(self, wish: Wish) -> Cost:
        return compute_cost(wish.model, text_tokens=wish.text_tokens, images=wish.images)

    async def _serve(self, call: Call, wish: Wish) -> Answer:
        behaviour = self._behaviour
        team, cost = call.team, self._price(wish)
        charge = behaviour.charge(call, cost.total)
        try:
            team.account.hold(max(charge, cost.total))
        except InsufficientFunds:
            message = f"The request needs {cost.total / MICRO:.6f} credits; fewer are available."
            refusal = Refusal("credit", 402, "invalid_request", "balance_too_low", message)
            if refusal.kind not in behaviour.unchecked:
                raise Refused(refusal) from None
            team.account.held += max(charge, cost.total)
        started = self._clock.now()
        call.shared.running.append(call)
        try:
            if not team.tokens.take(cost.tokens):
                raise Refused(_tokens_exhausted(team.tokens.wait_s(cost.tokens)))
            if behaviour.pause_s:
                await asyncio.sleep(behaviour.pause_s)
            contents = [await self._read_content(part) for part in behaviour.content(call, wish.parts)]
        finally:
            call.shared.running.remove(call)
            team.account.release(max(charge, cost.total))
        vector = self._vectors.write(digest_parts(contents), behaviour.width or wish.model.width)
        if behaviour.ledger_moves:
            self._settle(call, charge)
        self._record(call, wish, cost, started)
        body = write_embedding(wish, cost, vector, cost.total)
        if behaviour.on_document is not None:
            body = write_document(behaviour.on_document(call, orjson.loads(body)))
        return Answer(behaviour.success_status, body)

    def _settle(self, call: Call, charge: int) -> None:
        account = call.team.account
        before = account.balance
        account.debit(charge)
        if self._behaviour.ledger_lag_s:
            call.team.readings.append((time.monotonic(), account.balance, before))

    def _record(self, call: Call, wish: Wish, cost: Cost, started: float) -> None:
        now = self._clock.now()
        assert call.key is not None
        call.team.events.append(
            {
                "id": f"emb_{self._ulids.make()}",
                "type": "embedding",
                "model": wish.slug,
                "status": "succeeded",
                "created_at": format_utc(started),
                "completed_at": format_utc(now),
                "duration_ms": int((now - started) * 1000),
                "input_tokens": cost.tokens,
                "output_tokens": 0,
                "credits_charged": cost.total / MICRO,
                "api_key_id": call.key.id,
                "user_id": wish.user,
                "request_id": call.request_id,
                "_at": started,
            }
        )

    async def _read_content(self, part: Part) -> tuple[str, bytes]:
        if part.kind == "text":
            return part.kind, part.value.encode("utf-8", "replace")
        try:
            return part.kind, await self._fetcher.fetch(part.value)
        except FetchFailed as error:
            if "media.fetch" in self._behaviour.unchecked:
                return part.kind, b""
            message = f"{part.path} could not be downloaded: {error}."
            raise Refused(invalid("media.fetch", "image_fetch_failed", message, part.path)) from None

    async def prefetch(self, call: Call) -> None:
        """Fetch every URL that a body names, read or not, whatever comes of it."""
        document = call.document
        if document is None:
            try:
                document = read_document(call.request.body)
            except MalformedDocument:
                return
        for url in find_urls(document):
            try:
                await self._fetcher.fetch(url)
            except FetchFailed:
                continue


def find_urls(document: Any) -> list[str]:
    """Return the URLs of the image and video parts of a body that need not be valid."""
    parts = document.get("input") if isinstance(document, dict) else None
    urls: list[str] = []
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict):
            for kind in ("image_url", "video_url"):
                target = part.get(kind)
                if isinstance(target, dict) and isinstance(target.get("url"), str):
                    urls.append(target["url"])
    return urls


def _key_in_use(kind: str, why: str) -> Refusal:
    message = f"This Idempotency-Key {why}."
    return Refusal(kind, 409, "invalid_request", "idempotency_key_in_use", message, "Idempotency-Key")


def _tokens_exhausted(wait_s: int) -> Refusal:
    message = "The team's tokens per minute are used up."
    headers = ((b"retry-after", b"%d" % wait_s),)
    return Refusal("rate.tokens", 429, "rate_limit", "tpm_rate_limit_exceeded", message, None, headers)
