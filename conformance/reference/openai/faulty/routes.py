"""
Faults of paths that only this provider has: the bare path, and its alias without a version.
"""

from __future__ import annotations

from typing import Any

from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import Document
from conformance.reference.shape.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

PATH, ALIAS = "/v1/embeddings", "/embeddings"


def _swap(path: str) -> str:
    return {PATH: "/unknown", ALIAS: PATH}.get(path, path)


def _add(path: str) -> str:
    return PATH if path == ALIAS else path


def _bare(call: Call, document: Document) -> Any:
    return document["data"] if call.request.path == ALIAS else document


def _worse_there(call: Call, refusal: Refusal) -> Refusal:
    if call.request.path == ALIAS and refusal.kind == "input.too_long":
        return Refusal(refusal.kind, 500, "server_error", None, refusal.message)
    return refusal


def _trailing(path: str) -> str:
    return path + "/" if path == PATH else path


FAULTS = (
    Fault(
        "route_without_version_only",
        "serves /embeddings and answers 404 at /v1/embeddings",
        ("route",),
        {"on_path": _swap},
    ),
    Fault(
        "route_alias_with_bare_list",
        "serves /embeddings too, with a bare list",
        ("http", "shape"),
        {"on_path": _add, "on_document": _bare},
    ),
    Fault(
        "route_alias_500",
        "serves /embeddings too, and answers 500 there to what is too long",
        ("http", "status"),
        {"on_path": _add, "on_refusal": _worse_there},
    ),
    Fault("route_missing", "answers 404 at /v1/embeddings", ("route",), {"on_path": _trailing}),
)
