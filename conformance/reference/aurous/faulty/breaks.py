"""
Which clauses of the contract have to notice which fault: patterns of clause ids by the name of the fault.

The first of a fault is the one that it is there to prove; the others are broken by the very same deviation. A name
ending in ``*`` stands for all clauses that begin so.
"""

from __future__ import annotations

Clauses = tuple[str, ...]

# The refusals that are asked for with an image whose fetches are counted.
_FETCHING = {
    *("video", "dimensions.unlisted", "model.missing", "model.unknown", "model.kind", "input.items", "input.parts"),
    *("encoding_format.unknown", "url.scheme"),
}


def _refused(*rows: str) -> Clauses:
    """Return the clauses about a refusal, on both routes."""
    return tuple(f"{route}refuse.{row}" for row in rows for route in ("", "estimate."))


def _let_in(*rows: str) -> Clauses:
    """Return what breaks when requests that should be refused are served instead: what they name is fetched, too."""
    return (*_refused(*rows), *(f"unfetched.{row}" for row in rows if row in _FETCHING))


def _cap(row: str, *kinds: str) -> Clauses:
    """Return some of the clauses about a cap, on both routes."""
    return tuple(f"{route}caps.{row}.{kind}" for kind in kinds for route in ("", "estimate."))


def _beyond(row: str, *kinds: str) -> Clauses:
    """Return what breaks when a request beyond a cap is served: what it names is fetched, too."""
    return (*_cap(row, *kinds), f"unfetched.caps.{row}")


def _uncharged(*rows: str) -> Clauses:
    return tuple(f"uncharged.{row}" for row in rows)


# Every clause that reads a refusal, and finds none that it can read, or none that is the documented one.
_REFUSALS: Clauses = (
    *("refuse.*", "estimate.refuse.*", "unfetched.*"),
    *(f"{route}caps.*.{kind}" for kind in ("over", "far", "message", "param") for route in ("", "estimate.")),
    *("auth.missing", "auth.invalid", "auth.scheme", "auth.revoked", "auth.read_only", "auth.read_only.type"),
    *("billing.no_credit", "rate_limit.refusal", "tokens.total", "fetch.video", "url.data", "url.http", "url.blocked"),
    *("idempotency.conflict", "idempotency.refusal_not_stored", "idempotency.together", "idempotency.model"),
    *("money.conflict", "money.together", "money.model", "money.too_many_tokens"),
)
_ENVELOPES: Clauses = ("refusal.envelope", "refusal.type", "refusal.message", "refusal.request_id", "refusal.doc_url")
# A fee on every refusal shows wherever one is sent in a quiet window.
_FEES: Clauses = (
    *("uncharged.batch", "uncharged.*", "money.conflict", "money.together", "money.model", "money.auth_refusal"),
    *("money.other_refusals", "money.too_many_tokens"),
)
# A charge that is not what is said shows wherever a new request is weighed against the balance.
_CHARGES: Clauses = ("money.authoritative", "money.together", "money.model", "money.other_refusals")
# Where a replay is called for, it has to be the stored answer and to be marked.
_REPLAYS: Clauses = tuple(
    f"idempotency.{name}"
    for name in ("replay", "canonical", "conflict", "key_length", "other_team", "same_team", "window", "model")
)
_MARKED: Clauses = (*_REPLAYS, "idempotency.together", "money.replay")
# Where one vector is held against another that should be the same.
_SAME: Clauses = (
    *("vector.repeatable", "vector.history", "encoding.base64", "dimensions.listed", "user.neutral"),
    *("crowd.own_answers", "crowd.own_parts"),
)
_OTHER: Clauses = ("vector.distinct", "vector.all_parts", "vector.image")
# Where token counts are held against one another, or against a price.
_COUNTED: Clauses = (
    *("usage.grows", "usage.repeats", "usage.visual_tokens", "usage.rates", "user.neutral", "crowd.own_answers"),
)
_LIVE: Clauses = ("estimate.matches_live",)
# The documented texts beyond ASCII, and what is asked about them.
_TEXTS: Clauses = ("accept.plain", "estimate.accepts", "vector.repeatable", "idempotency.replay")

_CAPS: dict[str, Clauses] = {
    # Sixteen images are over the other cap alone, whose message then names the wrong limit.
    "parts_cap_15": (*_cap("parts", "at", "message"), *_cap("images", "message")),
    "parts_cap_17": _beyond("parts", "over", "message"),
    "parts_cap_100": _beyond("parts", "over", "far", "message"),
    "parts_cap_unchecked": _beyond("parts", "over", "far", "message"),
    "parts_cap_wraps": _cap("parts", "far"),
    "parts_cap_counts_text_only": _beyond("parts", "over"),
    "parts_cap_counts_images_twice": (*_cap("parts", "at"), *_cap("images", "at", "message")),
    "parts_beyond_16_dropped": _beyond("parts", "over", "far", "message"),
    "image_cap_7": _cap("images", "at", "message"),
    "image_cap_9": _beyond("images", "over", "message"),
    "image_cap_missing": _beyond("images", "over", "far", "message"),
    "image_cap_mixed_only": _cap("images", "over"),
    "image_cap_wraps": _cap("images", "far"),
    **dict.fromkeys(("video_accepted", "video_counted_as_image", "video_ignored"), (*_let_in("video"), "fetch.video")),
    "text_cap_999999": _cap("text", "at"),
    "text_cap_1000001": _beyond("text", "over"),
    # Texts of too many tokens are refused for their length instead.
    "text_cap_100000": (*_cap("text", "at"), "tokens.total"),
    "text_cap_in_bytes": _cap("text", "at"),
    "text_cap_unchecked": _beyond("text", "over", "far"),
    "user_cap_255": ("caps.user.at", "user.neutral"),
    "user_cap_257": ("caps.user.over", "unfetched.caps.user"),
    "user_cap_in_bytes": ("caps.user.at", "accept.plain"),
    "user_cap_unchecked": ("caps.user.over", "caps.user.far", "unfetched.caps.user"),
    "user_cap_wraps": ("caps.user.far",),
    "url_cap_2047": _cap("url", "at"),
    "url_cap_2049": _cap("url", "over"),
    "url_cap_unchecked": _cap("url", "over", "far"),
    **dict.fromkeys(("token_cap_unchecked", "token_cap_truncates"), ("tokens.total", "money.too_many_tokens")),
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

_INPUTS: dict[str, Clauses] = {
    "batch_of_one_accepted": _refused("batch"),
    "batch_embedded_one_each": (*_let_in("batch"), "success.single"),
    **dict.fromkeys(("batch_first_only", "batch_combined"), _let_in("batch")),
    "batch_over_cap_accepted": _refused("batch"),
    "token_ids_accepted": _refused("input.items"),
    "mixed_input_accepted": _let_in("input.items"),
    "unknown_part_accepted": _let_in("input.parts"),
    "nul_accepted": _let_in("text.nul"),
    "many_texts_refused": ("accept.plain", "estimate.accepts", *_cap("parts", "at"), "vector.all_parts"),
    "base64_honoured": ("encoding.base64", "vector.floats", "dimensions.listed"),
    "base64_refused": ("encoding.base64", "accept.plain"),
    "float_refused": ("encoding.base64", "accept.plain"),
    "base64_vector_differs": ("encoding.base64", "dimensions.listed"),
    "base64_as_bytes": ("encoding.base64", "vector.width", "dimensions.listed"),
    "encoding_format_unchecked": ("refuse.encoding_format.unknown", "unfetched.encoding_format.unknown"),
    "user_refused": ("accept.plain", "user.neutral", "caps.user.at"),
    "dimensions_always_refused": ("dimensions.listed", "estimate.accepts", "accept.plain"),
    "dimensions_truncate": ("dimensions.listed", "vector.width"),
    "dimensions_hard_coded": _let_in("dimensions.unlisted"),
    # An integer of thirty digits is one of them.
    "dimensions_unchecked": (
        *_let_in("dimensions.unlisted", "dimensions.fixed", "dimensions.not_positive"),
        "http.hostile",
    ),
    "dimensions_smaller_accepted": _let_in("dimensions.unlisted"),
    "dimensions_far_off_accepted": (*_let_in("dimensions.unlisted", "dimensions.fixed"), "http.hostile"),
    "dimensions_of_fixed_model_accepted": _let_in("dimensions.fixed"),
    **dict.fromkeys(("dimensions_text_accepted", "dimensions_fraction_accepted"), _let_in("dimensions.mistyped")),
    "dimensions_true_accepted": _let_in("dimensions.mistyped"),
    **dict.fromkeys(("dimensions_zero_accepted", "dimensions_negative_accepted"), _let_in("dimensions.not_positive")),
}

_BATCH = _refused("batch")
_PARTS = _cap("parts", "over", "far")
_IMAGES = _cap("images", "over", "far")
_VIDEO = (*_refused("video"), "fetch.video")
_DIMENSIONS = _refused("dimensions.unlisted", "dimensions.fixed")
_KIND = _refused("model.kind")
_CONFLICT = ("idempotency.conflict", "idempotency.model")
# An empty credential is one that is not known.
_BAD_KEY = ("auth.invalid", "auth.scheme", "auth.missing")
# A null is no value at all.
_MISSING = (*_refused("model.missing", "input.missing"), *_refused("model.mistyped", "input.mistyped"))
_MISTYPED = _refused("input.mistyped", "model.mistyped")
_LONG_TEXT = _cap("text", "over", "far")
_LONG_USER = ("caps.user.over", "caps.user.far")
_URLS = (*_refused("url.scheme"), "url.data", "url.http", "url.blocked")

_REFUSING: dict[str, Clauses] = {
    "batch_wrong_code": _BATCH,
    "parts_wrong_code": _PARTS,
    "images_wrong_code": _IMAGES,
    "video_wrong_code": _VIDEO,
    "dimensions_wrong_code": _DIMENSIONS,
    "model_kind_wrong_code": _KIND,
    "conflict_wrong_code": _CONFLICT,
    "no_key_wrong_code": ("auth.missing",),
    "bad_key_wrong_code": _BAD_KEY,
    "many_tokens_wrong_code": ("tokens.total",),
    "no_credit_wrong_code": ("billing.no_credit",),
    "rate_wrong_code": ("rate_limit.refusal",),
    "batch_wrong_status": _BATCH,
    "parts_wrong_status": _PARTS,
    "images_wrong_status": _IMAGES,
    "video_wrong_status": _VIDEO,
    "dimensions_wrong_status": (*_DIMENSIONS, *_refused("dimensions.not_positive")),
    "model_kind_wrong_status": (*_KIND, "refusal.status_of_type"),
    "conflict_wrong_status": _CONFLICT,
    "no_key_wrong_status": ("auth.missing",),
    "bad_key_wrong_status": _BAD_KEY,
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
    "dimensions_wrong_type": (*_DIMENSIONS, *_refused("dimensions.not_positive"), "refusal.type"),
    "model_kind_wrong_type": (*_KIND, "refusal.status_of_type"),
    "conflict_wrong_type": (*_CONFLICT, "refusal.type"),
    "no_key_wrong_type": ("auth.missing", "refusal.status_of_type"),
    "bad_key_wrong_type": (*_BAD_KEY, "refusal.status_of_type"),
    "missing_field_wrong_type": (*_MISSING, "refusal.type"),
    "bad_type_wrong_type": (*_MISTYPED, "refusal.type"),
    "long_text_wrong_type": (*_LONG_TEXT, "refusal.type"),
    "long_user_wrong_type": (*_LONG_USER, "refusal.type"),
    "blocked_url_wrong_type": (*_URLS, "refusal.type"),
    "many_tokens_wrong_type": ("tokens.total", "refusal.type"),
    "no_credit_wrong_type": ("billing.no_credit", "refusal.type"),
    "rate_wrong_type": ("rate_limit.refusal", "refusal.status_of_type"),
    "batch_wrong_param": (*_BATCH, "refuse.batch.param", "estimate.refuse.batch.param"),
    "parts_wrong_param": (*_PARTS, *_cap("parts", "param")),
    "images_wrong_param": (*_IMAGES, *_cap("images", "param")),
    "video_wrong_param": _VIDEO,
    "dimensions_wrong_param": (*_DIMENSIONS, *_refused("dimensions.not_positive")),
    "missing_field_wrong_param": _MISSING,
    "long_user_wrong_param": _LONG_USER,
    "batch_without_param": ("refuse.batch.param", "estimate.refuse.batch.param"),
    "parts_without_param": (*_cap("parts", "param"), *_cap("images", "param")),
    "param_none_text": ("refusal.param",),
    **dict.fromkeys(
        ("message_empty", "message_missing", "message_not_text"),
        (
            *("refusal.message", "refusal.envelope", "refuse.dimensions.unlisted.message"),
            *("estimate.refuse.dimensions.unlisted.message", *_cap("parts", "message"), *_cap("images", "message")),
        ),
    ),
    **dict.fromkeys(
        ("caps_message_vague", "caps_message_without_cap", "caps_message_without_count"),
        (*_cap("parts", "message"), *_cap("images", "message")),
    ),
    "caps_message_constant_count": _cap("parts", "message"),
    **dict.fromkeys(
        (
            *("dimensions_message_vague", "dimensions_message_without_accepted"),
            "dimensions_message_without_received",
        ),
        ("refuse.dimensions.unlisted.message", "estimate.refuse.dimensions.unlisted.message"),
    ),
}

_ENVELOPE: dict[str, Clauses] = {
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
        ("request_id_constant", "request_id_repeated"), ("request_id.unique", "idempotency.refusal_not_stored")
    ),
    "request_id_wrong_prefix": ("request_id.present", "refusal.request_id"),
    "request_id_only_prefix": (
        *("request_id.present", "request_id.unique", "refusal.request_id"),
        "idempotency.refusal_not_stored",
    ),
    "refusal_html": ("content_type", *_ENVELOPES, "http.gzip", *_REFUSALS),
    "refusal_text_html": ("content_type",),
    "refusal_without_content_type": ("content_type",),
    "success_text_plain": ("content_type",),
    # What is refused looks served: not even an envelope of a success is there.
    "error_in_200": (
        *("refuse.batch", *_REFUSALS, "uncharged.*", "success.*", "usage.*", "vector.floats", "estimate.shape"),
        *("estimate.total", "estimate.breakdown", "http.gzip", "http.unparsable", "http.hostile", "version.syntax"),
        *("models.exact", "fetch.unauthorised", "fetch.failed", "money.auth_refusal"),
    ),
    **dict.fromkeys(
        ("envelope_detail", "envelope_detail_list", "envelope_flat", "envelope_string", "envelope_list"),
        (*_ENVELOPES, *_REFUSALS),
    ),
    **dict.fromkeys(("code_numeric", "code_missing"), ("refusal.envelope", "refusal.doc_url", *_REFUSALS)),
    "type_missing": ("refusal.type", "refusal.envelope", *_REFUSALS),
    "retry_after_missing": ("rate_limit.refusal",),
    "rate_headers_missing_on_429": ("rate_limit.refusal",),
}

_MONEY: dict[str, Clauses] = {
    "charge_on_batch": (*_uncharged("batch"), "money.model"),
    "charge_on_parts": (*_uncharged("caps.parts"), "money.model"),
    "charge_on_images": _uncharged("caps.images"),
    "charge_on_video": _uncharged("video"),
    "charge_on_dimensions": _uncharged("dimensions.unlisted", "dimensions.fixed", "dimensions.not_positive"),
    "charge_on_dimensions_type": _uncharged("dimensions.mistyped"),
    "charge_on_model_kind": _uncharged("model.kind"),
    "charge_on_unknown_model": _uncharged("model.unknown"),
    "charge_on_missing_field": _uncharged("model.missing", "input.missing", "model.mistyped", "input.mistyped"),
    "charge_on_bad_type": _uncharged("input.mistyped", "input.items", "input.parts"),
    "charge_on_malformed_body": ("money.auth_refusal",),
    "charge_on_empty_input": ("money.other_refusals",),
    "charge_on_nul": _uncharged("text.nul"),
    "charge_on_long_text": _uncharged("caps.text"),
    "charge_on_long_user": _uncharged("caps.user"),
    "charge_on_long_url": _uncharged("caps.url"),
    "charge_on_bad_url": _uncharged("url.scheme"),
    "charge_on_many_tokens": ("money.too_many_tokens",),
    "charge_on_encoding": _uncharged("encoding_format.unknown"),
    "charge_on_version": ("money.other_refusals",),
    "charge_on_failed_download": ("money.other_refusals",),
    "charge_on_conflict": ("money.conflict", "money.model"),
    "charge_on_running": ("money.together",),
    "charge_on_large_refusals": _FEES,
    "flat_fee_on_refusals": _FEES,
    "round_fee_on_refusals": _FEES,
    "charge_on_refused_estimate": ("uncharged.batch", "uncharged.*"),
    "refund_on_refusals": _FEES,
    "charge_on_replay": ("money.replay", "money.model"),
    "small_fee_on_replay": ("money.replay", "money.model"),
    "charge_on_estimate": ("money.estimate",),
    "small_fee_on_estimate": ("money.estimate",),
    **dict.fromkeys(
        ("charge_double", "charge_tenth_more", "charge_half", "charge_one_micro_more", "charge_rounded_up"), _CHARGES
    ),
    "charge_per_part": ("money.authoritative", "money.model"),
    "charge_images_free": ("money.authoritative",),
    "charge_base64_double": ("money.authoritative",),
    "charge_user_more": ("money.authoritative",),
    "charged_says_double": (*_CHARGES, "usage.rates", *_LIVE),
    "charged_says_nothing": (*_CHARGES, "usage.rates", "usage.grows", "usage.visual", *_LIVE),
    "charge_off_published_rate": ("usage.rates", *_LIVE),
    "published_rate_off": ("usage.rates",),
    "hold_never_released": ("balance.released",),
}

_MEDIA: dict[str, Clauses] = {
    "fetch_before_parts_cap": ("unfetched.caps.parts",),
    "fetch_before_image_cap": ("unfetched.caps.images",),
    "fetch_before_video_refusal": ("unfetched.video", "fetch.video"),
    "fetch_before_dimensions": ("unfetched.dimensions.unlisted",),
    "fetch_before_kind": ("unfetched.model.kind",),
    "fetch_before_user": ("unfetched.caps.user",),
    "fetch_before_text_cap": ("unfetched.caps.text",),
    "failed_fetch_ignored": ("fetch.failed",),
    "failed_fetch_500": ("status.never_5xx", "fetch.failed"),
    "url_scheme_unchecked": (*_let_in("url.scheme"), "url.http", "url.data"),
    "url_private_accepted": ("url.blocked",),
}

_VECTORS: dict[str, Clauses] = {
    "vector_user_changes_it": ("user.neutral",),
    "vector_dimensions_change_it": ("dimensions.listed",),
    "vector_random": _SAME,
    "vector_drifts": _SAME,
    "vector_constant": _OTHER,
    # Images that don't take part are not fetched.
    "vector_first_part_only": ("vector.all_parts", "vector.image", "fetch.images"),
    "vector_last_part_only": ("vector.all_parts", "vector.image", "fetch.images"),
    "vector_first_two_parts_only": ("vector.all_parts", "fetch.images"),
    "vector_images_ignored": ("vector.image", "fetch.images"),
    "vector_texts_ignored": ("vector.image",),
    "vector_truncates_512": ("vector.distinct",),
    "vector_truncates_8192": ("vector.distinct",),
    "vector_after_long_text": ("vector.history", *_SAME),
    # NaN is no JSON, and numbers without end can't be compared.
    **dict.fromkeys(("vector_nan", "vector_infinite"), ("vector.floats", "content_type", "http.gzip", *_SAME, *_OTHER)),
    "vector_holds_null": ("vector.floats", *_SAME, *_OTHER),
    **dict.fromkeys(
        ("vector_null", "vector_nested", "vector_empty", "vector_texts", "vector_object"),
        ("vector.floats", "encoding.base64"),
    ),
    "vector_zero": ("vector.floats",),
    "vector_width_varies": ("vector.width",),
    "vector_one_short": ("vector.width",),
    "vector_wrong_for_non_ascii": ("vector.floats",),
    "vector_wrong_for_long_text": ("vector.floats", "vector.distinct"),
    "vector_wrong_after_twenty": ("vector.floats",),
    # An image that is swapped for another is not fetched, or not missing.
    "vector_swapped_when_busy": (
        *("crowd.own_answers", "crowd.own_parts", *_SAME, *_OTHER, "fetch.images", "fetch.failed"),
    ),
    "vector_one_per_part": ("success.single",),
    "data_twice": ("success.single",),
    "data_empty": ("success.single", "success.index", "success.item_object", "vector.floats"),
    "data_object": ("success.envelope", "success.single", "success.index", "success.item_object", "vector.floats"),
    "index_one": ("success.index",),
    "index_missing": ("success.index", "success.envelope"),
    "index_text": ("success.index", "success.envelope"),
    "item_object_wrong": ("success.item_object",),
    "item_object_missing": ("success.item_object",),
    "list_object_wrong": ("success.object",),
    "list_object_missing": ("success.object", "success.envelope"),
    "model_echo_short": ("success.model", "models.served"),
    "model_echo_default": ("success.model", "models.served"),
    "model_echo_missing": ("success.model", "success.envelope", "models.served"),
    "model_echo_upper": ("success.model", "models.served"),
}

_SHARES = ("success.envelope", "usage.breakdown")
_ACCOUNTING: dict[str, Clauses] = {
    **dict.fromkeys(
        ("usage_missing", "usage_null"),
        (
            *("success.envelope", "usage.tokens", "usage.credits", "usage.breakdown", "usage.breakdown.unused"),
            *("usage.visual", *_COUNTED, *_LIVE),
        ),
    ),
    "usage_zero": ("usage.tokens", *_COUNTED, *_LIVE),
    "usage_total_differs": ("usage.tokens",),
    "usage_prompt_missing": ("success.envelope", "usage.tokens", *_COUNTED, *_LIVE),
    "usage_total_missing": ("success.envelope", "usage.tokens"),
    "usage_constant": ("usage.grows", "usage.rates", "usage.visual_tokens", *_LIVE),
    **dict.fromkeys(
        ("usage_negative", "usage_texts", "usage_fraction"), ("usage.tokens", "success.envelope", *_COUNTED, *_LIVE)
    ),
    "usage_without_images": ("usage.visual_tokens",),
    **dict.fromkeys(
        ("credits_missing", "credits_text", "credits_null"),
        ("usage.credits", "success.envelope", "usage.breakdown", "usage.grows", "usage.rates", "user.neutral", *_LIVE),
    ),
    "credits_negative": (
        *("usage.credits", "success.envelope", "usage.breakdown", "usage.grows", "usage.rates", *_LIVE, *_CHARGES),
    ),
    "breakdown_missing": ("success.envelope", "usage.breakdown", "usage.breakdown.unused", "usage.visual"),
    "breakdown_without_text": _SHARES,
    "breakdown_without_visual": (*_SHARES, "usage.breakdown.unused", "usage.visual"),
    "breakdown_without_unused": (*_SHARES, "usage.breakdown.unused"),
    "breakdown_sum_off": ("usage.breakdown",),
    "breakdown_swapped": ("usage.breakdown.unused", "usage.visual"),
    "breakdown_video_charged": ("usage.video", *_SHARES),
    "breakdown_texts": (*_SHARES, "usage.breakdown.unused", "usage.video", "usage.visual"),
    "estimate_without_tokens": ("estimate.shape", "estimate.total", *_LIVE),
    "estimate_total_off": ("estimate.total", *_LIVE),
    "estimate_video_not_zero": ("estimate.shape", "estimate.total"),
    "estimate_says_false": ("estimate.shape",),
    "estimate_too_low": _LIVE,
    "estimate_image_called_visual": ("estimate.shape", "estimate.total"),
    "estimate_credits_text": ("estimate.shape", "estimate.breakdown", *_LIVE),
    "estimate_without_credits": ("estimate.shape", "estimate.breakdown", *_LIVE),
    "estimate_without_breakdown": ("estimate.shape", "estimate.breakdown"),
    "estimate_sum_off": ("estimate.breakdown", *_LIVE),
}

_IDEMPOTENCY: dict[str, Clauses] = {
    # Without a memory nothing is a replay, nothing conflicts, and everything is charged anew.
    **dict.fromkeys(
        ("replay_ignored", "replay_every_other_lost"), (*_MARKED, "money.conflict", "money.together", "money.model")
    ),
    "replay_recomputed": _REPLAYS,
    "replay_unmarked": _MARKED,
    "replay_marked_one": _MARKED,
    "replay_other_status": _MARKED,
    "replay_extended": _REPLAYS,
    # The replayed body no longer adds up.
    "replay_shows_no_charge": (*_REPLAYS, "usage.breakdown", "usage.rates"),
    # What is marked as a replay has to be free, and is charged.
    **dict.fromkeys(
        ("first_use_marked", "first_use_marked_false"),
        (
            *("idempotency.first_unmarked", "idempotency.keys_independent", "idempotency.other_team"),
            *("idempotency.window", "idempotency.model", "idempotency.together", *_CHARGES),
        ),
    ),
    # Without a key: the cases of these that send none.
    "unkeyed_marked": ("idempotency.first_unmarked", "idempotency.keys_independent", "money.authoritative"),
    **dict.fromkeys(
        ("window_one_hour", "window_23_hours", "window_endless", "window_48_hours"), ("idempotency.window",)
    ),
    "raw_body_compared": ("idempotency.canonical",),
    "key_order_compared": ("idempotency.canonical",),
    # It compares the bytes that are left, so that another order is another body.
    "white_space_in_texts_ignored": ("idempotency.conflict", "idempotency.canonical"),
    "part_order_ignored": ("idempotency.conflict",),
    "conflict_served": ("idempotency.conflict", "idempotency.model", "money.conflict", "money.model"),
    "conflict_replayed": ("idempotency.conflict", "idempotency.model"),
    "conflict_ignores_user": ("idempotency.conflict",),
    "conflict_ignores_dimensions": ("idempotency.conflict",),
    "conflict_ignores_encoding": ("idempotency.conflict",),
    # The answer of another model comes back.
    "conflict_ignores_model": ("idempotency.conflict", "success.model", "vector.width", "usage.breakdown.model"),
    "conflict_ignores_input": ("idempotency.conflict", "idempotency.model"),
    "conflict_ignores_later_parts": ("idempotency.conflict",),
    "conflict_compares_length": ("idempotency.conflict",),
    # The keys of a machine begin alike, so its new requests are taken for old ones and are not charged.
    "idempotency_key_cut_8": ("idempotency.keys_independent", "idempotency.model", "money.model"),
    "idempotency_key_cut_32": ("idempotency.keys_independent",),
    "idempotency_key_case_folded": ("idempotency.keys_independent",),
    "idempotency_key_32_longest": ("idempotency.key_length",),
    # Those that send a request without a key.
    "idempotency_key_required": (
        *("accept.plain", "idempotency.first_unmarked", "idempotency.keys_independent", "money.authoritative"),
    ),
    "idempotency_shared_by_teams": ("idempotency.other_team",),
    "idempotency_scope_api_key": ("idempotency.same_team",),
    "refusals_replayed": ("idempotency.refusal_not_stored", "idempotency.model"),
    "in_flight_unguarded": ("idempotency.together", "money.together"),
    "in_flight_500": ("idempotency.together", "status.never_5xx"),
}

_ACCESS: dict[str, Clauses] = {
    "no_key_accepted": ("auth.missing",),
    # An empty credential, or one of another scheme, is a bad key too; what is let in is fetched for and charged.
    "bad_key_accepted": (*_BAD_KEY, "fetch.unauthorised", "money.auth_refusal"),
    "well_formed_key_accepted": ("auth.invalid", "fetch.unauthorised", "money.auth_refusal"),
    "revoked_key_accepted": ("auth.revoked",),
    "key_prefix_compared": ("auth.invalid",),
    "key_start_accepted": ("auth.invalid",),
    "key_case_ignored": ("auth.invalid",),
    "x_api_key_unsupported": ("auth.x_api_key",),
    # Nobody is let in, and a bad key is taken for none.
    "bearer_unsupported": ("auth.bearer", "auth.invalid", "models.list", "balance.arithmetic"),
    "read_key_may_create": ("auth.read_only", "auth.read_only.type"),
    "missing_scope_401": ("auth.read_only", "auth.read_only.type"),
    "no_credit_served": ("billing.no_credit",),
    "estimate_open": ("auth.missing", "auth.invalid", "auth.revoked"),
    "balance_open": ("auth.missing", "auth.invalid"),
    "version_echo_wrong": ("version.pin",),
    "version_echo_missing": ("version.echo", "version.pin"),
    "version_syntax_500": ("status.never_5xx", "version.syntax"),
    "version_syntax_unchecked": ("version.syntax",),
    "version_pin_refused": ("version.pin",),
    "models_without_kind": ("models.row",),
    "models_without_metadata": ("models.row", "models.row.metadata"),
    "models_without_dimensions": ("models.row",),
    "models_without_context": ("models.row.metadata",),
    "models_without_max_items": ("models.row.metadata",),
    "models_without_capabilities": ("models.row.metadata",),
    # What the row lists, the text "1024", is refused.
    "models_dimensions_text": ("models.row", "dimensions.listed"),
    # The message lists what is accepted, which is not what the row lists.
    "models_dimensions_extra": (
        *("dimensions.listed", "refuse.dimensions.unlisted.message"),
        "estimate.refuse.dimensions.unlisted.message",
    ),
    "models_without_data": ("models.list",),
    "models_object_wrong": ("models.list",),
    # No listed model is served, so nothing is.
    "models_other_slugs": (
        *("models.served", "accept.*", "auth.bearer", "auth.x_api_key", "billing.no_credit", "http.gzip"),
        *("http.hostile", "version.pin", "estimate.*", "fetch.*", "url.*", "idempotency.*", "usage.*", "vector.*"),
        *("encoding.base64", "dimensions.*", "user.neutral", "crowd.*", "caps.*.at", "refuse.*", "unfetched.*"),
    ),
    "chat_model_accepted": _let_in("model.kind"),
    "unknown_model_accepted": (*_let_in("model.unknown"), "models.exact"),
    "unknown_model_500": ("status.never_5xx", *_refused("model.unknown"), "models.exact"),
    "slug_case_ignored": ("models.exact",),
    "slug_prefix_accepted": _refused("model.unknown"),
    "slug_trimmed": ("models.exact",),
    "rate_remaining_above_limit": ("rate_limit.headers",),
}

# Where every request, or every embedding, comes to nothing, whatever asks for one is broken.
_NOTHING: Clauses = (
    *("accept.*", "auth.*", "billing.no_credit", "http.*", "version.*", "estimate.*", "fetch.*", "url.*"),
    *("tokens.total", "idempotency.*", "models.*", "money.*", "success.*", "usage.*", "vector.*"),
    *("encoding.base64", "dimensions.*", "user.neutral", "crowd.*", "caps.*", "refuse.*", "unfetched.*"),
    *("uncharged.*", "balance.*", "rate_limit.*"),
)
_ROBUSTNESS: dict[str, Clauses] = {
    "crash_on_nul": ("status.never_5xx", *_refused("text.nul"), "http.hostile"),
    "crash_on_lone_surrogate": ("status.never_5xx", "http.hostile"),
    "crash_on_invalid_utf8": ("status.never_5xx", "http.unparsable"),
    "crash_on_empty_body": ("status.never_5xx", "http.unparsable"),
    "crash_on_malformed_json": ("status.never_5xx", "http.unparsable", "http.hostile", "money.auth_refusal"),
    "crash_on_non_object": ("status.never_5xx", "http.unparsable", "money.auth_refusal"),
    # A thousand parts are a thousand brackets.
    "crash_on_deep_nesting": ("status.never_5xx", "http.unparsable", *_cap("parts", "far")),
    "crash_on_huge_integer": ("status.never_5xx", "http.hostile"),
    "crash_on_unknown_field": ("status.never_5xx", "http.hostile"),
    "crash_on_null_option": ("status.never_5xx", "http.hostile", *_refused("model.mistyped", "input.mistyped")),
    # A clause that asks for a success with such a text.
    "crash_on_emoji": ("status.never_5xx", *_TEXTS, "http.hostile"),
    "crash_on_non_ascii": (
        *("status.never_5xx", *_TEXTS, "http.hostile", "usage.repeats", "vector.distinct", "vector.history"),
        *("idempotency.canonical", "idempotency.conflict", "idempotency.model", "money.authoritative"),
    ),
    "crash_on_empty_text": ("status.never_5xx", "http.hostile"),
    "crash_on_empty_array": ("status.never_5xx", "http.hostile"),
    "crash_on_token_ids": ("status.never_5xx", *_refused("input.items")),
    "crash_on_broken_part": ("status.never_5xx", *_refused("input.parts", "input.items")),
    "crash_on_long_text": ("status.never_5xx", "tokens.total", *_cap("text", "at", "over", "far")),
    "crash_on_key": ("status.never_5xx", *_NOTHING),
    "crash_on_bearer": ("status.never_5xx", *_NOTHING),
    "emoji_refused": _TEXTS,
    "not_found_html": ("content_type", *_ENVELOPES),
    "method_unchecked_500": ("status.never_5xx", "http.hostile"),
    # The body can't be unpacked, so there is no whole answer.
    "false_gzip": ("http.gzip", "content_type", "status.answers"),
    "false_gzip_on_refusals": ("http.gzip", "content_type", "status.answers"),
    "body_cut": ("content_type", *_NOTHING),
    "body_trailing": ("content_type", *_ENVELOPES, *_NOTHING),
    "body_byte_order_mark": ("content_type", *_ENVELOPES, *_NOTHING),
    "second_on_connection": ("success.envelope", *_NOTHING),
    "request_id_shared_when_busy": ("request_id.unique", "idempotency.refusal_not_stored"),
    "crash_when_busy": ("status.never_5xx", *_NOTHING),
}

_FLAKY: dict[str, Clauses] = {
    "seldom_wrong_request_id": ("request_id.unique", "refusal.request_id", "idempotency.refusal_not_stored"),
    "seldom_zero_vector": ("vector.floats", *_SAME, *_OTHER),
    "seldom_other_vector": ("crowd.own_answers", *_SAME, *_OTHER),
    "seldom_first_part_only": ("crowd.own_parts", *_SAME, "vector.all_parts", "vector.image"),
    "seldom_crash": ("status.never_5xx", *_NOTHING),
    "seldom_double_charge": _CHARGES,
    "seldom_charge_on_refusal": _FEES,
    "seldom_index_one": ("success.index",),
    "seldom_wrong_code": ("refusal.doc_url", "refuse.batch", *_REFUSALS),
    "seldom_lost_key": (*_MARKED, "money.conflict", "money.together", "money.model"),
}

BREAKS: dict[str, Clauses] = {
    **_CAPS,
    **_INPUTS,
    **_REFUSING,
    **_ENVELOPE,
    **_MONEY,
    **_MEDIA,
    **_VECTORS,
    **_ACCOUNTING,
    **_IDEMPOTENCY,
    **_ACCESS,
    **_ROBUSTNESS,
    **_FLAKY,
}
