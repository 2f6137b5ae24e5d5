"""Composed commands, exit statuses and missing modules."""

from __future__ import annotations

import pytest

from labeille.errors import UsageError
from labeille.registry.model import Package, TestFramework
from labeille.suites.commands import compose_test_command, missing_module, pytest_exit_reason


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python -m pytest", "python -m pytest -k x"),
        ("python -m pytest tests/ ", "python -m pytest tests/ -k x"),
        ("cd tests && python -m pytest -q", "cd tests && python -m pytest -q -k x"),
        ("pytest -q | tee log", "pytest -q -k x | tee log"),
        ("pytest -q > log 2>&1", "pytest -q > log 2>&1 -k x"),
        ("pytest -q &> log || true", "pytest -q &> log -k x || true"),
        ("pytest a; pytest b; rm -rf out", "pytest a; pytest b -k x; rm -rf out"),
        ("pip install pytest && python run.py", "pip install pytest && python run.py -k x"),
        ("(cd a && .venv/bin/pytest)", "(cd a && .venv/bin/pytest -k x)"),
        ("pytest -k 'a and b; c' && echo done", "pytest -k 'a and b; c' -k x && echo done"),
        ("pytest # all; of them", "pytest -k x # all; of them"),
        ("pytest a\\ b", "pytest a\\ b -k x"),
        ('pytest -o "addopts="', 'pytest -o "addopts=" -k x'),
        ("A=1 py.test \\\n  tests", "A=1 py.test \\\n  tests -k x"),
        ("python -m unittest -v\necho done", "python -m unittest -v -k x\necho done"),
        ("python tests/a.py && python tests/b.py", "python tests/a.py && python tests/b.py -k x"),
        ("pytest 'never closed", "pytest 'never closed -k x"),
    ],
)
def test_suffix_goes_to_the_last_test_run(command: str, expected: str) -> None:
    package = Package(name="demo", test_command=command)
    assert compose_test_command(package, override=None, suffix="-k x") == expected
    assert compose_test_command(package, override=None, suffix=" ") == command.strip()


@pytest.mark.parametrize(
    ("framework", "own", "override", "expected"),
    [
        (TestFramework.PYTEST, "pytest -q", None, "pytest -q"),
        (TestFramework.PYTEST, "pytest -q", "pytest t", "pytest t"),
        (TestFramework.PYTEST, "", None, "python -m pytest"),
        (TestFramework.UNITTEST, "", None, "python -m unittest"),
    ],
)
def test_which_command(
    framework: TestFramework, own: str, override: str | None, expected: str
) -> None:
    package = Package(name="demo", test_command=own, test_framework=framework)
    assert compose_test_command(package, override=override, suffix=None) == expected


@pytest.mark.parametrize(
    ("framework", "override"), [(TestFramework.CUSTOM, None), (TestFramework.PYTEST, "  ")]
)
def test_no_command(framework: TestFramework, override: str | None) -> None:
    package = Package(name="demo", test_framework=framework)
    with pytest.raises(UsageError, match="there is no test command for demo"):
        compose_test_command(package, override=override, suffix="-q")


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_exit_reasons(status: int) -> None:
    assert f"(exit {status})" in (pytest_exit_reason(status) or "")


@pytest.mark.parametrize("status", [0, 1, 6, -11, 139])
def test_exits_that_need_no_reason(status: int) -> None:
    assert pytest_exit_reason(status) is None


CHAINED = """\
_______________________ ERROR collecting cerr/test_w.py ________________________
ImportError while importing test module '/project/cerr/test_w.py'.
Traceback:
cerr/test_w.py:2: in <module>
    import a_a
E   ModuleNotFoundError: No module named 'a_a'

During handling of the above exception, another exception occurred:
cerr/test_w.py:4: in <module>
    import b_b
E   ModuleNotFoundError: No module named 'b_b'. Did you mean: 'bdb'?
_______________________ ERROR collecting cerr/test_x.py ________________________
E   ModuleNotFoundError: No module named 'nothing_here'
"""


@pytest.mark.parametrize(
    ("output", "module"),
    [
        (CHAINED, "b_b"),
        (
            "conf/conftest.py:1: in <module>\nE   ModuleNotFoundError: No module named 'z.y'\n",
            "z.y",
        ),
        ("ImportError: Error importing plugin \"xdist\": No module named 'xdist'\n", "xdist"),
        ("/usr/bin/python3: No module named pytest\n", "pytest"),
        ("E   ImportError: cannot import name 'a' from 'b'\n", None),
        ("", None),
    ],
)
def test_missing_module(output: str, module: str | None) -> None:
    assert missing_module(output) == module
