"""
What one provider of the shape says in words of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.reference.shape.accounts import ApiKey
from conformance.reference.shape.call import Call, Model, Place
from conformance.reference.shape.refusals import Coding, Headers

__all__ = ["Dialect"]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """
    The facts of one provider.

    `check_place` refuses a caller or a path after the key is known; `check_dispatch` refuses a valid request that the
    endpoint or the account can not serve; `write_limited` adds to the error of an empty bucket;
    `reached_worker` names the kinds of refusals that come after a request was sent to a worker.
    """

    name: str
    codings: Mapping[str, Coding]
    secrets: Mapping[str, str]
    models: tuple[Model, ...]
    find_place: Callable[[str], Place | None]
    check_place: Callable[[Call], None]
    check_dispatch: Callable[[Call], Awaitable[None]]
    find_model: Callable[[Call, str], Model | None]
    rate_headers: Callable[[ApiKey], Headers]
    write_limited: Callable[[int], Mapping[str, Any]]
    fields: frozenset[str]
    closed: bool
    tiers: tuple[str, ...] = ()
    writes_tier: bool = False
    echoes_model: bool = True
    sum_cap: int = 0
    one_model_per_job: bool = False
    upload_status: int = 200
    file_status: str = "processed"
    file_id: Callable[[str], str] = lambda fresh: f"file-{fresh[-22:]}"
    file_extra: Mapping[str, Any] = field(default_factory=dict)
    most_listed: int = 10_000
    keeps_ledger: bool = False
    reached_worker: frozenset[str] = frozenset()
