"""Where labeille keeps what it can make again: caches, and the interpreters it fetched."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

#: Names the cache folder outright; tests and CI set it.
CACHE_DIR_VARIABLE = "LABEILLE_CACHE_DIR"


def cache_dir() -> Path:
    """The absolute path of the cache folder, which need not exist yet.

    LABEILLE_CACHE_DIR, else the user's cache folder as the platform has it.
    """
    chosen = os.environ.get(CACHE_DIR_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("labeille").absolute()
