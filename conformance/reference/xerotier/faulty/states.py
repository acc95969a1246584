"""
Faults of the answers of endpoints and accounts in each state: other statuses, other codes, other shapes.
"""

from __future__ import annotations

from conformance.reference.asgi import Answer
from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import Document, edit_answer, edit_error, edit_refusal, leave_out, of_kind
from conformance.reference.shape.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

_SPENT = Refusal(
    "quota.spent", 402, "authorization_error", "insufficient_quota", "The project has no remaining credit."
)
_BAD = "invalid_request_error"
_NO_DATA = b'{"object":"list","data":[],"model":"m","usage":{"prompt_tokens":0,"total_tokens":0},"service_tier":null}'
# What each state is called in the names of faults, its kind, the promise and a code that it does not have.
_STATES = (
    ("not_embedding", "endpoint.not_embedding", "not_embedding", "invalid_model"),
    ("endpoint_unknown", "endpoint.unknown", "unknown_slug", "model_not_found"),
    ("project_unknown", "project.unknown", "unknown_slug", "endpoint_not_found"),
    ("slow", "endpoint.slow", "late", "gateway_timeout"),
    ("key_invalid", "auth.invalid", "auth", "forbidden"),
    ("key_missing", "auth.missing", "auth", "missing_key"),
    ("quota", "quota.spent", "credit", "payment_required"),
    ("delinquent", "quota.delinquent", "credit", "insufficient_quota"),
    ("limit", "rate.requests", "limits", "too_many_requests"),
    ("no_model", "endpoint.no_model", "config", "internal_error"),
    ("bad_tier", "endpoint.bad_tier", "config", "internal_error"),
    ("bad_model_id", "endpoint.bad_model_id", "config", "internal_error"),
    ("broken", "endpoint.broken", "config", "internal_error"),
    ("inactive", "endpoint.inactive", "capacity", "unavailable"),
    ("provisioning", "endpoint.provisioning", "capacity", "unavailable"),
    ("exhausted", "endpoint.exhausted", "capacity", "unavailable"),
    ("scope", "scope", "envelope", "forbidden"),
    ("input", "input", "validation", "invalid_request"),
)
_STATUSES = (
    ("not_embedding", "endpoint.not_embedding", "not_embedding", 500),
    ("endpoint_unknown", "endpoint.unknown", "unknown_slug", 400),
    ("endpoint_unknown", "endpoint.unknown", "unknown_slug", 500),
    ("project_unknown", "project.unknown", "unknown_slug", 500),
    ("slow", "endpoint.slow", "late", 500),
    ("quota", "quota.spent", "credit", 500),
    ("quota", "quota.spent", "credit", 403),
    ("quota", "quota.spent", "credit", 429),
    ("slow", "endpoint.slow", "late", 504),
    ("delinquent", "quota.delinquent", "credit", 401),
    ("limit", "rate.requests", "limits", 503),
    ("broken", "endpoint.broken", "config", 502),
    ("bad_tier", "endpoint.bad_tier", "config", 400),
    ("bad_model_id", "endpoint.bad_model_id", "config", 400),
    ("inactive", "endpoint.inactive", "capacity", 404),
    ("provisioning", "endpoint.provisioning", "capacity", 500),
    ("exhausted", "endpoint.exhausted", "capacity", 500),
    ("scope", "scope", "envelope", 401),
)


def _pass_on(call: Call, answer: Answer) -> Answer | None:
    return Answer(200, _NO_DATA, headers=answer.headers) if of_kind(call.refusal, ("endpoint.broken",)) else None


def _detail(call: Call, answer: Answer) -> None:
    if of_kind(call.refusal, ("endpoint", "quota")):
        answer.body = b'{"detail":"Service Unavailable"}'


def _other_seconds(call: Call, error: dict[str, object]) -> None:
    error["retry_after"] = 99


_GENERIC = ("json", "body", "route", "list", "file", "batch", "internal")


def _without_codes(call: Call, envelope: Document) -> Document:
    if call.refusal is not None and call.refusal.kind.partition(".")[0] in _GENERIC:
        del envelope["error"]["code"]
    return envelope


def _spent_early(call: Call) -> Refusal | None:
    memory = call.shared.memory
    memory["asked"] = memory.get("asked", 0) + 1
    return _SPENT if memory["asked"] % 12 == 0 else None


FAULTS = (
    *[
        Fault(
            f"code_of_{name}_wrong",
            f"has the code {code} for {kind.replace('.', ' ')}",
            (topic,),
            edit_refusal(kind, code=code),
        )
        for name, kind, topic, code in _STATES
    ],
    *[
        Fault(
            f"status_of_{name}_{status}",
            f"answers {status} for {kind.replace('.', ' ')}",
            (topic,),
            edit_refusal(kind, status=status),
        )
        for name, kind, topic, status in _STATUSES
    ],
    Fault("codes_null", "has null for every code", ("envelope",), edit_refusal(code=None)),
    Fault(
        "codes_absent_when_generic", "leaves code out of generic errors", ("envelope",), {"on_envelope": _without_codes}
    ),
    Fault(
        "input_param_wrong",
        "names the model as the field of a bad input",
        ("validation",),
        edit_refusal("input", param="model"),
    ),
    Fault("states_in_detail", "writes the refusals of endpoints as detail", ("envelope",), edit_answer(_detail)),
    Fault(
        "not_embedding_served",
        "embeds at an endpoint that is not for it",
        ("not_embedding",),
        leave_out("endpoint.not_embedding"),
    ),
    Fault(
        "broken_reply_passed_on",
        "answers 200 with no data to a worker's broken reply",
        ("config",),
        edit_answer(_pass_on),
    ),
    Fault("inactive_served", "serves an endpoint that is disabled", ("capacity",), leave_out("endpoint.inactive")),
    Fault(
        "quota_not_checked",
        "serves a project without credit",
        ("credit",),
        leave_out("quota.spent", "quota.delinquent"),
    ),
    Fault(
        "quota_refused_early",
        "calls the credit spent while most of it is left",
        ("credit",),
        {"refuses": _spent_early},
        rate=0.08,
    ),
    Fault("scope_not_checked", "serves a key that lacks the scope", ("auth",), leave_out("scope")),
    Fault("project_of_another_served", "serves the key of another project", ("auth",), leave_out("project.foreign")),
    Fault(
        "limit_body_differs_from_header",
        "has other seconds in the error than in Retry-After",
        ("limits",),
        edit_error(_other_seconds, "rate"),
    ),
    Fault(
        "limit_without_code",
        "has no code for too many requests",
        ("limits",),
        edit_refusal("rate", code=None, type=_BAD),
    ),
    Fault(
        "jobs_of_every_project",
        "gives files and jobs to the keys of other projects",
        ("unknown_slug",),
        {"shared_places": frozenset({"files", "content", "batches", "batch"})},
    ),
    Fault(
        "limit_503",
        "answers 503 to too many requests, as if nobody could be served",
        ("limits",),
        edit_refusal("rate", status=503, type="server_error", code="capacity_exceeded"),
    ),
)
