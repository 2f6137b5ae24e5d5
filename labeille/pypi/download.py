"""Writes one file of an index to disk: whole and with the right checksum, or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.errors import PackageIndexError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import Response

    from labeille.pypi.model import ProjectFile

_CHUNK = 1024 * 1024
# PEP 503 has the index choose; the stronger ones first, the broken ones better than nothing.
_ALGORITHMS = ("sha512", "sha384", "sha256", "sha224", "sha1", "md5")


def strongest_digest(file: ProjectFile) -> tuple[str, str] | None:
    """The best checksum that the index gives, as algorithm and hex digest."""
    for algorithm in _ALGORITHMS:
        if digest := file.hashes.get(algorithm):
            return algorithm, digest
    return None


def digest_matches(path: Path, file: ProjectFile) -> bool:
    """Whether a file on disk has the checksum that the index gives; True where it gives none."""
    wanted = strongest_digest(file)
    if wanted is None:
        path.stat()
        return True
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: _hasher(wanted[0]))
    return found.hexdigest() == wanted[1]


class Download:
    """One file on its way to ``path``; nothing is there before all of it is."""

    def __init__(self, file: ProjectFile, path: Path) -> None:
        self._file = file
        self._path = path
        self._wanted = strongest_digest(file)

    def run(self, get: Callable[[], Response], *, attempts: int) -> None:
        """Read the body of what ``get`` returns, again when it broke off, up to ``attempts``.

        Raises PackageIndexError, with the OSError as its cause where the disk was at fault.
        """
        from urllib3.exceptions import HTTPError

        for left in reversed(range(attempts)):
            try:
                with get() as response:
                    self._store(response.raw.stream(_CHUNK, decode_content=False))
            except HTTPError:
                if not left:
                    raise PackageIndexError(
                        f"the download of {self._file.url} broke off",
                        hint="check the network, then run the same command again",
                    ) from None
            except OSError as error:
                raise PackageIndexError(
                    f"{self._path} cannot be written: {error.strerror or error}"
                ) from error
            else:
                return

    def _store(self, chunks: Iterator[bytes]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        hasher = _hasher(self._wanted[0] if self._wanted else "sha256")
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".partial-")
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                for chunk in chunks:
                    hasher.update(chunk)
                    stream.write(chunk)
            if self._wanted and hasher.hexdigest() != self._wanted[1]:
                raise PackageIndexError(
                    f"{self._file.url} does not have the {self._wanted[0]} checksum that the "
                    "index gives",
                    hint="the mirror or a proxy damages files; try again or choose another index",
                )
            partial.replace(self._path)
        finally:
            partial.unlink(missing_ok=True)


def _hasher(algorithm: str) -> hashlib._Hash:
    return hashlib.new(algorithm, usedforsecurity=False)
