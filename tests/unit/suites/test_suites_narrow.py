"""Test commands that run some of their tests alone."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from labeille.suites.model import Invocation
from labeille.suites.narrow import narrow_command

if TYPE_CHECKING:
    from pathlib import Path

HERE = Invocation(rootdir="/src", directory="/src", configured=True)
BELOW = Invocation(rootdir="/src", directory="/src/tests", configured=True)
LOOSE = Invocation(rootdir="/src/tests", directory="/src", configured=False)
ONE = "tests/test_a.py::test_one"


@pytest.mark.parametrize(
    ("command", "invocation", "narrowed"),
    [
        ("pytest", HERE, f"pytest {ONE}"),
        ("python -m pytest -q tests", HERE, f"python -m pytest -q {ONE}"),
        ("pytest tests/test_a.py tests/test_b.py::T -rs", HERE, f"pytest -rs {ONE}"),
        (
            "pytest -k 'not slow' -m x -p no:y tests",
            HERE,
            f"pytest -k 'not slow' -m x -p no:y {ONE}",
        ),
        ("pytest -qk slow tests", HERE, f"pytest -qk slow {ONE}"),
        ("pytest --ignore tests/x --tb short t", HERE, f"pytest --ignore tests/x --tb short {ONE}"),
        ("pytest --strict-markers tests", HERE, f"pytest --strict-markers {ONE}"),
        ("pytest --backend fast tests", HERE, f"pytest --backend fast {ONE}"),
        ("pytest --pyargs demo.tests", HERE, f"pytest --pyargs demo.tests {ONE}"),
        ("pytest --pyargs demo -v -- x", HERE, f"pytest --pyargs demo -v {ONE}"),
        ("pytest tests 2>&1 | tee log", HERE, f"pytest 2>&1 {ONE} | tee log"),
        ("pytest tests > log", HERE, f"pytest > log {ONE}"),
        ("pytest a && pytest b", HERE, f"true && pytest {ONE}"),
        ("export X=1; FOO='a b' pytest tests", HERE, f"export X=1; FOO='a b' pytest {ONE}"),
        ("coverage run -m pytest tests", HERE, f"coverage run -m pytest {ONE}"),
        ("cd tests && pytest", BELOW, "cd tests && pytest test_a.py::test_one"),
        ("pytest tests", LOOSE, "pytest --rootdir=tests tests/tests/test_a.py::test_one"),
        ("pytest tests", None, f"pytest {ONE}"),
        ("make test", HERE, None),
        ("pip install pytest", HERE, None),
    ],
)
def test_pytest(command: str, invocation: Invocation | None, narrowed: str | None) -> None:
    assert narrow_command(command, [ONE], invocation) == narrowed


@pytest.mark.parametrize("name", ["test_a.py::test[a b]", "test_a.py::T::test['x']", "t.py::t[$é]"])
def test_ids_reach_pytest_as_they_are(name: str) -> None:
    script = "import sys; print(ascii(sys.argv[1:]))"
    narrowed = narrow_command("pytest tests", [name, "b.py"])
    assert narrowed is not None
    command = f'pytest() {{ "{sys.executable}" -c "{script}" "$@"; }}; {narrowed}'
    ran = subprocess.run(["bash", "-c", command], capture_output=True, check=True, text=True)
    assert ran.stdout.strip() == ascii([name, "b.py"])


@pytest.mark.parametrize(
    "command",
    [
        "{python} -m unittest",
        "{python} -m unittest discover -s tests",
        "{python} -m unittest -v tests.test_m",
    ],
)
def test_unittest_runs_that_test_alone(tmp_path: Path, command: str) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "__init__.py").touch()
    (tests / "test_m.py").write_text(
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_a(self): pass\n    def test_ab(self): pass\n    def test_c(self): pass\n"
    )
    narrowed = narrow_command(command.format(python=sys.executable), ["test_m.T.test_c"])
    assert narrowed is not None
    ran = subprocess.run(
        ["bash", "-c", narrowed], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert "Ran 1 test in" in ran.stderr
