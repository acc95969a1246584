"""
Success bodies, put together from bytes: nothing on the common path is parsed or encoded twice.
"""

from __future__ import annotations

from typing import Any

import orjson

from conformance.reference.aurous.call import Wish
from conformance.reference.aurous.pricing import Cost
from conformance.reference.ledger import to_decimal

__all__ = ["write_document", "write_embedding", "write_estimate"]


def write_embedding(wish: Wish, cost: Cost, vector: bytes, charged: int) -> bytes:
    """Return the body of a created embedding; `vector` is a JSON array, `charged` micro-credits."""
    slug = orjson.dumps(wish.slug)
    return b"".join(
        (
            b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":',
            vector,
            b'}],"model":',
            slug,
            (
                f',"usage":{{"prompt_tokens":{cost.tokens},"total_tokens":{cost.tokens},'
                f'"credits_charged":{to_decimal(charged)},"breakdown":{{"input":{{"text":{to_decimal(cost.text)},'
                f'"visual":{to_decimal(cost.visual)},"video":0}},"model":'
            ).encode(),
            slug,
            b"}}}",
        )
    )


def write_estimate(wish: Wish, cost: Cost) -> bytes:
    """Return the body of an estimate."""
    slug = orjson.dumps(wish.slug)
    head = (
        f'{{"estimated":true,"tokens":{{"text":{cost.text_tokens},"image":{cost.visual_tokens},"video":0,'
        f'"total":{cost.tokens}}},"credits_estimated":{to_decimal(cost.total)},"breakdown":{{"input":'
        f'{{"text":{to_decimal(cost.text)},"visual":{to_decimal(cost.visual)},"video":0}},"model":'
    )
    return head.encode() + slug + b"}}"


def write_document(document: Any) -> bytes:
    """Encode any document; bytes are taken as written already."""
    return document if isinstance(document, bytes) else orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)
