"""
Shorter waits: long enough for requests to overlap, short enough for hundreds of servers.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.reference.aurous import service


@pytest.fixture(autouse=True, scope="session")
def short_overlap() -> Iterator[None]:
    """Make requests with a key overlap for a fraction of a millisecond only."""
    usual = service.OVERLAP_S
    service.OVERLAP_S = 0.0004
    yield
    service.OVERLAP_S = usual
