"""
Firing and judging against firing alone: the very requests of a standard run, sent again by clients that judge nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import http.client
import statistics
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.phases import timed_run
from benchmarks.yardstick import Server, row, serve, title

IN_FLIGHT = 16
FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "expect", "host"})


@dataclass(frozen=True)
class Sent:
    """
    One request of the log, its keys still named instead of spelled.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None

    def spelled(self, server: Server) -> dict[str, str]:
        found = {}
        for name, value in self.headers:
            filled = value
            for key, secret in server.secrets.items():
                filled = filled.replace("${" + key + "}", secret)
            found[name] = filled
        return found


def bodies(lines: list[dict]) -> list[Sent]:
    found = []
    for line in lines:
        for exchange in line["exchanges"]:
            request = exchange["request"]
            if "connection" in request or any(name.lower() in FRAMING for name, _ in request["headers"]):
                continue  # Requests that break HTTP on purpose: other clients won't send them.
            body = request.get("body")
            packed = request.get("body_z")
            data = zlib.decompress(base64.b64decode(packed)) if packed else None if body is None else body.encode()
            found.append(Sent(request["method"], request["target"], tuple((n, v) for n, v in request["headers"]), data))
    return found


def fire_transport(server: Server, sent: list[Sent]) -> int:
    from conformance.exchange import Request
    from conformance.wire.transport import open_transport

    requests = [Request(s.method, s.target, s.headers, s.body) for s in sent]

    async def go() -> int:
        transport = open_transport(base_url=server.url, secrets=server.secrets, in_flight=IN_FLIGHT)
        waiting, answered = iter(requests), 0

        async def work() -> None:
            nonlocal answered
            for request in waiting:
                exchange = await transport.send(request, timeout=30)
                answered += exchange.status is not None

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        await transport.close()
        return answered

    return asyncio.run(go())


def fire_aiohttp(server: Server, sent: list[Sent]) -> int:
    import aiohttp

    requests = [(s.method, server.url + s.target, s.spelled(server), s.body) for s in sent]

    async def go() -> int:
        waiting, answered = iter(requests), 0
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:

            async def work() -> None:
                nonlocal answered
                for method, url, headers, body in waiting:
                    async with session.request(method, url, headers=headers, data=body) as answer:
                        await answer.read()
                        answered += 1

            await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        return answered

    return asyncio.run(go())


def fire_httpx(server: Server, sent: list[Sent]) -> int:
    import httpx

    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
        for s in sent:
            client.request(s.method, s.target, headers=s.spelled(server), content=s.body)
    return len(sent)


def fire_stdlib(server: Server, sent: list[Sent]) -> int:
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    for s in sent:
        try:
            connection.request(s.method, s.target, body=s.body, headers=s.spelled(server))
            connection.getresponse().read()
        except (http.client.HTTPException, OSError):
            connection.close()
    connection.close()
    return len(sent)


CLIENTS: dict[str, Callable[[Server, list[Sent]], int]] = {
    "our transport, bare": fire_transport,
    "aiohttp": fire_aiohttp,
    "httpx, sync, one at a time": fire_httpx,
    "http.client, one at a time": fire_stdlib,
}


def measure(rounds: int) -> None:
    rates: dict[str, list[float]] = {name: [] for name in ("fire and judge", *CLIENTS)}
    with serve(canary=False) as server:
        timed_run(server, budget="standard")  # what Hypothesis draws is kept for the rounds
    for _ in range(rounds):
        with serve(canary=False) as server:
            timed = timed_run(server, budget="standard", keep=True)
        rates["fire and judge"].append(timed.requests / timed.seconds)
        sent = bodies(timed.lines)
        for name, fire in CLIENTS.items():
            # A server of its own, so that no idempotency key was ever seen.
            with serve(canary=False) as server:
                began = time.perf_counter()
                answered = fire(server, sent)
                rates[name].append(answered / (time.perf_counter() - began))
    median = {name: statistics.median(values) for name, values in rates.items()}
    for name, value in median.items():
        row(f"{name}, requests each second", value)
    fastest = max(median[name] for name in CLIENTS)
    foreign = max(median[name] for name in list(CLIENTS)[1:])
    row("fire and judge as a share of the fastest bare client", median["fire and judge"] / fastest, 0.5, most=False)
    row("fire and judge as a share of the fastest client not ours", median["fire and judge"] / foreign)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    title(f"firing and judging, against firing alone, {IN_FLIGHT} in flight")
    measure(options.rounds)
