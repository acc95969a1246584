"""
The head of a request: what is checked, and where keys are put in, right before it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from conformance.errors import Fault, UsageError, shorten
from conformance.exchange import Request

__all__ = ["PLACEHOLDER", "Heading"]

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# A value may hold a tab and anything printable. A line break would end the header, so it is never let
# through.
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
# Headers that change how the connection is read, so that no later request may share it.
_CONNECTION_HEADERS = frozenset(
    {"connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"}
)
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_MAX_NAMES = 4096


def _check_method(method: str) -> None:
    # CONNECT would turn the connection into a tunnel, which is no request of an API.
    if not _TOKEN.fullmatch(method) or method.upper() == "CONNECT":
        raise UsageError(
            Fault(
                "a request's method can't be sent",
                where="method",
                got=shorten(method),
                expected="a token such as GET or POST, and not CONNECT",
            )
        )


class Heading:
    """
    Fills ``${NAME}`` in header values from *secrets*, and refuses what can't be sent.
    """

    __slots__ = ("_names", "_secrets")

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)
        self._names: dict[str, bool] = {}  # the names seen so far, and whether each is about the connection

    def fill(self, request: Request) -> tuple[list[tuple[str, str]], bool]:
        """
        Return the headers of *request* with their keys, in order, and whether it needs a connection of its
        own.

        Raises UsageError for an unknown name, and for a method, a name or a value that can't be sent.
        """
        if request.method not in _METHODS:
            _check_method(request.method)
        alone = request.connection == "fresh"
        filled = []
        for pair in request.headers:
            name, value = pair
            about_connection = self._names.get(name)
            if about_connection is None:
                about_connection = self._learn(name)
            alone = alone or about_connection
            if "${" in value:
                pair = (name, PLACEHOLDER.sub(self._secret, value))  # noqa: PLW2901 - the filled-in pair takes its place.
            # What is printable can't end a header's line; only the rest needs the closer look.
            if not pair[1].isprintable() and _UNSENDABLE.search(pair[1]):
                raise self._unsendable(name, value)
            filled.append(pair)
        return filled, alone

    def _learn(self, name: str) -> bool:
        if not _TOKEN.fullmatch(name):
            raise UsageError(
                Fault(
                    "a header's name can't be sent",
                    where="headers",
                    got=shorten(name),
                    expected="a token of letters, digits and -",
                )
            )
        if len(self._names) >= _MAX_NAMES:
            self._names.clear()
        return self._names.setdefault(name, name.lower() in _CONNECTION_HEADERS)

    def _secret(self, match: re.Match[str]) -> str:
        name = match[1]
        try:
            return self._secrets[name]
        except KeyError:
            raise UsageError(
                Fault(
                    f"a header needs the secret {name}, which has no value",
                    where=f"${{{name}}}",
                    got=f"the secrets {', '.join(sorted(self._secrets))}" if self._secrets else "no secrets",
                    expected=f"a value for {name}",
                    move=f"set the environment variable {name}, or name another key in the target",
                )
            ) from None

    @staticmethod
    def _unsendable(name: str, value: str) -> UsageError:
        # The template is shown, never what the keys made of it.
        return UsageError(
            Fault(
                "a header's value can't be sent",
                where=f"header {shorten(name)}",
                got=shorten(value),
                expected="one line without control characters, in the value and in the secrets that it names",
                move="look for a line break at the end of the key",
            )
        )
