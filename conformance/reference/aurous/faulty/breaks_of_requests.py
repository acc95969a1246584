"""
Which clauses notice a fault in what is refused, what is accepted, and how a refusal is written.
"""

from __future__ import annotations

from conformance.reference.aurous.faulty.patterns import (
    BAD_KEY,
    ENVELOPES,
    REFUSALS,
    Clauses,
    beyond_cap,
    let_in,
    of_cap,
    refused,
)

__all__ = ["CAPS", "ENVELOPE", "INPUTS", "REFUSING"]

CAPS: dict[str, Clauses] = {
    # Sixteen images are over the other cap alone, whose message then names the wrong limit.
    "parts_cap_15": (*of_cap("parts", "at", "message"), *of_cap("images", "message")),
    "parts_cap_17": beyond_cap("parts", "over", "message"),
    "parts_cap_100": beyond_cap("parts", "over", "far", "message"),
    "parts_cap_unchecked": beyond_cap("parts", "over", "far", "message"),
    "parts_cap_wraps": of_cap("parts", "far"),
    "parts_cap_counts_text_only": beyond_cap("parts", "over"),
    "parts_cap_counts_images_twice": (*of_cap("parts", "at"), *of_cap("images", "at", "message")),
    "parts_beyond_16_dropped": beyond_cap("parts", "over", "far", "message"),
    "image_cap_7": of_cap("images", "at", "message"),
    "image_cap_9": beyond_cap("images", "over", "message"),
    "image_cap_missing": beyond_cap("images", "over", "far", "message"),
    "image_cap_mixed_only": of_cap("images", "over"),
    "image_cap_wraps": of_cap("images", "far"),
    **dict.fromkeys(("video_accepted", "video_counted_as_image", "video_ignored"), (*let_in("video"), "fetch.video")),
    "text_cap_999999": of_cap("text", "at"),
    "text_cap_1000001": beyond_cap("text", "over"),
    # Texts of too many tokens are refused for their length instead.
    "text_cap_100000": (*of_cap("text", "at"), "tokens.total"),
    "text_cap_in_bytes": of_cap("text", "at"),
    "text_cap_unchecked": beyond_cap("text", "over", "far"),
    "user_cap_255": ("caps.user.at", "user.neutral", "accept.plain"),
    "user_cap_257": ("caps.user.over", "unfetched.caps.user"),
    "user_cap_in_bytes": ("caps.user.at", "accept.plain"),
    "user_cap_unchecked": ("caps.user.over", "caps.user.far", "unfetched.caps.user"),
    "user_cap_wraps": ("caps.user.far",),
    "url_cap_2047": of_cap("url", "at"),
    "url_cap_2049": of_cap("url", "over"),
    "url_cap_unchecked": of_cap("url", "over", "far"),
    "token_cap_unchecked": ("tokens.total", "money.too_many_tokens"),
    "token_cap_truncates": ("tokens.total", "money.too_many_tokens", "vector.distinct"),
    "estimate_without_parts_cap": ("estimate.caps.parts.over", "estimate.caps.parts.far"),
    "estimate_without_image_cap": ("estimate.caps.images.over", "estimate.caps.images.far"),
    "estimate_without_video_refusal": ("estimate.refuse.video",),
    "estimate_without_text_cap": ("estimate.caps.text.over", "estimate.caps.text.far"),
    "estimate_without_token_cap": ("tokens.total",),
    "estimate_without_batch_refusal": ("estimate.refuse.batch",),
    "estimate_without_dimensions_check": (
        *("estimate.refuse.dimensions.unlisted", "estimate.refuse.dimensions.fixed"),
        "estimate.refuse.dimensions.not_positive",
    ),
    "estimate_without_kind_check": ("estimate.refuse.model.kind",),
    "estimate_without_url_policy": ("estimate.refuse.url.scheme",),
}

INPUTS: dict[str, Clauses] = {
    "batch_of_one_accepted": refused("batch"),
    "batch_embedded_one_each": (*let_in("batch"), "success.single"),
    **dict.fromkeys(("batch_first_only", "batch_combined"), let_in("batch")),
    "batch_over_cap_accepted": refused("batch"),
    "token_ids_accepted": refused("input.items"),
    "mixed_input_accepted": let_in("input.items"),
    "unknown_part_accepted": let_in("input.parts"),
    "nul_accepted": let_in("text.nul"),
    # Which of two reasons a request with several texts is refused for is then another one everywhere.
    "many_texts_refused": (
        *("accept.plain", "accept.image", "estimate.accepts", "vector.all_parts"),
        *of_cap("parts", "at"),
        *refused("video", "model.kind", "dimensions.unlisted"),
    ),
    "base64_honoured": ("encoding.base64", "vector.floats", "dimensions.listed"),
    "base64_refused": ("encoding.base64", "accept.plain", "dimensions.listed"),
    "float_refused": ("encoding.base64", "accept.plain"),
    "base64_vector_differs": ("encoding.base64", "dimensions.listed"),
    "base64_as_bytes": ("encoding.base64", "vector.width", "dimensions.listed"),
    "encoding_format_unchecked": ("refuse.encoding_format.unknown", "unfetched.encoding_format.unknown"),
    "user_refused": ("accept.plain", "user.neutral", "caps.user.at"),
    "dimensions_always_refused": ("dimensions.listed", "estimate.accepts", "accept.plain"),
    "dimensions_truncate": ("dimensions.listed", "vector.width"),
    "dimensions_hard_coded": let_in("dimensions.unlisted", "dimensions.fixed"),
    # An integer of thirty digits is one of them.
    "dimensions_unchecked": (
        *let_in("dimensions.unlisted", "dimensions.fixed", "dimensions.not_positive"),
        "http.hostile",
    ),
    "dimensions_smaller_accepted": let_in("dimensions.unlisted"),
    "dimensions_far_off_accepted": (*let_in("dimensions.unlisted", "dimensions.fixed"), "http.hostile"),
    "dimensions_of_fixed_model_accepted": let_in("dimensions.fixed"),
    **dict.fromkeys(("dimensions_text_accepted", "dimensions_fraction_accepted"), let_in("dimensions.mistyped")),
    "dimensions_true_accepted": let_in("dimensions.mistyped"),
    **dict.fromkeys(("dimensions_zero_accepted", "dimensions_negative_accepted"), let_in("dimensions.not_positive")),
}

_BATCH = refused("batch")
_PARTS = of_cap("parts", "over", "far")
_IMAGES = of_cap("images", "over", "far")
_VIDEO = (*refused("video"), "fetch.video")
_DIMENSIONS = refused("dimensions.unlisted", "dimensions.fixed")
_KIND = refused("model.kind")
_CONFLICT = ("idempotency.conflict", "idempotency.model")
# A null is no value at all.
_MISSING = (*refused("model.missing", "input.missing"), *refused("model.mistyped", "input.mistyped"))
_MISTYPED = refused("input.mistyped", "model.mistyped")
_LONG_TEXT = of_cap("text", "over", "far")
_LONG_USER = ("caps.user.over", "caps.user.far")
_URLS = (*refused("url.scheme"), "url.data", "url.http", "url.blocked")

REFUSING: dict[str, Clauses] = {
    "batch_wrong_code": _BATCH,
    "parts_wrong_code": _PARTS,
    "images_wrong_code": _IMAGES,
    "video_wrong_code": _VIDEO,
    "dimensions_wrong_code": _DIMENSIONS,
    "model_kind_wrong_code": _KIND,
    "conflict_wrong_code": _CONFLICT,
    "no_key_wrong_code": ("auth.missing",),
    "bad_key_wrong_code": BAD_KEY,
    "many_tokens_wrong_code": ("tokens.total",),
    "no_credit_wrong_code": ("billing.no_credit",),
    "rate_wrong_code": ("rate_limit.refusal",),
    "batch_wrong_status": _BATCH,
    "parts_wrong_status": _PARTS,
    "images_wrong_status": _IMAGES,
    "video_wrong_status": _VIDEO,
    "dimensions_wrong_status": (*_DIMENSIONS, *refused("dimensions.not_positive")),
    "model_kind_wrong_status": (*_KIND, "refusal.status_of_type"),
    "conflict_wrong_status": _CONFLICT,
    "no_key_wrong_status": ("auth.missing",),
    "bad_key_wrong_status": BAD_KEY,
    "missing_field_wrong_status": _MISSING,
    "bad_type_wrong_status": _MISTYPED,
    "long_text_wrong_status": _LONG_TEXT,
    "long_user_wrong_status": _LONG_USER,
    "blocked_url_wrong_status": (*_URLS, "refusal.status_of_type"),
    "many_tokens_wrong_status": ("tokens.total",),
    "no_credit_wrong_status": ("billing.no_credit",),
    # It is 503, as of a server that fails.
    "rate_wrong_status": ("rate_limit.refusal", "status.never_5xx"),
    "batch_wrong_type": (*_BATCH, "refusal.type"),
    "parts_wrong_type": (*_PARTS, "refusal.type"),
    "images_wrong_type": (*_IMAGES, "refusal.status_of_type"),
    "video_wrong_type": (*_VIDEO, "refusal.status_of_type"),
    "dimensions_wrong_type": (*_DIMENSIONS, *refused("dimensions.not_positive"), "refusal.type"),
    "model_kind_wrong_type": (*_KIND, "refusal.status_of_type"),
    "conflict_wrong_type": (*_CONFLICT, "refusal.type"),
    "no_key_wrong_type": ("auth.missing", "refusal.status_of_type"),
    "bad_key_wrong_type": (*BAD_KEY, "refusal.status_of_type"),
    "missing_field_wrong_type": (*_MISSING, "refusal.type"),
    "bad_type_wrong_type": (*_MISTYPED, "refusal.type"),
    "long_text_wrong_type": (*_LONG_TEXT, "refusal.type"),
    "long_user_wrong_type": (*_LONG_USER, "refusal.type"),
    "blocked_url_wrong_type": (*_URLS, "refusal.type"),
    "many_tokens_wrong_type": ("tokens.total", "refusal.type"),
    "no_credit_wrong_type": ("billing.no_credit", "refusal.type"),
    "rate_wrong_type": ("rate_limit.refusal", "refusal.status_of_type"),
    "batch_wrong_param": (*_BATCH, "refuse.batch.param", "estimate.refuse.batch.param"),
    "parts_wrong_param": (*_PARTS, *of_cap("parts", "param")),
    "images_wrong_param": (*_IMAGES, *of_cap("images", "param")),
    "video_wrong_param": _VIDEO,
    "dimensions_wrong_param": (*_DIMENSIONS, *refused("dimensions.not_positive")),
    "missing_field_wrong_param": _MISSING,
    "long_user_wrong_param": _LONG_USER,
    "batch_without_param": ("refuse.batch.param", "estimate.refuse.batch.param"),
    "parts_without_param": (*of_cap("parts", "param"), *of_cap("images", "param")),
    "param_none_text": ("refusal.param",),
    **dict.fromkeys(
        ("message_empty", "message_missing", "message_not_text"),
        (
            *("refusal.message", "refusal.envelope", "refuse.dimensions.unlisted.message"),
            *("estimate.refuse.dimensions.unlisted.message", *of_cap("parts", "message"), *of_cap("images", "message")),
        ),
    ),
    **dict.fromkeys(
        ("caps_message_vague", "caps_message_without_cap", "caps_message_without_count"),
        (*of_cap("parts", "message"), *of_cap("images", "message")),
    ),
    "caps_message_constant_count": of_cap("parts", "message"),
    **dict.fromkeys(
        (
            *("dimensions_message_vague", "dimensions_message_without_accepted"),
            "dimensions_message_without_received",
        ),
        ("refuse.dimensions.unlisted.message", "estimate.refuse.dimensions.unlisted.message"),
    ),
}

ENVELOPE: dict[str, Clauses] = {
    **dict.fromkeys(
        ("doc_url_missing", "doc_url_without_code", "doc_url_other_code", "doc_url_relative"), ("refusal.doc_url",)
    ),
    **dict.fromkeys(
        ("request_id_body_differs", "request_id_body_missing", "request_id_body_null"), ("refusal.request_id",)
    ),
    # Ids of one moment differ in their last character only.
    "request_id_header_differs": ("refusal.request_id", "request_id.unique"),
    "request_id_header_missing": ("request_id.present", "refusal.request_id"),
    "request_id_missing_on_success": ("request_id.present",),
    # A refusal with the id of an earlier one can't be told from a stored one.
    **dict.fromkeys(
        ("request_id_constant", "request_id_repeated"),
        ("request_id.unique", "idempotency.refusal_not_stored", "events.charged", "events.uncharged"),
    ),
    "request_id_wrong_prefix": ("request_id.present", "refusal.request_id"),
    "request_id_only_prefix": (
        *("request_id.present", "request_id.unique", "refusal.request_id"),
        "idempotency.refusal_not_stored",
    ),
    "refusal_html": ("content_type", *ENVELOPES, "http.gzip", *REFUSALS),
    "refusal_text_html": ("content_type",),
    "refusal_without_content_type": ("content_type",),
    "success_text_plain": ("content_type",),
    # What is refused looks served: not even an envelope of a success is there.
    "error_in_200": (
        *("refuse.batch", *REFUSALS, "uncharged.*", "success.*", "usage.*", "vector.floats", "estimate.shape"),
        *("estimate.total", "estimate.breakdown", "http.gzip", "http.unparsable", "http.hostile", "version.syntax"),
        *("models.exact", "fetch.unauthorised", "fetch.failed", "money.auth_refusal", "idempotency.refusal_then_fixed"),
    ),
    **dict.fromkeys(
        ("envelope_detail", "envelope_detail_list", "envelope_flat", "envelope_string", "envelope_list"),
        (*ENVELOPES, *REFUSALS),
    ),
    **dict.fromkeys(("code_numeric", "code_missing"), ("refusal.envelope", "refusal.doc_url", *REFUSALS)),
    "type_missing": ("refusal.type", "refusal.envelope", *REFUSALS),
    "retry_after_missing": ("rate_limit.refusal",),
    "rate_headers_missing_on_429": ("rate_limit.refusal",),
}
