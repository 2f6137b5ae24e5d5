"""Gets a released source archive from the package index, as a tree."""

from __future__ import annotations

import hashlib
from bisect import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from labeille.errors import PackageIndexError, SourceError
from labeille.pypi.filenames import SDIST_SUFFIXES, sdist_version, wheel_version
from labeille.pypi.local_index import is_local
from labeille.registry.model import SourceKind
from labeille.sources.folders import Marker, hold, publish, read_marker
from labeille.sources.model import Checkout
from labeille.sources.unpack import unpack

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.pypi.client import IndexClient
    from labeille.pypi.model import Project, ProjectFile
    from labeille.registry.model import Package
    from labeille.sources.model import SourceSettings

_GIT_HINT = "its git repository may do: --source git"
_SHORT = 16  # hex digits of a sha256 that name a folder


@dataclass(frozen=True, kw_only=True)
class _Release:
    """The sdist that was chosen, and why not the one that was to be expected."""

    project: str
    version: Version
    file: ProjectFile
    note: str | None = None


def get_sdist(
    package: Package, version: str | None, settings: SourceSettings, client: IndexClient
) -> Checkout:
    """Return the tree of a package's sdist: of ``version``, or the newest release's.

    The newest is the highest version that is neither yanked nor a pre-release (unless there are
    only these) and has an sdist. A tree of an exact version that was unpacked before is returned
    without asking the index: what it has released it does not change. Raises SourceError.
    """
    wanted = None if version is None else parse_version(package.name, version)
    home = settings.repos_dir / "sdist" / package.name / settings.variant
    asked = _asked(client)
    if wanted is not None and (checkout := _unpacked(home, wanted, asked)) is not None:
        return checkout
    try:
        release = _choose(client, package.name, wanted)
        digest = release.file.hashes.get("sha256")
        if digest is not None:
            place = _place(home, release.version, digest)
            if (marker := read_marker(place)) is not None and marker.content == digest:
                return _checkout(place, marker, release.note)
        archive = client.download(release.file, settings.repos_dir / "downloads")
    except PackageIndexError as error:
        raise SourceError(str(error), hint=error.hint) from (error.__cause__ or error)
    return _unpack(home, release, archive, "" if is_local(release.file.url) else asked)


def parse_version(name: str, text: str) -> Version:
    """A revision as a version (PEP 440, so ``v2.31.0`` too). Raises SourceError."""
    try:
        return Version(text)
    except InvalidVersion:
        raise SourceError(
            f"{text!r} is not a version of {name}, and an sdist has nothing else",
            hint=f"branches, tags and commits are in git only; {_GIT_HINT}",
        ) from None


def _unpack(home: Path, release: _Release, archive: Path, asked: str) -> Checkout:
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    place = _place(home, release.version, release.file.hashes.get("sha256", digest))
    with hold(home / ".lock"):
        marker = read_marker(place)
        if marker is None or marker.content != digest:
            wanted = Marker(
                folder=f"{release.project}-{release.version}",
                origin=release.file.filename,
                content=digest,
                version=str(release.version),
                asked=asked,
            )
            marker = publish(place, wanted, lambda folder: unpack(archive, folder))
    return _checkout(place, marker, release.note)


def _place(home: Path, version: Version, digest: str) -> Path:
    return home / f"{version}-{digest[:_SHORT]}"


def _checkout(place: Path, marker: Marker, note: str | None = None) -> Checkout:
    return Checkout(
        path=place / marker.folder,
        kind=SourceKind.SDIST,
        origin=marker.origin,
        key=f"sdist-{marker.content[:_SHORT]}-{marker.nonce}",
        version=marker.version,
        note=note,
    )


def _asked(client: IndexClient) -> str:
    """A digest of the indexes: another one may have another file of the same version."""
    places = (*client.settings.indexes, "", *client.settings.find_links)
    return hashlib.sha256("\0".join(places).encode()).hexdigest()


def _unpacked(home: Path, wanted: Version, asked: str) -> Checkout | None:
    """A tree of an exact version, from before and from the same indexes."""
    for place in sorted(home.glob("[!.]*-*")):
        marker = read_marker(place)
        if marker is None or marker.asked != asked or marker.version is None:
            continue
        if Version(marker.version) == wanted:  # 1.0 is 1.0.0
            return _checkout(place, marker)
    return None


def _choose(client: IndexClient, name: str, wanted: Version | None) -> _Release:
    project = client.project(name)
    sdists = sdists_of(project)
    if wanted is not None and wanted not in sdists:
        # The cached page may be from before the release.
        project = client.project(name, refresh=True)
        sdists = sdists_of(project)
    if not sdists:
        kind = "no sdist, only other files," if project.files else "no files"
        raise SourceError(f"{name} has {kind} on the index", hint=_hint(project))
    if wanted is None:
        return _newest(project, sdists)
    if wanted not in sdists:
        raise _no_such_version(project, sdists, wanted)
    version, file = next(item for item in sdists.items() if item[0] == wanted)
    note = f"{name} {version} was yanked from the index" if file.yanked else None
    return _Release(project=name, version=version, file=file, note=note)


def sdists_of(project: Project) -> dict[Version, ProjectFile]:
    """The sdist of each version, the preferred one where a version has several."""
    found: dict[Version, ProjectFile] = {}
    for file in project.files:
        version = sdist_version(file.filename, project.name)
        if version is not None and (
            version not in found or _preference(file) < _preference(found[version])
        ):
            found[version] = file
    return found


def _preference(file: ProjectFile) -> tuple[bool, int]:
    name = file.filename.lower()
    rank = next(i for i, suffix in enumerate(SDIST_SUFFIXES) if name.endswith(suffix))
    return file.yanked, rank


def _newest(project: Project, sdists: dict[Version, ProjectFile]) -> _Release:
    candidates = [version for version, file in sdists.items() if not file.yanked]
    if not candidates:
        raise SourceError(
            f"every sdist of {project.name} was yanked from the index",
            hint=f"ask for one by its version: {project.name}@{max(sdists)}",
        )
    stable = [version for version in candidates if not version.is_prerelease]
    newest = max(stable or candidates)
    newer = [
        version
        for version in _wheel_versions(project)
        if version > newest and (not version.is_prerelease or newest.is_prerelease)
    ]
    note = f"{project.name} {max(newer)} has no sdist, {newest} has" if newer else None
    return _Release(project=project.name, version=newest, file=sdists[newest], note=note)


def _wheel_versions(project: Project) -> set[Version]:
    return {
        version
        for file in project.files
        if not file.yanked and (version := wheel_version(file.filename, project.name)) is not None
    }


def _no_such_version(
    project: Project, sdists: dict[Version, ProjectFile], wanted: Version
) -> SourceError:
    name = project.name
    if wanted in _wheel_versions(project):
        return SourceError(f"{name} {wanted} has wheels on the index, but no sdist", hint=_GIT_HINT)
    versions = sorted(sdists)
    at = bisect(versions, wanted)
    nearest = " and ".join(str(version) for version in versions[max(at - 1, 0) : at + 1])
    return SourceError(
        f"there is no sdist of {name} {wanted} on the index; the nearest: {nearest}",
        hint=f"the newest is {versions[-1]}",
    )


def _hint(project: Project) -> str:
    return "; ".join((*project.problems, _GIT_HINT))
