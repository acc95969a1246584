"""
A made-up run with every verdict in it, and with a server that tries to act in its own report.

`python -m tests.report.sample LOG` writes it to a file.
"""

from __future__ import annotations

import base64
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.report.log import Line, LogWriter

HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    " [bold red]markup[/bold red] [link=javascript:alert(3)]click[/link]"
    " \x1b[2J\x1b]0;owned\x07 \u202edesrever\u202c zero\u200bwidth ]]> &amp; \ud800 \x00 \ufffe"
)

_DOCS = "https://docs.example.com/embeddings"

_DATA = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))

# id, level, verdict, sentence, document, section, promises, cases, judged
_CLAUSES: list[tuple[str, str, str, str, str, str, list[str], int, int]] = _DATA["clauses"]

# case, expected, actual, where, why
_FINDINGS: dict[str, tuple[str, str, str, str, str]] = {
    name: tuple(text.replace("HOSTILE", HOSTILE) for text in row) for name, row in _DATA["findings"].items()
}

_MISSING: dict[str, list[str]] = _DATA["missing"]

_OWNER = {"refusal.request_id": "encoding.stranger", "refusal.param": "encoding.stranger"}


def sample_lines(*, hostile: bool = True, live: bool = False) -> Iterator[Line]:
    """
    Yield the lines of the run; with *live*, the plan and progress lines of the stream too.
    """
    yield _header()
    total = len(_CLAUSES)
    if live:
        yield {"kind": "plan", "clauses": total, "cases": 180, "requests": 640, "charged": 410}
    for done, row in enumerate(_CLAUSES, start=1):
        for case in _cases(row[0], row[2], row[7]):
            yield case if hostile else _tamed(case)
        if live:
            yield {
                "kind": "progress",
                "done": done,
                "of": total,
                "requests": done * 19,
                "rate": 41.5,
                "failures": done // 7,
                "phase": "firing" if done < 30 else "shrinking",
            }
    for row in _CLAUSES:
        clause = _clause(row)
        yield clause if hostile else _tamed(clause)
    yield {
        "kind": "excluded",
        "promise": "P26",
        "says": "Data is deleted after thirty days.",
        "reason": "Nothing that a client can see shows a deletion.",
    }
    yield {
        "kind": "excluded",
        "promise": "P27",
        "says": "The service is up 99.9 % of each month.",
        "reason": "A month of watching is not a test.",
    }
    yield _footer()


def write_sample(path: Path | str, *, hostile: bool = True) -> Path:
    """
    Write the run's log to *path* and return it.
    """
    with LogWriter(path) as log:
        for line in sample_lines(hostile=hostile):
            log.write(line)
    return Path(path)


def _header() -> dict[str, Any]:
    return {
        "kind": "header",
        "log": 1,
        "suite": "0.1.0",
        "contract": {
            "name": "example",
            "title": "Example Embeddings API",
            "revision": "2025-11-04",
            "digest": "sha256:9f2c41d7a0be58e3c6d17b84f0a95e2d3c8b7a6150f4e9d2",
        },
        "target": {
            "base_url": "https://api.example.com/v1",
            "model": "example-embed-large",
            "keys": {"main": "${EXAMPLE_KEY}"},
        },
        "seed": 20251120,
        "budget": "standard",
        "selection": {"clauses": [], "level": None},
        "started": "2025-11-20T09:21:04Z",
        "versions": {"python": "3.12.8", "hypothesis": "6.148.2", "numpy": "2.3.4"},
    }


def _request(body: bytes) -> dict[str, Any]:
    packed: dict[str, Any] = {"body": body.decode()}
    if len(body) > 300:
        packed = {"body_z": base64.b64encode(zlib.compress(body)).decode()}
    headers = [["Authorization", "Bearer ${EXAMPLE_KEY}"], ["Content-Type", "application/json"]]
    return {"method": "POST", "target": "/embeddings", "headers": headers, **packed, "bytes": len(body)}


def _exchange(body: bytes, *, status: int, answer: str, step: str | None = None) -> dict[str, Any]:
    headers = [["content-type", "application/json"], ["server", "example/2"]]
    shown = {"status": status, "headers": headers, "body": answer, "bytes": len(answer), "ms": 38.25}
    return {"step": step, "request": _request(body), "answer": shown}


def _cases(clause: str, verdict: str, count: int) -> Iterator[dict[str, Any]]:
    good = b'{"model":"example-embed-large","input":"a"}'
    fine = '{"object":"list","data":[{"index":0,"embedding":"(1024 numbers)"}],"usage":{"prompt_tokens":1}}'
    own = [(name, row) for name, row in _FINDINGS.items() if name == clause or _OWNER.get(name) == clause]
    shown = [(name, row) for name, row in own if name == clause]
    for number in range(count - len(shown) - (verdict == "error")):
        state = "not_established" if verdict == "not_established" else "pass"
        yield {
            "kind": "case",
            "id": f"{clause}/{number:03d}",
            "clause": clause,
            "verdict": state,
            "exchanges": [_exchange(good, status=200, answer=fine)],
            "findings": [],
        }
    if verdict == "error":
        failed = {
            "request": _request(good),
            "failure": {"kind": "timeout", "detail": "no complete answer in 30 s"},
        }
        yield {
            "kind": "case",
            "id": f"{clause}/tibetan",
            "clause": clause,
            "verdict": "error",
            "reason": "the judge met a value that it does not know",
            "exchanges": [failed],
            "findings": [],
        }
    for name, (case, *_) in shown:
        inputs = b",".join(b'"a"' for _ in range(2049 if name == "caps.inputs.over" else 1))
        extra = b',"encoding_format":"int4"' if case == "int4" else b""
        body = b'{"model":"example-embed-large","input":[' + inputs + b"]" + extra + b"}"
        broken = f'{{"error":{{"message":"{HOSTILE}","type":"invalid_request_error","param":null}}}}'
        findings = [_seen(row, clause=found) for found, row in own]
        yield {
            "kind": "case",
            "id": f"{clause}/{case}",
            "clause": clause,
            "verdict": "warn" if verdict == "warn" else "fail",
            "exchanges": [
                _exchange(good, status=200, answer=fine, step="twin"),
                _exchange(
                    body, status=200 if name == "caps.tokens.over" else 400, answer=broken, step="refused"
                ),
            ],
            "findings": findings,
            "repeats": {"seen": 3, "of": 5} if name == "idempotency.parallel" else {"seen": 3, "of": 3},
            "shrunk_from": 48211,
        }


def _seen(row: tuple[str, str, str, str, str], **id: str) -> dict[str, Any]:
    return {**id, "expected": row[1], "actual": row[2], "where": row[3], "why": row[4]}


def _clause(row: tuple[str, str, str, str, str, str, list[str], int, int]) -> dict[str, Any]:
    id, level, verdict, says, doc, section, promises, cases, judged = row
    found = _FINDINGS.get(id)
    case = f"{_OWNER.get(id, id)}/{found[0]}" if found else f"{id}/tibetan" if verdict == "error" else None
    line: dict[str, Any] = {
        "kind": "clause",
        "id": id,
        "level": level,
        "verdict": verdict,
        "says": says,
        "source": [{"doc": doc, "section": section, "url": f"{_DOCS}/{doc}"}],
        "promises": promises,
        "cases": cases,
        "established": 0 if verdict == "not_established" else cases,
        "judged": judged,
        "findings": [_seen(found, case=case or "")] if found else [],
        "missing": _MISSING.get(id, []),
        "notes": [],
        "unproven": id in ("usage.batch_sum", "pace.retry_after"),
        "example": case,
    }
    if id == "caps.inputs.over":
        line["source"].append(
            {"doc": "errors/input_too_many", "section": "Message", "url": "javascript:alert(4)"}
        )
    if id == "idempotency.parallel":
        line["unstable"] = {"seen": 3, "of": 5}
    if verdict == "waived":
        line["waiver"] = {"reason": "The field is added in release 2.4.", "until": "2026-01-31"}
    if verdict == "contested":
        line["notes"] = [
            "Two pages of the documents contradict each other: https://github.com/example/spec/issues/12"
        ]
    if verdict == "error":
        line["notes"] = ["the judge met a value that it does not know"]
    return line


def _footer() -> dict[str, Any]:
    verdicts: dict[str, dict[str, int]] = {}
    promises: dict[str, dict[str, Any]] = {}
    rank = {"fail": "broken", "warn": "warned", "not_established": "not_established", "pass": "kept"}
    for id, level, verdict, says, _, _, bound, _, _ in _CLAUSES:
        tally = verdicts.setdefault(level, {})
        tally[verdict] = tally.get(verdict, 0) + 1
        for promise in bound:
            state = rank.get(verdict, "not_established")
            entry = promises.setdefault(promise, {"state": state, "clauses": [], "says": says})
            entry["clauses"].append(id)
            entry["state"] = min(entry["state"], state, key=list(rank.values()).index)
    for promise, says in (
        ("P26", "Data is deleted after thirty days."),
        ("P27", "The service is up 99.9 % of each month."),
    ):
        promises[promise] = {"state": "excluded", "clauses": [], "says": says}
    return {
        "kind": "footer",
        "exit": 1,
        "finished": "2025-11-20T09:22:11Z",
        "seconds": 67.4,
        "requests": 655,
        "retries": 3,
        "charged": None,
        "verdicts": verdicts,
        "promises": dict(sorted(promises.items())),
        "incomplete": None,
    }


def _tamed(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(HOSTILE, "too many inputs")
    if isinstance(value, dict):
        return {key: _tamed(item) for key, item in value.items()}
    return [_tamed(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    print(write_sample(sys.argv[1]))
