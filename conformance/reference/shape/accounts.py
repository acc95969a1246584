"""
API keys, fixed so that a test knows them before the server starts, and the bucket of each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conformance.reference.buckets import Bucket
from conformance.reference.clock import VirtualClock

__all__ = ["REQUESTS_PER_MINUTE", "TOKENS_PER_MINUTE", "ApiKey", "Keyring", "derive_keys", "make_keyring"]

REQUESTS_PER_MINUTE = 600_000
TOKENS_PER_MINUTE = 2_000_000_000
LIMITED_BURST = 4


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key; `state` is its name when something is the matter with it, else empty."""

    name: str
    secret: str
    requests: Bucket
    tokens: Bucket
    state: str = ""


Keyring = dict[str, ApiKey]


def derive_keys(names: Iterable[str], prefix: str) -> dict[str, str]:
    """Return a secret for each name, always the same."""
    return {name: prefix + hashlib.sha256(f"{prefix} key {name}".encode()).hexdigest()[:48] for name in names}


def make_keyring(secrets: Mapping[str, str], clock: VirtualClock) -> Keyring:
    """Return every key by its secret; only the key `limited` runs out of requests soon."""

    def make(name: str, secret: str) -> ApiKey:
        limited = name == "limited"
        requests = Bucket(
            clock,
            capacity=LIMITED_BURST if limited else REQUESTS_PER_MINUTE,
            per_second=1.0 if limited else REQUESTS_PER_MINUTE / 60,
        )
        tokens = Bucket(clock, capacity=TOKENS_PER_MINUTE, per_second=TOKENS_PER_MINUTE / 60)
        return ApiKey(name, secret, requests, tokens, "" if name in ("main", "limited") else name)

    return {secret: make(name, secret) for name, secret in secrets.items()}
