"""Where a source tree keeps its own modules and its tests."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.projects.model import Layout
from labeille.projects.suite_folders import NO_PACKAGES, TEST_FOLDERS, find_test_dirs
from labeille.projects.tree import Table, joined, strings, table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from labeille.projects.model import PytestSettings
    from labeille.projects.setuptools_files import SetupFile
    from labeille.projects.tree import Tree

_NO_PACKAGES = NO_PACKAGES | frozenset(TEST_FOLDERS)
_NO_MODULES = frozenset({"setup", "conftest", "noxfile", "tasks", "fabfile", "conf", "dodo"})
_USUAL_SOURCES = ("src", "lib", "python", "Lib", "lib3")
_NAMESPACE = re.compile(r"declare_namespace|extend_path\(")


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What the configuration says of the layout."""

    name: str | None
    sources: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


def declared_sources(pyproject: Table, setup_files: Iterable[SetupFile]) -> tuple[str, ...]:
    """The folders that build backends and setup.py take packages from."""
    tool = table(pyproject, "tool")
    found = [
        *strings(table(tool, "setuptools", "packages", "find").get("where")),
        *_root_of(table(tool, "setuptools").get("package-dir")),
        *strings(table(tool, "pdm", "build").get("package-dir")),
        *strings(table(tool, "maturin").get("python-source")),
        *strings(table(tool, "scikit-build", "wheel").get("packages")),
        *strings(table(tool, "hatch", "build", "targets", "wheel").get("packages")),
        *strings(table(tool, "hatch", "build").get("sources")),
    ]
    found += [item["from"] for item in _poetry_packages(tool) if "from" in item]
    for file in setup_files:
        found += _root_of(file.arguments.get("package_dir"))
        found += strings(file.arguments.get("where"))
    # a package's own folder ("src/attr") stands for the one above it
    return tuple(dict.fromkeys(filter(None, (path.strip().rstrip("/") for path in found))))


def declared_modules(pyproject: Table, setup_files: Iterable[SetupFile]) -> tuple[str, ...]:
    """Module and package names that the configuration spells out."""
    tool = table(pyproject, "tool")
    found = [
        *strings(table(tool, "setuptools").get("packages")),
        *strings(table(tool, "setuptools").get("py-modules")),
        *strings(table(tool, "flit", "module").get("name")),
        *strings(table(tool, "maturin").get("module-name")),
        *strings(table(tool, "uv", "build-backend").get("module-name")),
    ]
    found += [
        item["include"].removesuffix(".py").replace("/", ".")
        for item in _poetry_packages(tool)
        if "include" in item
    ]
    for file in setup_files:
        for key in ("packages", "py_modules"):
            value = file.arguments.get(key)
            found += value.split() if isinstance(value, str) else strings(value)
    return tuple(name for name in dict.fromkeys(found) if _is_dotted(name))


def read_layout(tree: Tree, declared: Declared, settings: PytestSettings | None) -> Layout:
    """Find the modules and the tests of a tree."""
    sources = _source_dirs(tree, declared)
    modules: list[str] = []
    for folder in sources:
        modules += _modules_in(tree, folder, declared)
    covered = {name.partition(".")[0] for name in modules}
    modules += [name for name in declared.modules if name.partition(".")[0] not in covered]
    return Layout(
        source_dirs=sources,
        modules=tuple(dict.fromkeys(modules)),
        test_dirs=find_test_dirs(tree, settings, sources),
    )


def _poetry_packages(tool: Table) -> list[dict[str, str]]:
    """The entries of poetry's ``packages``, their texts alone."""
    packages = table(tool, "poetry").get("packages")
    return [
        {key: value for key, value in item.items() if isinstance(value, str)}
        for item in (packages if isinstance(packages, list) else ())
        if isinstance(item, dict)
    ]


def _root_of(value: object) -> list[str]:
    """The folder of setuptools' ``package_dir`` mapping; setup.cfg writes it as "= src"."""
    if isinstance(value, dict):
        return list(strings(value.get("")))
    if isinstance(value, str):
        pairs = (line.partition("=") for line in value.splitlines() if "=" in line)
        return [folder.strip() for name, _, folder in pairs if not name.strip()]
    return []


def _source_dirs(tree: Tree, declared: Declared) -> tuple[str, ...]:
    found: list[str] = []
    for folder in declared.sources:
        path = tree.path(folder)
        if path is None or not path.is_dir():
            continue
        is_package = (path / "__init__.py").is_file() or posixpath.basename(folder) == (
            (declared.name or "").replace("-", "_")
        )
        found.append(posixpath.dirname(folder) or "." if is_package else joined(".", folder))
    if not found:
        found += [name for name in _USUAL_SOURCES if _has_packages(tree, name)][:1]
    return tuple(dict.fromkeys(found)) or (".",)


def _has_packages(tree: Tree, name: str) -> bool:
    path = tree.path(name)
    if path is None or not path.is_dir() or (path / "__init__.py").exists():
        return False
    return any(next(path.glob(pattern), None) for pattern in ("*/*.py", "*.py", "*/*/*.py"))


def _modules_in(tree: Tree, folder: str, declared: Declared) -> list[str]:
    path = tree.path(folder)
    if path is None or not path.is_dir():
        return []
    at_root = folder == "."
    own = (declared.name or "").replace("-", "_").lower()
    named = {name.partition(".")[0] for name in declared.modules}
    named |= {own, own.partition("_")[0]} if at_root else set()
    found: list[str] = []
    for entry in sorted(path.iterdir(), key=lambda entry: entry.name):
        name = entry.name.partition(".")[0]
        if not name.isidentifier() or name.startswith("__"):
            continue
        if entry.is_dir():
            if at_root and name not in named and not (entry / "__init__.py").is_file():
                continue
            if at_root and name.lower() in _NO_PACKAGES and name not in named:
                continue
            found += _package_modules(entry, name)
        elif entry.suffix == ".py" and (name in named or (not at_root and name not in _NO_MODULES)):
            found.append(name)
    return found


def _package_modules(folder: Path, name: str, depth: int = 0) -> list[str]:
    """A package's name, or of a namespace, those of the packages in it."""
    init = folder / "__init__.py"
    try:
        if init.is_file() and not _NAMESPACE.search(init.read_text("utf-8", errors="replace")):
            return [name]
        if depth > 3:
            return []
        found: list[str] = []
        for entry in sorted(folder.iterdir()):
            if entry.is_dir() and entry.name.isidentifier():
                found += _package_modules(entry, f"{name}.{entry.name}", depth + 1)
            elif entry.suffix == ".py" and entry.stem.isidentifier() and entry.stem != "__init__":
                found.append(f"{name}.{entry.stem}")
    except OSError:
        return []
    return found


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
