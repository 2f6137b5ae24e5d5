"""A suite's files: which pytest collects, what they import from beside them, and what it reads."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from labeille.projects.imports import Condition, Import, find_imports
from labeille.projects.local_modules import LocalModules
from labeille.projects.suite_folders import (
    CONFTEST,
    PYTHON_FILES,
    TEST_FOLDERS,
    is_test_file,
    python_files,
)
from labeille.projects.suite_usage import SuiteUsage, find_usage
from labeille.projects.tree import Tree, joined, parse_python, syntax_fault

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator

    from labeille.projects.model import Project


#: Files at the root that a module's name may hit, and no test imports.
_SCRIPTS = frozenset({"setup.py", "noxfile.py", "conf.py", "tasks.py"})


@dataclass(frozen=True, kw_only=True)
class SuiteFile:
    """One parsed file. ``reached`` says that a test run loads it."""

    path: str
    imports: tuple[Import, ...]
    usage: SuiteUsage
    reached: bool


@dataclass(frozen=True, kw_only=True)
class _Parsed:
    imports: tuple[Import, ...]
    usage: SuiteUsage


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The files of a project's tests; ``problems`` names files that do not parse."""

    files: tuple[SuiteFile, ...]
    local_modules: LocalModules
    own_fixtures: frozenset[str] = frozenset()  # of the package's own pytest plugin
    problems: tuple[str, ...] = ()

    @property
    def usages(self) -> Iterator[SuiteUsage]:
        return (file.usage for file in self.files if file.reached)


@dataclass(kw_only=True)
class SuiteReader:
    """Reads the files below ``test_dirs`` and follows their imports within the tree.

    ``python`` is the version that branches are decided for.
    """

    project: Project
    test_dirs: tuple[str, ...]
    python: tuple[int, int]
    problems: list[str] = field(default_factory=list)

    @cached_property
    def _tree(self) -> Tree:
        return Tree(self.project.root)

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        settings = self.project.pytest
        return settings.python_files if settings else PYTHON_FILES

    def read(self) -> Suite:
        """Every test file; those that no collected one leads to are not ``reached``."""
        paths = list(dict.fromkeys(path for each in self.test_dirs for path in self._files(each)))
        if self._tree.is_file(CONFTEST):
            paths.append(CONFTEST)
        local = LocalModules(self._tree, self.project, paths)
        start = [path for path in paths if is_test_file(posixpath.basename(path), self._patterns)]
        if not any(posixpath.basename(path) != CONFTEST for path in start):
            start = paths  # not pytest's names: unittest's load_tests, a runner of their own
        parsed = self._follow(start, local)
        reached = set(parsed)
        for path in paths:
            if path not in parsed and (file := self._parse(path, quiet=True)) is not None:
                parsed[path] = file
        return Suite(
            files=tuple(
                SuiteFile(
                    path=path,
                    imports=file.imports if path in reached else _unreached(file.imports),
                    usage=file.usage,
                    reached=path in reached,
                )
                for path, file in sorted(parsed.items())
            ),
            local_modules=local,
            own_fixtures=frozenset(self._own_fixtures()),
            problems=tuple(self.problems),
        )

    def _own_fixtures(self) -> Iterator[str]:
        """Fixtures that the package itself has: it may be a plugin, or bring one."""
        for path in self._source_paths():
            text = self._tree.text(path) or ""
            if "fixture" in text and "pytest" in text:
                try:
                    yield from find_usage(parse_python(text)).defined_fixtures
                except (SyntaxError, RecursionError):
                    continue

    def source_files(self) -> Iterator[tuple[str, tuple[Import, ...]]]:
        """The package's own files, tests left out, with their imports."""
        for path in self._source_paths():
            if (file := self._parse(path, quiet=True)) is not None:
                yield path, file.imports

    def _source_paths(self) -> Iterator[str]:
        for folder in self.project.layout.source_dirs:
            for module in self.project.layout.modules:
                inner = joined(folder, module.replace(".", "/"))
                top = inner if self._is_dir(inner) else f"{inner}.py"
                for path in python_files(self._tree, top):
                    parts = path.split("/")
                    tests = set(parts) & set(TEST_FOLDERS[:2])
                    if not tests and not is_test_file(parts[-1], self._patterns):
                        yield path

    def _follow(self, start: Iterable[str], local: LocalModules) -> dict[str, _Parsed]:
        parsed: dict[str, _Parsed] = {}
        waiting = list(start)
        while waiting:
            path = waiting.pop()
            if path in parsed or (file := self._parse(path)) is None:
                continue
            parsed[path] = file
            package = joined(posixpath.dirname(path) or ".", "__init__.py")
            if self._tree.is_file(package) and self._is_tests(package):
                waiting.append(package)
            for found in (*file.imports, *map(_plugin_import, file.usage.plugins)):
                if found.level or not local.is_own(found.module) or self._in_tests(found.module):
                    waiting += [name for name in local.find(path, found) if self._is_tests(name)]
        return parsed

    def _files(self, folder: str) -> Iterator[str]:
        """Files of a test folder; of one that is the package itself, only those for tests."""
        holds_source = (
            any(
                f"{joined(source, module.replace('.', '/'))}/".startswith(f"{folder}/")
                for source in self.project.layout.source_dirs
                for module in self.project.layout.modules
            )
            or folder == "."
        )
        for path in python_files(self._tree, folder):
            parts = path.split("/")
            if (
                not holds_source
                or is_test_file(parts[-1], self._patterns)
                or set(parts) & set(TEST_FOLDERS)
            ):
                yield path

    def _is_tests(self, path: str) -> bool:
        """Whether a file is the tests' and not the package's."""
        if not path.endswith(".py") or path in _SCRIPTS:
            return False
        if any(path == each or path.startswith(f"{each}/") for each in self.test_dirs):
            return True
        if set(path.split("/")) & set(TEST_FOLDERS):
            return True
        return not any(
            path.startswith(joined(source, module.replace(".", "/")))
            for source in self.project.layout.source_dirs
            for module in self.project.layout.modules
        )

    def _in_tests(self, module: str) -> bool:
        return bool(set(module.split(".")) & set(TEST_FOLDERS))

    def _is_dir(self, name: str) -> bool:
        path = self._tree.path(name)
        return path is not None and path.is_dir()

    def _parse(self, path: str, *, quiet: bool = False) -> _Parsed | None:
        text = self._tree.text(path)
        if text is None:
            return None
        try:
            module: ast.Module = parse_python(text)
            return _Parsed(
                imports=tuple(find_imports(text, module, self.python)), usage=find_usage(module)
            )
        except SyntaxError as error:
            if not quiet:
                self.problems.append(f"{path} is not read: {syntax_fault(error)}")
        except RecursionError:
            self.problems.append(f"{path} is not read: it is nested too deeply")
        return None


def _plugin_import(name: str) -> Import:
    return Import(module=name)


def _unreached(imports: Iterable[Import]) -> tuple[Import, ...]:
    return tuple(
        Import(
            module=each.module,
            names=each.names,
            level=each.level,
            line=each.line,
            condition=Condition.UNREACHED,
        )
        for each in imports
        if each.condition not in (Condition.FALLBACK, Condition.TYPING)
    )
