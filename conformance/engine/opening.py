"""
The beginning of a run: a session with its client open, and the first line of the log.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import orjson

from conformance import __version__
from conformance.contract import Contract
from conformance.engine.plan import BUDGETS
from conformance.engine.record import Recorder
from conformance.engine.session import Session, selected
from conformance.engine.tally import Tally
from conformance.engine.target import Target
from conformance.errors import Fault, UsageError
from conformance.exchange import Exchange, Failure
from conformance.wire.client import Budget, Client
from conformance.wire.pace import Pace
from conformance.wire.redaction import Redactor
from conformance.wire.transport import open_asgi, open_transport

if TYPE_CHECKING:
    from conformance.engine.run import Options

__all__ = ["header_line", "open_session"]

Emit = Callable[[dict[str, Any]], None]

_TELLING = 16


def open_session(contract: Contract, target: Target, options: Options, emit: Emit) -> Session:
    """
    Return a session with its client open. Raises UsageError.
    """
    clauses = selected(contract, options.clauses, options.level, target.features)
    if not clauses:
        shown = ", ".join(options.clauses) or str(options.level)
        raise UsageError(
            Fault(
                "no clause is selected",
                where="--clause",
                got=shown,
                expected="a clause id or a pattern",
                move="conformance list",
            )
        )
    if options.budget not in BUDGETS:
        raise UsageError(
            Fault("there is no such budget", where="--budget", got=options.budget, expected=", ".join(BUDGETS))
        )
    secrets = dict(target.secrets)
    main = target.key_names.get("main", "")
    if main in target.secrets:
        # Keys that are almost right, for the clauses that must see them refused.
        secrets[f"{main}__cut"] = target.secrets[main][:-1]
        secrets[f"{main}__swapcase"] = target.secrets[main].swapcase()
    if target.app is not None:
        transport: Any = open_asgi(target.app, secrets=secrets)
    else:
        transport = open_transport(
            base_url=target.base_url or "",
            secrets=secrets,
            tls_verify=target.tls_verify,
            tls_ca=target.tls_ca,
            proxy=target.proxy,
            in_flight=target.in_flight,
        )
    client = Client(
        transport,
        pace=Pace(target.requests_per_second, target.in_flight),
        budget=Budget(target.requests, target.seconds),
        timeout=target.timeout,
    )
    redactor = Redactor(secrets)
    return Session(
        contract=contract,
        target=target,
        client=client,
        recorder=Recorder(redactor.redact),
        clean=_cleaning(redactor, secrets),
        emit=_redacting(emit, redactor),
        tallies={clause.id: Tally(clause) for clause in clauses},
        seed=options.seed,
        shrinking=options.shrinking,
    )


def _cleaning(redactor: Redactor, secrets: Mapping[str, str]) -> Callable[[Exchange], None]:
    """
    Return what takes every key out of an answer before anybody looks at it, so that no cut of it can hold half a key.
    """
    needles = [secret.encode() for secret in secrets.values()]
    # A short key may be an ordinary word, and stand in an answer by chance.
    telling = [s.encode() for name, s in secrets.items() if len(s) >= _TELLING and "__" not in name]

    def clean(exchange: Exchange) -> None:
        exchange.leaks = any(needle in exchange.body for needle in telling)
        # A head holds a key in next to no answer, so it is searched as one text first.
        head = "\n".join([value for _, value in exchange.headers])
        if redactor.redact(head) != head:
            exchange.headers = tuple((name, redactor.redact(value)) for name, value in exchange.headers)
        # Successes are large and many: the plain search decides whether a closer look is needed.
        if (exchange.status or 0) >= 400 or any(needle in exchange.body for needle in needles):
            exchange.body = redactor.redact(exchange.body)
        if exchange.failure is not None:
            exchange.failure = Failure(exchange.failure.kind, redactor.redact(exchange.failure.detail))

    return clean


def _redacting(emit: Emit, redactor: Redactor) -> Emit:
    """
    Return *emit* with every key taken out of every line, wherever the target put it.
    """
    def pass_on(line: dict[str, Any]) -> None:
        if line["kind"] not in ("progress", "plan"):
            try:
                raw = orjson.dumps(line)
            except TypeError:
                # A lone surrogate, or a whole number beyond 64 bits.
                raw = json.dumps(line).encode()
            clean = redactor.redact(raw)
            if clean != raw:
                line = json.loads(clean)
        emit(line)

    return pass_on


def header_line(contract: Contract, target: Target, options: Options) -> dict[str, Any]:
    """
    Return the log's first line.
    """
    import numpy

    return {
        "kind": "header",
        "log": 1,
        "suite": __version__,
        "contract": {
            "name": contract.name,
            "title": contract.title,
            "revision": contract.revision,
            "digest": contract.digest,
        },
        "target": target.redacted(),
        "seed": options.seed,
        "budget": options.budget,
        "selection": {"clauses": list(options.clauses), "level": options.level},
        "started": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "versions": {"python": platform.python_version(), "numpy": numpy.__version__, "orjson": orjson.__version__},
    }
