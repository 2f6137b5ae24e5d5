"""Answers of an index kept in a folder, one small file each."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from typing import TYPE_CHECKING

from cachecontrol.cache import BaseCache

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class FolderCache(BaseCache):
    """A cache for CacheControl that many threads and processes may share.

    CacheControl's own takes a lock and makes up to five folders for each answer, which is a third
    of the time that thousands of small ones take. Here the last one that writes an answer wins.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except OSError:
            return None

    def set(self, key: str, value: bytes, expires: int | datetime | None = None) -> None:  # noqa: ARG002
        """Keep an answer; one that cannot be kept is asked for again, and nothing else."""
        path = self._path(key)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        try:
            try:
                temporary.write_bytes(value)
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                temporary.write_bytes(value)
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()[:40]
        return self._folder / digest[:2] / digest[2:]
