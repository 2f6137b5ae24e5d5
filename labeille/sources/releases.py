"""The released versions of a package that have an sdist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.errors import PackageIndexError, SourceError
from labeille.sources.sdist import sdists_of

if TYPE_CHECKING:
    from packaging.version import Version

    from labeille.pypi.client import IndexClient


@dataclass(frozen=True, kw_only=True)
class Release:
    """One version; ``uploaded`` is ISO 8601, None where the index does not say."""

    version: Version
    filename: str
    yanked: bool = False
    uploaded: str | None = None


def released(name: str, client: IndexClient) -> tuple[Release, ...]:
    """Every version of a package that has an sdist, the lowest first. Raises SourceError."""
    try:
        files = sdists_of(client.project(name, refresh=True))
    except PackageIndexError as error:
        raise SourceError(str(error), hint=error.hint) from error
    return tuple(
        Release(
            version=version,
            filename=file.filename,
            yanked=file.yanked,
            uploaded=file.upload_time,
        )
        for version, file in sorted(files.items())
    )
