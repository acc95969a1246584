"""
The sample run, written once and read once for all tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.report.log import Log, read_log

from .sample import write_sample


@pytest.fixture(scope="session")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("logs") / "run.log")


@pytest.fixture(scope="session")
def log(log_path: Path) -> Log:
    return read_log(log_path)
