"""
Which clauses notice a fault in what is served: money, media, vectors, keys and doors.
"""

from __future__ import annotations

from conformance.reference.aurous.faulty.patterns import (
    BAD_KEY,
    CHARGES,
    COUNTED,
    ENVELOPES,
    FEES,
    LIVE,
    MARKED,
    OTHER,
    REFUSALS,
    REPLAYS,
    SAME,
    TEXTS,
    Clauses,
    let_in,
    of_cap,
    refused,
    uncharged,
)

__all__ = ["ACCESS", "ACCOUNTING", "FLAKY", "IDEMPOTENCY", "MEDIA", "MONEY", "ROBUSTNESS", "VECTORS"]

MONEY: dict[str, Clauses] = {
    "charge_on_batch": (*uncharged("batch"), "money.model"),
    "charge_on_parts": (*uncharged("caps.parts"), "money.model"),
    "charge_on_images": uncharged("caps.images"),
    "charge_on_video": uncharged("video"),
    "charge_on_dimensions": uncharged("dimensions.unlisted", "dimensions.fixed", "dimensions.not_positive"),
    "charge_on_dimensions_type": uncharged("dimensions.mistyped"),
    "charge_on_model_kind": uncharged("model.kind"),
    "charge_on_unknown_model": uncharged("model.unknown"),
    "charge_on_missing_field": uncharged("model.missing", "input.missing", "model.mistyped", "input.mistyped"),
    "charge_on_bad_type": uncharged("input.mistyped", "input.items", "input.parts"),
    "charge_on_malformed_body": ("money.auth_refusal",),
    "charge_on_empty_input": ("money.other_refusals",),
    "charge_on_nul": uncharged("text.nul"),
    "charge_on_long_text": uncharged("caps.text"),
    "charge_on_long_user": uncharged("caps.user"),
    "charge_on_long_url": uncharged("caps.url"),
    "charge_on_bad_url": uncharged("url.scheme"),
    "charge_on_many_tokens": ("money.too_many_tokens",),
    "charge_on_encoding": uncharged("encoding_format.unknown"),
    "charge_on_version": ("money.other_refusals",),
    "charge_on_failed_download": ("money.other_refusals",),
    "charge_on_conflict": ("money.conflict", "money.model"),
    "charge_on_running": ("money.together",),
    "charge_on_large_refusals": FEES,
    "flat_fee_on_refusals": FEES,
    "round_fee_on_refusals": FEES,
    "charge_on_refused_estimate": ("uncharged.batch", "uncharged.*"),
    "refund_on_refusals": FEES,
    "charge_on_replay": ("money.replay", "money.model"),
    "small_fee_on_replay": ("money.replay", "money.model"),
    "charge_on_estimate": ("money.estimate",),
    "small_fee_on_estimate": ("money.estimate",),
    **dict.fromkeys(
        ("charge_double", "charge_tenth_more", "charge_half", "charge_one_micro_more", "charge_rounded_up"), CHARGES
    ),
    **dict.fromkeys(("events_charge_zero", "events_other_ids"), ("events.charged",)),
    "events_list_refused": ("events.uncharged",),
    **dict.fromkeys(("charge_not_on_second_key", "charge_other_model_more"), ("money.authoritative",)),
    "charge_not_with_idempotency_key": (
        *("money.authoritative", "money.model", "money.together", "money.replay", "money.other_refusals"),
    ),
    "dimensions_unchecked_beside_images": ("refuse.dimensions.unlisted", "estimate.refuse.dimensions.unlisted"),
    "caps_images_in_a_row": ("estimate.caps.images.over",),
    "charge_per_part": ("money.authoritative", "money.model"),
    "charge_images_free": ("money.authoritative",),
    "charge_base64_double": ("money.authoritative",),
    "charge_user_more": ("money.authoritative",),
    "charged_says_double": (*CHARGES, "usage.rates", *LIVE),
    "charged_says_nothing": (*CHARGES, "usage.rates", "usage.grows", "usage.visual", *LIVE),
    "charge_off_published_rate": ("usage.rates", "events.charged", *LIVE),
    "published_rate_off": ("usage.rates",),
    "hold_never_released": ("balance.released",),
    "exempt_team_charged": ("billing.exempt",),
}

MEDIA: dict[str, Clauses] = {
    "fetch_before_parts_cap": ("unfetched.caps.parts",),
    "fetch_before_image_cap": ("unfetched.caps.images",),
    "fetch_before_video_refusal": ("unfetched.video", "fetch.video"),
    "fetch_before_dimensions": ("unfetched.dimensions.unlisted",),
    "fetch_before_kind": ("unfetched.model.kind",),
    "fetch_before_user": ("unfetched.caps.user",),
    "fetch_before_text_cap": ("unfetched.caps.text",),
    "fetch_before_key": ("fetch.unauthorised",),
    "fetch_before_model": ("unfetched.model.missing",),
    "fetch_before_catalogue": ("unfetched.model.unknown",),
    "fetch_before_items": ("unfetched.input.items",),
    "fetch_before_next_part": ("unfetched.input.parts",),
    "fetch_before_encoding": ("unfetched.encoding_format.unknown",),
    "fetch_before_next_url": ("unfetched.url.scheme",),
    "failed_fetch_ignored": ("fetch.failed",),
    "failed_fetch_500": ("status.never_5xx", "fetch.failed"),
    "url_scheme_unchecked": (*let_in("url.scheme"), "url.http", "url.data"),
    "url_private_accepted": ("url.blocked",),
    "url_later_unchecked": (*let_in("url.scheme"), "url.blocked"),
    "url_port_unchecked": ("url.blocked",),
}

VECTORS: dict[str, Clauses] = {
    "vector_user_changes_it": ("user.neutral",),
    "vector_dimensions_change_it": ("dimensions.listed",),
    "vector_random": SAME,
    "vector_drifts": SAME,
    "vector_constant": OTHER,
    # Images that don't take part are not fetched.
    "vector_first_part_only": ("vector.all_parts", "vector.image", "fetch.images"),
    "vector_last_part_only": ("vector.all_parts", "vector.image", "fetch.images"),
    "vector_first_two_parts_only": ("vector.all_parts", "fetch.images"),
    "vector_images_ignored": ("vector.image", "fetch.images"),
    "vector_texts_ignored": ("vector.image",),
    "vector_truncates_512": ("vector.distinct",),
    "vector_truncates_8192": ("vector.distinct",),
    "vector_truncates_300000": ("vector.distinct",),
    "vector_second_image_unseen": ("vector.image", "fetch.images"),
    "models_other_row_bare": ("models.row",),
    "vector_after_long_text": ("vector.history", *SAME),
    # NaN is no JSON, and numbers without end can't be compared.
    **dict.fromkeys(("vector_nan", "vector_infinite"), ("vector.floats", "content_type", "http.gzip", *SAME, *OTHER)),
    "vector_holds_null": ("vector.floats", *SAME, *OTHER),
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
        *("crowd.own_answers", "crowd.own_parts", *SAME, *OTHER, "fetch.images", "fetch.failed"),
        # Whose answer is swapped is a matter of chance: whatever is compared with another answer may meet it.
        *("estimate.matches_live", "idempotency.*", "usage.*"),
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
ACCOUNTING: dict[str, Clauses] = {
    **dict.fromkeys(
        ("usage_missing", "usage_null"),
        (
            *("success.envelope", "usage.tokens", "usage.credits", "usage.breakdown", "usage.breakdown.unused"),
            *("usage.visual", *COUNTED, *LIVE),
        ),
    ),
    "usage_zero": ("usage.tokens", *COUNTED, *LIVE),
    "usage_total_differs": ("usage.tokens",),
    "usage_prompt_missing": ("success.envelope", "usage.tokens", *COUNTED, *LIVE),
    "usage_total_missing": ("success.envelope", "usage.tokens"),
    # Wherever an input is sent a second time and its count is held against the first.
    "usage_known_fewer": ("usage.repeats", "user.neutral", "crowd.own_answers"),
    "usage_constant": ("usage.grows", "usage.rates", "usage.visual_tokens", *LIVE),
    **dict.fromkeys(
        ("usage_negative", "usage_texts", "usage_fraction"), ("usage.tokens", "success.envelope", *COUNTED, *LIVE)
    ),
    "usage_without_images": ("usage.visual_tokens",),
    **dict.fromkeys(
        ("credits_missing", "credits_text", "credits_null"),
        ("usage.credits", "success.envelope", "usage.breakdown", "usage.grows", "usage.rates", "user.neutral", *LIVE),
    ),
    "credits_negative": (
        *("usage.credits", "success.envelope", "usage.breakdown", "usage.grows", "usage.rates", *LIVE, *CHARGES),
    ),
    "breakdown_missing": ("success.envelope", "usage.breakdown", "usage.breakdown.unused", "usage.visual"),
    "breakdown_without_text": _SHARES,
    "breakdown_without_visual": (*_SHARES, "usage.breakdown.unused", "usage.visual"),
    "breakdown_without_unused": (*_SHARES, "usage.breakdown.unused"),
    "breakdown_sum_off": ("usage.breakdown",),
    "breakdown_swapped": ("usage.breakdown.unused", "usage.visual"),
    "breakdown_video_charged": ("usage.video", *_SHARES),
    "breakdown_texts": (*_SHARES, "usage.breakdown.unused", "usage.video", "usage.visual"),
    "estimate_without_tokens": ("estimate.shape", "estimate.total", "estimate.image_tokens", *LIVE),
    "estimate_total_off": ("estimate.total", *LIVE),
    "estimate_video_not_zero": ("estimate.shape", "estimate.total"),
    "estimate_says_false": ("estimate.shape",),
    "estimate_too_low": LIVE,
    "estimate_image_called_visual": ("estimate.shape", "estimate.total", "estimate.image_tokens"),
    "estimate_credits_text": ("estimate.shape", "estimate.breakdown", *LIVE),
    "estimate_without_credits": ("estimate.shape", "estimate.breakdown", *LIVE),
    "estimate_without_breakdown": ("estimate.shape", "estimate.breakdown"),
    "estimate_sum_off": ("estimate.breakdown", *LIVE),
}

IDEMPOTENCY: dict[str, Clauses] = {
    # Without a memory nothing is a replay, nothing conflicts, and everything is charged anew.
    **dict.fromkeys(
        ("replay_ignored", "replay_every_other_lost"), (*MARKED, "money.conflict", "money.together", "money.model")
    ),
    "replay_recomputed": REPLAYS,
    "replay_unmarked": MARKED,
    "replay_marked_one": MARKED,
    "replay_other_status": MARKED,
    "replay_extended": REPLAYS,
    # The replayed body no longer adds up.
    "replay_shows_no_charge": (*REPLAYS, "usage.breakdown", "usage.rates"),
    # What is marked as a replay has to be free, and is charged.
    **dict.fromkeys(
        ("first_use_marked", "first_use_marked_false"),
        (
            *("idempotency.first_unmarked", "idempotency.keys_independent", "idempotency.other_team"),
            *("idempotency.window", "idempotency.model", "idempotency.together", *CHARGES),
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
    "conflict_replayed": (
        *("idempotency.conflict", "idempotency.model", "success.model", "vector.width", "usage.breakdown.model"),
    ),
    "conflict_retry_after": ("idempotency.conflict.retry_after",),
    "conflict_ignores_user": ("idempotency.conflict",),
    "conflict_ignores_dimensions": ("idempotency.conflict",),
    "conflict_ignores_encoding": ("idempotency.conflict",),
    # The answer of another model comes back.
    "conflict_ignores_model": ("idempotency.conflict", "success.model", "vector.width", "usage.breakdown.model"),
    "conflict_ignores_input": ("idempotency.conflict", "idempotency.model"),
    "conflict_ignores_later_parts": ("idempotency.conflict",),
    "conflict_compares_length": ("idempotency.conflict",),
    "idempotency_key_cut_16": ("idempotency.keys_independent",),
    "idempotency_key_cut_32": ("idempotency.keys_independent",),
    "idempotency_key_case_folded": ("idempotency.keys_independent",),
    "idempotency_key_32_longest": ("idempotency.key_length", "idempotency.keys_independent"),
    # Those that send a request without a key.
    "refused_key_taken": ("idempotency.refusal_then_fixed",),
    "idempotency_key_required": (
        *("accept.plain", "idempotency.first_unmarked", "idempotency.keys_independent", "money.authoritative"),
    ),
    "idempotency_shared_by_teams": ("idempotency.other_team",),
    "idempotency_scope_api_key": ("idempotency.same_team",),
    "refusals_replayed": ("idempotency.refusal_not_stored", "idempotency.model"),
    "in_flight_unguarded": ("idempotency.together", "money.together"),
    "in_flight_500": ("idempotency.together", "status.never_5xx"),
}

ACCESS: dict[str, Clauses] = {
    "no_key_accepted": ("auth.missing",),
    # An empty credential, or one of another scheme, is a bad key too; what is let in is fetched for and charged.
    "bad_key_accepted": (*BAD_KEY, "fetch.unauthorised", "money.auth_refusal"),
    "well_formed_key_accepted": ("auth.invalid", "fetch.unauthorised", "money.auth_refusal"),
    "revoked_key_accepted": ("auth.revoked",),
    "key_prefix_compared": ("auth.invalid",),
    "key_start_accepted": ("auth.invalid",),
    "key_case_ignored": ("auth.invalid",),
    # A bad key in that header is then no key at all.
    "x_api_key_unsupported": ("auth.x_api_key", "auth.invalid", "auth.revoked"),
    # Nobody is let in, and a bad key is taken for none.
    "bearer_unsupported": ("auth.bearer", "auth.invalid", "models.list", "balance.arithmetic", "balance.shape"),
    "read_key_may_create": ("auth.read_only", "auth.read_only.type"),
    "missing_scope_401": ("auth.read_only", "auth.read_only.type"),
    "no_credit_served": ("billing.no_credit",),
    "estimate_open": ("auth.missing", "auth.invalid", "auth.revoked"),
    "balance_open": ("auth.missing", "auth.invalid"),
    "version_echo_wrong": ("version.pin", "version.default"),
    "version_echo_missing_on_refusals": ("version.echo",),
    "version_default_other": ("version.default",),
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
    **dict.fromkeys(("models_without_pricing", "models_rate_text", "models_video_rate"), ("models.row.pricing",)),
    # What the row lists, the text "1024", is refused.
    "models_dimensions_text": ("models.row", "dimensions.listed", "accept.plain", "estimate.accepts"),
    # The message lists what is accepted, which is not what the row lists.
    "models_dimensions_extra": (
        *("dimensions.listed", "refuse.dimensions.unlisted.message"),
        *("estimate.refuse.dimensions.unlisted.message", "accept.plain", "estimate.accepts"),
    ),
    "models_without_data": ("models.list",),
    "models_object_wrong": ("models.list",),
    # No listed model is served, so nothing is.
    "models_other_slugs": (
        *("models.served", "accept.*", "auth.bearer", "auth.x_api_key", "billing.no_credit", "http.gzip"),
        *("http.hostile", "version.*", "estimate.*", "fetch.*", "url.*", "idempotency.*", "usage.*", "vector.*"),
        *("encoding.base64", "dimensions.*", "user.neutral", "crowd.*", "caps.*.at", "refuse.*", "unfetched.*"),
    ),
    "chat_model_accepted": let_in("model.kind"),
    # It fails over a name that is no Unicode.
    "unknown_model_accepted": (*let_in("model.unknown"), "models.exact", "status.never_5xx", "http.hostile"),
    "unknown_model_500": ("status.never_5xx", *refused("model.unknown"), "models.exact", "http.hostile"),
    "slug_case_ignored": ("models.exact",),
    "slug_prefix_accepted": refused("model.unknown"),
    "slug_trimmed": ("models.exact",),
    "rate_remaining_above_limit": ("rate_limit.headers",),
}

# Where every request, or every embedding, comes to nothing, whatever asks for one is broken.
_NOTHING: Clauses = (
    *("accept.*", "auth.*", "billing.*", "http.*", "version.*", "estimate.*", "fetch.*", "url.*"),
    *("tokens.total", "idempotency.*", "models.*", "money.*", "success.*", "usage.*", "vector.*"),
    *("encoding.base64", "dimensions.*", "user.neutral", "crowd.*", "caps.*", "refuse.*", "unfetched.*"),
    *("uncharged.*", "balance.*", "rate_limit.*"),
)
ROBUSTNESS: dict[str, Clauses] = {
    "crash_on_nul": ("status.never_5xx", *refused("text.nul"), "http.hostile"),
    "crash_on_lone_surrogate": ("status.never_5xx", "http.hostile"),
    "crash_on_invalid_utf8": ("status.never_5xx", "http.unparsable"),
    "crash_on_empty_body": ("status.never_5xx", "http.unparsable"),
    "crash_on_malformed_json": ("status.never_5xx", "http.unparsable", "http.hostile", "money.auth_refusal"),
    "crash_on_non_object": ("status.never_5xx", "http.unparsable", "money.auth_refusal"),
    # A thousand parts are a thousand brackets.
    "crash_on_deep_nesting": ("status.never_5xx", "http.unparsable", *of_cap("parts", "far")),
    "crash_on_huge_integer": ("status.never_5xx", "http.hostile"),
    "crash_on_unknown_field": ("status.never_5xx", "http.hostile"),
    "crash_on_null_option": ("status.never_5xx", "http.hostile", *refused("model.mistyped", "input.mistyped")),
    # A clause that asks for a success with such a text.
    "crash_on_emoji": ("status.never_5xx", *TEXTS, "http.hostile"),
    "crash_on_non_ascii": (
        *("status.never_5xx", *TEXTS, "http.hostile", "usage.repeats", "vector.distinct", "vector.history"),
        *("idempotency.canonical", "idempotency.conflict", "idempotency.model", "money.authoritative"),
        *(*refused("batch"), *of_cap("text", "at", "over")),
    ),
    "crash_on_empty_text": ("status.never_5xx", "http.hostile"),
    "crash_on_empty_array": ("status.never_5xx", "http.hostile"),
    "crash_on_token_ids": ("status.never_5xx", *refused("input.items"), "http.hostile"),
    "crash_on_broken_part": ("status.never_5xx", *refused("input.parts", "input.items"), "http.hostile"),
    "crash_on_long_text": (
        *("status.never_5xx", "tokens.total", *of_cap("text", "at", "over", "far"), *of_cap("parts", "far")),
    ),
    "crash_on_key": ("status.never_5xx", *_NOTHING),
    "crash_on_bearer": ("status.never_5xx", *_NOTHING),
    "emoji_refused": TEXTS,
    "not_found_html": ("content_type", *ENVELOPES),
    "method_unchecked_500": ("status.never_5xx", "http.hostile"),
    # The body can't be unpacked, so there is no whole answer.
    "false_gzip": ("http.gzip", "content_type", "status.answers"),
    "false_gzip_on_refusals": ("http.gzip", "content_type", "status.answers"),
    "body_cut": ("content_type", *_NOTHING),
    "body_trailing": ("content_type", *ENVELOPES, *_NOTHING),
    "body_byte_order_mark": ("content_type", *ENVELOPES, *_NOTHING),
    "second_on_connection": ("success.envelope", *_NOTHING),
    "request_id_shared_when_busy": ("request_id.unique", "idempotency.refusal_not_stored"),
    "crash_when_busy": ("status.never_5xx", *_NOTHING),
}

FLAKY: dict[str, Clauses] = {
    "seldom_wrong_request_id": ("request_id.unique", "refusal.request_id", "idempotency.refusal_not_stored"),
    "seldom_zero_vector": ("vector.floats", *SAME, *OTHER),
    "seldom_other_vector": ("crowd.own_answers", *SAME, *OTHER),
    # The other parts are not fetched either.
    "seldom_first_part_only": (
        *("crowd.own_parts", *SAME, "vector.all_parts", "vector.image", "fetch.images", "fetch.failed"),
    ),
    "seldom_crash": ("status.never_5xx", *_NOTHING),
    "seldom_double_charge": CHARGES,
    "seldom_charge_on_refusal": FEES,
    "seldom_index_one": ("success.index",),
    "seldom_wrong_code": ("refusal.doc_url", "refuse.batch", *REFUSALS),
    "seldom_lost_key": (*MARKED, "money.conflict", "money.together", "money.model"),
}
