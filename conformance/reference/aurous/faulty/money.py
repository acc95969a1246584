"""
Charges that should not be, or that are not what they say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.aurous.call import Call
from conformance.reference.aurous.faulty.edits import Changes, edit_models, edit_usage
from conformance.reference.aurous.refusals import Refusal
from conformance.reference.zoo import Fault

__all__ = ["FAULTS", "REFUSED"]

#: Each: name, kinds, what was refused, promises.
REFUSED = (
    ("batch", ("input.batch",), "an array of strings", ("A07",)),
    ("parts", ("caps.parts",), "too many parts", ("A07", "A15")),
    ("images", ("caps.images",), "too many images", ("A07", "A15")),
    ("video", ("caps.video",), "video", ("A07", "A15")),
    ("dimensions", ("dimensions.value",), "wrong dimensions", ("A40", "A07")),
    ("dimensions_type", ("dimensions.type",), "dimensions of the wrong type", ("A40", "A07")),
    ("model_kind", ("model.kind",), "a chat model", ("A07",)),
    ("unknown_model", ("model.unknown",), "an unknown model", ("A07",)),
    ("missing_field", ("model.missing", "input.missing"), "a missing field", ("A07",)),
    (
        "bad_type",
        ("input.type", "input.tokens", "input.mixed", "part.type"),
        "input of the wrong type",
        ("A07",),
    ),
    ("malformed_body", ("body.syntax", "body.shape"), "a body that is not JSON", ("A07",)),
    ("empty_input", ("input.empty", "text.empty", "text.blank"), "empty input", ("A07",)),
    ("nul", ("text.nul",), "a text with NUL", ("A07",)),
    ("long_text", ("caps.text",), "a text that is too long", ("A07", "A15")),
    ("long_user", ("caps.user",), "a user that is too long", ("A07",)),
    ("long_url", ("caps.url",), "a URL that is too long", ("A07", "A15")),
    ("bad_url", ("url.scheme", "url.blocked"), "a URL that may not be fetched", ("A07",)),
    ("many_tokens", ("caps.tokens",), "too many tokens", ("A07", "A15")),
    ("encoding", ("encoding.value",), "an unknown encoding_format", ("A07",)),
    ("version", ("version.syntax", "version.unknown"), "a bad version", ("A07",)),
    ("failed_download", ("media.fetch",), "an image that cannot be had", ("A07",)),
    ("conflict", ("idempotency.conflict",), "a key reused with another body", ("A25", "A35")),
    ("running", ("idempotency.running",), "a key whose first request still runs", ("A35",)),
)


def _price_of_body(call: Call) -> int:
    return max(19, len(call.request.body) * 1875 // 800)


def _charge_on(kinds: tuple[str, ...]) -> Changes:
    def fee(call: Call, refusal: Refusal) -> int:
        return _price_of_body(call) if refusal.kind in kinds and call.creates else 0

    return {"fee_on_refusal": fee}


def _fee(price: Callable[[Call], int], *, on_estimate: bool = False) -> Changes:
    def fee(call: Call, refusal: Refusal) -> int:
        return price(call) if (call.estimates if on_estimate else call.creates) else 0

    return {"fee_on_refusal": fee}


def _scale(usage: dict[str, Any], factor: float) -> None:
    usage["credits_charged"] = round(usage["credits_charged"] * factor, 6)
    shares = usage["breakdown"]["input"]
    shares["text"] = round(shares["text"] * factor, 6)
    shares["visual"] = round(shares["visual"] * factor, 6)


def _raise_listed_price(row: dict[str, Any]) -> None:
    if row["embedding_pricing"]:
        row["embedding_pricing"]["text"]["credits_per_M"] *= 2


def _images(call: Call) -> int:
    return call.wish.images if call.wish else 0


def _parts(call: Call) -> int:
    return len(call.wish.parts) if call.wish else 1


def _leak_hold(call: Call, cost: int) -> int:
    call.team.account.held += cost
    return cost


def _charge_exempt(call: Call, cost: int) -> int:
    account = call.team.account
    if account.exempt:
        account.balance -= cost
    return cost


FAULTS = (
    *[
        Fault(
            f"charge_on_{name}",
            f"charges for a request that it refuses because of {what}",
            promises,
            _charge_on(kinds),
        )
        for name, kinds, what, promises in REFUSED
    ],
    Fault(
        "charge_on_large_refusals",
        "charges for refused requests with bodies of more than 4,000 bytes",
        ("A07", "A15"),
        _fee(lambda call: _price_of_body(call) if len(call.request.body) > 4_000 else 0),
    ),
    Fault(
        "flat_fee_on_refusals",
        "charges a millionth of a credit for each refusal",
        ("A07", "A15"),
        _fee(lambda call: 1),
    ),
    Fault(
        "round_fee_on_refusals",
        "charges a hundredth of a credit for each refusal",
        ("A07", "A15"),
        _fee(lambda call: 10_000),
    ),
    Fault(
        "charge_on_refused_estimate",
        "charges for estimates that it refuses",
        ("A44", "A07"),
        _fee(_price_of_body, on_estimate=True),
    ),
    Fault(
        "refund_on_refusals", "adds a little credit with each refusal", ("A07",), _fee(lambda call: -1_000)
    ),
    Fault(
        "charge_on_replay",
        "charges a replay like the first answer",
        ("A35",),
        {"fee_on_replay": lambda call, cost: cost},
    ),
    Fault(
        "small_fee_on_replay",
        "charges a millionth of a credit for a replay",
        ("A35",),
        {"fee_on_replay": lambda call, cost: 1},
    ),
    Fault(
        "charge_on_estimate",
        "charges an estimate like an embedding",
        ("A44",),
        {"fee_on_estimate": lambda call, cost: cost},
    ),
    Fault(
        "small_fee_on_estimate",
        "charges a millionth of a credit for an estimate",
        ("A44",),
        {"fee_on_estimate": lambda call, cost: 1},
    ),
    Fault(
        "charge_double",
        "takes twice what credits_charged says",
        ("A23",),
        {"charge": lambda call, cost: 2 * cost},
    ),
    Fault(
        "charge_tenth_more",
        "takes a tenth more than credits_charged says",
        ("A23",),
        {"charge": lambda call, cost: cost + -(-cost // 10)},
    ),
    Fault(
        "charge_half",
        "takes half of what credits_charged says",
        ("A23",),
        {"charge": lambda call, cost: cost // 2},
    ),
    Fault(
        "charge_one_micro_more",
        "takes a millionth of a credit more than it says",
        ("A23",),
        {"charge": lambda call, cost: cost + 1},
    ),
    Fault(
        "charge_rounded_up",
        "rounds what it takes up to four decimals, but not what it says",
        ("A23",),
        {"charge": lambda call, cost: -(-cost // 100) * 100},
    ),
    Fault(
        "charge_per_part",
        "takes the price once for each part",
        ("A23",),
        {"charge": lambda call, cost: cost * _parts(call)},
    ),
    Fault(
        "charge_images_free",
        "does not take what it says when there are images",
        ("A23",),
        {"charge": lambda call, cost: 0 if _images(call) else cost},
    ),
    Fault(
        "charge_base64_double",
        "takes twice the price when base64 is asked for",
        ("A23", "A33"),
        {"charge": lambda call, cost: cost * (2 if call.document.get("encoding_format") == "base64" else 1)},
    ),
    Fault(
        "charge_user_more",
        "takes more when user is given",
        ("A34", "A23"),
        {"charge": lambda call, cost: cost + (100 if call.document.get("user") else 0)},
    ),
    Fault(
        "charged_says_double",
        "says twice what it takes",
        ("A23",),
        edit_usage(lambda usage: _scale(usage, 2)),
    ),
    Fault(
        "charged_says_nothing",
        "says that an embedding cost nothing",
        ("A23",),
        edit_usage(lambda usage: _scale(usage, 0)),
    ),
    Fault(
        "charge_off_published_rate",
        "charges, and says, twice the rate that the model row publishes",
        ("A22", "A23"),
        {**edit_usage(lambda usage: _scale(usage, 2)), "charge": lambda call, cost: 2 * cost},
    ),
    Fault(
        "published_rate_off",
        "publishes twice the rate that it charges",
        ("A22", "A23"),
        edit_models(_raise_listed_price),
    ),
    Fault(
        "hold_never_released", "keeps the hold of a request that is done", ("A23",), {"charge": _leak_hold}
    ),
    Fault(
        "exempt_team_charged",
        "takes the price from the balance of a team that is exempt",
        ("A23",),
        {"charge": _charge_exempt},
    ),
)
