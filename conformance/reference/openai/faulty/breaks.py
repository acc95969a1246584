"""
Which clauses of the contract have to notice which fault: patterns of clause ids by the name of the fault.

The first of a fault is the one that it is there to prove; the others are broken by the very same deviation. A name
ending in ``*`` stands for all clauses that begin so.
"""

from __future__ import annotations

__all__ = ["BREAKS", "Clauses"]

Clauses = tuple[str, ...]

BREAKS: dict[str, Clauses] = {
    "route_without_version_only": ("cors.preflight", "*"),
    "route_alias_with_bare_list": ("route.alias",),
    "route_alias_500": ("route.alias.long",),
    "route_missing": ("cors.preflight", "*"),
    "model_unknown_accepted": ("refuse.model.unknown",),
    "model_unknown_500": ("refuse.model.unknown", "status.never_5xx"),
    "model_echo_wrong": ("success.model.echo",),
    "model_chat_accepted": ("refuse.model.kind",),
    "model_chat_500": ("refuse.model.kind", "status.never_5xx"),
    "model_no_access_500": ("auth.no_access", "status.never_5xx"),
    "models_object_wrong": ("models.list",),
    "models_without_data": ("models.list",),
    "models_without_ids": ("models.list",),
    "models_other_names": ("models.one", "*"),
    "models_empty": ("models.list",),
    "models_open": ("auth.models",),
    "model_of_another_name": ("models.one",),
    "field_unknown_500": ("unknown_field.answer", "status.never_5xx"),
    "quota_spent_500": ("quota.exhausted", "status.never_5xx"),
    "quota_spent_200": (
        "status.no_hidden_error", "success.object", "success.model", "success.envelope", "quota.exhausted",
    ),
    "quota_spent_as_rate": ("quota.exhausted",),
    "quota_refused_early": (
        "quota.steady", "quota.*", "crowd.*", "batch.*", "vector.*", "encoding.*", "tokens.*", "length.*",
        "dimensions.*", "user.*", "jobs.*", "usage.*", "tier.*", "model.*",
    ),
    "quota_not_checked": ("quota.exhausted",),
}
