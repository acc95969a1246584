"""
The answer to a request, read piece by piece from a server that may be hostile.
"""

from __future__ import annotations

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from conformance.errors import shorten
from conformance.exchange import Exchange, Failure, FailureKind
from conformance.wire.coding import decode

__all__ = ["Answer"]

# So many bytes may come without one of a body among them: a head, the interim ones before it, or trailers.
_MAX_QUIET = 256 * 1024
_MAX_DIGITS = 19
_SWITCHING = 101
_BODILESS = frozenset({_SWITCHING, 204, 304})
_END_OF_HEAD = b"\r\n\r\n"


class _Enough(Exception):
    """
    Raised inside of the parser, to make it stop there.
    """


class Answer:
    """
    Fills one exchange after another from the bytes of one connection.

    After `feed` or `end` returned True the exchange has its answer or its failure, and *reusable* says
    whether the connection may carry another one.
    """

    __slots__ = (
        "_body",
        "_codings",
        "_complete",
        "_exchange",
        "_headed",
        "_headers",
        "_limit",
        "_parser",
        "_quiet",
        "_until_end",
        "reusable",
    )

    def __init__(self, exchange: Exchange, *, limit: int) -> None:
        """
        *limit* is that of a body in bytes, before and after decoding.
        """
        self._limit = limit
        self._parser = HttpResponseParser(self)
        self.expect(exchange)

    def expect(self, exchange: Exchange) -> None:
        """
        Make ready for the answer to the next request.
        """
        self._exchange = exchange
        self._headers: list[tuple[str, str]] = []
        self._body: bytes | bytearray = b""
        self._codings = ""
        self._quiet = 0
        self._headed = False
        self._until_end = False
        self._complete = False
        self.reusable = False

    @property
    def place(self) -> str:
        """
        What is still to come, for messages.
        """
        return "the body" if self._headed else "the answer's head"

    def feed(self, data: memoryview) -> bool:
        """
        Take the next bytes, and return whether they end the answer or make a failure of it.
        """
        before = len(self._body)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.reusable = False
        except HttpParserError as error:
            self._stopped(error, data)
        if self._complete:
            self._finish()
            return True
        if self._exchange.failure is not None:
            return True
        if len(self._body) > before:
            self._quiet = 0
            return False
        self._quiet += len(data)
        if self._quiet <= _MAX_QUIET:
            return False
        place = "framing within the body" if self._headed else "the answer's head"
        self._fail(FailureKind.TOO_LARGE, f"{place} passed {_MAX_QUIET} bytes")
        return True

    def end(self) -> bool:
        """
        Take note that the server will send nothing more, and return whether that ends the answer properly.
        """
        if not self._until_end:
            return False
        self._complete = True
        self._finish()
        return True

    def release(self) -> None:
        """
        Part from the parser: the two hold each other.
        """
        del self._parser

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._complete:
            self.reusable = False
            raise _Enough

    def on_header(self, name: bytes, value: bytes) -> None:
        # A trailer comes this way too, after the head.
        if not self._headed:
            text = value.decode("latin-1").strip(" \t")
            self._headers.append((name.decode("latin-1").lower(), text))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 and status != _SWITCHING:
            if status < 100:
                self._fail(FailureKind.PROTOCOL, f"the status is {status:03}")
                raise _Enough
            return
        exchange = self._exchange
        exchange.status = status
        exchange.headers = tuple(self._headers)
        self._headed = True
        length: str | None = None
        framing: str | None = None
        for name, value in self._headers:
            if name == "content-length":
                length = value
            elif name == "transfer-encoding":
                framing = value
            elif name == "content-encoding":
                self._codings += f",{value}"
        if exchange.request.method == "HEAD" or status in _BODILESS:
            # The parser knows nothing of HEAD, and its versions differ in the rest.
            self._complete = True
            # A body that is announced where none may be could still come, and be taken for the next answer.
            is_clean = status != 204 or length is framing is None
            self.reusable = is_clean and status != _SWITCHING and self._parser.should_keep_alive()
            raise _Enough
        if framing is not None:
            self._until_end = framing.rpartition(",")[2].strip().lower() != "chunked"
        elif length is None:
            self._until_end = True
        elif length.isdigit() and len(length) < _MAX_DIGITS and int(length) > self._limit:
            self._fail(FailureKind.TOO_LARGE, f"Content-Length is {length}, over {self._limit} bytes")
            raise _Enough

    def on_body(self, part: bytes) -> None:
        if not self._headed:
            self._fail(FailureKind.PROTOCOL, "an interim answer has a body")
            raise _Enough
        body = self._body
        if len(body) + len(part) > self._limit:
            self._fail(FailureKind.TOO_LARGE, f"the body passed {self._limit} bytes")
            raise _Enough
        if not body:
            self._body = part
        elif isinstance(body, bytearray):
            body += part
        else:
            self._body = bytearray(body) + part

    def on_message_complete(self) -> None:
        if not self._headed:
            self._headers.clear()  # of an interim answer, which nobody asked for
            return
        self._complete = True
        names = {name for name, _ in self._headers}
        # Two framings at once are read in two ways by two parsers, so nothing may follow them.
        self.reusable = (
            self._parser.should_keep_alive() and not {"content-length", "transfer-encoding"} <= names
        )

    def _stopped(self, error: HttpParserError, data: memoryview) -> None:
        if isinstance(error, HttpParserCallbackError):
            if not isinstance(error.__cause__ or error.__context__, _Enough):
                raise error
            if self._complete and self.reusable:
                # This was a head alone. What stands behind it would be taken for the next answer.
                text = bytes(data)
                self.reusable = text.find(_END_OF_HEAD) == len(text) - len(_END_OF_HEAD)
                self._parser = HttpResponseParser(self)
            return
        self.reusable = False
        if not self._complete and self._exchange.failure is None:
            self._fail(
                FailureKind.PROTOCOL, f"{self.place} can't be read as HTTP: {shorten(str(error), limit=120)}"
            )

    def _finish(self) -> None:
        body = bytes(self._body)
        self._body = b""
        if self._codings:
            decoded = decode(body, self._codings, limit=self._limit)
            if isinstance(decoded, Failure):
                self._exchange.failure = decoded
                return
            body = decoded
        self._exchange.body = body

    def _fail(self, kind: FailureKind, detail: str) -> None:
        self._exchange.failure = Failure(kind, detail)
