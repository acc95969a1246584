"""
Which clauses have to notice which fault of files and batch jobs; see `breaks`.
"""

from __future__ import annotations

__all__ = ["JOBS"]

JOBS: dict[str, tuple[str, ...]] = {
    "job_custom_id_dropped": ("jobs.mixed", "jobs.results"),
    "job_custom_id_lowered": ("jobs.results",),
    "job_list_first_only": ("jobs.results",),
    "job_ascii_only": ("jobs.results",),
    "job_usage_missing": ("jobs.usage",),
    "job_endpoint_unchecked": ("jobs.refuses",),
    "file_purpose_unchecked": ("jobs.refuses",),
    "file_unknown_empty": ("jobs.unknown",),
    "file_cut_at_4096": ("jobs.results",),
    "files_without_key": ("jobs.key",),
    "job_content_under_wrong_id": ("jobs.mixed", "jobs.results"),
    "job_bodies_reversed": ("jobs.results",),
    "job_embeds_another_text": ("jobs.fields", "jobs.results"),
    "job_duplicate_id_hangs": ("jobs.duplicate",),
    "job_duplicate_id_accepted": ("jobs.duplicate",),
    "job_bad_line_vanishes": ("jobs.broken_line",),
    "job_last_line_vanishes": ("jobs.mixed", "jobs.results"),
    "job_failed_line_vanishes": ("jobs.mixed",),
    "job_line_twice": ("jobs.mixed", "jobs.results"),
    "job_counts_wrong": ("jobs.all_bad", "jobs.mixed", "jobs.results"),
    "job_counts_zero": ("jobs.all_bad", "jobs.mixed", "jobs.results"),
    "job_never_ends": ("jobs.ends",),
    "job_status_unknown": ("jobs.all_bad", "jobs.mixed", "jobs.results", "jobs.cancel"),
    "job_failure_unexplained": ("jobs.reason",),
    "job_errors_in_output": ("jobs.mixed",),
    "job_errors_as_successes": ("jobs.mixed",),
    "job_output_unreadable": ("jobs.fields", "jobs.mixed", "jobs.results", "jobs.usage"),
    "job_output_missing": ("jobs.mixed", "jobs.results"),
    "job_cancel_ignored": ("jobs.cancel",),
    "job_base64_ignored": ("jobs.results",),
    "job_dimensions_ignored": ("jobs.fields",),
    "job_url_not_checked": ("jobs.url",),
    "job_url_prefixed": ("jobs.mixed", "jobs.results", "jobs.cancel"),
    "file_content_missing": ("jobs.results", "jobs.usage", "jobs.mixed", "jobs.fields"),
    "file_content_empty": ("jobs.mixed", "jobs.results", "jobs.usage"),
    "file_upload_403": ("jobs.upload", "jobs.*"),
}
