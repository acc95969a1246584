"""
The routes that only read: models, balance, team and usage events.
"""

from __future__ import annotations

import time
from calendar import timegm
from typing import Any
from urllib.parse import parse_qs

from conformance.reference.asgi import Answer
from conformance.reference.aurous.behaviour import Behaviour
from conformance.reference.aurous.call import Call
from conformance.reference.aurous.catalogue import MODELS, write_row
from conformance.reference.aurous.doorkeeper import Doorkeeper
from conformance.reference.aurous.refusals import Refused, malformed, missing, out_of_range
from conformance.reference.aurous.writing import write_document
from conformance.reference.clock import format_utc
from conformance.reference.ledger import MICRO, to_decimal

__all__ = ["Reads"]

LARGEST_PAGE = 500


class Reads:
    """Answers the GET routes for any key."""

    def __init__(self, behaviour: Behaviour, doorkeeper: Doorkeeper) -> None:
        """Read with the given behaviour."""
        self._behaviour = behaviour
        self._doorkeeper = doorkeeper

    def _finish(self, call: Call, document: dict[str, Any]) -> Answer:
        if self._behaviour.on_read is not None:
            return Answer(200, write_document(self._behaviour.on_read(call, document)))
        return Answer(200, write_document(document))

    async def models(self, call: Call) -> Answer:
        """List the models."""
        self._doorkeeper.admit(call, scope="read")
        return self._finish(call, {"object": "list", "data": [write_row(model) for model in MODELS]})

    async def balance(self, call: Call) -> Answer:
        """Tell what the team has, what is held and what is left."""
        self._doorkeeper.admit(call, scope="read")
        credits, held = self._read_account(call)
        mode = "exempt" if call.team.account.exempt else "metered"
        body = (
            f'{{"credits":{to_decimal(credits)},"held_credits":{to_decimal(held)},'
            f'"available_credits":{to_decimal(credits - held)},"currency":"credit","billing_mode":"{mode}"}}'
        )
        if self._behaviour.on_read is None:
            return Answer(200, body.encode())
        document = {
            "credits": credits / MICRO,
            "held_credits": held / MICRO,
            "available_credits": (credits - held) / MICRO,
            "currency": "credit",
            "billing_mode": mode,
        }
        return self._finish(call, document)

    def _read_account(self, call: Call) -> tuple[int, int]:
        account = call.team.account
        lag = self._behaviour.ledger_lag_s
        if lag:
            horizon = time.monotonic() - lag
            settled = [balance for at, balance, _ in call.team.readings if at <= horizon]
            if settled:
                return settled[-1], account.held
            if call.team.readings:
                return call.team.readings[0][2], account.held
        return account.balance, account.held

    async def team(self, call: Call) -> Answer:
        """Tell who the team is."""
        self._doorkeeper.admit(call, scope="read")
        team = call.team
        document = {
            "id": team.id,
            "name": team.name,
            "credits": team.account.balance / MICRO,
            "created_at": format_utc(team.created_at),
            "billing_email": "billing@example.com",
        }
        return self._finish(call, document)

    async def events(self, call: Call) -> Answer:
        """List the billed requests since `start_time`, oldest first."""
        self._doorkeeper.admit(call, scope="read")
        query = {name: values[-1] for name, values in parse_qs(call.request.query.decode("latin-1")).items()}
        if "start_time" not in query:
            raise Refused(missing("start_time"))
        start = _read_time("start_time", query["start_time"])
        end = _read_time("end_time", query["end_time"]) if "end_time" in query else float("inf")
        limit = _read_limit(query.get("limit", "100"))
        rows = []
        for row in call.team.events:
            wanted = start <= row["_at"] < end
            for name in ("type", "status", "model", "api_key_id"):
                wanted = wanted and query.get(name, row[name]) == row[name]
            if wanted:
                rows.append({name: value for name, value in row.items() if name != "_at"})
        ids = [row["id"] for row in rows]
        first = ids.index(query["cursor"]) + 1 if query.get("cursor") in ids else 0
        page = rows[first : first + limit]
        more = first + limit < len(rows)
        cursor = page[-1]["id"] if more and page else None
        return self._finish(call, {"object": "list", "data": page, "has_more": more, "next_cursor": cursor})


def _read_time(name: str, value: str) -> float:
    for pattern in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"):
        try:
            return float(timegm(time.strptime(value.rstrip("Z").split(".")[0], pattern)))
        except ValueError:
            continue
    try:
        return float(value)
    except ValueError:
        raise Refused(malformed("query.time", f"{name} must be a date-time.", name)) from None


def _read_limit(value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise Refused(malformed("query.limit", "limit must be a whole number.", "limit"))
    number = int(value[:9])
    if not 1 <= number <= LARGEST_PAGE:
        raise Refused(out_of_range("query.limit", f"limit must be from 1 to {LARGEST_PAGE}.", "limit"))
    return number
