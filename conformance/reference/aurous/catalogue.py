"""
The models that the server lists, and what they cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["BY_SLUG", "DEFAULT_MODEL", "MODELS", "Model", "write_row"]


@dataclass(frozen=True)
class Model:
    """
    One model; rates are micro-credits for one token, times 100.
    """

    slug: str
    kind: str
    context_window: int
    width: int = 0
    dimensions: tuple[int, ...] | None = None
    text_rate: int = 0
    visual_rate: int = 0
    multimodal: bool = False


MODELS = (
    Model(
        slug="aurous-embed-vision-1.0",
        kind="embedding",
        context_window=128_000,
        width=1024,
        dimensions=(1024, 2048),
        text_rate=1875,
        visual_rate=4875,
        multimodal=True,
    ),
    Model(
        slug="aurous-embed-fixed-1.0",
        kind="embedding",
        context_window=128_000,
        width=768,
        text_rate=1875,
        visual_rate=4875,
        multimodal=True,
    ),
    Model(slug="aurous-grow-2.0-pro", kind="chat", context_window=256_000),
)

DEFAULT_MODEL = MODELS[0]
BY_SLUG = {model.slug: model for model in MODELS}


def write_row(model: Model) -> dict[str, Any]:
    """Return the row of one model as GET /v1/models lists it."""
    row: dict[str, Any] = {"id": model.slug, "object": "model", "kind": model.kind}
    if model.kind == "embedding":
        row["aurous_metadata"] = {
            "context_window": model.context_window,
            "dimensions": list(model.dimensions) if model.dimensions else None,
            "max_input_items": 100,
            "capabilities": ["multimodal_input"] if model.multimodal else [],
        }
        row["chat_pricing"] = None
        row["embedding_pricing"] = {
            "text": {"credits_per_M": model.text_rate / 100},
            "visual": {"credits_per_M": model.visual_rate / 100},
        }
    else:
        row["aurous_metadata"] = {
            "context_window": model.context_window,
            "default_max_output_tokens": 4096,
            "max_output_tokens_hard_cap": 16384,
            "capabilities": ["tools", "vision"],
        }
        row["chat_pricing"] = {"input": {"credits_per_M": 120.0}, "output": {"credits_per_M": 480.0}}
        row["embedding_pricing"] = None
    return row
