"""
Who may come in: credentials and the bucket of requests.
"""

from __future__ import annotations

from conformance.reference.shape.accounts import ApiKey, Keyring
from conformance.reference.shape.behaviour import Behaviour
from conformance.reference.shape.call import Call
from conformance.reference.shape.dialect import Dialect
from conformance.reference.shape.refusals import Headers, Refused

__all__ = ["Doorkeeper"]


class Doorkeeper:
    """Lets a call in, or refuses it before its body is looked at."""

    def __init__(self, behaviour: Behaviour, dialect: Dialect, keys: Keyring) -> None:
        """Guard with the given keys."""
        self._behaviour = behaviour
        self._dialect = dialect
        self._keys = keys
        self._fallback = next(iter(keys.values()))

    def admit(self, call: Call) -> None:
        """
        Identify the caller and take its turn.

        Raises:
            Refused: no credential, a bad one, a path that is not for it, or an empty bucket.
        """
        call.key = self._identify(call)
        try:
            self._dialect.check_place(call)
        except Refused as refused:
            shared = call.place is not None and call.place.kind in self._behaviour.shared_places
            if refused.kind not in self._behaviour.unchecked and not shared:
                raise
        self._take_turn(call, call.key)

    def _identify(self, call: Call) -> ApiKey:
        place = call.place.kind if call.place is not None else ""
        if place in self._behaviour.open_paths:
            return self._fallback
        presented = self._read_credential(call)
        if not presented:
            if "auth.missing" in self._behaviour.unchecked:
                return self._fallback
            message = "You didn't provide an API key. Send it as Authorization: Bearer."
            raise Refused("auth.missing", message)
        key = self._behaviour.find_key(self._keys, presented)
        if key is None or key.state == "revoked":
            if "auth.invalid" in self._behaviour.unchecked:
                return self._fallback
            shown = f"{presented[:4]}***{presented[-4:]}" if len(presented) > 24 else "***"
            raise Refused("auth.invalid", f"Incorrect API key provided: {shown}.")
        return key

    def _read_credential(self, call: Call) -> str:
        value = (call.header(self._behaviour.credential_header) or "").strip()
        scheme, _, credential = value.partition(" ")
        if self._behaviour.checks_scheme:
            return credential.strip() if scheme.lower() == "bearer" else ""
        return credential.strip() or value

    def _take_turn(self, call: Call, key: ApiKey) -> None:
        bucket = key.requests
        every = self._behaviour.refuses_every
        if every and call.serial % every == 0:
            wait = 1
        elif bucket.take():
            return
        else:
            wait = bucket.wait_s()
        name = self._behaviour.retry_after
        headers: Headers = () if name is None else ((name.encode(), b"%d" % wait),)
        message = f"Rate limit reached: {bucket.capacity} requests at once. Please try again in {wait}s."
        raise Refused("rate.requests", message, headers=headers, extra=self._dialect.write_limited(wait))
