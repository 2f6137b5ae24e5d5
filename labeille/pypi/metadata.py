"""Reads what an index's JSON API says of a project, and keeps the little of it that counts.

A page lists every file of every release and has the whole description, up to megabytes; what is
kept of it is a hundredth of that.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.version import InvalidVersion, Version

from labeille.pypi.filenames import sdist_version, wheel_version
from labeille.pypi.simple import BadPageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labeille.pypi.model import Project


class Release(enum.StrEnum):
    """What kind of release is a project's newest that can be had."""

    FINAL = "final"
    PRERELEASE = "pre-release"  # there is no final one
    YANKED = "yanked"  # there is none that is not yanked (PEP 592)
    NONE = "none"  # there are no files at all


class ProjectMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What an index says of one project.

    ``files`` are the names of the newest release's files, without those that are yanked while
    others are not. ``links`` are labels and URLs in the project's own order, and None where the
    index does not tell them. ``page`` is the URL of the project's page on the index.
    """

    name: str
    version: str | None = None
    release: Release = Release.NONE
    files: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] | None = ()
    page: str = ""


class _File(msgspec.Struct):
    filename: str = ""
    url: str = ""
    yanked: bool | str | None = False

    @property
    def name(self) -> str:
        return self.filename or unquote(urlsplit(self.url).path.rpartition("/")[2])


class _Info(msgspec.Struct):
    name: str | None = None
    version: str | None = None
    home_page: str | None = None
    download_url: str | None = None
    bugtrack_url: str | None = None
    package_url: str | None = None
    project_url: str | None = None
    project_urls: dict[str, str | None] | None = None


class _Page(msgspec.Struct):
    info: _Info
    urls: list[_File] | None = None
    releases: msgspec.Raw = msgspec.Raw(b"null")  # most of a page, and seldom needed


_Releases = dict[str, list[_File] | None]

_PAGE = msgspec.json.Decoder(_Page)
_RELEASES: msgspec.json.Decoder[_Releases | None] = msgspec.json.Decoder(_Releases | None)


def parse_metadata(body: bytes) -> ProjectMetadata:
    """Return what counts of a page of the JSON API; raises BadPageError."""
    try:
        page = _PAGE.decode(body)
        metadata = _newest(page)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPageError(f"its JSON makes no sense: {error}") from None
    info = page.info
    if not info.name:
        raise BadPageError("it names no project")
    return msgspec.structs.replace(
        metadata,
        name=info.name,
        links=tuple(_links(info)),
        page=info.package_url or info.project_url or "",
    )


def metadata_from_files(project: Project) -> ProjectMetadata:
    """What the Simple API tells of a project: files alone."""
    releases: _Releases = {}
    for file in project.files:
        name = file.filename
        version = wheel_version(name, project.name) or sdist_version(name, project.name)
        if version is not None:
            files = releases.setdefault(str(version), [])
            assert files is not None
            files.append(_File(filename=name, yanked=file.yanked))
    metadata = _best(releases, None)
    return msgspec.structs.replace(metadata, name=project.name, links=None)


def _links(info: _Info) -> Iterable[tuple[str, str]]:
    """The project's URLs, then those that older metadata has in fields of their own."""
    own = (info.project_urls or {}).items()
    fields = (
        ("Homepage", info.home_page),
        ("Bug Tracker", info.bugtrack_url),
        ("Download", info.download_url),
    )
    for label, url in (*own, *fields):
        if url and url.strip():
            yield label, url.strip()


def _newest(page: _Page) -> ProjectMetadata:
    """The newest release: the index's own choice, where that is what pip would take as well."""
    version = page.info.version
    files = page.urls or []
    parsed = _parsed(version)
    if parsed and not parsed.is_prerelease and any(not file.yanked for file in files):
        return _release(version, files)
    releases = dict(_RELEASES.decode(page.releases) or {})
    if version and not releases.get(version):
        releases[version] = files
    return _best(releases, version)


def _best(releases: Mapping[str, list[_File] | None], told: str | None) -> ProjectMetadata:
    """Of all releases with files the newest final one, else pre-release, else yanked one."""

    def rank(version: str) -> tuple[bool, bool, Version]:
        parsed = _parsed(version)
        usable = any(not file.yanked for file in releases[version] or ())
        final = parsed is not None and not parsed.is_prerelease
        return usable, final, parsed or Version("0")

    full = [version for version, files in releases.items() if files]
    if not full:
        return ProjectMetadata(name="", version=told)
    best = max(full, key=rank)
    return _release(best, releases[best] or [])


def _release(version: str | None, files: list[_File]) -> ProjectMetadata:
    usable = [file.name for file in files if not file.yanked]
    parsed = _parsed(version)
    kind = Release.PRERELEASE if parsed and parsed.is_prerelease else Release.FINAL
    return ProjectMetadata(
        name="",
        version=version,
        release=kind if usable else Release.YANKED,
        files=tuple(usable or [file.name for file in files]),
    )


def _parsed(version: str | None) -> Version | None:
    try:
        return Version(version) if version else None
    except InvalidVersion:
        return None
