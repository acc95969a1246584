"""
The address of a target: a base URL, checked once, and the URL of each request below it.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urlsplit

from conformance.errors import Fault, UsageError, shorten

__all__ = ["Address"]

# Everything that may stand in a path or query as it is; the rest is percent-encoded before it is sent.
_PLAIN = re.compile(r"[!$%&()*+,\-./0-9:;=?@A-Z_a-z~\[\]]*")
_SAFE = "!$%&()*+,-./:;=?@_~[]"
# Every HTTP client resolves these before sending, so the request would silently become another one.
_DOTS = re.compile(r"(?:^|/)(?:\.|%2[eE]){1,2}(?:/|$)")
_EXPECTED = "an absolute URL such as https://api.example.com/v1"


def _refuse(
    base_url: str, what: str, move: str = "write the address up to the part that every operation shares"
) -> UsageError:
    return UsageError(Fault(what, where="base_url", got=shorten(base_url), expected=_EXPECTED, move=move))


class Address:
    """
    A checked base URL: scheme, host, port and an optional path prefix.

    Raises UsageError, naming ``base_url``, for anything else; a URL with a user or a password is refused too,
    because it would be printed in every report.
    """

    __slots__ = ("base", "host", "origin", "port", "prefix", "scheme")

    def __init__(self, base_url: str) -> None:
        if not base_url or not base_url.isprintable() or re.search(r"[\s\\]", base_url):
            raise _refuse(
                base_url, "the base URL is empty or holds spaces, backslashes or control characters"
            )
        try:
            parts = urlsplit(base_url)
            port = parts.port
        except ValueError as error:
            raise _refuse(base_url, f"the base URL can't be read: {error}") from None
        self._check(base_url, parts)
        self.scheme = parts.scheme.lower()
        self.host = parts.hostname or ""
        self.port = port
        shown = f"[{self.host}]" if ":" in self.host else self.host
        self.origin = f"{self.scheme}://{shown}" + (f":{port}" if port is not None else "")
        self.prefix = parts.path.rstrip("/")
        self.base = self.origin + self.prefix

    @staticmethod
    def _check(base_url: str, parts: SplitResult) -> None:
        if parts.scheme.lower() not in ("http", "https"):
            raise _refuse(
                base_url, "the base URL has no scheme that can be used", "begin it with http:// or https://"
            )
        if parts.username is not None or parts.password is not None:
            # The URL isn't shown here: its user part may be a key.
            raise UsageError(
                Fault(
                    "the base URL holds a user or a password",
                    where="base_url",
                    expected=_EXPECTED,
                    move="pass keys as secrets, and name them in headers as ${NAME}",
                )
            )
        if not parts.hostname:
            raise _refuse(base_url, "the base URL has no host")
        if parts.query or parts.fragment or base_url.endswith(("?", "#")):
            raise _refuse(
                base_url, "the base URL has a query or a fragment", "remove what stands after the path"
            )
        if _DOTS.search(parts.path):
            raise _refuse(base_url, "the base URL's path has dot segments", "write the path without . and ..")

    def url(self, target: str) -> str:
        """
        Return the full URL of *target* (a path that begins with ``/``, and an optional query).

        A prefix that both have stands only once: ``http://h/v1`` and ``/v1/embeddings`` make
        ``http://h/v1/embeddings``. Raises UsageError for a target that would be sent as another one, or to
        another host.
        """
        if not _PLAIN.fullmatch(target):
            if "#" in target or "\\" in target or not target.isprintable():
                raise self._unsendable(target)
            target = quote(target, safe=_SAFE)
        path = target.partition("?")[0]
        if not target.startswith("/") or _DOTS.search(path):
            raise self._unsendable(target)
        prefix = self.prefix
        if prefix and path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"):
            return self.origin + target
        return self.base + target

    def path(self, target: str) -> str:
        """
        Return path and query of `url`, as they stand in the request line.
        """
        return self.url(target)[len(self.origin) :]

    @staticmethod
    def _unsendable(target: str) -> UsageError:
        return UsageError(
            Fault(
                "a request's target can't be sent as it is written",
                where="target",
                got=shorten(target),
                expected="a path that begins with /, without #, backslash, control character or dot segment",
                move="percent-encode what the path is meant to hold",
            )
        )
