"""
The canary: its images, its counts, and clients that behave badly.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable

import pytest

from conformance.errors import IncompleteError, UsageError
from conformance.witness.canary import Canary, draw_png


def run(test: Callable[[Canary], Awaitable[None]], **options: str) -> None:
    async def main() -> None:
        canary = Canary(**options)
        await canary.start()
        try:
            await test(canary)
        finally:
            await canary.close()

    asyncio.run(main())


async def talk(canary: Canary, data: bytes, *, read: bool = True) -> bytes:
    host, port = canary.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(data)
        await writer.drain()
        return await asyncio.wait_for(reader.read(), 5) if read else b""
    except ConnectionError:
        return b""
    finally:
        writer.close()


def get(url: str, *, method: str = "GET", close: bool = True) -> bytes:
    path = "/" + url.split("/", 3)[3]
    return (
        f"{method} {path} HTTP/1.1\r\nHost: h\r\n{'Connection: close' if close else 'X: y'}\r\n\r\n".encode()
    )


def test_the_image_is_a_valid_png() -> None:
    image = draw_png("abc")
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    place, names, pixels = 8, [], b""
    while place < len(image):
        (length,) = struct.unpack_from(">I", image, place)
        name, data = image[place + 4 : place + 8], image[place + 8 : place + 8 + length]
        (check,) = struct.unpack_from(">I", image, place + 8 + length)
        assert check == zlib.crc32(name + data)
        names.append(name)
        if name == b"IHDR":
            assert struct.unpack(">IIBBBBB", data) == (64, 64, 8, 2, 0, 0, 0)
        if name == b"IDAT":
            pixels = zlib.decompress(data)
        place += 12 + length
    assert names == [b"IHDR", b"IDAT", b"IEND"]
    assert len(pixels) == 64 * (1 + 64 * 3)
    assert draw_png("abc") == image
    assert draw_png("abd") != image


def test_fetches_are_counted_by_token() -> None:
    async def test(canary: Canary) -> None:
        url = canary.url("one")
        assert canary.fetches("one") == 0
        answer = await talk(canary, get(url))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(draw_png("one"))
        assert b"Content-Type: image/png\r\n" in answer
        head = await talk(canary, get(url, method="HEAD"))
        assert head.endswith(b"\r\n\r\n")
        await talk(canary, get(url + "?x=y", method="BREW"))
        await talk(canary, get(canary.url("two").removesuffix(".png")))
        await talk(canary, b"GET http://h/canary/one.png HTTP/1.0\r\n\r\n")
        assert (canary.fetches("one"), canary.fetches("two"), canary.fetches("three")) == (4, 1, 0)
        assert canary.connections == 5

    run(test)


def test_a_connection_serves_several_requests() -> None:
    async def test(canary: Canary) -> None:
        url = canary.url("kept")
        body = b"POST /canary/kept HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
        data = get(url, close=False) + body + get(url, method="HEAD", close=False) + get(url)
        answer = await talk(canary, data)
        assert answer.count(b"HTTP/1.1 200 OK") == 4
        assert canary.fetches("kept") == 4
        assert canary.connections == 1

    run(test)


def test_elsewhere_is_nothing() -> None:
    async def test(canary: Canary) -> None:
        for path in ("/", "/canary/", "/canary/a/b", "/canary/%2e", "/favicon.ico", "*"):
            answer = await talk(canary, f"GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 404 ")

    run(test)


@pytest.mark.parametrize("length", [None, 80, 81, 200, 2048, 20_000])
def test_urls_have_the_length_that_is_asked_for(length: int | None) -> None:
    async def test(canary: Canary) -> None:
        url = canary.url("padded", length)
        assert length is None or len(url) == length
        assert (await talk(canary, get(url))).startswith(b"HTTP/1.1 200 ")
        assert canary.fetches("padded") == 1
        exact = len(canary.url("padded"))
        assert canary.url("padded", exact) == canary.url("padded")
        assert len(canary.url("padded", exact + 1)) == exact + 1
        with pytest.raises(UsageError, match="length"):
            canary.url("padded", exact - 1)

    run(test)


def test_bad_manners_harm_nothing() -> None:
    async def test(canary: Canary) -> None:
        url = canary.url("after")
        for data in (
            b"\0\xff" * 40_000,
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"A: " + b"x" * 99_999,
            b"\r\n" * 9,
        ):
            await talk(canary, data, read=not data.startswith(b"\r"))
        huge = b"POST /canary/after HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n"
        assert b"Connection: close" in await talk(canary, huge)
        await talk(canary, huge[:20], read=False)
        idle = [await asyncio.open_connection(*canary.base_url[7:].split(":")) for _ in range(20)]
        assert (await talk(canary, get(url))).startswith(b"HTTP/1.1 200 ")
        for _, writer in idle:
            writer.close()
        assert canary.fetches("after") == 2

    run(test)


def test_unknown_tokens_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.witness.canary._MAX_TOKENS", 3)

    async def test(canary: Canary) -> None:
        requests = b"".join(get(f"http://h/canary/t{number}", close=False) for number in range(10))
        own = canary.url("own")
        await talk(canary, requests + get(own))
        assert [canary.fetches(f"t{number}") for number in range(5)] == [1, 1, 1, 0, 0]
        assert canary.fetches("own") == 1

    run(test)


def test_the_public_address_stands_in_urls() -> None:
    async def test(canary: Canary) -> None:
        assert canary.url("a") == "https://pub.example/x/canary/a.png"

    run(test, public_url="https://pub.example/x/")


def test_what_cannot_be_used_is_refused() -> None:
    for token in ("", "a/b", "a b", "é", "x" * 129):
        with pytest.raises(UsageError):
            Canary(public_url="http://h").url(token)
    for listen in ("x", "h:", ":1", "h:99999", "h:-1"):
        with pytest.raises(UsageError, match=r"canary\.listen"):
            Canary(listen=listen)
    with pytest.raises(UsageError, match=r"canary\.public_url"):
        Canary(public_url="ftp://h")
    with pytest.raises(IncompleteError):
        Canary().url("early")

    async def test(canary: Canary) -> None:
        second = Canary(listen=canary.base_url.removeprefix("http://"))
        with pytest.raises(IncompleteError, match="can't listen"):
            await second.start()

    run(test)


def test_it_can_be_closed_twice_and_with_open_connections() -> None:
    async def main() -> None:
        canary = Canary()
        await canary.start()
        await canary.start()
        host, port = canary.base_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        await asyncio.sleep(0.01)
        await canary.close()
        await canary.close()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()

    asyncio.run(main())
