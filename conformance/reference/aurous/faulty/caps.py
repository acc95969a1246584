"""
Caps that are off by one, counted wrongly, applied in the wrong place or not at all.
"""

from __future__ import annotations

from conformance.reference.aurous.call import Part
from conformance.reference.aurous.faulty.edits import leave_out, leave_out_on_estimate
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _utf8(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _count(parts: object, *kinds: str) -> int:
    assert isinstance(parts, (list, tuple))
    found = [
        part.kind if isinstance(part, Part) else part.get("type", "")
        for part in parts
        if not isinstance(part, str)
    ]
    return sum(kind in kinds for kind in found)


FAULTS = (
    Fault("parts_cap_15", "refuses sixteen parts", ("A10",), {"parts_cap": 15}),
    Fault("parts_cap_17", "accepts seventeen parts", ("A10",), {"parts_cap": 17}),
    Fault(
        "parts_cap_100",
        "takes max_input_items of the model row for the cap on parts",
        ("A10",),
        {"parts_cap": 100},
    ),
    Fault("parts_cap_unchecked", "accepts any number of parts", ("A10",), leave_out("caps.parts")),
    Fault(
        "parts_cap_wraps",
        "counts parts in six bits, so that 64 to 80 parts pass",
        ("A10",),
        {"count_parts": lambda parts: len(parts) & 63},
    ),
    Fault(
        "parts_cap_counts_text_only",
        "counts only text parts towards the sixteen",
        ("A12",),
        {"count_parts": lambda parts: _count(parts, "text")},
    ),
    Fault(
        "parts_cap_counts_images_twice",
        "counts each image as two of the sixteen parts",
        ("A10", "A12"),
        {"count_parts": lambda parts: len(parts) + _count(parts, "image_url")},
    ),
    Fault(
        "parts_beyond_16_dropped",
        "accepts more than sixteen parts and silently leaves out the rest",
        ("A10",),
        {**leave_out("caps.parts"), "content": lambda call, parts: parts[:16]},
    ),
    Fault("image_cap_7", "refuses eight images", ("A11",), {"image_cap": 7}),
    Fault("image_cap_9", "accepts nine images", ("A11",), {"image_cap": 9}),
    Fault("image_cap_missing", "counts images towards the total only", ("A11",), leave_out("caps.images")),
    Fault(
        "image_cap_mixed_only",
        "holds the cap on images only when there is no text beside them",
        ("A11",),
        {"count_images": lambda parts: 0 if _count(parts, "text") else _count(parts, "image_url")},
    ),
    Fault(
        "image_cap_wraps",
        "counts images in four bits, so that sixteen images pass",
        ("A11",),
        {"count_images": lambda parts: _count(parts, "image_url") & 15},
    ),
    Fault("video_accepted", "accepts video parts and embeds them", ("A13",), leave_out("caps.video")),
    Fault(
        "video_counted_as_image",
        "accepts video parts and counts them as images",
        ("A13",),
        {**leave_out("caps.video"), "count_images": lambda parts: _count(parts, "image_url", "video_url")},
    ),
    Fault(
        "video_ignored",
        "accepts video parts and leaves them out of the vector",
        ("A13",),
        {
            **leave_out("caps.video"),
            "content": lambda call, parts: tuple(part for part in parts if part.kind != "video_url"),
        },
    ),
    Fault("text_cap_999999", "refuses a text part of 1,000,000 characters", ("A17",), {"text_cap": 999_999}),
    Fault(
        "text_cap_1000001", "accepts a text part of 1,000,001 characters", ("A17",), {"text_cap": 1_000_001}
    ),
    Fault(
        "text_cap_100000", "refuses texts of more than 100,000 characters", ("A17",), {"text_cap": 100_000}
    ),
    Fault("text_cap_in_bytes", "counts the cap on text in UTF-8 bytes", ("A17",), {"measure_text": _utf8}),
    Fault("text_cap_unchecked", "accepts a text part of any length", ("A17",), leave_out("caps.text")),
    Fault("user_cap_255", "refuses a user of 256 characters", ("A34",), {"user_cap": 255}),
    Fault("user_cap_257", "accepts a user of 257 characters", ("A34",), {"user_cap": 257}),
    Fault("user_cap_in_bytes", "counts the cap on user in UTF-8 bytes", ("A34",), {"measure_user": _utf8}),
    Fault("user_cap_unchecked", "accepts a user of any length", ("A34",), leave_out("caps.user")),
    Fault(
        "user_cap_wraps",
        "counts user in twelve bits, so that 4,096 to 4,352 characters pass",
        ("A34",),
        {"measure_user": lambda user: len(user) & 4095},
    ),
    Fault("url_cap_2047", "refuses a URL of 2,048 characters", ("A31",), {"url_cap": 2_047}),
    Fault("url_cap_2049", "accepts a URL of 2,049 characters", ("A31",), {"url_cap": 2_049}),
    Fault("url_cap_unchecked", "accepts a URL of any length", ("A31",), leave_out("caps.url")),
    Fault(
        "token_cap_unchecked",
        "accepts more tokens than the context holds",
        ("A36",),
        leave_out("caps.tokens"),
    ),
    Fault(
        "token_cap_truncates",
        "silently drops the text beyond the context instead of refusing it",
        ("A36",),
        {
            **leave_out("caps.tokens"),
            "content": lambda call, parts: tuple(part._replace(value=part.value[:512_000]) for part in parts),
        },
    ),
    *[
        Fault(
            f"estimate_without_{name}",
            f"does not hold {rule} on the estimate route",
            promises,
            leave_out_on_estimate(kind),
        )
        for name, kind, rule, promises in (
            ("parts_cap", "caps.parts", "the cap on parts", ("A18", "A10")),
            ("image_cap", "caps.images", "the cap on images", ("A18", "A11")),
            ("video_refusal", "caps.video", "the refusal of video", ("A18", "A13")),
            ("text_cap", "caps.text", "the cap on text", ("A18", "A17")),
            ("token_cap", "caps.tokens", "the cap on tokens", ("A18",)),
            ("batch_refusal", "input.batch", "the refusal of string arrays", ("A18", "A01")),
            ("dimensions_check", "dimensions.value", "the check of dimensions", ("A18", "A38")),
            ("kind_check", "model.kind", "the refusal of chat models", ("A18",)),
            ("url_policy", "url.scheme", "the https rule", ("A18",)),
        )
    ],
)
