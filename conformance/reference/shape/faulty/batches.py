"""
Faults of files and batch jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.reference.asgi import Answer
from conformance.reference.shape.behaviour import write_row
from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import Document, edit_answer, leave_out
from conformance.reference.shape.jobs import Job, Line, Result
from conformance.reference.shape.space import shorten
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]


def _rotated(results: list[Result]) -> list[Result]:
    identifiers = [one.custom_id for one in results]
    return [one._replace(custom_id=name) for one, name in zip(results, identifiers[1:] + identifiers[:1], strict=True)]


def _dropped(results: list[Result]) -> list[Result]:
    return [one._replace(custom_id="") for one in results]


def _counts_off(job: Job, document: Document) -> Document:
    if job.status == "completed":
        document["request_counts"]["completed"] += 1
    return document


def _counts_zero(job: Job, document: Document) -> Document:
    document["request_counts"] = {"total": 0, "completed": 0, "failed": 0}
    return document


def _has_duplicates(job: Job) -> bool:
    identifiers = [line.custom_id for line in job.lines]
    return len(set(identifiers)) < len(identifiers)


def _unknown_status(job: Job, document: Document) -> Document:
    if document["status"] == "completed":
        document["status"] = "done"
    return document


def _without_errors(job: Job, document: Document) -> Document:
    document["errors"] = None
    return document


def _other_text(lines: list[Line]) -> list[Line]:
    return [Line(line.custom_id, {**line.body, "input": "?"}) if line.body.get("input") else line for line in lines]


def _floats_in_jobs(call: Call, row: Any) -> Any:
    return row if call.in_job else write_row(call, row)


def _narrow_in_jobs(call: Call, rows: Any, width: int) -> Any:
    return rows if call.in_job else shorten(rows, width)


def _statuses_200(results: list[Result]) -> list[Result]:
    return [one._replace(status=200) if one.status != 200 else one for one in results]


def _reversed_bodies(results: list[Result]) -> list[Result]:
    return [one._replace(body=other.body) for one, other in zip(results, results[::-1], strict=True)]


def _file(call: Call, answer: Answer, kind: str, status: int) -> Answer | None:
    if call.place is not None and call.place.kind == kind and answer.status == 200:
        return Answer(status, b"{}", headers=answer.headers)
    return None


def _lowered(results: list[Result]) -> list[Result]:
    return [one._replace(custom_id=one.custom_id.lower()[:12]) for one in results]


def _first_of_lists(lines: list[Line]) -> list[Line]:
    def first(body: Mapping[str, Any]) -> Mapping[str, Any]:
        given = body.get("input")
        return {**body, "input": given[:1]} if isinstance(given, list) and given else body

    return [Line(line.custom_id, first(line.body)) for line in lines]


def _ascii_only(lines: list[Line]) -> list[Line]:
    def plain(body: Mapping[str, Any]) -> Mapping[str, Any]:
        given = body.get("input")
        return {**body, "input": given.encode("ascii", "replace").decode()} if isinstance(given, str) else body

    return [Line(line.custom_id, plain(line.body)) for line in lines]


def _without_usage(results: list[Result]) -> list[Result]:
    return [
        one._replace(body={name: value for name, value in one.body.items() if name != "usage"})
        if isinstance(one.body, dict)
        else one
        for one in results
    ]


def _unknown_file(call: Call, answer: Answer) -> Answer | None:
    if call.place is not None and call.place.kind == "content" and answer.status == 404:
        return Answer(200, b"", headers=answer.headers)
    return None


_ANY_FAULT = frozenset(
    {"invalid_json_line", "missing_required_parameter", "invalid_method", "url_mismatch", "model_mismatch"}
)

FAULTS = (
    Fault("job_custom_id_dropped", "writes an empty custom_id for every line", ("batch",), {"on_results": _dropped}),
    Fault("job_custom_id_lowered", "writes a custom_id small and short", ("batch",), {"on_results": _lowered}),
    Fault("job_list_first_only", "embeds the first of a line's inputs only", ("batch",), {"on_lines": _first_of_lists}),
    Fault("job_ascii_only", "reads files as ASCII", ("batch",), {"on_lines": _ascii_only}),
    Fault("job_usage_missing", "leaves usage out of the answers of lines", ("batch",), {"on_results": _without_usage}),
    Fault("job_endpoint_unchecked", "takes a job for any route", ("job",), leave_out("batch.endpoint")),
    Fault("file_purpose_unchecked", "takes a file for any purpose", ("job",), leave_out("file.purpose_value")),
    Fault("file_unknown_empty", "answers an unknown file with nothing", ("job",), edit_answer(_unknown_file)),
    Fault("file_cut_at_4096", "keeps 4,096 bytes of a file, to the end of a line", ("batch",), {"file_bytes": 4_096}),
    Fault(
        "files_without_key",
        "gives files and jobs to callers without a key",
        ("auth",),
        {"open_paths": frozenset({"files", "content", "batches", "batch"})},
    ),
    Fault(
        "job_content_under_wrong_id",
        "files results under the id of the next line",
        ("batch",),
        {"on_results": _rotated},
    ),
    Fault(
        "job_bodies_reversed",
        "gives the first line the result of the last",
        ("batch",),
        {"on_results": _reversed_bodies},
    ),
    Fault("job_embeds_another_text", "embeds another text than the lines hold", ("batch",), {"on_lines": _other_text}),
    Fault(
        "job_duplicate_id_hangs",
        "never ends a job whose lines share a custom_id",
        ("job",),
        {"unchecked_lines": frozenset({"duplicate_custom_id"}), "never_ends": _has_duplicates},
    ),
    Fault(
        "job_duplicate_id_accepted",
        "runs a job whose lines share a custom_id",
        ("batch",),
        {"unchecked_lines": frozenset({"duplicate_custom_id"})},
    ),
    Fault(
        "job_bad_line_vanishes", "leaves out lines that it can not read", ("batch",), {"unchecked_lines": _ANY_FAULT}
    ),
    Fault(
        "job_last_line_vanishes",
        "leaves the last line out",
        ("batch",),
        {"on_results": lambda results: results[:-1] or results},
    ),
    Fault(
        "job_failed_line_vanishes",
        "leaves out the results of refused lines",
        ("batch",),
        {"on_results": lambda results: [one for one in results if one.status == 200]},
    ),
    Fault(
        "job_line_twice",
        "writes the first result twice",
        ("batch",),
        {"on_results": lambda results: [*results, *results[:1]]},
    ),
    Fault("job_counts_wrong", "counts one line too many as completed", ("job",), {"on_job": _counts_off}),
    Fault("job_counts_zero", "counts no lines", ("job",), {"on_job": _counts_zero}),
    Fault("job_never_ends", "stays in progress for ever", ("job",), {"never_ends": lambda job: True}),
    Fault("job_status_unknown", "ends with the status done", ("job",), {"on_job": _unknown_status}),
    Fault("job_failure_unexplained", "does not say why a job failed", ("job",), {"on_job": _without_errors}),
    Fault("job_errors_in_output", "writes refused lines into the output file", ("batch",), {"errors_apart": False}),
    Fault("job_errors_as_successes", "marks refused lines with 200", ("batch",), {"on_results": _statuses_200}),
    Fault(
        "job_output_unreadable",
        "answers 500 to the reading of an output file",
        ("job", "status"),
        {"output_readable": False},
    ),
    Fault(
        "job_output_missing",
        "names no output file",
        ("job",),
        {"on_job": lambda job, document: {**document, "output_file_id": None}},
    ),
    Fault("job_cancel_ignored", "runs on after it was cancelled", ("job",), {"cancels": False}),
    Fault(
        "job_base64_ignored",
        "ignores base64 in the lines of a job",
        ("batch", "base64"),
        {"write_row": _floats_in_jobs},
    ),
    Fault(
        "job_dimensions_ignored",
        "ignores dimensions in the lines of a job",
        ("batch", "dimensions"),
        {"shrink": _narrow_in_jobs},
    ),
    Fault("job_url_not_checked", "runs lines with any url", ("batch",), {"line_url": lambda url: True}),
    Fault(
        "job_url_prefixed",
        "wants the url of a line to be longer than the bare path",
        ("batch",),
        {"line_url": lambda url: url.endswith("/v1/embeddings") and url != "/v1/embeddings"},
    ),
    Fault(
        "file_content_missing",
        "answers 404 to the reading of any file",
        ("job",),
        edit_answer(lambda call, answer: _file(call, answer, "content", 404)),
    ),
    Fault(
        "file_content_empty",
        "answers files with nothing inside",
        ("job",),
        edit_answer(
            lambda call, answer: (
                Answer(200, b"", headers=answer.headers)
                if call.place is not None and call.place.kind == "content" and answer.status == 200
                else None
            )
        ),
    ),
    Fault(
        "batch_list_crashes",
        "answers 500 to the list of jobs",
        ("job", "status"),
        edit_answer(lambda call, answer: _file(call, answer, "batches", 500) if call.request.method == "GET" else None),
    ),
)
