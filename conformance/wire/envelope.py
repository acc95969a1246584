"""
The envelope of a request: the bytes that go over the wire for it.
"""

from __future__ import annotations

from conformance import __version__
from conformance.errors import Fault, UsageError, shorten
from conformance.exchange import Request
from conformance.wire.address import Address

__all__ = ["USER_AGENT", "Envelope"]

USER_AGENT = f"embeddings-conformance/{__version__}"

_AGENT = f"User-Agent: {USER_AGENT}\r\n"
_MAX_LINES = 4096
_MAX_DIGITS = 19
_PORTS = {"http": 80, "https": 443}


class Envelope:
    """
    Writes requests to one address, with nothing added to them but Host, User-Agent and Content-Length where
    they are missing.
    """

    __slots__ = ("_address", "_host", "_lines", "host", "port")

    def __init__(self, address: Address) -> None:
        """
        Raises UsageError for a host that has no form for the wire.
        """
        self._address = address
        self.host = address.host
        if not self.host.isascii():
            try:
                self.host = self.host.encode("idna").decode("ascii")
            except UnicodeError as error:
                raise UsageError(
                    Fault(
                        "the base URL's host is no name",
                        where="base_url",
                        got=shorten(self.host),
                        expected=f"a host name ({shorten(str(error))})",
                    )
                ) from None
        default = _PORTS[address.scheme]
        port = address.port
        self.port = default if port is None else port
        shown = f"[{self.host}]" if ":" in self.host else self.host
        self._host = f"Host: {shown}" + ("" if self.port == default else f":{self.port}") + "\r\n"
        self._lines: dict[tuple[str, str], str] = {}

    def write(self, request: Request, headers: list[tuple[str, str]]) -> tuple[bytes, bytes]:
        """
        Return head and body of *request*, whose headers with their keys are *headers*.

        A body that is longer than its given Content-Length is cut there, so that no rest of it is taken for
        another request, and one with a given ``Transfer-Encoding: chunked`` is sent as a chunk.
        """
        line = self._lines.get((request.method, request.target)) or self._line(request)
        body = request.body
        names = {name.lower() for name, _ in headers}
        parts = [line]
        if "host" not in names:
            parts.append(self._host)
        for name, value in headers:
            parts.append(f"{name}: {value}\r\n")
        if "user-agent" not in names:
            parts.append(_AGENT)
        if "transfer-encoding" in names:
            body = _framed(headers, body or b"")
        elif "content-length" in names:
            body = _cut(headers, body or b"")
        elif body is not None:
            parts.append(f"Content-Length: {len(body)}\r\n")
        parts.append("\r\n")
        return "".join(parts).encode(), body or b""

    def _line(self, request: Request) -> str:
        line = f"{request.method} {self._address.path(request.target)} HTTP/1.1\r\n"
        if len(self._lines) >= _MAX_LINES:
            self._lines.clear()
        return self._lines.setdefault((request.method, request.target), line)


def _framed(headers: list[tuple[str, str]], body: bytes) -> bytes:
    coding = [value for name, value in headers if name.lower() == "transfer-encoding"][-1]
    if coding.rpartition(",")[2].strip().lower() != "chunked":
        return body
    return (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"


def _cut(headers: list[tuple[str, str]], body: bytes) -> bytes:
    length = next(value.strip() for name, value in headers if name.lower() == "content-length")
    return body[: int(length)] if length.isdecimal() and len(length) < _MAX_DIGITS else body
