"""
A perfect answer and a perfect refusal, for servers that repeat one thing for ever.
"""

from __future__ import annotations

import orjson

from conformance.reference.aurous.call import Part, Wish
from conformance.reference.aurous.catalogue import DEFAULT_MODEL
from conformance.reference.aurous.pricing import compute_cost
from conformance.reference.aurous.refusals import DOC_ROOT, invalid, write_envelope
from conformance.reference.aurous.writing import write_embedding
from conformance.reference.vectors import VectorSource, digest_parts

__all__ = ["SAMPLE_REFUSAL", "write_sample_success"]

SAMPLE_REFUSAL = orjson.dumps(
    write_envelope(
        invalid(
            "caps.parts", "embeddings_input_too_many_items", "input has 17 parts; the maximum is 16.", "input"
        ),
        request_id="req_01HXMQ7Z3K8Y2ABCDEFGHJKMNP",
        doc_url=DOC_ROOT + "embeddings_input_too_many_items",
    )
)


def write_sample_success() -> bytes:
    """Return the body of one perfect embedding."""
    wish = Wish(DEFAULT_MODEL, DEFAULT_MODEL.slug, (Part("text", "sample", "input"),), None, 1)
    cost = compute_cost(DEFAULT_MODEL, text_tokens=1, images=0)
    vector = VectorSource().write(digest_parts([("text", b"sample")]), DEFAULT_MODEL.width)
    return write_embedding(wish, cost, vector, cost.total)
