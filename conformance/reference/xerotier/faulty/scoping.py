"""
Faults of the path that names project and endpoint, and of models, which only inform.
"""

from __future__ import annotations

import re
from typing import Any

import numpy

from conformance.reference.shape.call import Call
from conformance.reference.shape.faulty.edits import Document, edit_success
from conformance.reference.shape.refusals import Refusal
from conformance.reference.xerotier.endpoints import ENDPOINTS, MODEL, PROJECT, SLUG
from conformance.reference.zoo import Fault

__all__ = ["FAULTS"]

_SCOPED = re.compile("/([^/]+)/([^/]+)(/v1/.*)")
_PATH = f"/{PROJECT}/{SLUG}/v1/embeddings"
_UNKNOWN = Refusal("model.unknown", 404, "not_found_error", "model_not_found", "There is no such model.", "model")


def _any_slug(path: str) -> str:
    match = _SCOPED.fullmatch(path)
    if match and match[2] not in ENDPOINTS:
        return f"/{match[1]}/{SLUG}{match[3]}"
    return path


def _every_slug(path: str) -> str:
    match = _SCOPED.fullmatch(path)
    return f"/{match[1]}/{SLUG}{match[3]}" if match else path


def _any_project(path: str) -> str:
    return re.sub("^/[^/]+/", f"/{PROJECT}/", path)


def _bare(path: str) -> str:
    return _PATH if path == "/v1/embeddings" else path


def _project_only(path: str) -> str:
    return _PATH if path == f"/{PROJECT}/v1/embeddings" else path


def _unversioned(path: str) -> str:
    return {_PATH: "/unknown", f"/{PROJECT}/{SLUG}/embeddings": _PATH}.get(path, path)


def _checks_model(call: Call) -> Refusal | None:
    return _UNKNOWN if call.wish is not None and call.wish.named != MODEL.name else None


def _alias(path: str) -> str:
    return _PATH if path == f"/{PROJECT}/{SLUG}/embeddings" else path


def _bare_list(call: Call, document: Document) -> Any:
    return document if "/v1/" in call.request.path else document["data"]


def _named(call: Call, document: Document) -> Document:
    assert call.wish is not None
    return {**document, "model": call.wish.named}


FAULTS = (
    Fault(
        "path_slug_unknown_served", "serves any slug that it does not know", ("unknown_slug",), {"on_path": _any_slug}
    ),
    Fault(
        "path_slug_ignored",
        "serves every slug with one endpoint",
        ("unknown_slug", "not_embedding"),
        {"on_path": _every_slug},
    ),
    Fault("path_project_ignored", "serves any project", ("unknown_slug",), {"on_path": _any_project}),
    Fault("path_bare_served", "serves the bare path with somebody's endpoint", ("asymmetry",), {"on_path": _bare}),
    Fault("path_of_project_served", "serves embeddings without a slug", ("asymmetry",), {"on_path": _project_only}),
    Fault(
        "route_without_version_only",
        "answers 404 at the path with a version, and serves it without",
        ("route",),
        {"on_path": _unversioned},
    ),
    Fault(
        "route_alias_with_bare_list",
        "serves a path without a version too, with a bare list",
        ("http", "shape"),
        {"on_path": _alias, "on_document": _bare_list},
    ),
    Fault(
        "route_missing",
        "answers 404 at the scoped path",
        ("route",),
        {"on_path": lambda path: "/unknown" if path == _PATH else path},
    ),
    Fault(
        "model_checked", "answers 404 to a model that the endpoint does not run", ("model",), {"refuses": _checks_model}
    ),
    Fault(
        "model_echoed",
        "names the model of the request instead of the one that ran",
        ("model",),
        {"on_document": _named},
    ),
    Fault(
        "model_changes_vector",
        "lets the name of the model change the vector",
        ("model", "belongs"),
        {
            "on_vectors": lambda call, rows: (
                numpy.ascontiguousarray(rows[:, ::-1]) if _checks_model(call) is not None else rows
            )
        },
    ),
    Fault(
        "model_answer_number",
        "writes a number for model",
        ("shape",),
        edit_success(lambda call, document: document.update(model=7)),
    ),
)
