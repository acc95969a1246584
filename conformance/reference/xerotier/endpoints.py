"""
The endpoints of the one project: one in each state that the documents name.
"""

from __future__ import annotations

from typing import NamedTuple

from conformance.reference.shape.call import Model

__all__ = ["ENDPOINTS", "FIXED", "MODEL", "PROJECT", "SLUG", "SLUGS", "Endpoint"]

PROJECT = "proj_ABC123"
SLUG = "my-endpoint"
MODEL = Model("bge-large-en-v1.5")
FIXED = Model("bge-small-en-v1.5", reduces=False)


class Endpoint(NamedTuple):
    """One endpoint; `kind` is the kind of refusal that it gives, if any."""

    slug: str
    model: Model = MODEL
    kind: str = ""
    message: str = ""


SLUGS = {
    state: f"{state.replace('_', '-')}-endpoint"
    for state in (
        *("not_embedding", "inactive", "provisioning", "exhausted", "slow", "broken", "no_model", "bad_tier"),
        *("bad_model_id", "fixed_dimensions"),
    )
}
_MESSAGES = {
    "not_embedding": "This endpoint is not configured for embeddings.",
    "inactive": "This endpoint is disabled.",
    "provisioning": "This endpoint is starting up. Retry after a short delay.",
    "exhausted": "No worker is available.",
    "slow": "The worker did not answer within the deadline.",
    "broken": "The worker's reply could not be read.",
    "no_model": "The model of this endpoint is unknown to the router.",
    "bad_tier": "The service tier of this endpoint is unknown to the router.",
    "bad_model_id": "The model id of this endpoint could not be parsed.",
}
ENDPOINTS: dict[str, Endpoint] = {
    SLUG: Endpoint(SLUG),
    SLUGS["fixed_dimensions"]: Endpoint(SLUGS["fixed_dimensions"], FIXED),
    **{SLUGS[state]: Endpoint(SLUGS[state], MODEL, f"endpoint.{state}", said) for state, said in _MESSAGES.items()},
}
