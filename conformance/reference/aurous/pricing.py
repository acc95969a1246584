"""
What a request costs: text and visual tokens, each rounded to whole micro-credits.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.reference.aurous.catalogue import Model

__all__ = ["Cost", "compute_cost"]

TOKENS_PER_IMAGE = 1250


@dataclass(frozen=True)
class Cost:
    """Tokens, and micro-credits, by bucket."""

    text_tokens: int
    visual_tokens: int
    text: int
    visual: int

    @property
    def tokens(self) -> int:
        """Return the tokens of both buckets."""
        return self.text_tokens + self.visual_tokens

    @property
    def total(self) -> int:
        """Return the charge: the sum of the rounded buckets, so that a breakdown always adds up."""
        return self.text + self.visual


def compute_cost(model: Model, *, text_tokens: int, images: int) -> Cost:
    """Price a request at the rates of a model's row."""
    visual_tokens = images * TOKENS_PER_IMAGE
    return Cost(
        text_tokens=text_tokens,
        visual_tokens=visual_tokens,
        text=(text_tokens * model.text_rate + 50) // 100,
        visual=(visual_tokens * model.visual_rate + 50) // 100,
    )
