"""``labeille enrich`` on tiny packages, one for each way to be enriched or left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from minibatch import BACKEND, REPOSITORY, commit_all

from labeille.registry.model import InstallMethod, TestFramework
from labeille.registry.store import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.registry.model import Package

pytestmark = [pytest.mark.network, pytest.mark.target("jit")]

#: Seconds. Long enough for pytest to start on a loaded machine, short for a test that hangs.
STALL_THRESHOLD = 8
TIMEOUT = 240

PASSES = "def test_one():\n    pass\n\ndef test_two():\n    pass\n"
UNITTEST = (
    "import unittest\n\nclass TestIt(unittest.TestCase):\n    def test_one(self):\n        pass\n"
)
#: In words that no reading of the file shows.
HIDDEN_IMPORT = "__import__('date' + 'util')\n\n" + PASSES
HANGS = PASSES + "\ndef test_hang():\n    import time\n    time.sleep(1000)\n"
NO_BUILD = "raise SystemExit(\"mini.c:1:1: error: unknown type name 'PyGone'\")\n"
EXTRA = "Version: {version}\\nProvides-Extra: test\\nRequires-Dist: pytest; extra == 'test'\\n"

COMMENT = "# kept: people's own words\n"


@dataclass(frozen=True)
class Mini:
    """One package: what its pyproject.toml says beside the usual, its test, its backend."""

    configuration: str = ""
    test: str = PASSES
    build: str = ""
    extra: bool = False


MINIS = {
    "plain": Mini(),
    "extras": Mini('[project.optional-dependencies]\ntest = ["pytest"]\n', extra=True),
    "group": Mini('[dependency-groups]\ntest = ["pytest"]\n'),
    "hidden-import": Mini(test=HIDDEN_IMPORT),
    "xdist": Mini('[tool.pytest.ini_options]\naddopts = "-n 2 -ra"\ntestpaths = "tests"\n'),
    "coverage": Mini('[tool.pytest.ini_options]\naddopts = "--cov --strict-markers"\n'),
    "unittest": Mini(test=UNITTEST),
    "no-tests": Mini(test=""),
    "hangs": Mini(test=HANGS),
    "no-build": Mini(build=NO_BUILD),
}


@dataclass(frozen=True)
class Enriched:
    """What one ``labeille enrich`` left behind."""

    registry: Path
    output: str
    exit_code: int

    def __getitem__(self, name: str) -> Package:
        return Registry(self.registry).get(f"mini-{name}")

    def text(self, name: str) -> str:
        return (self.registry / "packages" / f"mini-{name}.yaml").read_text()


@pytest.fixture(scope="module")
def enriched(tmp_path_factory: pytest.TempPathFactory, jit_python: Path) -> Enriched:
    root = tmp_path_factory.mktemp("enrich")
    for name, mini in MINIS.items():
        repository = make_repository(root / "upstream" / name, name, mini)
        write_entry(root / "registry", f"mini-{name}", repository)
    options = ("--all-unenriched", "--workers", "2", "-v")
    return run_enrich(root, jit_python, *options)


def make_repository(folder: Path, name: str, mini: Mini) -> Path:
    module = folder / f"mini_{name.replace('-', '_')}"
    module.mkdir(parents=True)
    (module / "__init__.py").touch()
    backend = BACKEND.read_text()
    if mini.extra:
        assert "Version: {version}\\n" in backend
        backend = backend.replace("Version: {version}\\n", EXTRA)
    (folder / "backend.py").write_text(backend + mini.build)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "mini-{name}"\nversion = "1.0"\n\n[build-system]\nrequires = []\n'
        f'build-backend = "backend"\nbackend-path = ["."]\n\n{mini.configuration}'
    )
    if mini.test:
        (folder / "tests").mkdir()
        (folder / "tests" / f"test_{module.name}.py").write_text(mini.test)
    commit_all(folder)
    return folder


def write_entry(registry: Path, name: str, repository: Path) -> None:
    packages = registry / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    text = f"{COMMENT}package: {name}\nrepo: {repository}\nenriched: false\nours: [1,  2]\n"
    (packages / f"{name}.yaml").write_text(text)


def run_enrich(root: Path, python: Path, *options: str) -> Enriched:
    (root / "tmp").mkdir(exist_ok=True)
    command = [
        *(sys.executable, "-m", "labeille", "enrich"),
        *("--registry-dir", str(root / "registry")),
        *("--work-dir", str(root / "work")),
        *("--target-python", str(python)),
        *("--source", "git"),
        *("--stall-threshold", str(STALL_THRESHOLD)),
        *options,
    ]
    done = subprocess.run(
        command,
        cwd=root,
        env=os.environ | {"TMPDIR": str(root / "tmp"), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Enriched(root / "registry", done.stdout + done.stderr, done.returncode)


@pytest.mark.parametrize(
    ("name", "install", "test"),
    [
        ("plain", "pip install -e . && pip install pytest", "python -m pytest --rootdir . tests"),
        ("extras", "pip install -e '.[test]'", "python -m pytest --rootdir . tests"),
        (
            "group",
            "pip install -e . && pip install --group test",
            "python -m pytest --rootdir . tests",
        ),
        (
            "hidden-import",
            "pip install -e . && pip install pytest python-dateutil",
            "python -m pytest --rootdir . tests",
        ),
        (
            "xdist",
            "pip install -e . && pip install pytest",
            "python -m pytest -p no:xdist -o addopts=-ra",
        ),
        (
            "coverage",
            "pip install -e . && pip install pytest",
            "python -m pytest -o addopts=--strict-markers tests",
        ),
        ("unittest", "pip install -e .", "python -m unittest discover -v -s tests"),
        (
            "hangs",
            "pip install -e . && pip install pytest",
            "python -m pytest --rootdir . --deselect=tests/test_mini_hangs.py::test_hang tests",
        ),
    ],
)
def test_enriched(name: str, install: str, test: str, enriched: Enriched) -> None:
    package = enriched[name]
    assert package.enriched, f"{package.notes}\n{enriched.output}"
    assert (package.install_command, package.test_command) == (install, test)
    assert package.python_versions == ("3.15",)
    assert package.notes.startswith("`labeille enrich` from the git on 3.15, pass: ")


def test_what_else_is_noted(enriched: Enriched) -> None:
    assert enriched["extras"].install_method is InstallMethod.PIP_EXTRAS
    assert enriched["unittest"].test_framework is TestFramework.UNITTEST
    assert enriched["xdist"].uses_xdist
    assert "test_hang: it says nothing for too long" in enriched["hangs"].notes
    assert "python-dateutil: the suite shows that it needs it" in enriched["hidden-import"].notes


def test_no_tests(enriched: Enriched) -> None:
    package = enriched["no-tests"]
    assert (package.enriched, package.skip) == (False, True)
    assert package.skip_reason == "the repository has no tests"


def test_what_does_not_build_is_skipped_on_this_python(enriched: Enriched) -> None:
    package = enriched["no-build"]
    assert (package.enriched, package.skip) == (False, False)
    assert set(package.skip_versions) == {"3.15"}
    assert "PyGone" in package.skip_versions["3.15"]
    assert "plain install: the editable one fails" in package.notes


def test_everything_else_in_the_files_stays(enriched: Enriched) -> None:
    for name in MINIS:
        text = enriched.text(name)
        assert text.startswith(COMMENT)
        assert "ours: [1,  2]\n" in text


def test_the_summary_and_the_index(enriched: Enriched) -> None:
    assert enriched.exit_code == 0
    last = enriched.output.strip().splitlines()[-1]
    assert last.startswith("10 packages: 8 enriched, 2 skipped (80 % enriched")
    entries = {entry.name: entry for entry in Registry(enriched.registry).index().packages}
    assert entries["mini-plain"].enriched
    assert entries["mini-no-tests"].skip
    assert entries["mini-no-build"].skip_versions_keys == ("3.15",)


def test_enriched_files_are_left_alone(enriched: Enriched, jit_python: Path) -> None:
    before = enriched.text("plain")
    again = run_enrich(enriched.registry.parent, jit_python, "mini-plain")
    assert "enriched already, left alone" in again.output
    assert enriched.text("plain") == before


def test_a_dry_run_gives_reasons_and_writes_nothing(
    enriched: Enriched, jit_python: Path, tmp_path: Path
) -> None:
    shutil.copytree(enriched.registry, tmp_path / "registry")
    before = enriched.text("extras")
    done = run_enrich(tmp_path, jit_python, "mini-extras", "--force", "--dry-run")
    assert "- declared_set: extra `test`: declared in pyproject.toml" in done.output
    assert (tmp_path / "registry" / "packages" / "mini-extras.yaml").read_text() == before
