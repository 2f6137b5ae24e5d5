"""From what an index says of a project to a package of the registry, and what is odd about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.pypi.metadata import Release
from labeille.pypi.repository import find_repository, link_hosts
from labeille.pypi.wheels import is_compiled
from labeille.registry.model import ExtensionType, Package

if TYPE_CHECKING:
    from labeille.pypi.metadata import ProjectMetadata
    from labeille.pypi.repository import Repository


class Remark(enum.StrEnum):
    """What is worth knowing of a package; the values are read by people."""

    NO_FILES = "without files on the index"
    YANKED = "with every release yanked"
    PRERELEASE = "with pre-releases only"
    NO_WHEELS = "without wheels that tell whether they have extensions"
    NO_JSON_API = "known by their files alone: the index has no JSON API"
    NO_REPOSITORY = "without a source repository"
    UNKNOWN_HOST = "with a repository on a host that is no known forge"
    MONOREPO = "in a folder of a monorepo"


@dataclass(frozen=True, kw_only=True)
class Description:
    """A package as it can be described unseen, and remarks with a few words each."""

    package: Package
    version: str | None
    remarks: tuple[tuple[Remark, str], ...]


_TYPES = {True: ExtensionType.EXTENSIONS, False: ExtensionType.PURE, None: ExtensionType.UNKNOWN}


def describe(name: str, metadata: ProjectMetadata) -> Description:
    """Describe the package ``name`` by what an index says of it."""
    repository = find_repository(metadata)
    compiled = is_compiled(metadata.files)
    remarks = [*_about_files(metadata, compiled), *_about_source(metadata, repository)]
    folder = repository.folder if repository else None
    package = Package(
        name=name,
        repo=repository.url if repository else None,
        pypi_url=metadata.page,
        extension_type=_TYPES[compiled],
        notes=f"monorepo: the package is in {folder}" if folder else "",
    )
    return Description(package=package, version=metadata.version, remarks=tuple(remarks))


def _about_files(metadata: ProjectMetadata, compiled: bool | None) -> list[tuple[Remark, str]]:
    if metadata.release is Release.NONE:
        return [(Remark.NO_FILES, "no files on the index")]
    remarks = []
    if metadata.release is Release.YANKED:
        remarks.append((Remark.YANKED, "every release is yanked"))
    elif metadata.release is Release.PRERELEASE:
        remarks.append((Remark.PRERELEASE, "there are only pre-releases"))
    if compiled is None:
        remarks.append((Remark.NO_WHEELS, "no wheels"))
    return remarks


def _about_source(
    metadata: ProjectMetadata, repository: Repository | None
) -> list[tuple[Remark, str]]:
    if metadata.links is None:
        return [(Remark.NO_JSON_API, "the index has no JSON API, which would name its source")]
    if repository is None:
        hosts = ", ".join(link_hosts(metadata))
        links = f"none of its links leads to one ({hosts})" if hosts else "it has no links"
        return [(Remark.NO_REPOSITORY, f"no source repository: {links}")]
    remarks = []
    if not repository.is_forge:
        text = f"the repository is taken from the link {repository.label!r}: no known forge"
        remarks.append((Remark.UNKNOWN_HOST, text))
    if repository.folder:
        remarks.append((Remark.MONOREPO, f"in the folder {repository.folder} of its repository"))
    return remarks
