"""Which commits can share an install: those that differ in nothing that an install looks at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeille.campaigns.bisect.reuse import Recipe, install_kind, is_editable
from labeille.registry.model import ExtensionType
from labeille.sources.git_command import Git
from labeille.sources.history import History
from labeille.sources.origin import parse_origin
from labeille.supervision.capture import capture

if TYPE_CHECKING:
    from collections.abc import Mapping

EDITABLE = Recipe(command="pip install -e .", extension_type=ExtensionType.PURE)

#: A project with something of everything.
BASE = {
    "pyproject.toml": "[project]\nname = 'it'\ndynamic = ['version']\n"
    "[build-system]\nbackend-path = ['_build']\nbuild-backend = 'own'\n",
    "_build/own.py": "",
    "README.md": "words",
    "CHANGES.rst": "words",
    "docs/index.rst": "words",
    "docs/conf.py": "",
    "requirements-test.txt": "pytest",
    "it/__init__.py": "__version__ = '1.0'\n\ndef f(): pass\n",
    "it/part.py": "",
    "it/data.json": "{}",
    "it/sub/__init__.py": "",
    "tests/test_it.py": "",
    "tests/data.json": "",
    "tests/requirements.txt": "pytest",
    "conftest.py": "",
}
SETUP = {
    "setup.py": "from setuptools import setup\nimport helper\nsetup(version=open('VER').read())\n"
}


class Histories:
    """Commits with these files alone, each in a history of one commit for itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._repository = folder / "history.git"
        self._repository.mkdir(parents=True)
        self._git("init", "-q", "--bare", "--template=")
        origin = parse_origin(str(self._repository))
        self.history = History(name="it", git=Git(origin=origin, timeout=60), folder=folder)

    def commit(self, files: Mapping[str, str]) -> str:
        lines = ["commit refs/heads/main", "committer a <a@b> 1 +0000", "data 0", "deleteall"]
        for path, text in files.items():
            lines += [f"M 100644 inline {path}", f"data {len(text)}", text]
        self._git("fast-import", "--quiet", "--force", stdin=("\n".join(lines) + "\n").encode())
        return self._git("rev-parse", "main")

    def kind(self, files: Mapping[str, str], recipe: Recipe = EDITABLE) -> str:
        return install_kind(self.history, self.commit(files), recipe)

    def _git(self, *args: str, stdin: bytes | None = None) -> str:
        done = capture(["git", *args], cwd=self._repository, stdin=stdin)
        assert done.exit_code == 0, done.error_text
        return done.text


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Histories:
    return Histories(tmp_path_factory.mktemp("reuse"))


@pytest.mark.parametrize(
    "change",
    [
        {"it/part.py": "def g(): crash()"},
        {"it/__init__.py": "__version__ = '1.0'\n\ndef f(): crash()\n"},
        {"it/new.py": ""},  # in a folder that an install knows
        {"README.md": "more words"},
        {"CHANGES.rst": "more words"},
        {"docs/conf.py": "import it"},
        {"tests/test_it.py": "def test(): pass"},
        {"tests/test_new.py": ""},
        {"tests/data.json": "{}"},
        {"conftest.py": "import it"},
    ],
    ids=str,
)
def test_what_an_install_does_not_look_at(histories: Histories, change: dict[str, str]) -> None:
    assert histories.kind(BASE | change) == histories.kind(BASE)


@pytest.mark.parametrize(
    "change",
    [
        {"pyproject.toml": BASE["pyproject.toml"] + "\n[project.scripts]\nx = 'it:f'\n"},
        {"_build/own.py": "raise SystemExit"},
        {"requirements-test.txt": "pytest<9"},
        {"tests/requirements.txt": "pytest<9"},
        {"it/__init__.py": "__version__ = '1.1'\n\ndef f(): pass\n"},  # metadata has it too
        {"it/data.json": "[]"},
        {"it/other/__init__.py": ""},  # a package that a finder has to know
        {"other.py": ""},  # a module at the root
        {"it/speed.c": "int x;"},
        {"it/speed.pyx": "x = 1"},
        {"setup.cfg": "[metadata]"},
        {"Makefile": "all:"},
    ],
    ids=str,
)
def test_what_an_install_may_look_at(histories: Histories, change: dict[str, str]) -> None:
    assert histories.kind(BASE | change) != histories.kind(BASE)


def test_what_a_setup_script_reads(histories: Histories) -> None:
    """By its name, or imported from beside it."""
    base = BASE | SETUP | {"VER": "1.0", "helper.py": ""}
    for change in ({"VER": "1.1"}, {"helper.py": "x = 1"}):
        assert histories.kind(base | change) != histories.kind(base)
    assert histories.kind(base | {"it/part.py": "x = 1"}) == histories.kind(base)


COMPILED = [
    (BASE, Recipe(command="pip install -e .", extension_type=ExtensionType.EXTENSIONS)),
    (BASE | {"it/speed.c": ""}, EDITABLE),
    (BASE | {"setup.py": "from mypyc.build import mypycify"}, EDITABLE),
    (BASE | {"pyproject.toml": "[build-system]\nrequires = ['maturin']"}, EDITABLE),
]
COPIED = [
    (BASE, Recipe(command="pip install .", extension_type=ExtensionType.PURE)),
    (BASE, Recipe(command="make install", extension_type=ExtensionType.PURE)),
]


@pytest.mark.parametrize(("files", "recipe"), COMPILED + COPIED)
def test_modules_that_may_be_compiled_or_copied(
    histories: Histories, files: dict[str, str], recipe: Recipe
) -> None:
    changed = files | {"it/part.py": "def g(): crash()"}
    assert histories.kind(files, recipe) != histories.kind(changed, recipe)


@pytest.mark.parametrize(
    ("files", "recipe", "shared"),
    [*((*each, True) for each in COMPILED), *((*each, False) for each in COPIED)],
)
def test_tests_of_compiled_packages(
    histories: Histories, files: dict[str, str], recipe: Recipe, shared: bool
) -> None:
    """They are read from the tree, unless they are copied with it."""
    changed = files | {"tests/test_it.py": "def test(): pass", "docs/index.rst": "more"}
    assert (histories.kind(files, recipe) == histories.kind(changed, recipe)) is shared


def test_another_command_is_another_install(histories: Histories) -> None:
    other = Recipe(command="pip install -e .[test]", extension_type=ExtensionType.PURE)
    assert histories.kind(BASE, other) != histories.kind(BASE)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pip install -e .", True),
        ("pip install -e . && pip install pytest", True),
        ("pip install -e '.[test]' pytest", True),
        ("python -m pip install --editable . -r requirements.txt", True),
        ("git fetch --tags && pip install -e .", True),
        ("uv pip install -e .", True),
        ("cd python && pip install -e .", True),
        ("pip install -r ./requirements.txt -e.", True),
        ("SETUPTOOLS_SCM_PRETEND_VERSION=1.0 pip install -e .", True),
        ("pip install .", False),
        ("pip install '.[test]'", False),
        ("pip install -e . ./plugins/one", False),
        ("pip install pytest", False),
        ("python setup.py build_ext --inplace && pip install -e .", False),
        ("make && pip install -e .", False),
        ("poetry install", False),
        ("", False),
    ],
)
def test_commands_that_install_in_place(command: str, expected: bool) -> None:
    assert is_editable(command) is expected
