"""Which modules a test file finds in the source tree itself."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from labeille.projects.suite_folders import CONFTEST
from labeille.projects.tree import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeille.projects.imports import Import
    from labeille.projects.model import Project
    from labeille.projects.tree import Tree

_EXTENSIONS = (".pyx", ".so", ".pyd", ".abi3.so")


class LocalModules:
    """Which modules a test file finds in the tree, as pytest and ``python -m`` set sys.path."""

    def __init__(self, tree: Tree, project: Project, files: Iterable[str]) -> None:
        self._tree = tree
        self._own = project.layout.modules
        settings = project.pytest
        pythonpath = settings.pythonpath if settings else ()
        files = tuple(files)
        conftests = (path for path in files if posixpath.basename(path) == CONFTEST)
        self._shared = tuple(
            dict.fromkeys(
                (
                    *map(self._base_dir, conftests),
                    *(joined(".", path) for path in pythonpath),
                    ".",
                    *project.layout.source_dirs,
                )
            )
        )
        self._found: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...]] = {}
        self._names = {name for path in files for name in path.removesuffix(".py").split("/")}

    def is_own(self, dotted: str) -> bool:
        """Whether a module is one that the project installs."""
        return any(dotted == module or dotted.startswith(f"{module}.") for module in self._own)

    def is_namespace_of_own(self, dotted: str) -> bool:
        """Whether the project's own modules lie below a name that is not only its own."""
        return any(module.startswith(f"{dotted}.") for module in self._own)

    def find(self, file: str, found: Import) -> tuple[str, ...]:
        """The files of the tree that an import in ``file`` loads; empty for what is not there."""
        if found.level:
            folder = posixpath.dirname(file) or "."
            for _ in range(found.level - 1):
                folder = posixpath.dirname(folder) or "."
            return self._below(folder, found)
        base = self._base_dir(file)
        key = (base, found.module, found.names)
        if key not in self._found:
            roots = dict.fromkeys((base, *self._shared))
            below = (self._below(root, found) for root in roots)
            self._found[key] = next(filter(None, below), ())
        return self._found[key]

    def is_somewhere(self, name: str) -> bool:
        """Whether any test file or folder of tests is called so: sys.path may be bent to it."""
        return name in self._names

    def is_written_by(self, file: str, name: str) -> bool:
        """Whether a test file looks as if it writes a module itself: "name.py", path / "name"."""
        text = self._tree.text(file) or ""
        return bool(re.search(rf"\b{name}\.py\b|/ ?[\"']{name}[\"']", text))

    def _base_dir(self, file: str) -> str:
        """What pytest puts on sys.path for a file: the folder above its outermost package."""
        folder = posixpath.dirname(file) or "."
        while folder != "." and self._tree.is_file(f"{folder}/__init__.py"):
            folder = posixpath.dirname(folder) or "."
        return folder

    def _below(self, root: str, found: Import) -> tuple[str, ...]:
        """Files of ``from a.b import c``: a's and a.b's __init__, a/b.py, a/b/c.py."""
        at = root
        files: list[str] = []
        parts = found.module.split(".") if found.module else []
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            if self._tree.is_file(init := joined(at, f"{part}/__init__.py")):
                files.append(init)
            elif self._tree.is_file(module := joined(at, f"{part}.py")):
                files.append(module)
                return tuple(files)
            elif any(self._tree.is_file(joined(at, part + suffix)) for suffix in _EXTENSIONS):
                return (*files, joined(at, part))
            elif last and not files and not any(self._named_files(joined(at, part), found.names)):
                return ()
            at = joined(at, part)
        return (*files, *self._named_files(at, found.names))

    def _named_files(self, folder: str, names: Iterable[str]) -> Iterator[str]:
        """The modules of a folder that are taken from it by name."""
        for name in names:
            for candidate in (f"{name}.py", f"{name}/__init__.py"):
                if self._tree.is_file(joined(folder, candidate)):
                    yield joined(folder, candidate)
