"""
Patterns of clauses that break together, whatever the fault.
"""

from __future__ import annotations

__all__ = [
    "BAD_KEY",
    "CHARGES",
    "COUNTED",
    "ENVELOPES",
    "FEES",
    "LIVE",
    "MARKED",
    "OTHER",
    "REFUSALS",
    "REPLAYS",
    "SAME",
    "TEXTS",
    "Clauses",
    "beyond_cap",
    "let_in",
    "of_cap",
    "refused",
    "uncharged",
]

Clauses = tuple[str, ...]

# The refusals that are asked for with an image whose fetches are counted.
FETCHING = {
    *("video", "dimensions.unlisted", "model.missing", "model.unknown", "model.kind", "input.items", "input.parts"),
    *("encoding_format.unknown", "url.scheme"),
}


def refused(*rows: str) -> Clauses:
    """Return the clauses about a refusal, on both routes."""
    return tuple(f"{route}refuse.{row}" for row in rows for route in ("", "estimate."))


def let_in(*rows: str) -> Clauses:
    """Return what breaks when requests that should be refused are served instead: what they name is fetched, too."""
    return (*refused(*rows), *(f"unfetched.{row}" for row in rows if row in FETCHING))


def of_cap(row: str, *kinds: str) -> Clauses:
    """Return some of the clauses about a cap, on both routes."""
    return tuple(f"{route}caps.{row}.{kind}" for kind in kinds for route in ("", "estimate."))


def beyond_cap(row: str, *kinds: str) -> Clauses:
    """Return what breaks when a request beyond a cap is served: what it names is fetched, too."""
    return (*of_cap(row, *kinds), f"unfetched.caps.{row}")


def uncharged(*rows: str) -> Clauses:
    """Return the clauses that say of refusals that they cost nothing."""
    return tuple(f"uncharged.{row}" for row in rows)


# Every clause that reads a refusal, and finds none that it can read, or none that is the documented one.
REFUSALS: Clauses = (
    *("refuse.*", "estimate.refuse.*", "unfetched.*"),
    *(f"{route}caps.*.{kind}" for kind in ("over", "far", "message", "param") for route in ("", "estimate.")),
    *("auth.missing", "auth.invalid", "auth.scheme", "auth.revoked", "auth.read_only", "auth.read_only.type"),
    *("billing.no_credit", "rate_limit.refusal", "tokens.total", "fetch.video", "url.data", "url.http", "url.blocked"),
    *("idempotency.conflict", "idempotency.refusal_not_stored", "idempotency.together", "idempotency.model"),
    *("money.conflict", "money.together", "money.model", "money.too_many_tokens"),
)
ENVELOPES: Clauses = ("refusal.envelope", "refusal.type", "refusal.message", "refusal.request_id", "refusal.doc_url")
# An empty credential, and one of another scheme, is a key that is not known.
BAD_KEY: Clauses = ("auth.invalid", "auth.scheme", "auth.missing")
# A fee on every refusal shows wherever one is sent in a quiet window.
FEES: Clauses = (
    *("uncharged.batch", "uncharged.*", "money.conflict", "money.together", "money.model", "money.auth_refusal"),
    *("money.other_refusals", "money.too_many_tokens"),
)
# A charge that is not what is said shows wherever a new request is weighed against the balance.
CHARGES: Clauses = ("money.authoritative", "money.together", "money.model", "money.other_refusals")
# Where a replay is called for, it has to be the stored answer and to be marked.
REPLAYS: Clauses = tuple(
    f"idempotency.{name}"
    for name in ("replay", "canonical", "conflict", "key_length", "other_team", "same_team", "window", "model")
)
MARKED: Clauses = (*REPLAYS, "idempotency.together", "money.replay")
# Where one vector is held against another that should be the same.
SAME: Clauses = (
    *("vector.repeatable", "vector.history", "encoding.base64", "dimensions.listed", "user.neutral"),
    *("crowd.own_answers", "crowd.own_parts"),
)
OTHER: Clauses = ("vector.distinct", "vector.all_parts", "vector.image")
# Where token counts are held against one another, or against a price.
COUNTED: Clauses = (
    *("usage.grows", "usage.repeats", "usage.visual_tokens", "usage.rates", "user.neutral", "crowd.own_answers"),
)
LIVE: Clauses = ("estimate.matches_live",)
# The documented texts beyond ASCII, and what is asked about them.
TEXTS: Clauses = ("accept.plain", "estimate.accepts", "vector.repeatable", "idempotency.replay")
