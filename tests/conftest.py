"""
What holds for every test: nothing of the user's surroundings counts, and nothing is left in them.
"""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_surroundings(tmp_path_factory):
    """
    Give the run a cache folder of its own and take the user's keys and wishes of colour out of the environment.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        for name in list(os.environ):
            if name.endswith("_API_KEY") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
                patch.delenv(name)
        yield
