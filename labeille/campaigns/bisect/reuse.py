"""Which commits can share one install: what an install of a commit looks at, as a digest.

Only editable installs are shared, which read modules and tests from the tree that they point into.
For these, this module knows what does *not* matter to an install; whatever else changes makes
another digest, and an environment is built anew. A package with compiled parts may compile anything
but its tests and its documentation, modules too (mypyc, Cython), or generate sources by them.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.projects.install_commands import simple_commands
from labeille.projects.suite_folders import TEST_FOLDERS
from labeille.registry.model import ExtensionType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeille.registry.model import Package
    from labeille.sources.history import Entry, History

_DIGITS = 16

#: Written for people; at most a package's description is made of it.
_PROSE = frozenset(
    ".md .rst .txt .adoc .html .css .js .svg .png .jpg .jpeg .gif .ico .pdf .ipynb".split()  # noqa: SIM905
)
#: Folders whose files no install looks at, except for requirements.
_ASIDE = frozenset({*TEST_FOLDERS, "doc", "docs", "examples", ".github", ".circleci"})
#: Text that an install reads all the same, by its name.
_READ = re.compile(r"requirement|constraint|version|manifest|depend|sources", re.IGNORECASE)
#: Sources of compiled parts.
_COMPILED = frozenset(
    ".c .cc .cpp .cxx .h .hpp .pyx .pxd .rs .f .f90 .cu .m .s .asm .go .zig".split()  # noqa: SIM905
)
_BUILDERS = re.compile(
    r"ext_modules|cythonize|mypyc|cffi_modules|maturin|scikit.build|meson|setuptools.rust|"
    r"build_ext|Extension\(",
)
#: A module's line that a build may take the version from; metadata that tests compare with it.
_VERSION_LINE = r"^ *(__version__|VERSION|version|version_info|__version_info__) *[:=]"
_WORD = re.compile(r"[\w./-]+")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a package is installed: the command, and what the registry says of its kind."""

    command: str
    extension_type: ExtensionType

    @classmethod
    def of(cls, package: Package, command: str) -> Recipe:
        """The recipe of a package for its install command."""
        return cls(command=command, extension_type=package.extension_type)


def install_kind(history: History, commit: str, recipe: Recipe) -> str:
    """A digest of what an install of the commit looks at: equal ones can share one install."""
    entries = history.files(commit)
    builds = _build_files(history, commit, entries)
    if not is_editable(recipe.command):
        return _digest(("whole", recipe.command, commit))
    compiled = _is_compiled(recipe, entries, builds)
    marks = ["shared", recipe.command, history.nearest_tag(commit)]
    marks += _python_layout(entries)
    named = _named_files(entries, (recipe.command, *builds.values()))
    for entry in entries:
        if entry.is_submodule or entry.path in named or _matters(entry.path, compiled):
            marks.append(f"{entry.path} {entry.digest}")
    marks += history.lines(commit, _VERSION_LINE, "*.py").splitlines()
    return _digest(marks)


def _digest(marks: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(marks).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def _is_compiled(recipe: Recipe, entries: Iterable[Entry], builds: dict[str, str]) -> bool:
    """Whether a package has compiled parts, or may have."""
    if recipe.extension_type is ExtensionType.EXTENSIONS:
        return True
    if any(_BUILDERS.search(text) for text in builds.values()):
        return True
    return any(_suffix(entry.path) in _COMPILED and not _is_aside(entry.path) for entry in entries)


def is_editable(command: str) -> bool:
    """Whether an install command does nothing but to install the tree in place, and requirements.

    A generator that runs before, a ``make``, a plain ``pip install .``: what they leave belongs to
    one commit.
    """
    in_place = False
    for words in simple_commands(command):
        if words[0] in ("cd", "git"):  # fetch --tags, submodule update
            continue
        if words[:1] == ["python"] and words[1:2] == ["-m"]:
            words = words[2:]
        if words[:2] == ["uv", "pip"]:
            words = words[1:]
        if not re.fullmatch(r"pip[\d.]*", words[0]) or words[1:2] != ["install"]:
            return False
        in_place = in_place or _installs_in_place(words[2:])
        if _installs_a_copy(words[2:]):
            return False
    return in_place


def _installs_in_place(words: Sequence[str]) -> bool:
    return any(
        word in ("-e", "--editable") or word.startswith(("-e.", "--editable=")) for word in words
    )


def _installs_a_copy(words: Sequence[str]) -> bool:
    before = ""
    for word in words:
        local = word.startswith((".", "/", "file:"))
        if local and before not in (
            "-e",
            "--editable",
            "-r",
            "--requirement",
            "-c",
            "--constraint",
        ):
            return True
        before = word
    return False


def _build_files(history: History, commit: str, entries: Iterable[Entry]) -> dict[str, str]:
    """The texts that tell a build what to do, by their paths."""
    names = {"setup.py", "setup.cfg", "pyproject.toml"}
    found = [entry.path for entry in entries if posixpath.basename(entry.path) in names]
    return {path: history.text(commit, path) for path in found if not _is_aside(path)}


def _named_files(entries: Iterable[Entry], texts: Iterable[str]) -> set[str]:
    """The files that a build's own texts name: by path or name, or as a module that they import.

    Any module that stands beside a setup.py or in a folder of a build backend is one of them.
    """
    words: set[str] = set()
    for text in texts:
        for word in _WORD.findall(text):
            words.add(word.strip("./"))
            words.update(word.strip("./").split("."))
    named = set()
    for entry in entries:
        folder, name = posixpath.split(entry.path)
        stem = posixpath.splitext(name)[0]
        if _is_test(name) or name.endswith((".md", ".rst")):  # a description, if anything
            continue
        by_path = entry.path in words or name in words
        beside = stem in words and (not folder or folder in words)
        if by_path or beside:
            named.add(entry.path)
    return named


def _python_layout(entries: Iterable[Entry]) -> list[str]:
    """Folders with modules, and modules at the root: an install maps names to places."""
    folders, modules = set(), set()
    for entry in entries:
        folder, name = posixpath.split(entry.path)
        if name.endswith((".py", ".pyi")) and not _is_aside(entry.path):
            folders.add(f"{folder}/")
            if folder in ("", "src", "lib") and not _is_test(name):
                modules.add(entry.path)
    return [*sorted(folders), *sorted(modules)]


def _matters(path: str, compiled: bool) -> bool:
    """Whether an install may look at a file's content, as far as its name tells."""
    name = posixpath.basename(path)
    suffix = _suffix(path)
    if _READ.search(name) or suffix in _COMPILED:
        return True
    if _is_aside(path) or _is_test(name) or suffix in _PROSE:
        return False
    return compiled or suffix not in (".py", ".pyi")


def _suffix(path: str) -> str:
    return posixpath.splitext(path)[1].lower()


def _is_aside(path: str) -> bool:
    return not _ASIDE.isdisjoint(path.split("/")[:-1])


def _is_test(name: str) -> bool:
    return name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")
