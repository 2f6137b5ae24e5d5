"""Where a build takes the version from: whether it needs git's tags, or a pretended version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from labeille.projects.model import VersionSource
from labeille.projects.tree import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.projects.model import Build
    from labeille.projects.setuptools_files import SetupFile
    from labeille.projects.tree import Table, Tree

#: Sections below [tool] that switch a tool on, whatever the build requires.
_SECTIONS = (
    ("setuptools_scm", VersionSource.SETUPTOOLS_SCM),
    ("setuptools-scm", VersionSource.SETUPTOOLS_SCM),
    ("versioningit", VersionSource.VERSIONINGIT),
    ("versioneer", VersionSource.VERSIONEER),
    ("setuptools-git-versioning", VersionSource.SETUPTOOLS_GIT_VERSIONING),
    ("poetry-dynamic-versioning", VersionSource.POETRY_DYNAMIC),
    ("uv-dynamic-versioning", VersionSource.UV_DYNAMIC),
    ("vcs-versioning", VersionSource.SETUPTOOLS_SCM),
)
#: Build requirements that are there for one purpose.
_REQUIREMENTS = {
    "setuptools-scm": VersionSource.SETUPTOOLS_SCM,
    "versioningit": VersionSource.VERSIONINGIT,
    "hatch-vcs": VersionSource.HATCH_VCS,
    "versioneer": VersionSource.VERSIONEER,
    "versioneer-518": VersionSource.VERSIONEER,
    "pbr": VersionSource.PBR,
    "flit-scm": VersionSource.FLIT_SCM,
    "setuptools-git-versioning": VersionSource.SETUPTOOLS_GIT_VERSIONING,
    "poetry-dynamic-versioning": VersionSource.POETRY_DYNAMIC,
    "uv-dynamic-versioning": VersionSource.UV_DYNAMIC,
}


def find_version_source(
    tree: Tree, pyproject: Table, build: Build, setup_files: Iterable[SetupFile]
) -> VersionSource:
    """Where the version comes from. A version that stands in [project] is static."""
    tool = table(pyproject, "tool")
    if "version" in table(pyproject, "project"):
        return VersionSource.STATIC
    required = [canonicalize_name(requirement.name) for requirement in build.requires]
    if (hatch := table(tool, "hatch", "version")) or "hatch-vcs" in required:
        return _hatch(hatch)
    if table(tool, "pdm", "version"):
        scm = table(tool, "pdm", "version").get("source") == "scm"
        return VersionSource.PDM_SCM if scm else VersionSource.FILE
    for section, source in _SECTIONS:
        if section in tool:
            return source
    setup_files = tuple(setup_files)
    names = frozenset(name for file in setup_files for name in file.names)
    if "use_scm_version" in names:
        return VersionSource.SETUPTOOLS_SCM
    if "pbr" in names or any(file.arguments.get("pbr") for file in setup_files):
        return VersionSource.PBR
    if "versioneer" in names or tree.is_file("versioneer.py"):
        return VersionSource.VERSIONEER
    for name in required:
        if name in _REQUIREMENTS and (name != "setuptools-scm" or not _plain_version(setup_files)):
            return _REQUIREMENTS[name]
    return _ordinary(tool, pyproject, names, setup_files)


def _hatch(section: Table) -> VersionSource:
    named = {
        "vcs": VersionSource.HATCH_VCS,
        "versioningit": VersionSource.VERSIONINGIT,
        "uv-dynamic-versioning": VersionSource.UV_DYNAMIC,
    }
    if not section:
        return VersionSource.HATCH_VCS
    return named.get(str(section.get("source")), VersionSource.FILE)


def _plain_version(setup_files: Iterable[SetupFile]) -> bool:
    """setuptools-scm is also taken for its list of files alone."""
    return any("version" in file.arguments for file in setup_files)


def _ordinary(
    tool: Table, pyproject: Table, names: frozenset[str], setup_files: tuple[SetupFile, ...]
) -> VersionSource:
    if "version" in table(tool, "setuptools", "dynamic") or table(tool, "flit"):
        return VersionSource.FILE
    if "version" in table(tool, "poetry"):
        return VersionSource.STATIC
    for file in setup_files:
        version = file.arguments.get("version")
        if isinstance(version, str):
            dynamic = version.startswith(("attr:", "file:"))
            return VersionSource.FILE if dynamic else VersionSource.STATIC
    if "version" in names:
        return VersionSource.SETUP_PY
    dynamic_fields = table(pyproject, "project").get("dynamic")
    if isinstance(dynamic_fields, list) and "version" in dynamic_fields:
        return VersionSource.FILE  # flit's __version__, maturin's Cargo.toml, a backend's own way
    return VersionSource.UNKNOWN
