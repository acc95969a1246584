"""
Making embeddings: from what was asked for to the document that answers it.
"""

from __future__ import annotations

from typing import Any

import numpy

from conformance.reference.shape.behaviour import Behaviour
from conformance.reference.shape.call import Call
from conformance.reference.shape.dialect import Dialect
from conformance.reference.shape.space import VectorSpace

__all__ = ["Embedder"]


class Embedder:
    """Writes the answer to a request that was read."""

    def __init__(self, behaviour: Behaviour, dialect: Dialect) -> None:
        """Make the space of the vectors."""
        self._behaviour = behaviour
        self._dialect = dialect
        self._space = VectorSpace(behaviour.width)

    def embed(self, call: Call) -> Any:
        """Return the document that answers a call."""
        behaviour, wish = self._behaviour, call.wish
        assert wish is not None
        call.shared.embeds += 1
        items = wish.items if behaviour.on_items is None else behaviour.on_items(call, wish.items)
        rows: Any = []
        if items:
            rows = self._space.embed([item.ids for item in items])
            if wish.dimensions is not None:
                rows = behaviour.shrink(call, rows, wish.dimensions)
            if behaviour.on_vectors is not None:
                rows = behaviour.on_vectors(call, rows)
            # Rows that were turned or cut are views, which the writer of JSON does not take.
            rows = numpy.ascontiguousarray(rows)
        tokens = behaviour.count(call, items)
        document: dict[str, Any] = {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": behaviour.write_row(call, row)}
                for index, row in enumerate(rows)
            ],
            "model": wish.named if self._dialect.echoes_model else wish.model.name,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
        if self._dialect.writes_tier:
            document["service_tier"] = None
        return document if behaviour.on_document is None else behaviour.on_document(call, document)
