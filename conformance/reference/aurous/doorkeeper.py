"""
Who may come in: credentials, scopes, the version header and the request bucket.
"""

from __future__ import annotations

import re

from conformance.reference.aurous.accounts import ApiKey
from conformance.reference.aurous.behaviour import Behaviour, Keyring
from conformance.reference.aurous.call import Call
from conformance.reference.aurous.refusals import (
    Refusal,
    Refused,
    invalid,
    malformed,
    out_of_range,
    unauthenticated,
)

__all__ = ["DEFAULT_VERSION", "Doorkeeper"]

DEFAULT_VERSION = "2026-05-15"
KNOWN_VERSIONS = {DEFAULT_VERSION}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
IDEMPOTENCY_HEADERS = (b"idempotency-key", b"aurous-idempotent-key", b"aurous-idempotency-key")


class Doorkeeper:
    """Lets a call in, or refuses it before its body is looked at."""

    def __init__(self, behaviour: Behaviour, keys: Keyring) -> None:
        """Guard with the given keys."""
        self._behaviour = behaviour
        self._keys = keys
        self._fallback = next(iter(keys.values()))

    def _refuse(self, refusal: Refusal) -> None:
        if refusal.kind not in self._behaviour.unchecked:
            raise Refused(refusal)

    def admit(self, call: Call, *, scope: str) -> None:
        """
        Identify the caller and check every header that matters on this route.

        Raises:
            Refused: no credential, a bad or revoked one, a small scope, a bad version, or an empty bucket.
        """
        call.key = self._identify(call)
        if scope == "write" and call.key.scope == "read":
            message = "This key has the scope read; the request needs the scope write."
            self._refuse(Refusal("auth.scope", 403, "authentication", "missing_scope", message))
        self._take_turn(call)
        self._check_version(call)

    def _identify(self, call: Call) -> ApiKey:
        presented = self._read_credential(call)
        if call.path in self._behaviour.open_paths:
            return self._keys.get(presented or "", self._fallback)
        if presented is None:
            message = "Send your API key in X-Api-Key or as Authorization: Bearer."
            self._refuse(unauthenticated("auth.missing", "missing_api_key", message))
            return self._fallback
        key = self._behaviour.find_key(self._keys, presented)
        if key is None:
            self._refuse(unauthenticated("auth.invalid", "invalid_api_key", "This API key is not valid."))
            return self._fallback
        if key.revoked:
            self._refuse(unauthenticated("auth.revoked", "revoked_api_key", "This API key has been revoked."))
        return key

    def _read_credential(self, call: Call) -> str | None:
        for name in self._behaviour.credential_headers:
            value = call.header(name)
            if value is None:
                continue
            if name != b"authorization":
                return value.strip()
            scheme, _, credential = value.strip().partition(" ")
            return credential.strip() if scheme.lower() == "bearer" else ""
        return None

    def _take_turn(self, call: Call) -> None:
        bucket = call.bucket
        every = self._behaviour.refuses_every
        if every and call.serial % every == 0:
            retry_after = self._behaviour.retry_after
        elif not bucket.take():
            retry_after = b"%d" % bucket.wait_s()
        else:
            return
        message = f"Too many requests: the limit is {bucket.capacity} at once. Wait as Retry-After says."
        headers = ((b"retry-after", retry_after),)
        raise Refused(
            Refusal("rate.requests", 429, "rate_limit", "too_many_requests", message, None, headers)
        )

    def _check_version(self, call: Call) -> None:
        pinned = call.header(b"aurous-version")
        if pinned is None:
            return
        if not _DATE.fullmatch(pinned):
            message = "Aurous-Version must be a date, written YYYY-MM-DD."
            self._refuse(malformed("version.syntax", message, "Aurous-Version"))
        elif pinned not in KNOWN_VERSIONS:
            message = f"There is no version {pinned}; the versions are {', '.join(sorted(KNOWN_VERSIONS))}."
            self._refuse(invalid("version.unknown", "unknown_version", message, "Aurous-Version"))
        else:
            call.version = pinned

    def read_idempotency_key(self, call: Call) -> str | None:
        """
        Return the idempotency key of a call, as narrowed by the server's behaviour.

        Raises:
            Refused: the key is empty or longer than the server keeps.
        """
        key = next((value for name in IDEMPOTENCY_HEADERS if (value := call.header(name)) is not None), None)
        if key is None:
            if self._behaviour.key_required:
                message = "Idempotency-Key is required."
                raise Refused(invalid("key.missing", "missing_field", message, "Idempotency-Key"))
            return None
        if not 1 <= len(key) <= self._behaviour.key_cap:
            message = (
                f"Idempotency-Key has {len(key)} characters; it must have 1 to {self._behaviour.key_cap}."
            )
            self._refuse(out_of_range("key.length", message, "Idempotency-Key"))
        return self._behaviour.narrow_key(call, key)
