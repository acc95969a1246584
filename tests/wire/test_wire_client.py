"""
The client and its pace: rates, budgets, overloads and lost connections.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate

import pytest

from conformance.errors import IncompleteError, UsageError
from conformance.exchange import Exchange, Failure, FailureKind, Request
from conformance.wire.client import Budget, BudgetSpent, Client, retry_after
from conformance.wire.pace import Pace

GET = Request("GET", "/x")
CONNECT = Failure(FailureKind.CONNECT, "no connection: refused")
DISCONNECT = Failure(FailureKind.DISCONNECT, "closed")


class Scripted:
    """
    A transport that answers what the script says, its last word for ever; *times* are those of the sendings.
    """

    base_url = "http://scripted.invalid"

    def __init__(self, script: Iterable[int | Failure | tuple[int, str]]) -> None:
        self.script = list(script)
        self.times: list[float] = []

    async def send(self, request: Request, *, timeout: float) -> Exchange:
        self.times.append(time.perf_counter())
        await asyncio.sleep(0)
        word = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(word, Failure):
            return Exchange(request, failure=word)
        if isinstance(word, tuple):
            return Exchange(request, word[0], (("retry-after", word[1]),))
        return Exchange(request, word)

    async def close(self) -> None:
        pass


def play(
    *script: int | Failure | tuple[int, str], retry: bool = True, budget: Budget | None = None
) -> tuple[Exchange, Scripted, Client]:
    transport = Scripted(script)

    async def run() -> tuple[Exchange, Client]:
        client = Client(transport, pace=Pace(None, 4), budget=budget or Budget(), timeout=1)
        return await client.send(GET, retry=retry), client

    exchange, client = asyncio.run(run())
    return exchange, transport, client


def test_a_plain_answer_is_sent_once() -> None:
    exchange, transport, client = play(200)
    assert (exchange.status, exchange.attempts, exchange.overloads) == (200, 1, ())
    assert (len(transport.times), client.traffic.sent, client.traffic.retries) == (1, 1, 0)


@pytest.mark.parametrize("status", [200, 400, 401, 500, 502, 504])
def test_what_is_no_overload_is_not_retried(status: int) -> None:
    assert play(status)[0].attempts == 1


def test_overloads_are_retried_with_growing_delays() -> None:
    exchange, transport, client = play(429, 503, 200)
    assert (exchange.status, exchange.attempts, exchange.overloads) == (200, 3, (429, 503))
    first, second, third = transport.times
    assert 0.19 < second - first < 0.35
    assert 0.39 < third - second < 0.6
    assert (client.traffic.retries, client.traffic.overloads) == (2, {429: 1, 503: 1})
    assert 0.5 < client.traffic.waited < 0.7


@pytest.mark.parametrize("status", [429, 503, 502, 504])
def test_retry_after_is_obeyed(status: int) -> None:
    exchange, transport, _ = play((status, "0.3"), 200)
    assert (exchange.status, exchange.overloads) == (200, (status,))
    assert 0.29 < transport.times[1] - transport.times[0] < 0.45


def test_retry_after_forms() -> None:
    assert retry_after("2") == 2
    assert retry_after(" 0.5 ") == 0.5
    assert retry_after("-1") is None
    assert retry_after("soon") is None
    assert retry_after("") is None
    assert retry_after(None) is None
    assert retry_after("²") is None
    assert retry_after("nan") is None
    assert retry_after("9" * 500) is not None
    assert 1 <= (retry_after(formatdate(time.time() + 3, usegmt=True)) or 0) <= 3
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("Wed, 99 Oct 99999 07:28:00 GMT") is None


def test_an_endless_overload_is_returned_in_the_end() -> None:
    exchange, transport, _ = play((429, "0"))
    assert (exchange.status, exchange.attempts, exchange.overloads) == (429, 6, (429,) * 5)
    assert len(transport.times) == 6


def test_a_target_that_only_ever_overloads_is_not_waited_for_each_time() -> None:
    transport = Scripted([(503, "0")])

    async def run() -> list[Exchange]:
        client = Client(transport, pace=Pace(None, 4), budget=Budget(), timeout=1)
        return [await client.send(GET) for _ in range(50)]

    started = time.perf_counter()
    exchanges = asyncio.run(run())
    assert [e.attempts for e in exchanges] == [6] * 3 + [1] * 47
    assert time.perf_counter() - started < 10


def test_without_retry_the_first_answer_counts() -> None:
    for word in (429, 503, DISCONNECT):
        exchange, transport, _ = play(word, 200, retry=False)
        assert exchange.attempts == len(transport.times) == 1


def test_an_overload_slows_the_whole_client() -> None:
    transport = Scripted([(429, "0.3"), 200])

    async def run() -> None:
        client = Client(transport, pace=Pace(None, 8), budget=Budget(), timeout=1)
        first = asyncio.create_task(client.send(GET))
        await asyncio.sleep(0.05)
        await asyncio.gather(first, *[client.send(GET) for _ in range(5)])

    asyncio.run(run())
    assert len(transport.times) == 7
    later = transport.times[1:]
    assert min(later) - transport.times[0] > 0.29
    # They come out one by one, and not all at the same moment.
    assert max(later) - min(later) > 0.02


def test_after_an_overload_the_pace_still_holds() -> None:
    transport = Scripted([200, 200, (429, "0.3"), 200])

    async def run() -> None:
        client = Client(transport, pace=Pace(20, 16), budget=Budget(), timeout=1)
        await asyncio.gather(*[client.send(GET) for _ in range(16)])

    asyncio.run(run())
    gaps = [after - before for before, after in zip(transport.times, transport.times[1:], strict=False)]
    assert min(gaps) > 0.035


def test_a_lost_connection_is_tried_once_more() -> None:
    exchange, _, client = play(DISCONNECT, 200)
    assert (exchange.status, exchange.attempts) == (200, 2)
    exchange, transport, client = play(DISCONNECT)
    assert (exchange.failure, exchange.attempts, len(transport.times)) == (DISCONNECT, 2, 2)
    assert client.traffic.lost == 2
    protocol = Failure(FailureKind.PROTOCOL, "x")
    assert play(protocol)[0].attempts == 1


def test_an_unreachable_target_ends_the_run() -> None:
    transport = Scripted([CONNECT])

    async def run() -> list[Exchange]:
        client = Client(transport, pace=Pace(None, 4), budget=Budget(), timeout=1)
        found = [await client.send(GET, retry=False) for _ in range(4)]
        for _ in range(2):
            with pytest.raises(IncompleteError, match="can't be reached") as caught:
                await client.send(GET, retry=False)
            assert "http://scripted.invalid" in str(caught.value)
            assert not isinstance(caught.value, BudgetSpent)
        return found

    assert len(asyncio.run(run())) == 4
    assert len(transport.times) == 5


def test_an_answer_between_makes_it_reachable() -> None:
    transport = Scripted([CONNECT] * 4 + [DISCONNECT] + [CONNECT] * 4 + [200])

    async def run() -> None:
        client = Client(transport, pace=Pace(None, 4), budget=Budget(), timeout=1)
        for _ in range(10):
            await client.send(GET, retry=False)

    asyncio.run(run())


def test_the_budget_of_requests_counts_retries() -> None:
    with pytest.raises(BudgetSpent, match=r"budget\.requests"):
        play((429, "0"), (429, "0"), 200, budget=Budget(requests=2))
    assert play((429, "0"), 200, budget=Budget(requests=2))[0].status == 200


def test_the_budget_of_seconds() -> None:
    with pytest.raises(BudgetSpent, match=r"budget\.seconds"):
        play(200, budget=Budget(seconds=0))
    started = time.perf_counter()
    with pytest.raises(BudgetSpent, match="patience"):
        play((429, "60"), 200, budget=Budget(seconds=5))
    assert time.perf_counter() - started < 1


def spread(rate: float | None, in_flight: int, count: int, *, hold: float = 0.0) -> tuple[list[float], int]:
    times: list[float] = []
    inside = most = 0

    async def one(pace: Pace) -> None:
        nonlocal inside, most
        async with pace:
            inside += 1
            most = max(most, inside)
            times.append(time.perf_counter())
            await asyncio.sleep(hold)
            inside -= 1

    async def run() -> None:
        pace = Pace(rate, in_flight)
        await asyncio.gather(*[one(pace) for _ in range(count)])

    started = time.perf_counter()
    asyncio.run(run())
    return [moment - started for moment in times], most


@pytest.mark.parametrize(("rate", "count"), [(50.0, 26), (400.0, 201)])
def test_the_pace_holds_its_rate(rate: float, count: int) -> None:
    times, _ = spread(rate, 8, count)
    # A busy machine may make it slower, and nothing may make it faster.
    assert 0.3 * rate < (count - 1) / (times[-1] - times[0]) < 1.05 * rate


def test_the_pace_lets_no_burst_through_after_a_rest() -> None:
    async def run() -> float:
        pace = Pace(20, 8)
        async with pace:
            await asyncio.sleep(0.3)
        started = time.perf_counter()
        for _ in range(4):
            async with pace:
                pass
        return time.perf_counter() - started

    assert 0.13 < asyncio.run(run()) < 0.25


def test_the_pace_limits_what_is_in_flight() -> None:
    times, most = spread(None, 3, 9, hold=0.05)
    assert most == 3
    assert 0.09 < times[-1] < 0.2


def test_a_cancelled_turn_gives_its_room_back() -> None:
    async def run() -> None:
        pace = Pace(2, 1)
        async with pace:
            pass

        async def enter() -> None:
            async with pace:
                pass

        waiting = asyncio.create_task(enter())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(enter(), 2)

    asyncio.run(run())


@pytest.mark.parametrize(
    "make", [lambda: Pace(0), lambda: Pace(-1), lambda: Pace(float("inf")), lambda: Pace(1, 0)]
)
def test_an_unusable_pace_is_refused(make: Callable[[], Pace]) -> None:
    with pytest.raises(UsageError):
        make()
