"""
Teams, their keys and what they have: fixed, so that a test knows them before the server starts.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from conformance.reference.buckets import Bucket
from conformance.reference.clock import VirtualClock
from conformance.reference.ledger import MICRO, Account

__all__ = ["KEYS", "REQUESTS_PER_MINUTE", "ApiKey", "Team", "make_keyring"]


def _key(name: str) -> str:
    return "al_live_" + hashlib.sha256(f"reference key {name}".encode()).hexdigest()


KEYS = {
    name: _key(name)
    for name in (
        "main",
        "same_team",
        "other_team",
        "revoked",
        "no_credit",
        "exempt",
        "read_only",
        "limited",
    )
}
REQUESTS_PER_MINUTE = 600_000
TOKENS_PER_MINUTE = 2_000_000_000
LIMITED_BURST = 4


@dataclass(slots=True)
class Team:
    """One customer: a balance, a bucket for each class of use, and a row for each request that was billed."""

    id: str
    name: str
    account: Account
    requests: Bucket
    reads: Bucket
    tokens: Bucket
    created_at: float
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=5_000))
    readings: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=20_000))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of a team; scopes are read, write and full."""

    id: str
    secret: str
    team: Team
    scope: str = "full"
    revoked: bool = False


def make_keyring(clock: VirtualClock) -> dict[str, ApiKey]:
    """Return every key by its secret, each team with a fresh balance."""

    def team(name: str, credits: int, *, exempt: bool = False, limited: bool = False) -> Team:
        identifier = hashlib.sha256(name.encode()).hexdigest()[:26].upper()
        return Team(
            id=f"team_{identifier}",
            name=name,
            account=Account(credits * MICRO, exempt=exempt),
            requests=Bucket(
                clock,
                capacity=LIMITED_BURST if limited else REQUESTS_PER_MINUTE,
                per_second=1.0 if limited else REQUESTS_PER_MINUTE / 60,
            ),
            reads=Bucket(clock, capacity=REQUESTS_PER_MINUTE, per_second=REQUESTS_PER_MINUTE / 60),
            tokens=Bucket(clock, capacity=TOKENS_PER_MINUTE, per_second=TOKENS_PER_MINUTE / 60),
            created_at=1_779_000_000.0,
        )

    main = team("Reference", 250_000)
    teams = {
        "main": main,
        "same_team": main,
        "revoked": main,
        "read_only": main,
        "other_team": team("Other", 100_000),
        "no_credit": team("Empty", 0),
        "exempt": team("Exempt", 500, exempt=True),
        "limited": team("Limited", 10_000, limited=True),
    }
    return {
        secret: ApiKey(
            id=f"key_{hashlib.sha256(secret.encode()).hexdigest()[:26].upper()}",
            secret=secret,
            team=teams[name],
            scope="read" if name == "read_only" else "full",
            revoked=name == "revoked",
        )
        for name, secret in KEYS.items()
    }
