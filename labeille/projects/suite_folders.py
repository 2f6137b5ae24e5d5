"""Where a source tree keeps its tests."""

from __future__ import annotations

import ast
import fnmatch
import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.projects.static_values import Unknown, Values
from labeille.projects.tree import joined, strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeille.projects.model import PytestSettings
    from labeille.projects.tree import Tree

TEST_FOLDERS = ("tests", "test", "testing")
CONFTEST = "conftest.py"
#: pytest's own default.
PYTHON_FILES = ("test_*.py", "*_test.py")

#: Folders at the root that are packages, or hold the project's tests, at most by accident.
NO_PACKAGES = frozenset(
    """bench benchmark benchmarks bin build ci contrib doc docs dist documentation etc examples
    example maint misc node_modules notebooks requirements sample samples scripts site-packages
    tasks tools utils venv vendor""".split()  # noqa: SIM905 - reads better
)
_DEEPEST = 8  # folders below the root in which tests are looked for


def find_test_dirs(
    tree: Tree, settings: PytestSettings | None, sources: tuple[str, ...]
) -> tuple[str, ...]:
    """Folders and single files with tests, as paths from the root.

    What pytest's ``testpaths`` name, as far as it is there; else folders with the usual names, at
    the root and among the sources; else files with the usual names.
    """
    patterns = settings.python_files if settings else PYTHON_FILES
    named = [
        tree.name(found)
        for pattern in (settings.testpaths if settings else ())
        for found in _glob(tree, pattern)
        if found != tree.root
    ]
    if named:
        return _without_nested(named)
    folders, files = _usual_places(tree, patterns, sources)
    at_root = [path for path in files if "/" not in path]
    found = _without_nested([*folders, *at_root] or files)
    ignored = _collect_ignore(tree)
    return tuple(path for path in found if not _is_below(path, ignored)) or found


def _collect_ignore(tree: Tree) -> frozenset[str]:
    """What the conftest at the root keeps pytest from collecting, as far as it says so plainly.

    https://docs.pytest.org/en/stable/reference/reference.html#globalvar-collect_ignore
    """
    module = tree.python(CONFTEST)
    if module is None:
        return frozenset()
    try:
        value = Values(module).of(ast.Name(id="collect_ignore"))
    except Unknown:
        return frozenset()
    return frozenset(posixpath.normpath(path) for path in strings(value))


def _is_below(path: str, folders: frozenset[str]) -> bool:
    while path:
        if path in folders:
            return True
        path = posixpath.dirname(path)
    return False


def _glob(tree: Tree, pattern: str) -> list[Path]:
    plain = tree.path(pattern)
    if plain is not None and plain.exists():
        return [plain]
    try:
        found = sorted(tree.root.glob(pattern))
    except (ValueError, NotImplementedError, OSError):  # absolute, or no pattern at all
        return []
    return [path for path in found if tree.path(tree.name(path)) is not None]


def _usual_places(
    tree: Tree, patterns: Iterable[str], sources: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Folders named for tests, and test files elsewhere, at the root and among the sources."""
    found: list[str] = []
    loose: list[str] = []
    for top in sorted({".", *sources}):
        for place, folders, files in os.walk(tree.root / top):
            here = joined(top, _below(tree.root / top, place, ""))
            at_root = here == "."
            for name in TEST_FOLDERS if at_root else TEST_FOLDERS[:2]:
                folder = Path(place, name)
                if name in folders and _holds_tests(folder, patterns, top=at_root):
                    folders.remove(name)
                    found.append(joined(here, name))
            folders[:] = [name for name in folders if _may_hold_tests(name, here)]
            loose += [
                joined(here, name)
                for name in sorted(files)
                if name == "tests.py" or (name != CONFTEST and is_test_file(name, patterns))
            ]
    return found, loose


def _may_hold_tests(name: str, parent: str) -> bool:
    if name.startswith((".", "__")) or parent.count("/") >= _DEEPEST:
        return False
    return parent != "." or name in TEST_FOLDERS or name not in NO_PACKAGES


def _holds_tests(folder: Path, patterns: Iterable[str], *, top: bool) -> bool:
    """Whether a folder has tests; below the root many are a library for other people's tests."""
    files = folder.rglob("*.py")
    return any(
        top or (file.name != CONFTEST and is_test_file(file.name, patterns)) for file in files
    )


def _without_nested(paths: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for path in sorted(dict.fromkeys(paths)):
        if not any(path.startswith(f"{other}/") for other in found):
            found.append(path)
    return tuple(found)


def is_test_file(name: str, patterns: Iterable[str]) -> bool:
    """Whether pytest would collect a file, or load it as a conftest."""
    return name == CONFTEST or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def python_files(tree: Tree, folder: str) -> Iterator[str]:
    """Every Python file below a folder (or the file itself), sorted, hidden folders left out."""
    path = tree.path(folder)
    if path is None:
        return
    if path.is_file():
        yield folder
        return
    for place, folders, files in os.walk(path):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "__pycache__")) and name not in ("node_modules", "venv")
        )
        for name in sorted(files):
            if name.endswith(".py"):
                yield posixpath.normpath(joined(folder, _below(path, place, name)))


def _below(top: Path, place: str, name: str) -> str:
    return posixpath.join(os.path.relpath(place, top).replace(os.sep, "/"), name)
