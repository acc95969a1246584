"""
A workshop for the Aurous contract, with facts that stand in for a target's.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from conformance.contract import Contract, load_contract
from conformance.generate.directed import Workshop

MEDIA = "https://media.example/image"
CANARY = "https://canary.example"
FACTS: dict[str, Any] = {
    "model": {"id": "embed-1", "dimensions": [1024, 2048], "text_rate": 18.75, "visual_rate": 48.75},
    "fixed_model": {"id": "embed-fixed"},
    "other_model": {"id": "embed-other"},
    "chat_model": {"id": "chat-1"},
    "catalogue": {"ids": ["embed-1", "embed-fixed", "embed-other", "chat-1"]},
    "media": {"pattern": "^(?:https:\\/\\/media\\.example|https:\\/\\/canary\\.example)"},
}


@cache
def contract() -> Contract:
    return load_contract("aurous")


def image(index: int, chars: int | None) -> str:
    url = f"{MEDIA}-{index}.png"
    return url if chars is None else (url + "?p=" + "a" * chars)[:chars]


def make_shop(
    *, seed: int = 0, lacks: tuple[str, ...] = (), facts: dict[str, Any] | None = None, says: str = "supply {}"
) -> Workshop:
    roles = ("main", *contract().authentication["keys"])
    return Workshop(
        contract=contract(),
        facts=FACTS if facts is None else facts,
        key_names={role: f"KEY_{role.upper()}" for role in roles},
        available=lambda need: says.format(need) if need in lacks else None,
        image=image,
        video=lambda index: f"https://media.example/video-{index}.mp4",
        canary_url=lambda token: f"{CANARY}/{token}.png",
        seed=seed,
    )
