"""
Deterministic unit vectors, one for each content, kept as JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy
import orjson

__all__ = ["VectorSource", "digest_parts"]


def digest_parts(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """Digest (kind, content) parts so that every part, its kind and its place count."""
    digest = hashlib.blake2b(digest_size=16)
    for kind, content in parts:
        digest.update(f"{kind}:{len(content)}:".encode())
        digest.update(content)
    return digest.digest()


class VectorSource:
    """Vectors by digest, with the newest kept as JSON bytes."""

    def __init__(self, *, capacity: int = 2_000) -> None:
        """Keep the JSON of at most `capacity` vectors."""
        self._capacity = capacity
        self._written: dict[tuple[bytes, int], bytes] = {}

    def write(self, digest: bytes, width: int) -> bytes:
        """Return the JSON array of the unit vector of a digest: `width` floats of single precision."""
        key = (digest, width)
        written = self._written.get(key)
        if written is None:
            generator = numpy.random.Generator(numpy.random.Philox(key=int.from_bytes(digest, "big")))
            vector = generator.standard_normal(width, dtype=numpy.float32)
            vector /= numpy.linalg.norm(vector)
            written = orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY)
            if len(self._written) >= self._capacity:
                del self._written[next(iter(self._written))]
            self._written[key] = written
        return written
