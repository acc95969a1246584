"""
One run's surroundings: the client, what was learnt of the target, the witnesses, and what has been judged so far.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.contract import Clause, Contract
from conformance.engine.lane import Lane
from conformance.engine.record import Recorder
from conformance.engine.tally import DECLARED, Tally
from conformance.engine.target import Target
from conformance.exchange import Exchange, Request
from conformance.generate.case import Step, stamped
from conformance.generate.directed import Workshop
from conformance.judge.invariants import Invariant
from conformance.judge.scene import Memory, Scene
from conformance.judge.view import MISSING, View, finite, pointer
from conformance.wire.client import BudgetSpent, Client
from conformance.witness.canary import Canary
from conformance.witness.clock import Clock
from conformance.witness.ledger import Ledger

__all__ = ["Session"]

_TWO_MEDIA = "media.images: URLs of two different images that the target can fetch"
_TRANSIENT_TRIES = 4
_TRANSIENT_DELAY = 0.2


@dataclass(slots=True)
class Session:
    """
    What every phase of a run works with.

    *alive* is False while the target has not shown that it serves a plain request and refuses a broken one; *first* is
    the answer to the first control; *dead* are operations that don't serve a plain request. *gone* is the case after
    which it no longer answered, *refused* are the cases that it refused last, *waiting* those that wait to hear whether
    it still does. *lacks* maps a need that is not met to what to supply. *twins* are the answers to twins, *shareable*
    the requests of the plan that are some case's twin as well.
    """

    contract: Contract
    target: Target
    client: Client
    recorder: Recorder
    emit: Callable[[dict[str, Any]], None]
    clean: Callable[[Exchange], None]
    tallies: dict[str, Tally]
    seed: int = 0
    shrinking: bool = True
    facts: dict[str, Any] = field(default_factory=dict)
    lacks: dict[str, str] = field(default_factory=dict)
    alive: bool = False
    first: View | None = None
    control: str = ""
    dead: set[str] = field(default_factory=set)
    memory: Memory = field(default_factory=Memory)
    invariants: tuple[Invariant, ...] = ()
    workshop: Workshop | None = None
    canary: Canary | None = None
    canary_proven: bool = False
    ledger: Ledger | None = None
    clock: Clock | None = None
    charged: float = 0.0
    done: int = 0
    of: int = 0
    failures: int = 0
    phase: str = ""
    lanes: dict[str, Lane] = field(default_factory=dict)
    gone: str = ""
    running: int = 0
    waiting: int = 0
    feeling: asyncio.Lock = field(default_factory=asyncio.Lock)
    refused: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    pulse: float = 0.0
    began: float = field(default_factory=time.monotonic)
    twins: dict[tuple[str, str, bytes], asyncio.Future[View | None]] = field(default_factory=dict)
    shareable: set[tuple[str, str, bytes]] = field(default_factory=set)
    watched: list[tuple[str, str, str]] = field(default_factory=list)
    _keys: int = 0

    @property
    def shop(self) -> Workshop:
        """
        The workshop, once discovery has made it.
        """
        assert self.workshop is not None
        return self.workshop

    @property
    def features(self) -> dict[str, str]:
        """
        What the target declares to do, or else what the contract takes for granted, by the feature's name.
        """
        return {
            name: self.target.features.get(name, str(row["default"])) for name, row in self.contract.features.items()
        }

    def scene(self, steps: Mapping[str, View] | None = None) -> Scene:
        """
        Return the surroundings for judging an answer.
        """
        return Scene(self.contract, self.memory, steps or {})

    def fresh_key(self) -> str:
        """
        Return an idempotency key that no request of this run carries yet.
        """
        self._keys += 1
        return f"conf-{self.shop.nonce() if self.workshop else 'setup'}-{self._keys}"

    def available(self, need: str) -> str | None:
        """
        Return None when *need* is met, or what to supply for it.
        """
        if need in self.lacks:
            return self.lacks[need]
        head, _, rest = need.partition(".")
        if head == "key":
            known = self.contract.authentication.get("keys", {}).get(rest, {})
            if rest == "main":
                return None if "main" in self.target.key_names else "key_env: a key, for a server that asks for one"
            return None if rest in self.target.key_names else known.get("supply", f"operator.keys.{rest}_env")
        if head == "feature":
            name, _, wanted = rest.partition(".")
            declared = self.features[name]
            return None if _is_so(wanted, declared) else f"{DECLARED}{name}: {declared}"
        if head in self.contract.operator:
            known = self.contract.operator[head].get(rest, {})
            return None if rest in self.target.operator.get(head, {}) else str(known.get("supply", need))
        if need == "media.two":
            if "media" in self.lacks:
                return self.lacks["media"]
            known = self.target.images or (() if self.canary_proven else self.contract.media.get("images", ()))
            return None if (self.canary_proven and not self.target.images) or len(set(known)) > 1 else _TWO_MEDIA
        if head == "limits":
            return None if rest in self.target.limits else str(self.contract.limits[rest]["supply"])
        if head == "plain":
            return None if head in self.facts else "a target that serves a plain request"
        if head == "vars":
            return None if rest in self.target.variables else str(self.contract.variables[rest]["supply"])
        for fact in self.contract.facts:
            if fact.name == head:
                value = self.facts.get(head)
                found = isinstance(value, dict) and (not rest or value.get(rest.partition(".")[0]) is not None)
                return None if found else fact.supply
        return None

    async def send(self, step: Step) -> View:
        """
        Send a step's request once and return its view. An answer that asks for patience is asked for again.

        Raises:
            BudgetSpent: when the run may send, or spend, no more.
        """
        assert step.request is not None
        if step.client is not None:
            exchange = await self.lanes[step.client].call(step.request, step.body or {}, retries=step.retries)
            self.clean(exchange)
            return View(exchange, self.contract.operations[step.operation], step.body, key=step.key)
        if self.target.credits is not None and self.charged > self.target.credits:
            raise BudgetSpent(
                f"the budget of {self.target.credits:g} credits is spent ({self.charged:.4f} were charged)"
            )
        request = stamped(step.request, step.key_header, self.fresh_key() if step.key_header else "")
        view = await self._send_patiently(request, step)
        operation = view.operation
        if operation.charge and view.success:
            cost = pointer(view.document, operation.charge)
            replayed = any(
                view.exchange.header(name) is not None for name in self.contract.refusal.get("replay_marks", ())
            )
            if not replayed:
                self.charged += finite(cost) or 0.0
        return view

    async def _send_patiently(self, request: Request, step: Step) -> View:
        operation = self.contract.operations[step.operation]
        for tried in range(_TRANSIENT_TRIES):
            exchange = await self.client.send(request)
            size = len(exchange.body)
            self.clean(exchange)
            view = View(exchange, operation, step.body, key=step.key, size=size)
            # The client has been patient with these already; once more rules out bad luck.
            insisted = tried > 0 and view.status in self.contract.transient.get("statuses", ())
            if insisted or not self.overloaded(view):
                break
            # At odd moments, so as not to keep step with a target that refuses every so many requests.
            await asyncio.sleep(_TRANSIENT_DELAY * (tried + random.random()))
        return view

    def overloaded(self, view: View) -> bool:
        """
        Whether the answer still asks for patience after every retry.
        """
        if view.status in self.contract.transient.get("statuses", ()) and view.exchange.overloads:
            return True
        code = pointer(view.document, self.contract.refusal["code"]) if view.status >= 500 else MISSING
        return isinstance(code, str) and code in self.contract.transient.get("codes", ())

    async def plain(
        self, operation: str, body: Mapping[str, Any] | None = None, *, patience: float | None = None, **send: Any
    ) -> View:
        """
        Send an operation's plain request, with *body* laid over it; with *patience* (seconds) it is sent once, and
        given up then. Raises MissingFact.
        """
        shop = self.shop
        env = shop.environment(shop.nonce())
        template = {"operation": operation, "body": dict(body or {}), **send}
        name, request, value, key, key_header = shop.request(template, env)
        if patience is not None:
            request = stamped(request, key_header, self.fresh_key() if key_header else "")
            exchange = await self.client.send(request, retry=False, patience=patience)
            self.clean(exchange)
            return View(exchange, self.contract.operations[name], value, key=key)
        return await self.send(
            Step("plain", name, request, value, key=key, key_header=key_header, tokens=tuple(env.tokens))
        )

    def image(self, index: int, chars: int | None) -> str:
        """
        Return the URL of an image that the target can fetch, padded to *chars* characters.
        """
        if self.target.images:
            url = self.target.images[index % len(self.target.images)]
        elif self.canary is not None and (self.canary_proven or not self.contract.media.get("images")):
            return self.canary.url(f"image-{index % 97}", chars)
        else:
            images = self.contract.media.get("images", ["https://media.invalid/image.png"])
            url = images[index % len(images)]
        if chars is not None and len(url) < chars:
            joint = "&" if "?" in url else "?"
            url += (joint + "p=" + "a" * chars)[: chars - len(url)]
        return url

    def video(self, index: int) -> str:
        """
        Return the URL of a video; nobody ever has to fetch it.
        """
        videos = self.contract.media.get("videos", ["https://media.invalid/video.mp4"])
        return str(videos[index % len(videos)])

    def media_pattern(self) -> str:
        """
        Return a regular expression of the media URLs that this run sends as acceptable ones.
        """
        known = list(self.target.images or self.contract.media.get("images", ()))
        if self.canary is not None:
            known.append(self.canary.base_url)
        return "^(?:" + "|".join(re.escape(url).replace("/", "\\/") for url in known or ["never:"]) + ")"

    def tally(self, clause: str) -> Tally | None:
        """
        Return the tally of a clause that this run judges, or None.
        """
        return self.tallies.get(clause)

    def progress(self) -> None:
        """
        Tell whoever watches how far the run has come.
        """
        self.emit(
            {
                "kind": "progress",
                "done": self.done,
                "of": self.of,
                "requests": self.client.traffic.sent,
                "failures": self.failures,
                "phase": self.phase,
            }
        )


def selected(
    contract: Contract, patterns: tuple[str, ...], level: str | None, features: Mapping[str, str] | None = None
) -> list[Clause]:
    """
    Return the clauses that the patterns (all when empty) and the level select, in the contract's order; with
    *features*, those that a target declares, without the clauses that only speak of another way than its own.
    """
    from fnmatch import fnmatchcase

    return [
        clause
        for clause in contract.clauses
        if (not patterns or any(fnmatchcase(clause.id, pattern) for pattern in patterns))
        and (level is None or clause.level.value == level)
        and (features is None or _applies(contract, clause, features))
    ]


def _applies(contract: Contract, clause: Clause, features: Mapping[str, str]) -> bool:
    """
    Whether a clause speaks of this target: what is taken for granted does always, and another way only when declared.
    """
    for need in clause.needs:
        if need.startswith("feature."):
            _, name, wanted = need.split(".", 2)
            default = str(contract.features[name]["default"])
            if not _is_so(wanted, default) and not _is_so(wanted, features.get(name, default)):
                return False
    return True


def _is_so(wanted: str, declared: str) -> bool:
    """
    Whether what is declared of a feature is what a need asks for: a value, or any other than one (``not.VALUE``).
    """
    return declared != wanted[4:] if wanted.startswith("not.") else declared == wanted
