"""
Reads the exchanges of fixtures/exchanges and sets the scene that each describes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from conformance.contract import Contract, load_contract
from conformance.exchange import Exchange, Failure, FailureKind, Request
from conformance.judge.scene import Memory, Scene
from conformance.judge.view import View

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "exchanges"


@cache
def contract(name: str = "aurous") -> Contract:
    return load_contract(name)


@cache
def fixtures() -> list[dict[str, Any]]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        text = yaml.safe_load(path.read_text("utf-8"))
        shared = {"file": path.name, "known": text.get("answers", {}), "contract": text.get("contract", "aurous")}
        found.extend({**row, **shared} for row in text["exchanges"])
    return found


def answer_view(
    answer: Any,
    *,
    operation: str = "create",
    sent: Any = None,
    known: dict[str, Any] | None = None,
    judged_by: str = "aurous",
) -> View:
    """
    Return the view of an answer as a fixture writes it, or of a name among *known*; an answer that names an operation
    of its own is one of that operation.
    """
    row = (known or {})[answer] if isinstance(answer, str) else answer
    headers = row.get("headers", {})
    pairs = headers.items() if isinstance(headers, dict) else headers
    if "body_hex" in row:
        body = bytes.fromhex(row["body_hex"])
    elif "body_repeat" in row:
        body = row["body_repeat"]["text"].encode() * row["body_repeat"]["times"]
    else:
        body = row.get("body", "").encode("utf-8", "surrogatepass")
    failure = row.get("failure")
    exchange = Exchange(
        Request("POST", "/v1/embeddings"),
        status=row.get("status"),
        headers=tuple((name.lower(), str(value)) for name, value in pairs),
        body=body,
        failure=Failure(FailureKind(failure["kind"]), failure["detail"]) if failure else None,
        leaks=row.get("leaks", False),
        overload_heads=tuple(head.encode() for head in row.get("told", ())),
    )
    return View(exchange, contract(judged_by).operations[row.get("operation", operation)], sent)


def staged(row: dict[str, Any]) -> tuple[View, Scene, list[tuple[View, Scene]]]:
    """
    Return the view of a fixture, its scene, and what has to be judged before it.
    """
    judge = contract(row["contract"])
    shared = {"operation": row.get("operation", "create"), "known": row["known"], "judged_by": row["contract"]}
    view = answer_view(row["answer"], sent=row.get("sent"), **shared)
    memory = Memory()
    group = tuple(answer_view(item, **shared) for item in row.get("group", ()))
    scene = Scene(
        judge,
        memory,
        steps={name: answer_view(item, **shared) for name, item in row.get("steps", {}).items()},
        charged=row.get("charged"),
        tolerance=row.get("tolerance", 1e-9),
        group=(view, *group) if group else (),
        costs=row.get("costs", {}),
        fetches=row.get("fetches"),
    )
    sent = row.get("after_sent", row.get("sent"))
    before = [(answer_view(item, sent=sent, **shared), Scene(judge, memory)) for item in row.get("after", ())]
    return view, scene, before
