"""
Media fetched when it should not be, or not refused when it should be.
"""

from __future__ import annotations

import re

from conformance.reference.aurous.faulty.edits import Changes, edit_refusal, leave_out
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

# Of an https URL: the rule about schemes is another.
_PORT = re.compile(r"^https://[^/]*:\d+(?:/|$)")


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
        "fetch_before_key",
        "fetches the images before it looks at the key",
        ("A14", "A28"),
        _fetch_before("auth.missing", "auth.invalid", "auth.revoked"),
    ),
    Fault(
        "fetch_before_model",
        "fetches the images before it sees that there is no model",
        ("A14",),
        _fetch_before("model.missing"),
    ),
    Fault(
        "fetch_before_catalogue",
        "fetches the images before it looks the model up",
        ("A14", "A30"),
        _fetch_before("model.unknown"),
    ),
    Fault(
        "fetch_before_items",
        "fetches the images before it sees that not every item is a content part",
        ("A14", "A31"),
        _fetch_before("input.mixed", "input.tokens"),
    ),
    Fault(
        "fetch_before_next_part",
        "fetches each image before it reads the part behind it",
        ("A14", "A31"),
        _fetch_before("part.type", "part.shape", "part.missing"),
    ),
    Fault(
        "fetch_before_encoding",
        "fetches the images before it looks at encoding_format",
        ("A14", "A33"),
        _fetch_before("encoding.value"),
    ),
    Fault(
        "fetch_before_next_url",
        "fetches each image before it checks the URL behind it",
        ("A14",),
        _fetch_before("url.scheme", "url.blocked"),
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
    Fault(
        "url_later_unchecked",
        "looks at the URL of the first part only",
        ("A31",),
        {"waves_through": lambda place, url: not place.startswith("input[0]")},
    ),
    Fault(
        "url_port_unchecked",
        "accepts the URL of a private address that names a port",
        ("A31",),
        {"waves_through": lambda place, url: bool(_PORT.search(url))},
    ),
)
