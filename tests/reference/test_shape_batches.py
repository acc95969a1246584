"""
Files and batch jobs of the sound servers of the shape.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from .shape_caller import Ask, Caller, Reply

PROVIDERS = ("openai", "xerotier")


@pytest.fixture(params=PROVIDERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


def run(caller: Caller, lines: list[Any], *, cancel: bool = False) -> tuple[Any, dict[str, list[Any]]]:
    async def job() -> tuple[Reply, dict[str, Reply]]:
        return await caller.run_job(lines, cancel=cancel)

    reply, files = asyncio.run(job())
    contents = {name: [json.loads(row) for row in file.body.splitlines()] for name, file in files.items()}
    return reply.document, contents


def test_a_job_ends_with_each_line_once(caller: Caller) -> None:
    lines = [caller.line(f"id-{n}", f"text {n}") for n in range(5)]
    lines += [caller.line("list", ["a", "b"], encoding_format="base64", dimensions=4), caller.line("bad", "")]
    job, files = run(caller, lines)
    assert job["status"] == "completed"
    assert job["request_counts"] == {"total": 7, "completed": 6, "failed": 1}
    rows = {row["custom_id"]: row for row in files["output_file_id"]}
    assert sorted(rows) == sorted(["list", *(f"id-{n}" for n in range(5))])
    for n in range(5):
        assert rows[f"id-{n}"]["error"] is None
        assert rows[f"id-{n}"]["response"]["status_code"] == 200
        assert rows[f"id-{n}"]["response"]["body"]["data"][0]["embedding"] == caller.embed(f"text {n}").vectors[0]
    body = rows["list"]["response"]["body"]
    assert [row["embedding"] for row in body["data"]] == caller.embed(["a", "b"], encoding_format="base64", dimensions=4).vectors
    (bad,) = files["error_file_id"]
    assert bad["custom_id"] == "bad"
    assert bad["response"]["status_code"] == 400
    assert bad["response"]["body"]["error"]["param"] == "input"


def test_all_lines_refused_is_still_an_end(caller: Caller) -> None:
    job, files = run(caller, [caller.line("a", []), caller.line("b", "")])
    assert (job["status"], job["output_file_id"]) == ("completed", None)
    assert job["request_counts"] == {"total": 2, "completed": 0, "failed": 2}
    assert len(files["error_file_id"]) == 2


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{broken", "invalid_json_line"), (b"[]", "invalid_json_line"),
        ({"custom_id": "b", "method": "GET", "url": "/v1/embeddings", "body": {}}, "invalid_method"),
        ({"custom_id": "b", "method": "POST", "url": "/v1/chat/completions", "body": {}}, "url_mismatch"),
        ({"custom_id": "b", "method": "POST", "url": "/proj_ABC123/my-endpoint/v1/embeddings", "body": {}}, "url_mismatch"),
        ({"custom_id": "\ud800", "method": "POST", "url": "/v1/embeddings", "body": {}}, "missing_required_parameter"),
        ({"method": "POST", "url": "/v1/embeddings", "body": {}}, "missing_required_parameter"),
        ({"custom_id": "b", "method": "POST", "url": "/v1/embeddings"}, "missing_required_parameter"),
        ({"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {}}, "duplicate_custom_id"),
    ],
)
def test_a_bad_line_fails_the_job(caller: Caller, line: Any, code: str) -> None:
    job, files = run(caller, [caller.line("a", "x"), line])
    assert (job["status"], files) == ("failed", {})
    (error,) = job["errors"]["data"]
    assert (error["code"], error["line"]) == (code, 2)


def test_an_empty_file_fails(caller: Caller) -> None:
    job, _ = run(caller, [])
    assert job["errors"]["data"][0]["code"] == "empty_file"


def test_a_job_can_be_cancelled(caller: Caller) -> None:
    job, files = run(caller, [caller.line("a", "x")], cancel=True)
    assert (job["status"], files) == ("cancelled", {})
    reply = caller.send(Ask(None, f"{caller.project}/v1/batches/{job['id']}/cancel"))
    assert reply.status == 409


def test_jobs_are_listed_in_pages(caller: Caller) -> None:
    ids = [run(caller, [caller.line("a", f"x{n}")])[0]["id"] for n in range(3)]
    first = caller.get("/v1/batches?limit=2").document
    assert ([row["id"] for row in first["data"]], first["has_more"]) == (ids[:0:-1], True)
    rest = caller.get(f"/v1/batches?limit=2&after={first['last_id']}").document
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == (ids[:1], False)
    assert caller.get("/v1/batches?limit=0").status == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "/v1/chat/completions"}, "endpoint"), ({"completion_window": "1h"}, "completion_window"),
        ({"input_file_id": "file-none"}, "input_file_id"), ({"input_file_id": None}, "input_file_id"), ({"endpoint": 5}, "endpoint"),
        ({"metadata": []}, "metadata"), ({"metadata": {"a": 1}}, "metadata"), ({"metadata": {"a": "\ud800"}}, "metadata"),
    ],
)
def test_jobs_that_are_refused(caller: Caller, change: dict[str, Any], field: str) -> None:
    file = caller.send(caller.upload([caller.line("a", "x")])).document["id"]
    body = {"input_file_id": file, "endpoint": "/v1/embeddings", "completion_window": "24h", **change}
    reply = caller.send(Ask(body, f"{caller.project}/v1/batches"))
    assert (reply.status, reply.error["param"]) == (400, field)


def test_files_come_back_as_they_were_sent(caller: Caller) -> None:
    reply = caller.send(caller.upload([b"one", b"--XX two"]))
    assert reply.status == (200 if caller.provider == "openai" else 201)
    file = reply.document
    assert (file["object"], file["purpose"], file["filename"], file["bytes"]) == ("file", "batch", "lines.jsonl", 13)
    assert file["id"].startswith("file-")
    assert caller.get(f"/v1/files/{file['id']}").document == file
    assert caller.get(f"/v1/files/{file['id']}/content").body == b"one\n--XX two\n"
    assert caller.get("/v1/files?purpose=batch").document["data"] == [file]
    assert caller.get("/v1/files?purpose=vision").document["data"] == []
    gone = caller.send(Ask(path=f"{caller.project}/v1/files/{file['id']}", method="DELETE"))
    assert gone.document == {"id": file["id"], "object": "file", "deleted": True}
    assert caller.get(f"/v1/files/{file['id']}").status == 404
    assert caller.send(Ask(b"x", f"{caller.project}/v1/files")).status == 400


def test_a_gateway_may_look_at_the_lines_at_once() -> None:
    caller = Caller("openai", None, "job_lines_checked_at_once")
    document, _ = run(caller, [b"{broken"])
    assert document["error"]["param"] == "input_file_id"
