"""
Odd servers of this provider that keep the contract.
"""

from __future__ import annotations

import dataclasses

from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import Document, edit_refusal, edit_success, leave_out
from conformance.reference.shape.refusals import Refusal
from conformance.reference.shape.unusual import SHARED_VARIANTS
from conformance.reference.zoo import Variant

__all__ = ["VARIANTS"]


def _codes_of_refusals(call: Call, refusal: Refusal) -> Refusal:
    # Some pages spell a bad option as a bad input.
    if refusal.kind.partition(".")[0] in ("format", "dimensions", "user", "tier", "model"):
        return dataclasses.replace(refusal, code="invalid_input")
    return refusal


def _no_tier(call: Call, document: Document) -> None:
    del document["service_tier"]


def _unprocessable(call: Call, refusal: Refusal) -> Refusal:
    # A bad input has a status of its own in the documents; a bad option has none.
    concerns_an_option = refusal.kind.partition(".")[0] in ("format", "dimensions", "user", "tier")
    return dataclasses.replace(refusal, status=422) if concerns_an_option else refusal


def _below_the_slug(path: str) -> str:
    match path.split("/"):
        case ["", project, _slug, "v1", ("files" | "batches"), *rest]:
            return "/".join(["", project, "v1", path.split("/")[4], *rest])
        case ["", _project, "v1", ("files" | "batches"), *_]:
            return "/nowhere"
    return path


VARIANTS: tuple[Variant, ...] = (
    *[variant for variant in SHARED_VARIANTS if variant.name != "status_422"],
    Variant("options_422", "answers 422 to a bad option", {"on_refusal": _unprocessable}),
    Variant("options_as_invalid_input", "calls every bad option invalid_input", {"on_refusal": _codes_of_refusals}),
    Variant("tier_unknown_ignored", "ignores an unknown tier", leave_out("tier.value")),
    Variant("tier_absent_in_answer", "leaves service_tier out of answers", edit_success(_no_tier)),
    Variant("model_not_needed", "embeds without a model in the request", leave_out("model.missing")),
    Variant(
        "no_model_404", "answers 404 to the unknown model of an endpoint", edit_refusal("endpoint.no_model", status=404)
    ),
    Variant("exhausted_429", "answers 429 when no worker is there", edit_refusal("endpoint.exhausted", status=429)),
    Variant("jobs_below_the_slug", "has files and batches below the slug only", {"on_path": _below_the_slug}),
    Variant("upload_200", "answers 200 to an upload", {"upload_status": 200}),
)
