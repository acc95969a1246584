"""
A perfect answer, for servers that repeat one thing for ever.
"""

from __future__ import annotations

import orjson

from conformance.reference.shape.space import VectorSpace
from conformance.reference.shape.tokens import encode_text

__all__ = ["write_sample_success"]


def write_sample_success(model: str) -> bytes:
    """Return the body of one perfect embedding."""
    ids = encode_text("The capital of France is Paris.")
    document = {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": VectorSpace().embed([ids])[0]}],
        "model": model,
        "usage": {"prompt_tokens": len(ids), "total_tokens": len(ids)},
    }
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
