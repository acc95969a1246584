"""
Servers as small as a test needs them, all in this process, and what the suite says of them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from conformance.contract import Contract, load_contract
from conformance.engine.run import Options, run
from conformance.engine.target import Target
from conformance.reference.aurous import KEYS, make_app

CREATE = "/v1/embeddings"
ESTIMATE = "/v1/embeddings/estimate"
MODEL = "aurous-embed-vision-1.0"
NAMES = {role: f"TEST_{role.upper()}_KEY" for role in KEYS}


class HangUp(Exception):
    """
    Raised by an edit that lets the connection drop.
    """


@dataclass
class Asked:
    """
    One request: *number* counts from 1 over the life of the server.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    number: int

    @property
    def document(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def input(self) -> Any:
        return self.document.get("input") if isinstance(self.document, dict) else None

    @property
    def key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ") or self.headers.get("x-api-key", "")


@dataclass
class Answered:
    """
    One answer.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    def rewrite(self, document: Any) -> Answered:
        return Answered(self.status, json.dumps(document).encode(), self.headers)


Edit = Callable[[Asked, Answered], Answered | None]


def refuse(status: int, code: str, *, message: str = "No.", kind: str = "invalid_request", headers: dict[str, str] | None = None) -> Answered:
    error = {"type": kind, "code": code, "message": message, "param": None, "doc_url": f"https://docs.example.com/{code}", "request_id": "req_00000000"}
    return Answered(status, json.dumps({"error": error}).encode(), {"content-type": "application/json", **(headers or {})})


class World:
    """
    An ASGI application: *reply* answers by itself, or *edit* changes what the server *inner* answers.
    """

    def __init__(self, *, edit: Edit | None = None, inner: Any = None, reply: Callable[[Asked], Answered] | None = None) -> None:
        self._edit = edit
        self._inner = inner if inner is not None or reply is not None else make_app()
        self._reply = reply
        self.asked: list[Asked] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ConnectionRefusedError  # no lifespan
        message = await receive()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        asked = Asked(scope["method"], scope["path"], headers, message["body"], len(self.asked) + 1)
        self.asked.append(asked)
        if self._reply is not None:
            answered = self._reply(asked)
        else:
            answered = await self._pass_on(scope, message, receive)
            if self._edit is not None:
                answered = self._edit(asked, answered) or answered
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answered.headers.items() if name != "content-length"]
        await send({"type": "http.response.start", "status": answered.status, "headers": pairs})
        await send({"type": "http.response.body", "body": answered.body})

    async def _pass_on(self, scope: Any, message: Any, receive: Any) -> Answered:
        waiting, sent = [message], []

        async def again() -> Any:
            return waiting.pop() if waiting else await receive()

        async def keep(part: Any) -> None:
            sent.append(part)

        await self._inner(scope, again, keep)
        headers = {bytes(name).decode("latin-1").lower(): bytes(value).decode("latin-1") for name, value in sent[0]["headers"]}
        return Answered(sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:]), headers)

    def count(self, path: str = CREATE) -> int:
        return sum(1 for asked in self.asked if asked.path == path)


@dataclass
class Report:
    """
    What a run said.
    """

    code: int
    lines: list[dict[str, Any]]

    @property
    def clauses(self) -> dict[str, dict[str, Any]]:
        return {line["id"]: line for line in self.lines if line["kind"] == "clause"}

    @property
    def cases(self) -> dict[str, dict[str, Any]]:
        return {line["id"]: line for line in self.lines if line["kind"] == "case"}

    @property
    def footer(self) -> dict[str, Any]:
        return self.lines[-1]

    def ids(self, *verdicts: str) -> set[str]:
        return {clause for clause, line in self.clauses.items() if line["verdict"] in verdicts}

    def verdict(self, clause: str) -> str:
        return self.clauses[clause]["verdict"]

    def text(self) -> str:
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in self.lines)


@cache
def contract() -> Contract:
    return load_contract("aurous")


def make_target(app: Any, **fields: Any) -> Target:
    made: dict[str, Any] = {
        "contract": "aurous",
        "app": app,
        "secrets": {NAMES[role]: key for role, key in KEYS.items()},
        "key_names": NAMES,
        "canary": None,
        "requests_per_second": None,
        "requests": None,
        "credits": None,
        "seconds": None,
        "timeout": 5.0,
    }
    return Target(**{**made, **fields})


def judge(
    server: Any, *clauses: str, budget: str = "quick", strict: bool = False, finished: Any = None, level: str | None = None, **fields: Any
) -> Report:
    """
    Run the suite against *server* for the clauses that the patterns select (all when there are none).
    """
    lines: list[dict[str, Any]] = []
    options = Options(clauses=clauses, level=level, budget=budget, strict=strict, finished=finished or {})
    code = asyncio.run(run(contract(), make_target(server, **fields), options, lines.append))
    return Report(code, lines)


def light() -> tuple[str, ...]:
    """
    Return every clause but those whose requests hold a million characters, for tests that judge by all of them.
    """
    heavy = ("caps.text.", "tokens.", "uncharged.caps.text", "estimate.caps.text.", "estimate.tokens.")
    return tuple(clause.id for clause in contract().clauses if not clause.id.startswith(heavy))


def having(words: Iterable[str], value: Any) -> bool:
    text = json.dumps(value)
    return any(word in text for word in words)
