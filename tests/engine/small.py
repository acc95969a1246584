"""
A small contract with whatever clauses a test needs, a small server for it, and what a run says of the two.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.contract import Contract, load_contract
from conformance.engine.run import Options, run
from conformance.engine.target import Target
from tests.contract.copying import MINIMAL

from .worlds import CREATE, Answered, Asked, Report, World

KEY = "stand-in-key-of-the-small-server"
MODELS = "/v1/models"

Reply = Callable[[Asked], Answered | None]


def small_contract(folder: Path, clauses: str, head: str = "") -> Contract:
    """
    Return the minimal contract with further *clauses* and further tables of contract.yaml.
    """
    copy = folder / "small"
    shutil.copytree(MINIMAL, copy)
    (copy / "clauses" / "more.yaml").write_text(f"clauses:\n{clauses}", "utf-8")
    with (copy / "contract.yaml").open("a", encoding="utf-8") as file:
        file.write(head)
    return load_contract(str(copy))


def clause(name: str, rest: str, *, level: str = "MUST") -> str:
    """
    Return the row of a clause for :func:`small_contract`.
    """
    return f"  - {{id: {name}, level: {level}, says: More., source: {{doc: guide}}, promises: [P1], {rest}}}\n"


def case(*steps: str) -> str:
    """
    Return the field of a clause with one case of these steps.
    """
    return f"cases: {{one: {{steps: [{', '.join(steps)}]}}}}"


def answered(status: int, document: Any) -> Answered:
    """
    Return an answer of a JSON document.
    """
    return Answered(status, json.dumps(document).encode(), {"content-type": "application/json"})


def served(input_: Any) -> Answered:
    """
    Return the plain answer to an input, or to each of several.
    """
    inputs = input_ if isinstance(input_, list) else [input_]
    rows = [{"index": i, "embedding": [1.0, float(len(str(text))), float(sum(map(ord, str(text))) % 97)]} for i, text in enumerate(inputs)]
    return answered(200, {"model": "m", "data": rows})


def sound(asked: Asked) -> Answered:
    """
    Answer as the small contract wants it.
    """
    if asked.path == MODELS:
        return answered(200, {"data": [{"id": "m"}]})
    if asked.path == CREATE and asked.input is not None:
        return served(asked.input)
    return answered(400, {"error": {"type": "invalid", "code": "missing_input", "message": "input is missing."}})


def small_world(reply: Reply | None = None) -> World:
    """
    Return a server that answers by *reply*, and soundly where that gives None.
    """
    return World(reply=lambda asked: (reply(asked) if reply is not None else None) or sound(asked))


def judge_small(
    contract: Contract, app: Any, *clauses: str, strict: bool = False, clients: bool = True, budget: str = "quick", **fields: Any
) -> Report:
    """
    Run the suite with *contract* against *app* (or a base_url among *fields*).
    """
    made: dict[str, Any] = {
        "contract": contract.name,
        "app": app,
        "secrets": {"SMALL_KEY": KEY},
        "key_names": {"main": "SMALL_KEY"},
        "ledger": None,
        "canary": None,
        "requests_per_second": None,
        "requests": 2000,
        "credits": None,
        "seconds": None,
        "timeout": 5.0,
    }
    lines: list[dict[str, Any]] = []
    options = Options(clauses=clauses, budget=budget, strict=strict, clients=clients)
    code = asyncio.run(run(contract, Target(**{**made, **fields}), options, lines.append))
    return Report(code, lines)
