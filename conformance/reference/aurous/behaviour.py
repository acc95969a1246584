"""
Every point at which the server can be made to differ, with its right setting as the default.

A fault or a variant is one change of these fields. Hooks get the call and what the server
was about to use, and return what it uses instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.reference.asgi import Answer
from conformance.reference.aurous.accounts import ApiKey
from conformance.reference.aurous.call import Call, Part
from conformance.reference.aurous.refusals import DOC_ROOT, Refusal
from conformance.reference.documents import write_canonical

__all__ = ["Behaviour", "Keyring"]

Keyring = dict[str, ApiKey]


def _same_parts(call: Call, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return parts


def _count_images(parts: Sequence[Part]) -> int:
    return sum(part.kind == "image_url" for part in parts)


def _find_key(keys: Keyring, presented: str) -> ApiKey | None:
    return keys.get(presented)


def _find_slug(slug: str, slugs: Sequence[str]) -> str | None:
    return slug if slug in slugs else None


def _document_fingerprint(call: Call, document: Any) -> str:
    return write_canonical(document)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the server acts; `unchecked` names kinds of refusals that it does not make."""

    # Caps and how they are counted.
    parts_cap: int = 16
    image_cap: int = 8
    text_cap: int = 1_000_000
    user_cap: int = 256
    url_cap: int = 2_048
    token_cap: int = 128_000
    key_cap: int = 256
    count_parts: Callable[[Sequence[Part]], int] = len
    count_images: Callable[[Sequence[Part]], int] = _count_images
    measure_text: Callable[[str], int] = len
    measure_user: Callable[[str], int] = len
    measure_url: Callable[[str], int] = len

    # Which rules are held.
    unchecked: frozenset[str] = frozenset()
    unchecked_on_estimate: frozenset[str] = frozenset()
    waves_through: Callable[[str, str], bool] | None = None  # (place, URL): media whose URLs are not looked at
    refuses_batch: Callable[[Sequence[Any]], bool] = lambda items: True
    accepts_dimensions: Callable[[Call, Any, tuple[int, ...]], bool] | None = None
    find_model_slug: Callable[[str, Sequence[str]], str | None] = _find_slug
    strict_fields: frozenset[str] = frozenset()
    refuses_null: bool = False
    crashes: Callable[[Call], bool] | None = None
    refuses: Callable[[Call], Refusal | None] | None = None

    # What becomes of content.
    content: Callable[[Call, tuple[Part, ...]], tuple[Part, ...]] = _same_parts
    width: int | None = None

    # What is written.
    on_refusal: Callable[[Call, Refusal], Refusal] | None = None
    on_envelope: Callable[[Call, dict[str, Any]], Any] | None = None
    on_document: Callable[[Call, dict[str, Any]], Any] | None = None
    on_estimate: Callable[[Call, dict[str, Any]], Any] | None = None
    on_read: Callable[[Call, dict[str, Any]], Any] | None = None
    on_answer: Callable[[Call, Answer], Answer] | None = None
    write_doc_url: Callable[[str], str] = lambda code: DOC_ROOT + code
    make_request_id: Callable[[Call, str], str] | None = None
    success_status: int = 200

    # Money, in micro-credits.
    charge: Callable[[Call, int], int] = lambda call, cost: cost
    fee_on_refusal: Callable[[Call, Refusal], int] | None = None
    fee_on_replay: Callable[[Call, int], int] | None = None
    fee_on_estimate: Callable[[Call, int], int] | None = None
    ledger_lag_s: float = 0.0
    ledger_moves: bool = True

    # Credentials.
    credential_headers: tuple[bytes, ...] = (b"x-api-key", b"authorization")
    find_key: Callable[[Keyring, str], ApiKey | None] = _find_key
    open_paths: frozenset[str] = frozenset()

    # Idempotency.
    key_scope: Callable[[Call], str] = lambda call: call.team.id
    narrow_key: Callable[[Call, str], str] = lambda call, key: key
    fingerprint: Callable[[Call, Any], str] = _document_fingerprint
    window_s: float = 86_400.0
    key_required: bool = False
    remembers_refusals: bool = False
    reserves_refused_keys: bool = False
    guards_running: bool = True
    waits_for_running: bool = False
    on_conflict: str = "refuse"  # or "serve", "replay"
    recomputes_replay: bool = False

    # Media.
    fetches_before: frozenset[str] = frozenset()
    fetches_on_estimate: bool = False
    fetches_on_replay: bool = False

    # Time.
    pause_s: float = 0.0
    delay_s: float = 0.0
    refuses_every: int = 0
    retry_after: bytes = b"1"
