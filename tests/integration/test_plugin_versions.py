"""The evidence plugin under the oldest and the newest pytest, beside the plugins it has to tame."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labeille.suites.instrument import install_plugin, instrumented_environ
from labeille.suites.model import TestLog
from labeille.suites.testlog import read_test_log

pytestmark = pytest.mark.network

OUTCOMES = Path(__file__).parents[1] / "unit" / "suites" / "resources" / "outcomes.py.txt"

SPOILED = """\
import sys, time
import pytest

def test_fails():
    assert 0

def test_is_not_traced(request, worker_id):
    assert sys.gettrace() is None
    assert not request.config.pluginmanager.hasplugin("_cov")
    assert worker_id == "master"

tries = 0

@pytest.mark.flaky(reruns=3)
def test_passes_at_last():
    global tries
    tries += 1
    assert tries > 2

def test_freezes():
    freezegun = pytest.importorskip("freezegun")
    freezegun.freeze_time("2020-01-01").start()
"""

SPOILING = """\
[pytest]
addopts = -n 2 --dist loadscope -x --stepwise --cov=test_spoiled --cov-fail-under=100
"""

OLDEST = ("pytest==6.0.*", "pytest-xdist<3", "pytest-cov<4", "pytest-rerunfailures<11")
NEWEST = ("pytest", "pytest-xdist", "pytest-cov", "pytest-rerunfailures", "freezegun")


def build(folder: Path, python: str, requirements: tuple[str, ...]) -> Path:
    """A venv with what is required and the plugin; its interpreter's path."""
    environ = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    uv = [sys.executable, "-m", "uv"]
    venv = [*uv, "venv", "-q", "--no-python-downloads", "-p", python, str(folder)]
    if subprocess.run(venv, check=False, env=environ).returncode != 0:
        pytest.skip(f"no Python {python} on this machine")
    made = folder / "bin" / "python"
    install = [*uv, "pip", "install", "-q", "-p", str(made), *requirements]
    subprocess.run(install, check=True, env=environ)
    (site,) = folder.glob("lib/python*/site-packages")
    install_plugin(site)
    return made


def run(python: Path, project: Path) -> tuple[str, TestLog]:
    log = project / "log.jsonl"
    environ = instrumented_environ(
        {"PATH": os.environ["PATH"], "PYTEST_ADDOPTS": "--strict-markers"}, log
    )
    done = subprocess.run(
        [str(python), "-m", "pytest", "--doctest-modules"],
        cwd=project,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert "plugin-error" not in log.read_text()
    return done.stdout.decode(errors="backslashreplace"), read_test_log(log)


@pytest.fixture(scope="module", params=["oldest", "newest", "newest-on-jit"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment") / "venv"
    if request.param == "newest":
        return build(folder, sys.executable, NEWEST)
    if request.param == "newest-on-jit":
        return build(folder, str(request.getfixturevalue("jit_python")), NEWEST)
    # Newer ones are too new for pytest 6.0. uv by itself does not look where pyenv keeps its own.
    old = next(Path.home().glob(".pyenv/versions/3.9.*/bin/python3"), "3.9")
    return build(folder, str(old), OLDEST)


def test_outcomes(python: Path, tmp_path: Path) -> None:
    text = OUTCOMES.read_text(encoding="utf-8")
    (tmp_path / "test_outcomes.py").write_text(text, encoding="utf-8")
    (tmp_path / "conftest.py").write_text("pytest_plugins = 'pytester'\n", encoding="utf-8")
    tables = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    }
    expected = {name: told for name, told in tables["EXPECTED"].items() if told is not None}
    output, log = run(python, tmp_path)
    seen = {result.id.partition("::")[2]: result.outcome.value for result in log.results}
    assert {name: seen.get(name) for name in expected} == expected, output
    raised = {r.id.partition("::")[2]: (r.exception, r.frame or "") for r in log.results}
    for name, told in tables["RAISED"].items():
        exception, frame = told or (None, "")
        function = frame.rpartition(".")[2]  # all that is known before Python 3.11
        assert raised[name][0] == exception, name
        assert raised[name][1].endswith(function), name


def test_what_spoils_a_trial_is_off(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_spoiled.py").write_text(SPOILED, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(SPOILING, encoding="utf-8")
    output, log = run(python, tmp_path)
    assert log.failed_tests == ("test_spoiled.py::test_fails",), output
    assert log.counts is not None
    assert log.counts.total == 4
    assert all(0 <= result.duration < 10 for result in log.results)
    assert (log.finished, log.exit_status) == (True, 1)
