"""Reads a source tree's declarations; nothing of it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import InvalidName, canonicalize_name

from labeille.projects.core_metadata import CoreMetadata, read_core_metadata
from labeille.projects.groups import poetry_list, pyproject_sets, read_list
from labeille.projects.layout import Declared, declared_modules, declared_sources, read_layout
from labeille.projects.model import (
    Asked,
    Build,
    Project,
    ProjectError,
    RequirementSet,
    SetKind,
)
from labeille.projects.nox_sessions import NOXFILE, nox_sessions
from labeille.projects.pytest_settings import read_pytest_settings
from labeille.projects.requirements import Reader, loose_twin
from labeille.projects.setuptools_files import SetupFile, read_setup_cfg, read_setup_py
from labeille.projects.suite_folders import PYTHON_FILES, TEST_FOLDERS
from labeille.projects.tox import tox_sets
from labeille.projects.tree import Table, Tree, strings, table
from labeille.projects.version_source import find_version_source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PYPROJECT = "pyproject.toml"
_SIGNS = (PYPROJECT, "setup.py", "setup.cfg", "PKG-INFO", "tox.ini", NOXFILE, "pytest.ini")


def read_project(root: Path) -> Project:
    """Everything that the tree at ``root`` declares.

    Files that are broken are noted in ``problems``. Raises ProjectError for what is no folder, or
    holds no sign of a Python project.
    """
    tree = Tree(root)
    _check(tree, root)
    pyproject = tree.toml(PYPROJECT)
    setup_files = (read_setup_cfg(tree), read_setup_py(tree))
    metadata = read_core_metadata(tree)
    name = _name(pyproject, setup_files, metadata)
    build = _build(tree, pyproject)
    settings = read_pytest_settings(tree, pyproject)
    declared = Declared(
        name=name,
        sources=declared_sources(pyproject, setup_files),
        modules=(*declared_modules(pyproject, setup_files), *metadata.top_level),
    )
    sets = _sets(tree, pyproject, setup_files, metadata)
    return Project(
        root=tree.root,
        name=name,
        build=build,
        version_source=find_version_source(tree, pyproject, build, setup_files),
        requires_python=_requires_python(pyproject, setup_files, metadata),
        dependencies=_dependencies(tree, pyproject, setup_files, metadata).requirements,
        sets=tuple(sets),
        pytest=settings,
        layout=read_layout(tree, declared, settings),
        problems=tuple(dict.fromkeys(tree.problems)),
    )


def _check(tree: Tree, root: Path) -> None:
    if any(tree.is_file(name) for name in _SIGNS):
        return
    folders = [f"{name}/**/*.py" for name in TEST_FOLDERS]
    if any(next(tree.root.glob(each), None) for each in (*PYTHON_FILES, *folders)):
        return  # no configuration, but tests
    inner = [path.name for path in tree.root.iterdir() if (path / PYPROJECT).is_file()]
    hint = f"did you mean {root / inner[0]}?" if inner else f"none of {', '.join(_SIGNS)} is there"
    raise ProjectError(f"{root} holds no Python project", hint=hint)


def _name(pyproject: Table, setup_files: Iterable[SetupFile], metadata: CoreMetadata) -> str | None:
    tool = table(pyproject, "tool")
    candidates = (
        table(pyproject, "project").get("name"),
        table(tool, "poetry").get("name"),
        *(file.arguments.get("name") for file in setup_files),
        metadata.name,
        table(tool, "flit", "metadata").get("dist-name"),
        table(tool, "flit", "metadata").get("module"),
    )
    for candidate in candidates:
        if isinstance(candidate, str):
            try:
                return canonicalize_name(candidate.strip(), validate=True)
            except InvalidName:
                continue
    return None


def _build(tree: Tree, pyproject: Table) -> Build:
    """[build-system], with the defaults of PEP 517 and 518."""
    system = table(pyproject, "build-system")
    if not system:
        return Build(requires=(Requirement("setuptools>=40.8.0"),))
    backend = system.get("build-backend")
    return Build(
        backend=backend if isinstance(backend, str) else Build.backend,
        requires=read_list(tree, system.get("requires")).requirements,
        backend_path=strings(system.get("backend-path")),
        declared=True,
    )


def _requires_python(
    pyproject: Table, setup_files: Iterable[SetupFile], metadata: CoreMetadata
) -> str | None:
    candidates = (
        table(pyproject, "project").get("requires-python"),
        metadata.requires_python,
        *(file.arguments.get("python_requires") for file in setup_files),
    )
    return next((text.strip() for text in candidates if isinstance(text, str)), None)


def _dependencies(
    tree: Tree, pyproject: Table, setup_files: Iterable[SetupFile], metadata: CoreMetadata
) -> Asked:
    """What the package requires, from the first place that says so for sure.

    PKG-INFO goes before setup.py, which can be read only in part.
    """
    project = table(pyproject, "project")
    if "dependencies" in project:
        return read_list(tree, project["dependencies"])
    if entries := table(pyproject, "tool", "poetry", "dependencies"):
        mandatory = {
            name: value
            for name, value in entries.items()
            if not (isinstance(value, dict) and value.get("optional") is True)
        }
        return poetry_list(tree, mandatory)
    if metadata.requires is not None:
        return metadata.requires
    for file in setup_files:
        if (asked := file.dependencies(tree)) is not None:
            return asked
    dynamic = table(pyproject, "tool", "setuptools", "dynamic", "dependencies")
    reader = Reader(tree)
    for name in strings(dynamic.get("file")):
        reader.words(("-r", name))
    return reader.asked()


def _sets(
    tree: Tree, pyproject: Table, setup_files: Iterable[SetupFile], metadata: CoreMetadata
) -> list[RequirementSet]:
    """Every requirement set; an extra that several places declare counts where it says most."""
    found: dict[tuple[SetKind, str], RequirementSet] = {}
    declared = [
        *pyproject_sets(tree, pyproject),
        *(each for file in setup_files for each in file.sets(tree)),
        *metadata.extras,
        *tox_sets(tree, pyproject),
        *nox_sessions(tree),
        *_requirements_files(tree),
    ]
    for each in declared:
        known = found.get((each.kind, each.name))
        if known is None or (not known.asks and each.asks):
            found[each.kind, each.name] = each
    order = list(SetKind)
    return sorted(found.values(), key=lambda each: order.index(each.kind))


def _requirements_files(tree: Tree) -> Iterable[RequirementSet]:
    """Requirements files at the root, in ``requirements/``, and beside the tests."""
    patterns = (
        "*requirements*.txt",
        "*requirements*.in",
        "requirements/*.txt",
        "requirements/*.in",
        "*requirements/*.txt",
        "tests/*requirements*.txt",
        "test/*requirements*.txt",
        "ci/*requirements*.txt",
    )
    paths = {tree.name(path) for pattern in patterns for path in tree.root.glob(pattern)}
    for path in sorted(paths):
        if loose_twin(tree, path) != path or not tree.is_file(path):
            continue
        asks = Reader(tree).words(("-r", path)).asked()
        yield RequirementSet(kind=SetKind.FILE, name=path, place=path, asks=asks)
