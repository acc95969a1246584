"""
Media fetched when it should not be, or not refused when it should be.
"""

from __future__ import annotations

from conformance.reference.aurous.faulty.edits import Changes, edit_refusal, leave_out
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _fetch_before(*kinds: str) -> Changes:
    return {"fetches_before": frozenset(kinds)}


FAULTS = (
    Fault(
        "fetch_before_parts_cap",
        "fetches the images before it counts the parts",
        ("A14",),
        _fetch_before("caps.parts"),
    ),
    Fault(
        "fetch_before_image_cap",
        "fetches the images before it counts them",
        ("A14",),
        _fetch_before("caps.images"),
    ),
    Fault(
        "fetch_before_video_refusal",
        "fetches a video before it refuses it",
        ("A14", "A13"),
        _fetch_before("caps.video"),
    ),
    Fault(
        "fetch_before_dimensions",
        "fetches the images before it checks dimensions",
        ("A14", "A40"),
        _fetch_before("dimensions.value"),
    ),
    Fault(
        "fetch_before_kind",
        "fetches the images before it looks at the model's kind",
        ("A14",),
        _fetch_before("model.kind"),
    ),
    Fault(
        "fetch_before_user",
        "fetches the images before it measures user",
        ("A14",),
        _fetch_before("caps.user"),
    ),
    Fault(
        "fetch_before_text_cap",
        "fetches the images before it measures the texts",
        ("A14",),
        _fetch_before("caps.text"),
    ),
    Fault(
        "failed_fetch_ignored",
        "embeds an image that it could not fetch as if it were empty",
        ("A09",),
        leave_out("media.fetch"),
    ),
    Fault(
        "failed_fetch_500",
        "answers 500 when an image cannot be fetched",
        ("A04",),
        edit_refusal("media.fetch", status=500, type="server_error", code="internal_error"),
    ),
    Fault("url_scheme_unchecked", "accepts URLs that are not https", ("A31",), leave_out("url.scheme")),
    Fault("url_private_accepted", "accepts URLs of private addresses", ("A31",), leave_out("url.blocked")),
)
