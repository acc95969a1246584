"""
Slips: keys that stand where their names belong, or inside a URL. No message may repeat them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from conformance.cli.boundary import boundary
from conformance.errors import UsageError

__all__ = ["remember_slip", "remember_slips"]

_LONG = 16  # a name of an environment variable that is as long as this, and not in capitals, may be a key
_SECRET_WORDS = ("key", "token", "secret", "password", "authorization")


def remember_slip(name: str, value: object) -> None:
    """
    Have *value*, which stands at *name*, kept out of every message if it may hold a key.
    """
    if not isinstance(value, str):
        return
    if "://" in value:
        try:
            password = urlsplit(value).password
        except ValueError:
            password = None
        if password:
            boundary().remember({f"{name}_password": password})
    elif len(value) >= _LONG and value != value.upper():
        boundary().remember({name: value})


def remember_slips(path: Path) -> None:
    """
    Do so for whatever in a target file speaks of keys or addresses. A file that can't be read is left to others.
    """
    from conformance.contract.document import read_document

    try:
        value = read_document(path).value
    except UsageError:
        return
    for name, item in _leaves(value):
        lowered = name.lower()
        if isinstance(item, str) and ("://" in item or any(word in lowered for word in _SECRET_WORDS)):
            remember_slip(name, item)


def _leaves(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, name)
    else:
        yield name, value
