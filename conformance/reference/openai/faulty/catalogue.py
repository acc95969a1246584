"""
Faults of models, unknown fields and spent quota, as this provider has them.
"""

from __future__ import annotations

from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import (
    Changes,
    Document,
    edit_answer,
    edit_refusal,
    edit_success,
    leave_out,
)
from conformance.reference.shape.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

_SPENT = Refusal("quota.spent", 429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota.")


def _edit_list(change: object) -> Changes:
    assert callable(change)

    def edit(call: Call, document: Document) -> Document:
        if call.place is not None and call.place.kind == "models":
            change(document)
        return document

    return {"on_read": edit}


def _edit_one(call: Call, document: Document) -> Document:
    if call.place is not None and call.place.kind == "model":
        document["id"] = "another-model"
    return document


def _rename(document: Document) -> None:
    for row in document["data"]:
        row["id"] += "-latest"


def _spent_early(call: Call) -> Refusal | None:
    memory = call.shared.memory
    memory["asked"] = memory.get("asked", 0) + 1
    return _SPENT if memory["asked"] % 12 == 0 else None


FAULTS = (
    Fault(
        "model_unknown_accepted", "embeds with a model that it does not have", ("model",), leave_out("model.unknown")
    ),
    Fault(
        "model_unknown_500",
        "answers 500 to an unknown model",
        ("model", "status"),
        edit_refusal("model.unknown", status=500),
    ),
    Fault(
        "model_unknown_without_code",
        "has no code for an unknown model",
        ("model",),
        edit_refusal("model.unknown", code=None),
    ),
    Fault(
        "model_echo_wrong",
        "names another model in the answer",
        ("model",),
        edit_success(lambda call, document: document.update(model="text-embedding-reference")),
    ),
    Fault(
        "model_echo_as_path",
        "names the model by the path of a file",
        ("model",),
        edit_success(lambda call, document: document.update(model="/models/" + str(document["model"]) + ".gguf")),
    ),
    Fault("model_chat_accepted", "embeds with a model for chats", ("model",), leave_out("model.kind")),
    Fault(
        "model_chat_500",
        "answers 500 to a model for chats",
        ("model", "status"),
        edit_refusal("model.kind", status=500),
    ),
    Fault(
        "model_no_access_500",
        "answers 500 to a key that may not use the model",
        ("model", "status"),
        edit_refusal("model.no_access", status=500),
    ),
    Fault(
        "models_object_wrong",
        "names the list of models models",
        ("models",),
        _edit_list(lambda document: document.update(object="models")),
    ),
    Fault(
        "models_without_data",
        "lists models under models",
        ("models",),
        _edit_list(lambda document: document.update(models=document.pop("data"))),
    ),
    Fault(
        "models_without_ids",
        "lists models without ids",
        ("models",),
        _edit_list(lambda document: [row.pop("id") for row in document["data"]]),
    ),
    Fault(
        "models_other_names",
        "lists models under names that it does not serve",
        ("models", "model"),
        _edit_list(_rename),
    ),
    Fault("models_empty", "lists no models", ("models",), _edit_list(lambda document: document.update(data=[]))),
    Fault("models_open", "lists models without a key", ("auth", "models"), {"open_paths": frozenset({"models"})}),
    Fault(
        "model_of_another_name", "answers with another model than was asked for", ("models",), {"on_read": _edit_one}
    ),
    Fault(
        "field_unknown_500",
        "answers 500 to an unknown field",
        ("validation", "status"),
        edit_refusal("field", status=500, type="server_error"),
    ),
    Fault(
        "quota_spent_500",
        "answers 500 when the quota is spent",
        ("limits", "status"),
        edit_refusal("quota", status=500),
    ),
    Fault(
        "quota_spent_200",
        "answers 200 with no data when the quota is spent",
        ("limits", "status"),
        edit_answer(
            lambda call, answer: (
                setattr(answer, "status", 200)
                if call.refusal is not None and call.refusal.kind == "quota.spent"
                else None
            )
        ),
    ),
    Fault(
        "quota_spent_as_rate",
        "calls a spent quota a rate limit",
        ("limits",),
        edit_refusal("quota", type="requests", code="rate_limit_exceeded"),
    ),
    Fault(
        "quota_refused_early",
        "calls the quota spent while most of it is left",
        ("limits",),
        {"refuses": _spent_early},
        rate=0.08,
    ),
    Fault(
        "quota_not_checked",
        "serves a key whose quota is spent",
        ("limits",),
        leave_out("quota.spent"),
    ),
)
