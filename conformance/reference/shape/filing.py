"""
The routes of files: upload, list, one, its content, and taking it away.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import orjson

from conformance.reference.asgi import Answer
from conformance.reference.clock import VirtualClock
from conformance.reference.identifiers import UlidMaker
from conformance.reference.shape.behaviour import Behaviour
from conformance.reference.shape.call import Call
from conformance.reference.shape.dialect import Dialect
from conformance.reference.shape.refusals import Refused
from conformance.reference.shape.uploads import Part, StoredFile, read_form, write_file

__all__ = ["Filing", "cut_page"]

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")


def cut_page(call: Call, rows: list[dict[str, Any]], *, most: int, usual: int) -> dict[str, Any]:
    """
    Return the page of a list that the query asks for.

    Raises:
        Refused: the limit is out of range.
    """
    query = parse_qs(call.request.query.decode("latin-1"))
    wanted = query.get("limit", [str(usual)])[0]
    if not wanted.isdecimal() or not 1 <= int(wanted) <= most:
        raise Refused("list.limit", f"'limit' must be from 1 to {most}.", "limit")
    after = query.get("after", [""])[0]
    places = [number for number, row in enumerate(rows) if row["id"] == after]
    rest = rows[places[0] + 1 :] if places else rows
    page = rest[: int(wanted)]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(rest) > len(page),
    }


class Filing:
    """Keeps files, and answers the calls about them."""

    def __init__(self, behaviour: Behaviour, dialect: Dialect, clock: VirtualClock, ulids: UlidMaker) -> None:
        """Start without files."""
        self._behaviour = behaviour
        self._dialect = dialect
        self._clock = clock
        self._ulids = ulids
        self.files: dict[str, StoredFile] = {}

    def store(self, content: bytes, filename: str, purpose: str) -> StoredFile:
        """Keep a new file."""
        identifier = self._dialect.file_id(self._ulids.make())
        most = self._behaviour.file_bytes
        if most is not None and len(content) > most and purpose == "batch":
            content = content[: content.rfind(b"\n", 0, most) + 1]
        made = int(self._clock.now())
        file = StoredFile(identifier, content, filename, purpose, made, self._dialect.file_status)
        self.files[identifier] = file
        return file

    def _write(self, file: StoredFile) -> dict[str, Any]:
        return {**write_file(file), **self._dialect.file_extra}

    def _find(self, call: Call) -> StoredFile:
        identifier = call.place.id if call.place is not None else ""
        file = self.files.get(identifier)
        if file is None:
            raise Refused("file.unknown", f"No such File object: {identifier}", "id")
        return file

    async def upload(self, call: Call) -> Answer:
        """Answer an upload."""
        parts = read_form(call.header(b"content-type") or "", call.request.body)
        if "file" not in parts:
            raise Refused("file.missing", "Missing required parameter: 'file'.", "file")
        if "purpose" not in parts:
            raise Refused("file.purpose", "Missing required parameter: 'purpose'.", "purpose")
        purpose = parts["purpose"].content.decode("utf-8", "replace")
        if purpose not in PURPOSES and "file.purpose_value" not in self._behaviour.unchecked:
            raise Refused("file.purpose_value", f"'purpose' must be one of {', '.join(PURPOSES)}.", "purpose")
        part: Part = parts["file"]
        file = self.store(part.content, part.filename or "file", purpose)
        return Answer(self._behaviour.upload_status or self._dialect.upload_status, orjson.dumps(self._write(file)))

    async def list_all(self, call: Call) -> Answer:
        """Answer with all files, the newest first."""
        purpose = parse_qs(call.request.query.decode("latin-1")).get("purpose", [""])[0]
        rows = [self._write(file) for file in self.files.values() if purpose in ("", file.purpose)]
        most = self._dialect.most_listed
        page = cut_page(call, rows[::-1], most=most, usual=min(most, 10_000) if most > 100 else 20)
        return Answer(200, orjson.dumps(page))

    async def show(self, call: Call) -> Answer:
        """Answer with one file's document."""
        return Answer(200, orjson.dumps(self._write(self._find(call))))

    async def read(self, call: Call) -> Answer:
        """Answer with the bytes of a file."""
        file = self._find(call)
        if file.purpose == "batch_output" and not self._behaviour.output_readable:
            raise Refused("internal", "The server had an error while processing your request.")
        return Answer(200, file.content, b"application/octet-stream")

    async def remove(self, call: Call) -> Answer:
        """Take a file away."""
        file = self._find(call)
        del self.files[file.id]
        return Answer(200, orjson.dumps({"id": file.id, "object": "file", "deleted": True}))
