"""A source tree's own declarations, as facts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from labeille.errors import LabeilleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.requirements import Requirement

Item = TypeVar("Item")


class ProjectError(LabeilleError):
    """A folder that is no Python project."""


class VersionSource(enum.Enum):
    """Where a build takes the version from; ``needs_git`` where an sdist's tree does not do."""

    STATIC = ("static", False)
    FILE = ("file", False)  # an attribute, a file or a pattern in one
    SETUP_PY = ("setup.py", False)
    SETUPTOOLS_SCM = ("setuptools-scm", True)
    HATCH_VCS = ("hatch-vcs", True)
    VERSIONINGIT = ("versioningit", True)
    VERSIONEER = ("versioneer", True)
    PBR = ("pbr", True)
    PDM_SCM = ("pdm-scm", True)
    FLIT_SCM = ("flit-scm", True)
    SETUPTOOLS_GIT_VERSIONING = ("setuptools-git-versioning", True)
    POETRY_DYNAMIC = ("poetry-dynamic-versioning", True)
    UV_DYNAMIC = ("uv-dynamic-versioning", True)
    UNKNOWN = ("unknown", False)

    def __init__(self, label: str, needs_git: bool) -> None:
        self.label = label
        self.needs_git = needs_git


@dataclass(frozen=True, kw_only=True)
class Build:
    """``[build-system]``; ``declared`` is False where there is none and setuptools is implied."""

    backend: str = "setuptools.build_meta:__legacy__"
    requires: tuple[Requirement, ...] = ()
    backend_path: tuple[str, ...] = ()
    declared: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one place asks an installer for.

    ``extras`` and ``groups`` are the project's own. ``files`` are requirements files that were read
    into ``requirements``, ``constraints`` those that only bound versions, both as paths from the
    root. ``project`` says that the project itself is asked for. ``unread`` has the words that were
    not understood: paths, URLs, variables, files that are not there.
    """

    requirements: tuple[Requirement, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    project: bool = False
    unread: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.requirements or self.extras or self.groups or self.unread)

    def __add__(self, other: Asked) -> Asked:
        return Asked(
            requirements=_joined(self.requirements, other.requirements),
            extras=_joined(self.extras, other.extras),
            groups=_joined(self.groups, other.groups),
            files=_joined(self.files, other.files),
            constraints=_joined(self.constraints, other.constraints),
            project=self.project or other.project,
            unread=_joined(self.unread, other.unread),
        )


def _joined(first: tuple[Item, ...], second: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys((*first, *second)))


class SetKind(enum.StrEnum):
    """What kind of declaration a requirement set is, the ones to be trusted first at the top."""

    GROUP = "dependency group"  # PEP 735
    EXTRA = "extra"
    TOOL_GROUP = "tool group"  # poetry's, pdm's, uv's or Pipfile's own
    TESTS_REQUIRE = "tests_require"
    TOX = "tox environment"
    NOX = "nox session"
    HATCH = "hatch environment"
    FILE = "requirements file"


@dataclass(frozen=True, kw_only=True)
class RequirementSet:
    """Requirements that stand together under a name.

    ``place`` is the file, as a path from the root. ``commands`` are those of an environment that is
    made of them, as they are written.
    """

    kind: SetKind
    name: str
    place: str
    asks: Asked
    commands: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.kind is SetKind.FILE:
            return self.name
        return f"{self.kind} {self.name} ({self.place})"


@dataclass(frozen=True, kw_only=True)
class PytestSettings:
    """pytest's configuration; ``place`` is its file as a path from the root.

    ``addopts`` are split into words. ``plugins`` are those that ``-p`` loads, without the ``no:``
    ones. ``options`` has every setting as it is written, lists where the file has lists.
    """

    place: str
    addopts: tuple[str, ...] = ()
    testpaths: tuple[str, ...] = ()
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    pythonpath: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()  # names alone
    filterwarnings: tuple[str, ...] = ()
    required_plugins: tuple[Requirement, ...] = ()
    plugins: tuple[str, ...] = ()
    minversion: str | None = None
    strict_markers: bool = False
    strict_config: bool = False
    options: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where things lie; all are paths from the root, except that ``modules`` are dotted names.

    ``source_dirs`` are the folders that imports of the project's own modules start from;
    ``modules`` what the project installs, below namespaces as deep as the namespace goes.
    ``test_dirs`` are folders and single files with tests.
    """

    source_dirs: tuple[str, ...] = (".",)
    modules: tuple[str, ...] = ()
    test_dirs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Project:
    """One source tree. ``name`` is normalised, None where nothing tells it.

    ``dependencies`` are what the package itself requires. ``problems`` are sentences about files
    that could not be read.
    """

    root: Path
    name: str | None
    build: Build
    version_source: VersionSource
    requires_python: str | None
    dependencies: tuple[Requirement, ...]
    sets: tuple[RequirementSet, ...]
    pytest: PytestSettings | None
    layout: Layout
    problems: tuple[str, ...] = ()

    def named(self, kind: SetKind) -> dict[str, RequirementSet]:
        """The sets of one kind by name."""
        return {each.name: each for each in self.sets if each.kind is kind}

    @property
    def extras(self) -> tuple[str, ...]:
        return tuple(self.named(SetKind.EXTRA))

    @property
    def groups(self) -> tuple[str, ...]:
        """Dependency groups (PEP 735)."""
        return tuple(self.named(SetKind.GROUP))
