"""
Usage and estimates that are incomplete, inconsistent or of the wrong type.
"""

from __future__ import annotations

from typing import Any

from conformance.reference.aurous.call import Call
from conformance.reference.aurous.faulty.edits import edit_estimate, edit_success, edit_usage
from conformance.reference.documents import write_canonical
from conformance.reference.zoo import Fault

__all__ = ["FAULTS", "Document"]

Document = dict[str, Any]


def _shares(usage: Document) -> Document:
    shares: Document = usage["breakdown"]["input"]
    return shares


def _text_only_tokens(usage: Document) -> None:
    # 48.75 and 18.75 micro-credits a token: what remains when the images are taken out.
    tokens = max(1, round(_shares(usage)["text"] * 1e6 / 18.75))
    usage.update(prompt_tokens=tokens, total_tokens=tokens)


def _as_texts(usage: Document) -> None:
    usage.update(prompt_tokens=str(usage["prompt_tokens"]), total_tokens=str(usage["total_tokens"]))


def _fewer_when_known(call: Call, document: Document) -> None:
    known: set[int] = call.shared.memory.setdefault("counted", set())
    content = hash(write_canonical([call.document["model"], call.document["input"]]))
    if content in known:
        tokens = max(1, document["usage"]["prompt_tokens"] - 1)
        document["usage"].update(prompt_tokens=tokens, total_tokens=tokens)
    known.add(content)


def _lower(document: Document) -> None:
    document["tokens"].update(text=document["tokens"]["text"] // 2)
    document["tokens"]["total"] = document["tokens"]["text"] + document["tokens"]["image"]
    document["credits_estimated"] = round(document["credits_estimated"] / 2, 6)
    document["breakdown"]["input"]["text"] = round(document["breakdown"]["input"]["text"] / 2, 6)
    document["breakdown"]["input"]["visual"] = round(document["breakdown"]["input"]["visual"] / 2, 6)


FAULTS = (
    Fault(
        "usage_missing",
        "leaves out usage",
        ("A22",),
        edit_success(lambda call, document: document.pop("usage")),
    ),
    Fault(
        "usage_null",
        "answers with null for usage",
        ("A22",),
        edit_success(lambda call, document: document.update(usage=None)),
    ),
    Fault(
        "usage_zero",
        "counts no tokens",
        ("A22",),
        edit_usage(lambda usage: usage.update(prompt_tokens=0, total_tokens=0)),
    ),
    Fault(
        "usage_total_differs",
        "counts one token more in total than in the prompt",
        ("A22",),
        edit_usage(lambda usage: usage.update(total_tokens=usage["total_tokens"] + 1)),
    ),
    Fault(
        "usage_prompt_missing",
        "leaves out prompt_tokens",
        ("A22",),
        edit_usage(lambda usage: usage.pop("prompt_tokens")),
    ),
    Fault(
        "usage_total_missing",
        "leaves out total_tokens",
        ("A22",),
        edit_usage(lambda usage: usage.pop("total_tokens")),
    ),
    Fault(
        "usage_constant",
        "counts 37 tokens whatever was sent",
        ("A22",),
        edit_usage(lambda usage: usage.update(prompt_tokens=37, total_tokens=37)),
    ),
    Fault(
        "usage_known_fewer",
        "counts one token less for an input that it has counted before",
        ("A22",),
        edit_success(_fewer_when_known),
    ),
    Fault(
        "usage_negative",
        "counts tokens below zero",
        ("A22",),
        edit_usage(
            lambda usage: usage.update(
                prompt_tokens=-usage["prompt_tokens"], total_tokens=-usage["total_tokens"]
            )
        ),
    ),
    Fault("usage_texts", "writes the tokens as texts", ("A22",), edit_usage(_as_texts)),
    Fault(
        "usage_fraction",
        "counts half tokens",
        ("A22",),
        edit_usage(
            lambda usage: usage.update(
                prompt_tokens=usage["prompt_tokens"] + 0.5, total_tokens=usage["total_tokens"] + 0.5
            )
        ),
    ),
    Fault(
        "usage_without_images", "does not count the tokens of images", ("A22",), edit_usage(_text_only_tokens)
    ),
    Fault(
        "credits_missing",
        "leaves out credits_charged",
        ("A22",),
        edit_usage(lambda usage: usage.pop("credits_charged")),
    ),
    Fault(
        "credits_text",
        "writes credits_charged as a text",
        ("A22",),
        edit_usage(lambda usage: usage.update(credits_charged=str(usage["credits_charged"]))),
    ),
    Fault(
        "credits_negative",
        "writes credits_charged below zero",
        ("A22", "A23"),
        edit_usage(lambda usage: usage.update(credits_charged=-usage["credits_charged"])),
    ),
    Fault(
        "credits_null",
        "writes null for credits_charged",
        ("A22",),
        edit_usage(lambda usage: usage.update(credits_charged=None)),
    ),
    Fault(
        "breakdown_missing",
        "leaves out the breakdown",
        ("A22",),
        edit_usage(lambda usage: usage.pop("breakdown")),
    ),
    Fault(
        "breakdown_without_text",
        "leaves text out of the breakdown",
        ("A22",),
        edit_usage(lambda usage: _shares(usage).pop("text")),
    ),
    Fault(
        "breakdown_without_visual",
        "leaves visual out of the breakdown",
        ("A22",),
        edit_usage(lambda usage: _shares(usage).pop("visual")),
    ),
    Fault(
        "breakdown_without_unused",
        "leaves what was not used out of the breakdown",
        ("A22",),
        edit_usage(lambda usage: _shares(usage)["visual"] or _shares(usage).pop("visual")),
    ),
    Fault(
        "breakdown_sum_off",
        "breaks the charge down into shares that do not add up",
        ("A22",),
        edit_usage(lambda usage: _shares(usage).update(text=round(_shares(usage)["text"] + 0.01, 6))),
    ),
    Fault(
        "breakdown_swapped",
        "takes the shares of text and visual for one another",
        ("A22",),
        edit_usage(
            lambda usage: _shares(usage).update(text=_shares(usage)["visual"], visual=_shares(usage)["text"])
        ),
    ),
    Fault(
        "breakdown_video_charged",
        "has a share for video",
        ("A22", "A13"),
        edit_usage(lambda usage: _shares(usage).update(video=0.01)),
    ),
    Fault(
        "breakdown_texts",
        "writes the shares as texts",
        ("A22",),
        edit_usage(
            lambda usage: _shares(usage).update({name: str(value) for name, value in _shares(usage).items()})
        ),
    ),
    Fault(
        "estimate_without_tokens",
        "leaves tokens out of an estimate",
        ("A44",),
        edit_estimate(lambda document: document.pop("tokens")),
    ),
    Fault(
        "estimate_total_off",
        "totals an estimate's tokens wrongly",
        ("A44",),
        edit_estimate(lambda document: document["tokens"].update(total=document["tokens"]["total"] + 1)),
    ),
    Fault(
        "estimate_video_not_zero",
        "estimates tokens for video",
        ("A44", "A13"),
        edit_estimate(lambda document: document["tokens"].update(video=1)),
    ),
    Fault(
        "estimate_says_false",
        "says of an estimate that it is none",
        ("A44",),
        edit_estimate(lambda document: document.update(estimated=False)),
    ),
    Fault("estimate_too_low", "estimates half of what an embedding costs", ("A44",), edit_estimate(_lower)),
    Fault(
        "estimate_image_called_visual",
        "calls an estimate's image tokens visual",
        ("A44",),
        edit_estimate(lambda document: document["tokens"].update(visual=document["tokens"].pop("image"))),
    ),
    Fault(
        "estimate_credits_text",
        "writes the estimated credits as a text",
        ("A44",),
        edit_estimate(lambda document: document.update(credits_estimated=str(document["credits_estimated"]))),
    ),
    Fault(
        "estimate_without_credits",
        "leaves the credits out of an estimate",
        ("A44",),
        edit_estimate(lambda document: document.pop("credits_estimated")),
    ),
    Fault(
        "estimate_without_breakdown",
        "leaves the breakdown out of an estimate",
        ("A44",),
        edit_estimate(lambda document: document.pop("breakdown")),
    ),
    Fault(
        "estimate_sum_off",
        "estimates credits that the breakdown does not add up to",
        ("A44",),
        edit_estimate(
            lambda document: document.update(credits_estimated=round(document["credits_estimated"] + 0.01, 6))
        ),
    ),
)
