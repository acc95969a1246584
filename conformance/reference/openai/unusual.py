"""
Odd servers of this provider that keep the contract.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import edit_refusal, leave_out
from conformance.reference.shape.refusals import Refusal
from conformance.reference.shape.unusual import SHARED_VARIANTS
from conformance.reference.zoo import Variant

__all__ = ["VARIANTS"]


def _code_null(call: Call, refusal: Refusal) -> Refusal:
    return dataclasses.replace(refusal, code=None) if refusal.status == 400 else refusal


def _second_name(call: Call, document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "model": f"{document['model']}-2024-01-25"}


VARIANTS: tuple[Variant, ...] = (
    *[variant for variant in SHARED_VARIANTS if variant.name != "no_rate_headers"],
    Variant(
        "rate_headers_with_429_only",
        "sends no headers about limits",
        {"rate_headers": False},
        declares={"rate_headers": "unknown"},
    ),
    Variant("code_null", "has null for code in each 400", {"on_refusal": _code_null}),
    Variant("unknown_fields_ignored", "ignores unknown fields", leave_out("field.unknown")),
    Variant("model_unknown_400", "answers 400 to an unknown model", edit_refusal("model.unknown", status=400)),
    Variant(
        "model_no_access_404",
        "answers 404 where a key may not use a model",
        edit_refusal("model.no_access", status=404),
    ),
    Variant("model_dated", "names the dated version of the model in the answer", {"on_document": _second_name}),
    Variant("quota_402", "answers 402 when the quota is spent", edit_refusal("quota", status=402)),
    Variant(
        "one_model_for_every_name",
        "embeds with its one model whatever name is asked for",
        leave_out("model.unknown"),
        declares={"models": "single"},
    ),
    Variant(
        "item_cap_of_its_own",
        "takes up to 4,096 items",
        {"item_cap": 4_096},
        declares={"item_cap": "own"},
        limits={"inputs": 4_096},
    ),
    Variant(
        "short_inputs", "reads no more than 512 tokens", {"token_cap": 512}, limits={"tokens_per_input": 512}
    ),
    Variant("upload_201", "answers 201 to an upload", {"upload_status": 201}),
)
