"""
The provider-neutral pieces, each alone.
"""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest

import conformance.reference
from conformance.reference.asgi import VerbatimName
from conformance.reference.buckets import Bucket
from conformance.reference.clock import VirtualClock
from conformance.reference.documents import MalformedDocument, read_document, show, write_canonical
from conformance.reference.identifiers import ALPHABET, UlidMaker
from conformance.reference.ledger import Account, InsufficientFunds, to_decimal
from conformance.reference.replay import ReplayStore
from conformance.reference.tokenizer import count_tokens
from conformance.reference.urls import has_https_host, is_blocked_host, read_origin
from conformance.reference.vectors import digest_parts

ROOT = Path(conformance.reference.__file__).parent


def test_nothing_is_imported_from_the_rest_of_the_suite() -> None:
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("conformance") or name.startswith("conformance.reference"), path
        assert len(path.read_text().splitlines()) <= 400, path


def test_neutral_pieces_know_no_provider() -> None:
    for path in ROOT.glob("*.py"):
        if path.name != "__main__.py":
            assert "reference.aurous" not in path.read_text(), path


def test_tokens() -> None:
    assert [count_tokens(text) for text in ("", "a", "a b", "a" * 9, "漢字", "漢字 ab")] == [1, 1, 2, 2, 2, 3]
    assert count_tokens("a" * 1_000_000) == 125_000


def test_documents() -> None:
    assert read_document(b' {"a": [1, 1.0, "\\ud800"]} ')["a"][:2] == [1, 1.0]
    for body in (
        b"",
        b" ",
        b"{",
        b"\xff",
        b'{"a":1,"a":2}',
        b"1e999",
        b"NaN",
        b"[" * 200_000,
        b"\xef\xbb\xbf{}",
        b"{} {}",
    ):
        with pytest.raises(MalformedDocument):
            read_document(body)
    assert isinstance(read_document(b"9" * 100_000), int)
    assert write_canonical({"b": 1, "a": [2, 1]}) == '{"a":[2,1],"b":1}'
    assert show("\ud800" * 100).endswith("?…")


def test_ledger() -> None:
    account = Account(10)
    account.hold(4)
    assert (account.available, account.held) == (6, 4)
    with pytest.raises(InsufficientFunds):
        account.hold(7)
    account.release(4)
    account.debit(3)
    assert (account.balance, to_decimal(account.balance), to_decimal(-1_500_000)) == (
        7,
        "0.000007",
        "-1.500000",
    )


def test_buckets_and_clock() -> None:
    clock = VirtualClock()
    bucket = Bucket(clock, capacity=2, per_second=1)
    assert [bucket.take(), bucket.take(), bucket.take()] == [True, True, False]
    assert bucket.wait_s() == 1
    clock.advance(1)
    assert bucket.take()


def test_replays() -> None:
    async def run() -> None:
        clock = VirtualClock()
        store = ReplayStore(clock, window_s=10, capacity=2)
        entry = store.begin(("t", "a"), fingerprint="f", request_id="r")
        assert entry.running
        store.finish(entry, status=200, body=b"x")
        assert store.find(("t", "a")) is entry
        clock.advance(11)
        assert store.find(("t", "a")) is None
        gone = store.begin(("t", "b"), fingerprint="f", request_id="r")
        store.abandon(("t", "b"), gone)
        assert store.find(("t", "b")) is None

    asyncio.run(run())


def test_urls() -> None:
    assert read_origin("HTTP://Host/x") == "http://host:80"
    assert has_https_host("https://a.example/x?y=z") and not has_https_host("https:///x")
    assert not is_blocked_host("https://8.8.8.8/") and not is_blocked_host("https://images.example/")
    assert is_blocked_host("https://0177.0.0.1/") and is_blocked_host("https://user@127.0.0.1:8/")


def test_digests_identifiers_and_names() -> None:
    assert digest_parts([("text", b"ab"), ("text", b"c")]) != digest_parts([("text", b"a"), ("text", b"bc")])
    maker = UlidMaker()
    made = {maker.make() for _ in range(5_000)}
    assert len(made) == 5_000
    assert all(len(one) == 26 and set(one) <= set(ALPHABET) for one in made)
    assert VerbatimName(b"X-A").lower() == b"x-a" == VerbatimName(b"X-A")
