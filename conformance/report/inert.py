"""
Inert text: a server's words made safe to show. Nothing in it can act in a terminal, in XML or on a reader's
eye.
"""

from __future__ import annotations

__all__ = ["inert"]

_SHORT = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def inert(text: str, *, lines: bool = False) -> str:
    """
    Return *text* with each character that can't be seen written as its JSON escape (``\\u202e``).

    That covers control and escape sequences, direction marks, zero-width characters, lone surrogates and
    characters that XML 1.0 forbids. Inside a JSON string an escape means the same as the character, so a
    request that is shown this way still sends the same. With *lines*, newlines and tabs are kept.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or (lines and c in "\n\t") else _escape(c) for c in text)


def _escape(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
