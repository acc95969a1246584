"""
Every bug that was met in a running server has a server of the zoo that has it too.
"""

from __future__ import annotations

import pytest

from conformance.reference.__main__ import load_provider

RECORDS = {
    "ENC-01": "base64_ignored", "ENC-02": "base64_float64", "ENC-04": "base64_gateway_502", "ENV-02": "base64_refused",
    "ENV-04": "float_refused", "INP-02": "base64_refused_with_lists_of_ids", "INP-04": "ids_of_another_vocabulary",
    "INP-05": "ids_beyond_vocabulary_crash_engine", "EMP-01": "empty_text_crashes", "EMP-02": "empty_member_500",
    "EMP-03": "empty_list_413", "EMP-04": "empty_forms_accepted", "EMP-06": "short_input_crashes",
    "IDX-02": "index_missing_when_zero", "IDX-04": "cache_wrong_index", "IDX-07": "order_reversed_indexes_right", "IDX-06": "last_vector_for_all",
    "BAT-01": "batch_differs_from_single", "BAT-03": "batch_padded_rows_null", "REP-01": "repeat_differs",
    "REP-02": "repeat_zero_after_long_text", "REP-03": "repeat_differs_after_long_text", "CON-04": "burst_kills_engine",
    "CON-05": "crosstalk_swaps_answers", "NAN-01": "vector_nan_crashes",
    "NAN-03": "vector_zero", "SHP-01": "vector_nested", "SHP-02": "vector_width_by_text", "NRM-02": "dimensions_not_renormalised",
    "DIM-02": "dimensions_above_native_served", "DIM-04": "dimensions_give_empty_arrays", "USG-01": "usage_zero",
    "USG-04": "usage_constant", "USG-06": "usage_wrong_in_company", "MOD-02": "model_unknown_accepted",
    "SCH-01": "object_embedding", "ERR-01": "envelope_flat", "ERR-04": "envelope_none_words", "ERR-08": "envelope_text_plain",
    "ERR-09": "error_hidden_in_200", "STS-01": "bad_json_500", "STS-04": "route_alias_500", "LEN-01": "truncates_at_512",
    "LEN-02": "truncates_at_2000", "LEN-04": "too_long_kills", "LEN-05": "too_long_accepted", "LEN-06": "too_long_in_characters",
    "RTL-01": "limit_without_retry_after", "RTL-02": "limit_with_other_header", "RTL-03": "overload_500",
    "RTL-05": "rate_headers_missing", "RTE-02": "route_without_version_only", "RTE-03": "route_alias_with_bare_list",
    "GZP-01": "gzip_header_over_plain", "GZP-02": "gzip_header_over_plain_refusals", "COR-01": "cors_without_authorization",
    "COR-02": "cors_preflight_401", "COR-03": "cors_preflight_only", "CNX-01": "burst_resets_connections",
    "CNX-04": "hangup_cancels_others", "UNI-02": "surrogate_500", "CCH-02": "cache_misses_base64", "BIL-01": "charge_of_failures",
    "BIL-02": "charge_missing", "BIL-03": "quota_refused_early", "BIL-04": "failures_not_logged",
    "BAP-02": "job_content_under_wrong_id", "BAP-03": "job_duplicate_id_hangs",
}
# What only one of the two can have: an unknown model, a path without a version, and a ledger.
OF_ONE = {"MOD-02": "openai", "STS-04": "openai", "RTE-03": "openai", "RTL-05": "openai", "BIL-01": "xerotier", "BIL-02": "xerotier", "BIL-04": "xerotier"}


@pytest.mark.parametrize("provider", ["openai", "xerotier"])
def test_every_record_has_its_server(provider: str) -> None:
    made = load_provider(provider)
    wanted = {fault for record, fault in RECORDS.items() if OF_ONE.get(record, provider) == provider}
    assert wanted <= {fault.name for fault in made.faults()}
