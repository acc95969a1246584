"""
A deterministic stand-in for a tokenizer: a token for each eight letters of a word, one for each ideograph.
"""

from __future__ import annotations

import re

__all__ = ["count_tokens"]

_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
LETTERS_PER_TOKEN = 8


def count_tokens(text: str) -> int:
    """
    Count the tokens of a text, at least 1.

    A word of 1,000,000 letters counts 125,000; 300,000 words of one letter count 300,000.
    """
    ideographs = 0
    if not text.isascii():
        text, ideographs = _IDEOGRAPH.subn(" ", text)
    words = sum([-(-len(word) // LETTERS_PER_TOKEN) for word in text.split()])
    return max(1, words + ideographs)
