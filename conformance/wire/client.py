"""
The client: sends requests at a pace and within a budget, and rides out overloads and lost connections.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from conformance.errors import Fault, IncompleteError, UnreachableError
from conformance.exchange import Exchange, FailureKind, Request
from conformance.wire.gate import Gate
from conformance.wire.pace import Pace
from conformance.wire.transport import Transport

__all__ = ["Budget", "BudgetSpent", "Client", "Traffic", "retry_after"]

_TRIES = 6
_HEAD = 400
_FIRST_DELAY = 0.2
_LAST_DELAY = 5.0
_LONGEST_DELAY = 30.0  # however long Retry-After says
_RECONNECT_DELAY = 0.25
_UNREACHABLE_AFTER = 5
# When so many requests in a row were overloaded to their last try, the target simply answers this way.
_HOPELESS_AFTER = 3

# And when so many of those were about one input each, the next is asked about sooner.
_DOUBTFUL_AFTER = 2
_DOUBTFUL_TRIES = 2

_OVERLOADS = frozenset({429, 503})
_OVERLOADS_IF_SAID = frozenset({502, 504})
_LOST = frozenset({FailureKind.CONNECT, FailureKind.DISCONNECT, FailureKind.TIMEOUT})


class BudgetSpent(IncompleteError):
    """
    Raised in place of a sending that the budget does not allow.
    """


@dataclass(frozen=True, slots=True)
class Budget:
    """
    What a run may use at most: *requests* (each sending counts, retries too) and *seconds* of wall time.
    """

    requests: int | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Traffic:
    """
    What a client has done so far, for reports.

    *sent* counts sendings, *retries* those of them that repeated a request, *overloads* the answers that
    asked for patience by status, *waited* is in seconds of closed gate, and *lost* counts sendings without an
    answer.
    """

    sent: int = 0
    retries: int = 0
    overloads: dict[int, int] = field(default_factory=dict)
    waited: float = 0.0
    lost: int = 0


def retry_after(value: str | None) -> float | None:
    """
    Return the seconds that a Retry-After header asks for (a number or an HTTP date, never negative), or None.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text[:20])
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, moment.timestamp() - time.time())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class Client:
    """
    One target as the engine sees it. *timeout* is in seconds for each sending; the budget's clock starts now.
    """

    __slots__ = (
        "_budget",
        "_deadline",
        "_doubts",
        "_gate",
        "_hopeless",
        "_pace",
        "_refused",
        "_timeout",
        "_transport",
        "_unreachable",
        "traffic",
    )

    def __init__(self, transport: Transport, *, pace: Pace, budget: Budget, timeout: float) -> None:
        self._transport = transport
        self._pace = pace
        self._budget = budget
        self._timeout = timeout
        self._gate = Gate(distance=pace.distance)
        self._deadline = None if budget.seconds is None else time.monotonic() + budget.seconds
        self._hopeless = 0
        self._unreachable = 0
        self._refused = False
        self._doubts = 0
        self.traffic = Traffic()

    @property
    def base_url(self) -> str:
        """
        The target's address.
        """
        return self._transport.base_url

    async def send(self, request: Request, *, retry: bool = True, patience: float | None = None) -> Exchange:
        """
        Send *request* and return its exchange, after as many tries as an overloaded or shaky target needs.

        *retry* False returns the first answer or failure, for clauses that are about those; *patience* is in seconds,
        in place of the timeout, after which the client hangs up. An exchange that still has an overload's status was
        tried six times, or belongs to a target that answers nothing else. Raises BudgetSpent, and IncompleteError when
        nothing could be reached for five requests in a row.
        """
        overloads: list[int] = []
        heads: list[bytes] = []
        lost = 0
        attempts = 0
        while True:
            async with self._pace:
                await self._gate.wait()
                # The budget's end cuts no request short, which would look like the target's fault; it only
                # starts no new one.
                self._count(again=attempts > 0)
                exchange = await self._transport.send(request, timeout=patience or self._timeout)
            # Whoever waits for the room that this one leaves is sent before anybody looks at the answer.
            await asyncio.sleep(0)
            # The transport itself repeats what met a connection that had gone stale.
            attempts += exchange.attempts
            self.traffic.sent += exchange.attempts - 1
            self.traffic.retries += exchange.attempts - 1
            exchange.attempts = attempts
            exchange.overloads = tuple(overloads)
            exchange.overload_heads = tuple(heads)
            if exchange.failure is not None and exchange.failure.kind in _LOST:
                self.traffic.lost += 1
                connect = exchange.failure.kind is FailureKind.CONNECT
                if not connect:
                    self._unreachable = 0
                if not retry or lost:
                    return self._given_up(exchange) if connect else exchange
                lost += 1
                if connect:
                    self._pause(_RECONNECT_DELAY)
                continue
            self._unreachable = 0
            delay = self._delay(exchange, tried=len(overloads))
            if delay is None:
                self._hopeless = 0
                self._gate.ease()
                return exchange
            assert exchange.status is not None
            self.traffic.overloads[exchange.status] = self.traffic.overloads.get(exchange.status, 0) + 1
            if not retry:
                return exchange
            tries = _TRIES if self._doubts < _DOUBTFUL_AFTER else _DOUBTFUL_TRIES
            if attempts >= tries or self._hopeless >= _HOPELESS_AFTER:
                self._hopeless += 1
                if self._hopeless >= _HOPELESS_AFTER:
                    self._gate.open()
                return exchange
            overloads.append(exchange.status)
            heads.append(exchange.body[:_HEAD])
            self._pause(delay)

    def doubt(self) -> None:
        """
        Take note that what looked like an overload was the answer to one input, while others were served.
        """
        self._doubts += 1

    async def close(self) -> None:
        """
        Close the transport.
        """
        await self._transport.close()

    def _delay(self, exchange: Exchange, *, tried: int) -> float | None:
        """
        Return the seconds to wait before *exchange* is tried again, or None when it is no overload.
        """
        said = retry_after(exchange.header("retry-after"))
        if exchange.status in _OVERLOADS or (exchange.status in _OVERLOADS_IF_SAID and said is not None):
            return min(_FIRST_DELAY * 2**tried, _LAST_DELAY) if said is None else min(said, _LONGEST_DELAY)
        return None

    def _pause(self, seconds: float) -> None:
        if self._deadline is not None and time.monotonic() + seconds >= self._deadline:
            raise self._spent(
                "seconds", f"{self._budget.seconds:g} s, and the target asks for {seconds:.1f} s of patience"
            )
        self.traffic.waited += self._gate.close(seconds=seconds)

    def _count(self, *, again: bool) -> None:
        if self._unreachable >= _UNREACHABLE_AFTER:
            raise self._gone("an earlier request found nothing to talk to")
        if self._budget.requests is not None and self.traffic.sent >= self._budget.requests:
            raise self._spent("requests", f"{self._budget.requests} requests")
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise self._spent("seconds", f"{self._budget.seconds:g} s")
        self.traffic.sent += 1
        self.traffic.retries += again

    def _given_up(self, exchange: Exchange) -> Exchange:
        self._unreachable += 1
        if self._unreachable >= _UNREACHABLE_AFTER:
            raise self._gone(exchange.failure.detail if exchange.failure else "")
        return exchange

    def _gone(self, detail: str) -> UnreachableError:
        self._refused = self._refused or "refused" in detail.lower()
        return UnreachableError(
            Fault(
                "the target can't be reached",
                where=self._transport.base_url,
                got=detail,
                expected="a server that accepts connections",
                move="start the server, or check base_url, proxy and TLS settings",
            ),
            refused=self._refused,
        )

    def _spent(self, what: str, used: str) -> BudgetSpent:
        return BudgetSpent(
            Fault(
                "the budget is spent",
                where=f"budget.{what}",
                got=used,
                expected="enough for every case of the plan",
                move=f"raise the budget's {what}, or select fewer clauses",
            )
        )
