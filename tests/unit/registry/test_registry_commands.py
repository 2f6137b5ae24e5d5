"""Options of test commands that spoil a trial."""

from __future__ import annotations

import pytest

from labeille.registry.commands import early_stop, may_load_xdist, worker_option


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("pytest -x", "-x"),
        ("python -m pytest -vx tests", "-x"),
        ("pytest -xvs", "-x"),
        ("pytest --exitfirst", "--exitfirst"),
        ("pytest --maxfail=3", "--maxfail=3"),
        ("pytest --maxfail 1 tests", "--maxfail=1"),
        ("pytest --sw", "--sw"),
        ("cd tests && timeout 60 pytest '-x' | tee log", "-x"),
        ("pytest -o addopts=-x", "-x"),
        ("pytest -o 'addopts=-ra -x'", "-x"),
        ('pytest --override-ini="addopts=--exitfirst -q"', "--exitfirst"),
        ("PYTEST_ADDOPTS='-x -q' make test", "-x"),
        ("coverage run -m pytest -x", "-x"),
        ("python -m unittest -f", "-f"),
        ("python -m unittest discover --failfast", "--failfast"),
        # none of these
        ("pytest", None),
        ("", None),
        ("pytest -rx", None),
        ("pytest -rxXs -ra", None),
        ("pytest -k x", None),
        ("pytest -k -x", None),
        ("pytest -kx -mx -px", None),
        ("pytest -W x", None),
        ("pytest -f", None),
        ("pytest --maxfail=0", None),
        ("pytest tests -- -x", None),
        ("pytest -k 'not -x'", None),
        ("pytest # -x", None),
        ("pip install pytest -x", None),
        ("bash -x run.sh && pytest", None),
        ("pytest && tar -x", None),
        ("python -m unittest -x", None),
    ],
)
def test_early_stop(command: str, option: str | None) -> None:
    assert early_stop(command) == option


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("pytest -n auto", "-n auto"),
        ("pytest -n4", "-n 4"),
        ("pytest -qn 2", "-n 2"),
        ("pytest --numprocesses=auto", "--numprocesses auto"),
        ("pytest --numprocesses 3", "--numprocesses 3"),
        ("pytest --dist loadfile", "--dist loadfile"),
        ("pytest --tx 2*popen", "--tx 2*popen"),
        ("pytest -n0", None),
        ("pytest -n 0", None),
        ("pytest --dist=no -p no:xdist", None),
        ("pytest -k -n", None),
        ("nice -n 5 pytest", None),
        ("python -m unittest -n 3", None),
    ],
)
def test_worker_option(command: str, option: str | None) -> None:
    assert worker_option(command) == option


@pytest.mark.parametrize(
    ("command", "may"),
    [
        ("pytest", True),
        ("pytest -p no:cov", True),
        ("pytest -p no:xdist", False),
        ("cd t && pytest -q -pno:xdist", False),
        ("pytest -o addopts='-p no:xdist'", False),
        ("python -m unittest", False),
        ("python run_tests.py", False),
        ("", False),
    ],
)
def test_may_load_xdist(command: str, may: bool) -> None:
    assert may_load_xdist(command) is may
