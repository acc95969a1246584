"""
The HTTP transport behind TLS: certificates that are trusted, unknown, and not looked at.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.exchange import Exchange, FailureKind, Request
from conformance.wire.transport import open_transport

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    )
    command += (
        " -keyout key.pem -out cert.pem -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem"


def ask(certificate: Path, **options: Any) -> Exchange:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def run() -> Exchange:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        transport = open_transport(base_url=f"https://127.0.0.1:{port}", secrets={}, **options)
        try:
            return await transport.send(Request("GET", "/"), timeout=5)
        finally:
            await transport.close()
            server.close()

    return asyncio.run(run())


def test_an_unknown_certificate_is_a_connect_failure(certificate: Path) -> None:
    failure = ask(certificate).failure
    assert failure is not None
    assert failure.kind is FailureKind.CONNECT
    assert "certificate" in failure.detail


def test_a_given_certificate_is_trusted(certificate: Path) -> None:
    assert ask(certificate, tls_ca=str(certificate)).status == 200


def test_certificates_can_be_left_unchecked(certificate: Path) -> None:
    assert ask(certificate, tls_verify=False).status == 200


def talk_tls(certificate: Path, data: bytes, *requests: Request) -> tuple[list[Exchange], int]:
    async def run() -> tuple[list[Exchange], int]:
        connections = 0

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            try:
                while await reader.readuntil(b"\r\n\r\n"):
                    writer.write(data)
                    await writer.drain()
                    if b"Content-Length" not in data:
                        writer.transport.abort()
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        transport = open_transport(base_url=url, secrets={}, tls_ca=str(certificate))
        try:
            return [await transport.send(request, timeout=5) for request in requests], connections
        finally:
            await transport.close()
            server.close()

    return asyncio.run(run())


def test_connections_are_kept_and_long_answers_read(certificate: Path) -> None:
    body = bytes(range(256)) * 8000
    data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    exchanges, connections = talk_tls(certificate, data, *[Request("GET", "/")] * 3)
    assert [(e.failure, e.body == body) for e in exchanges] == [(None, True)] * 3
    assert connections == 1


def test_an_end_that_tls_did_not_announce_is_a_disconnect(certificate: Path) -> None:
    exchanges, _ = talk_tls(certificate, b"HTTP/1.1 200 OK\r\n\r\nhalf", Request("GET", "/"))
    failure = exchanges[0].failure
    assert failure is not None
    assert failure.kind is FailureKind.DISCONNECT
    assert exchanges[0].status == 200


def test_a_long_body_may_be_refused_early(certificate: Path) -> None:
    data = b"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno"
    requests = [Request("POST", "/", body=bytes(16 << 20))] * 3
    exchanges, connections = talk_tls(certificate, data, *requests)
    assert [(e.status, e.body, e.failure) for e in exchanges] == [(413, b"no", None)] * 3
    assert connections == 3
