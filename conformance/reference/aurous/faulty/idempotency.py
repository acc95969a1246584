"""
Idempotency keys that are forgotten, confused, charged twice or taken too far.
"""

from __future__ import annotations

from typing import Any

from conformance.reference.asgi import Answer
from conformance.reference.aurous.call import Call
from conformance.reference.aurous.faulty.edits import (
    Changes,
    drop_header,
    edit_answer,
    edit_refusal,
    set_header,
)
from conformance.reference.documents import write_canonical
from conformance.reference.zoo import Fault

__all__ = ["FAULTS", "MARK"]

MARK = b"aurous-idempotent-replayed"


def _without(*names: str) -> Changes:
    def fingerprint(call: Call, document: dict[str, Any]) -> str:
        return write_canonical({name: value for name, value in document.items() if name not in names})

    return {"fingerprint": fingerprint}


def _first_part_only(call: Call, document: dict[str, Any]) -> str:
    given = document["input"]
    return write_canonical({**document, "input": given[:1] if isinstance(given, list) else given})


def _parts_unordered(call: Call, document: dict[str, Any]) -> str:
    given = document["input"]
    parts = sorted(map(write_canonical, given)) if isinstance(given, list) else given
    return write_canonical({**document, "input": parts})


def _by_length(call: Call, document: dict[str, Any]) -> str:
    return str(len(write_canonical(document)))


def _without_white_space(call: Call, document: Any) -> str:
    return "".join(call.request.body.decode("utf-8", "replace").split())


def _in_order(call: Call, document: dict[str, Any]) -> str:
    return write_canonical([[name, value] for name, value in document.items()])


def _mark(*, value: bytes = b"true", first: bool = False, unkeyed: bool = False) -> Changes:
    def edit(call: Call, answer: Answer) -> None:
        served = call.creates and call.refusal is None and not call.replayed
        if (first and served and call.idempotency_key) or (unkeyed and served and not call.idempotency_key):
            set_header(answer, MARK, value)

    return edit_answer(edit)


def _unmark(call: Call, answer: Answer) -> None:
    drop_header(answer, MARK)


def _mark_upper(call: Call, answer: Answer) -> None:
    if call.replayed:
        set_header(answer, MARK, b"1")


def _other_status(call: Call, answer: Answer) -> None:
    if call.replayed and answer.status == 200:
        answer.status = 208


def _reformatted(call: Call, answer: Answer) -> None:
    if call.replayed and call.refusal is None:
        answer.body = answer.body.replace(b'"credits_charged":', b'"replayed":true,"credits_charged":')


def _charge_shown_zero(call: Call, answer: Answer) -> None:
    if call.replayed and call.refusal is None:
        head, mark, tail = answer.body.partition(b'"credits_charged":')
        answer.body = head + mark + b"0" + tail[tail.index(b",") :]


FAULTS = (
    Fault(
        "replay_ignored",
        "takes no notice of the key",
        ("A24", "A35"),
        {"narrow_key": lambda call, key: f"{key} {call.request_id}"},
    ),
    Fault(
        "replay_every_other_lost",
        "keeps keys in two processes that do not know of one another",
        ("A24", "A35"),
        {"narrow_key": lambda call, key: f"{key} {call.shared.creates % 2}"},
    ),
    Fault("replay_recomputed", "makes another vector for a replay", ("A24",), {"recomputes_replay": True}),
    Fault("replay_unmarked", "does not mark a replay", ("A24",), edit_answer(_unmark)),
    Fault("replay_marked_one", "marks a replay with 1 instead of true", ("A24",), edit_answer(_mark_upper)),
    Fault("replay_other_status", "replays with another status", ("A24",), edit_answer(_other_status)),
    Fault("replay_extended", "adds a field to a replayed body", ("A24",), edit_answer(_reformatted)),
    Fault(
        "replay_shows_no_charge",
        "writes 0 for credits_charged into a replayed body",
        ("A24", "A35"),
        edit_answer(_charge_shown_zero),
    ),
    Fault("first_use_marked", "marks the first use of a key as a replay", ("A24",), _mark(first=True)),
    Fault(
        "first_use_marked_false",
        "marks the first use of a key with false",
        ("A24",),
        _mark(first=True, value=b"false"),
    ),
    Fault("unkeyed_marked", "marks answers as replays that had no key", ("A24",), _mark(unkeyed=True)),
    Fault("window_one_hour", "forgets a key after an hour", ("A27",), {"window_s": 3_600.0}),
    Fault("window_23_hours", "forgets a key after 23 hours", ("A27",), {"window_s": 82_800.0}),
    Fault("window_endless", "never forgets a key", ("A27",), {"window_s": float("inf")}),
    Fault("window_48_hours", "forgets a key after two days", ("A27",), {"window_s": 172_800.0}),
    Fault(
        "raw_body_compared",
        "takes white space for another body",
        ("A26",),
        {"fingerprint": lambda call, document: call.request.body.hex()},
    ),
    Fault(
        "key_order_compared",
        "takes another order of the fields for another body",
        ("A26",),
        {"fingerprint": _in_order},
    ),
    Fault(
        "white_space_in_texts_ignored",
        "compares bodies without any white space, in texts too",
        ("A25",),
        {"fingerprint": _without_white_space},
    ),
    Fault(
        "part_order_ignored",
        "takes another order of the parts for the same body",
        ("A25", "A26"),
        {"fingerprint": _parts_unordered},
    ),
    Fault(
        "conflict_served",
        "serves a reused key with another body as if it were new",
        ("A25",),
        {"on_conflict": "serve"},
    ),
    Fault(
        "conflict_replayed", "replays the old answer for another body", ("A25",), {"on_conflict": "replay"}
    ),
    Fault(
        "conflict_retry_after",
        "asks the caller to wait and try again when a key is reused with another body",
        ("A25",),
        edit_refusal("idempotency.conflict", headers=((b"retry-after", b"1"),)),
    ),
    Fault("conflict_ignores_user", "compares bodies without user", ("A25",), _without("user")),
    Fault(
        "conflict_ignores_dimensions", "compares bodies without dimensions", ("A25",), _without("dimensions")
    ),
    Fault(
        "conflict_ignores_encoding",
        "compares bodies without encoding_format",
        ("A25",),
        _without("encoding_format"),
    ),
    Fault("conflict_ignores_model", "compares bodies without model", ("A25",), _without("model")),
    Fault("conflict_ignores_input", "compares bodies without input", ("A25",), _without("input")),
    Fault(
        "conflict_ignores_later_parts",
        "compares only the first part of the input",
        ("A25",),
        {"fingerprint": _first_part_only},
    ),
    Fault(
        "conflict_compares_length", "compares bodies by their length", ("A25",), {"fingerprint": _by_length}
    ),
    Fault(
        "idempotency_key_cut_16",
        "looks at the first 16 characters of a key",
        ("A24", "A25"),
        {"narrow_key": lambda call, key: key[:16]},
    ),
    Fault(
        "idempotency_key_cut_32",
        "looks at the first 32 characters of a key",
        ("A24", "A25"),
        {"narrow_key": lambda call, key: key[:32]},
    ),
    Fault(
        "idempotency_key_case_folded",
        "takes keys that differ in case for the same",
        ("A24", "A25"),
        {"narrow_key": lambda call, key: key.lower()},
    ),
    Fault("idempotency_key_32_longest", "refuses keys of more than 32 characters", ("A24",), {"key_cap": 32}),
    Fault(
        "refused_key_taken",
        "answers 409 to a mended body under the key of a refused one",
        ("A24",),
        {"reserves_refused_keys": True},
    ),
    Fault("idempotency_key_required", "refuses requests without a key", ("A24",), {"key_required": True}),
    Fault(
        "idempotency_shared_by_teams",
        "shares keys between teams",
        ("A24",),
        {"key_scope": lambda call: "all"},
    ),
    Fault(
        "idempotency_scope_api_key",
        "keeps keys for each API key and not for the team",
        ("A24",),
        {"key_scope": lambda call: call.key.id if call.key else ""},
    ),
    Fault("refusals_replayed", "keeps refusals and replays them", ("A24",), {"remembers_refusals": True}),
    Fault(
        "in_flight_unguarded",
        "serves, and charges, two simultaneous requests of one key",
        ("A24", "A35"),
        {"guards_running": False},
    ),
    Fault(
        "in_flight_500",
        "answers 500 while the first request of a key still runs",
        ("A24",),
        edit_refusal("idempotency.running", status=500, type="server_error", code="internal_error"),
    ),
)
