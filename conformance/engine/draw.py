"""
Drawn bodies become cases: classified, given the expectation that their class calls for, and kept for next time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from conformance.contract import Clause, Contract
from conformance.engine.session import Session
from conformance.exchange import Request
from conformance.generate.body import encode
from conformance.generate.case import Case, Step

__all__ = ["cache_folder", "drawn_case", "drawn_cases"]

# Of every ten drawn bodies so many go to the first operation; the others share the rest.
_FIRST_SHARE = 0.75
_END = "END\n"


def cache_folder() -> Path:
    """
    Return the user's cache folder of the suite.
    """
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "embeddings-conformance"


def drawn_cases(session: Session, count: int, selected: set[str]) -> Iterator[Case]:
    """
    Yield about *count* drawn cases for the clauses that are *selected*.
    """
    contract = session.contract
    by_kind: dict[str | None, Clause] = {clause.drawn: clause for clause in contract.clauses if clause.drawn}
    operations = [name for name, op in contract.operations.items() if op.request_schema and name not in session.dead]
    shares = {n: int(count * (_FIRST_SHARE if i == 0 else (1 - _FIRST_SHARE) / max(1, len(operations) - 1)))
              for i, n in enumerate(operations)}
    for operation in operations:
        for index, body in enumerate(_bodies(session, operation, shares[operation])):
            case = drawn_case(session, operation, body, index, by_kind)
            if case is not None and case.clause in selected:
                yield case


def drawn_case(
    session: Session, operation: str, body: dict[str, Any], index: int, kinds: dict[str | None, Clause]
) -> Case | None:
    """
    Return the case that a drawn *body* makes, with what its classification calls for, or None when no clause is for it.
    """
    found = session.shop.classifier.classify(operation, body)
    default = session.contract.default_operation
    expect: dict[str, Any]
    twin = None
    if found.undocumented:
        clause = kinds.get("undocumented")
        # That no request makes the server fail is for the clause about failures.
        expect = {"any_of": [{"success": True}, {"status": "4xx"}], "unless": {"status": "5xx"}}
    elif found.triggers:
        triggers = [session.shop.classifier.triggers[name] for name in found.triggers]
        clause_id = triggers[0].clause if operation == default else f"{operation}.{triggers[0].clause}"
        clause = next((c for c in session.contract.clauses if c.id == clause_id), None)
        # Which of several faults wins is nowhere said, and the directed cases ask for each refusal's code.
        expect = {"status": {"not": "2xx"}}
        twin = _plain_step(session, operation)
    else:
        clause = kinds.get("accepted")
        expect = {"success": True}
    if clause is None:
        return None
    nonce = session.shop.nonce()
    name, request, _, key, key_header = session.shop.request({"operation": operation}, session.shop.environment(nonce))
    request = Request(request.method, request.target, request.headers, encode(body))
    step = Step("drawn", name, request, body, expect=expect, key=key, key_header=key_header)
    return Case(f"{clause.id}/drawn.{operation}.{index + 1}", clause.id, (step,), nonce, twin=twin,
                trigger=found.triggers[0] if len(found.triggers) == 1 else None, drawn=True)


def _plain_step(session: Session, operation: str) -> Step:
    name, request, body, key, key_header = session.shop.request(
        {"operation": operation}, session.shop.environment("0" * 12)
    )
    return Step("twin", name, request, body, expect={"success": True}, key=key, key_header=key_header)


def _bodies(session: Session, operation: str, count: int) -> Iterator[dict[str, Any]]:
    """
    Yield drawn bodies one by one, from the user's cache when the very same were drawn before.
    """
    if count < 1:
        return
    contract = session.contract
    urls = [session.image(index, None) for index in range(2)] if "media" not in session.lacks else []
    pools = _pools(session)
    path = cache_folder() / f"{_mark(contract, operation, count, session.seed, pools, urls)}.jsonl"
    if _is_whole(path):
        with path.open("r", encoding="ascii") as lines:
            yield from (json.loads(line) for line in lines if line != _END)
        return
    from conformance.generate.drawn import draw_bodies

    drawn = draw_bodies(contract, operation, count=count, seed=session.seed, pools=pools, urls=urls)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        keep = unfinished.open("w", encoding="ascii")
    except OSError:
        yield from drawn  # A cache that can't be written costs time only.
        return
    try:
        with keep:
            for body in drawn:
                _write(keep, json.dumps(body) + "\n")
                yield body
            _write(keep, _END)
        with suppress(OSError):
            unfinished.replace(path)
    finally:
        # A run that ends early leaves no half of a cache behind.
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _write(file: TextIO, text: str) -> None:
    with suppress(OSError):
        file.write(text)


def _is_whole(path: Path) -> bool:
    """
    Whether a cache file was written to its end.
    """
    try:
        with path.open("rb") as file:
            file.seek(-len(_END), os.SEEK_END)
            return file.read() == _END.encode()
    except OSError:
        return False


def _pools(session: Session) -> dict[str, list[Any]]:
    from conformance.generate.forms import MissingFact, fill

    pools: dict[str, list[Any]] = {}
    env = session.shop.environment("0" * 12)
    for name, template in session.contract.draw.get("fields", {}).items():
        try:
            value = fill(template, env)
        except MissingFact:
            continue
        pools[name] = value if isinstance(value, list) else [value]
    return pools


def _mark(contract: Contract, operation: str, count: int, seed: int, pools: Any, urls: list[str]) -> str:
    import sys
    from importlib.metadata import version

    # A canary's port differs from run to run; where media come from makes no other body.
    stable = [url.rpartition("/")[2] for url in urls]
    parts = [
        contract.digest,
        operation,
        count,
        seed,
        pools,
        stable,
        version("hypothesis"),
        sys.version_info[:2],
        _source(),
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]


def _source() -> str:
    # The strategies themselves are part of what decides a draw.
    path = Path(__file__).resolve().parent.parent / "generate" / "drawn.py"
    return hashlib.sha256(path.read_bytes()).hexdigest()
