"""
Files: uploading them in several parts of one body, and keeping them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from conformance.reference.shape.refusals import Refused

__all__ = ["Part", "StoredFile", "read_form", "write_file"]

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_FIELD = re.compile(r'([a-z*]+)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One part of a form; `filename` is None for a plain field."""

    content: bytes
    filename: str | None = None


@dataclass(frozen=True)
class StoredFile:
    """One file that was uploaded or made."""

    id: str
    content: bytes
    filename: str
    purpose: str
    created: int
    status: str


def read_form(content_type: str, body: bytes) -> dict[str, Part]:
    """
    Return the parts of a multipart body by name.

    Raises:
        Refused: the body is no such form.
    """
    boundary = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/form-data") or boundary is None:
        raise Refused("file.form", "Send the file as multipart/form-data.", "file")
    parts: dict[str, Part] = {}
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary.group(1).encode("latin-1"))[1:]:
        head, separator, content = piece.partition(b"\r\n\r\n")
        if not separator:
            continue
        for line in head.decode("utf-8", "replace").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip().lower() == "content-disposition":
                fields = dict(_FIELD.findall(value))
                parts[fields.get("name", "")] = Part(content, fields.get("filename"))
    return parts


def write_file(file: StoredFile) -> dict[str, Any]:
    """Return the document of a file."""
    return {
        "id": file.id,
        "object": "file",
        "bytes": len(file.content),
        "created_at": file.created,
        "expires_at": None,
        "filename": file.filename,
        "purpose": file.purpose,
        "status": file.status,
    }
