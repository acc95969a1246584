"""
Redaction: no key leaves the suite, in whatever form a server may have sent it back.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import TypeVar
from urllib.parse import quote, quote_plus

__all__ = ["Redactor", "redact"]

Text = TypeVar("Text", str, bytes)

# A secret shorter than this may be an ordinary piece of text, such as "test" in a development set-up.
_SHORT = 6
# And one shorter than this may be any letter of a word.
_TINY = 3


class Redactor:
    """
    Replaces every occurrence of a secret with ``${NAME}``, in text and in bytes.

    A secret is found as it is, JSON-escaped, percent-encoded, and inside of base64 (of any alphabet, whatever
    stands around it). A secret of fewer than 6 characters is found only as it is, JSON-escaped or
    percent-encoded, and only where no letter, digit, ``_`` or ``-`` stands beside it, so that words which
    happen to hold it stay readable; one of fewer than 3 only behind ``Bearer`` or ``Basic``. Empty secrets
    are ignored. Of secrets that overlap, the longest is replaced.
    """

    __slots__ = ("_byte_forms", "_byte_names", "_byte_pattern", "_forms", "_names", "_pattern")

    def __init__(self, secrets: Mapping[str, str]) -> None:
        names: dict[str, str] = {}
        patterns: dict[str, str] = {}
        for name, secret in sorted(secrets.items(), key=lambda item: (-len(item[1]), item[0])):
            for form in _forms(secret):
                if form not in names:
                    names[form] = f"${{{name}}}"
                    patterns[form] = _pattern(form, size=len(secret))
        # At one place the longest form has to win, or the rest of it would stay.
        self._forms = tuple(sorted(names, key=len, reverse=True))
        self._names = names
        self._pattern = re.compile("|".join(patterns[form] for form in self._forms))
        self._byte_forms = tuple(form.encode("utf-8", "surrogatepass") for form in self._forms)
        self._byte_names = {
            form.encode("utf-8", "surrogatepass"): name.encode("ascii") for form, name in names.items()
        }
        self._byte_pattern = re.compile(
            b"|".join(patterns[f].encode("utf-8", "surrogatepass") for f in self._forms)
        )

    def redact(self, text: Text) -> Text:
        """
        Return *text* without secrets, as the same type.
        """
        # A plain search for each form is far faster than one for their pattern, and nearly always finds
        # nothing.
        if isinstance(text, str):
            for form in self._forms:
                if form in text:
                    break
            else:
                return text
            return self._pattern.sub(lambda match: self._names[match[0]], text)
        if not any(form in text for form in self._byte_forms):
            return text
        return self._byte_pattern.sub(lambda match: self._byte_names[match[0]], text)


def redact(text: Text, secrets: Mapping[str, str]) -> Text:
    """
    Return *text* with each of *secrets* (values by name) replaced; see `Redactor`, which is for more than one
    text.
    """
    return Redactor(secrets).redact(text)


def _forms(secret: str) -> Iterator[str]:
    if not secret:
        return
    yield secret
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", "\\/")
    raw = secret.encode("utf-8", "surrogatepass")
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    if len(secret) < _SHORT:
        return
    for shift in range(3):
        # Base64 reads three bytes at a time, so a secret has three forms, by where it begins. Characters that
        # also hold bits of what stands before or after are left out.
        head = (shift * 8 + 5) // 6
        tail = (shift + len(raw)) * 8 // 6
        core = base64.b64encode(b"\0" * shift + raw)[head:tail].decode("ascii")
        yield core
        yield core.replace("+", "-").replace("/", "_")


def _pattern(form: str, *, size: int) -> str:
    escaped = re.escape(form)
    if size < _TINY:
        return rf"(?:(?<=[Bb]earer )|(?<=[Bb]asic )){escaped}(?![\w-])"
    if size < _SHORT:
        return rf"(?<![\w-]){escaped}(?![\w-])"
    return escaped
