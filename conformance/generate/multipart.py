"""
Uploads: a form of fields and one file, as ``multipart/form-data`` spells it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["encode_form"]


def encode_form(fields: Mapping[str, Any], boundary: str) -> tuple[bytes, str]:
    """
    Return the body of a form and its content type.

    A field is a text, or a file: ``{name: input.jsonl, lines: [...]}``, whose lines are texts as they stand, or values
    that are written as JSON.
    """
    pieces: list[bytes] = []
    for name, value in fields.items():
        pieces.append(f"--{boundary}\r\n".encode())
        if isinstance(value, Mapping):
            lines = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in value["lines"]]
            content = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
            head = f'Content-Disposition: form-data; name="{name}"; filename="{value["name"]}"\r\n'
            pieces += [head.encode(), b"Content-Type: application/jsonl\r\n\r\n", content]
        else:
            pieces += [f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode(), str(value).encode()]
        pieces.append(b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"
