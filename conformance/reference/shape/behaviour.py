"""
Every point at which a server can be made to differ, with its right setting as the default.

A fault or a variant is one change of these fields. Hooks get the call and what the server was about to use, and return
what it uses instead.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.reference.asgi import Answer
from conformance.reference.shape.accounts import ApiKey, Keyring
from conformance.reference.shape.call import Call, Item
from conformance.reference.shape.jobs import Job, Line, Result
from conformance.reference.shape.refusals import Refusal
from conformance.reference.shape.space import WIDTH, Vectors, shorten
from conformance.reference.shape.tokens import encode_text

__all__ = ["Behaviour", "write_base64", "write_row"]


def write_base64(row: Any) -> str:
    """Return a row of single precision as the base64 of its little-endian bytes."""
    return base64.b64encode(row.astype("<f4").tobytes()).decode()


def write_row(call: Call, row: Any) -> Any:
    """Return a row in the form that the call asks for."""
    return write_base64(row) if call.wish is not None and call.wish.base64 else row


def _shorten(call: Call, rows: Vectors, width: int) -> Vectors:
    return shorten(rows, width)


def _find_key(keys: Keyring, presented: str) -> ApiKey | None:
    return keys.get(presented)


def _count(call: Call, items: Sequence[Item]) -> int:
    return sum([len(item.ids) for item in items])


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the server acts; `unchecked` names kinds of refusals that it does not make."""

    # Caps, and which rules are held.
    item_cap: int = 2_048
    ids_item_cap: int | None = None
    token_cap: int = 8_192
    unchecked: frozenset[str] = frozenset()
    refuses: Callable[[Call], Refusal | None] | None = None

    # What becomes of the input.
    width: int = WIDTH
    encode: Callable[[str], tuple[int, ...]] = encode_text
    on_input: Callable[[Call, Any], Any] | None = None
    on_ids: Callable[[Call, Item], Item] | None = None
    on_items: Callable[[Call, list[Item]], list[Item]] | None = None
    on_vectors: Callable[[Call, Vectors], Vectors] | None = None
    shrink: Callable[[Call, Vectors, int], Vectors] = _shorten
    write_row: Callable[[Call, Any], Any] = write_row
    count: Callable[[Call, Sequence[Item]], int] = _count

    # What is written.
    on_document: Callable[[Call, dict[str, Any]], Any] | None = None
    on_refusal: Callable[[Call, Refusal], Refusal] | None = None
    on_envelope: Callable[[Call, dict[str, Any]], Any] | None = None
    on_read: Callable[[Call, dict[str, Any]], Any] | None = None
    on_answer: Callable[[Call, Answer], Answer] | None = None
    upload_status: int | None = None
    cors: str = "right"  # or a mode of `cors.MODES`
    rate_headers: bool = True

    # Credentials, quota and price.
    credential_header: bytes = b"authorization"
    checks_scheme: bool = True
    find_key: Callable[[Keyring, str], ApiKey | None] = _find_key
    validates_first: bool = False
    open_paths: frozenset[str] = frozenset()
    shared_places: frozenset[str] = frozenset()
    refuses_every: int = 0
    retry_after: str | None = "retry-after"
    charge: Callable[[Call, int], int] = lambda call, units: units
    fee_on_failure: Callable[[Call, int], int] = lambda call, units: 0
    logs_failures: bool = True

    # Where things are.
    on_path: Callable[[str], str] | None = None

    # Time, connections and the life of the process.
    pause: Callable[[Call], float] | None = None
    one_at_a_time: bool = False
    crashes: Callable[[Call], bool] | None = None
    kills: Callable[[Call], str] | None = None
    drops: Callable[[Call], bool] | None = None
    hangup_cancels_all: bool = False

    # Batch jobs.
    unchecked_lines: frozenset[str] = frozenset()
    line_url: Callable[[str], bool] = lambda url: url == "/v1/embeddings"
    checks_lines_first: bool = False
    on_lines: Callable[[list[Line]], list[Line]] | None = None
    on_results: Callable[[list[Result]], list[Result]] | None = None
    on_job: Callable[[Job, dict[str, Any]], dict[str, Any]] | None = None
    never_ends: Callable[[Job], bool] | None = None
    cancels: bool = True
    output_readable: bool = True
    errors_apart: bool = True
    file_bytes: int | None = None
