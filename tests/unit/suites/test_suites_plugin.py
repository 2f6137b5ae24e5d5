"""The evidence plugin, in real pytest sessions."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from labeille.results.model import JitEvidence
from labeille.suites.instrument import install_plugin, instrumented_environ
from labeille.suites.model import TestLog
from labeille.suites.testlog import read_test_log

RESOURCES = Path(__file__).parent / "resources"
OUTCOMES = (RESOURCES / "outcomes.py.txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Session:
    """What a test command left behind; ``output`` is stdout and stderr, as they were written."""

    exit_code: int
    output: str
    log: TestLog
    raw: str


Run = Callable[..., Session]


@pytest.fixture(scope="module")
def run_suite(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a command in a project whose files are given as ``{name: text}``."""
    site = tmp_path_factory.mktemp("site")
    install_plugin(site)
    packages = Path(pytest.__file__).parent.parent  # this environment's pytest, for any interpreter

    def run(
        files: dict[str, str],
        command: str = "python -m pytest",
        *,
        python: Path = Path(sys.executable),
        env: dict[str, str] | None = None,
    ) -> Session:
        project = tmp_path_factory.mktemp("project")
        for name, text in files.items():
            (project / name).write_text(text, encoding="utf-8")
        log = project / "log.jsonl"
        plain = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{site}{os.pathsep}{packages}",
            "PYTHONDONTWRITEBYTECODE": "1",
            **(env or {}),
        }
        done = subprocess.run(
            ["sh", "-c", command.replace("python", str(python))],
            cwd=project,
            env=instrumented_environ(plain, log),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        output = done.stdout.decode(errors="backslashreplace")
        raw = log.read_text(encoding="utf-8") if log.exists() else ""
        return Session(done.returncode, output, read_test_log(log), raw)

    return run


def table(name: str) -> dict[str, Any]:
    """A table of the sample suite, read without running it."""
    for node in ast.parse(OUTCOMES).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return dict(ast.literal_eval(node.value))
    raise AssertionError(f"no {name}")


@pytest.fixture(scope="module")
def outcomes(run_suite: Run) -> Session:
    files = {"test_outcomes.py": OUTCOMES, "conftest.py": "pytest_plugins = 'pytester'"}
    return run_suite(
        files,
        "python -m pytest -x --doctest-modules",
        env={"PYTEST_ADDOPTS": "--strict-markers"},
    )


def test_outcomes_are_pytests(outcomes: Session) -> None:
    seen = {r.id.partition("::")[2]: r.outcome.value for r in outcomes.log.results}
    expected = table("EXPECTED")
    told = {name: outcome for name, outcome in expected.items() if outcome is not None}
    assert {name: seen[name] for name in told} == told, outcomes.output
    assert set(seen) == set(expected)  # each once: nothing of the suite's own pytest runs
    assert "plugin-error" not in outcomes.raw


def test_session_is_told_whole(outcomes: Session) -> None:
    events = [json.loads(line) for line in outcomes.raw.splitlines()]
    assert [event["event"] for event in events[:2]] == ["session", "collect-start"]
    ends = ["finish", "jit", *(["gil"] if sys.version_info >= (3, 13) else [])]
    assert [event["event"] for event in events[-len(ends) :]] == ends
    assert events[0]["pytest"] == pytest.__version__
    log = outcomes.log
    assert (log.finished, log.exit_status, log.running_test) == (True, 1, None)
    assert not log.collecting
    assert outcomes.raw.isascii()
    if not hasattr(sys, "_jit"):  # before 3.14
        assert log.jit == JitEvidence(enabled=False, executors=None)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("test_fails", "AssertionError: assert 1 == 2"),
        ("test_raises", "ValueError: first"),
        ("test_setup_errs", "KeyError: 'set-up'"),
        ("test_teardown_errs", "KeyError: 'tear-down'"),
        ("test_fails_and_teardown_errs", "ValueError: call"),
        ("test_missing_fixture", "fixture 'no_such_fixture' not found"),
        ("Case::test_subtests", "AssertionError: 0 != 1"),
        ("test_skips", None),
    ],
)
def test_failures_have_a_message(outcomes: Session, test: str, message: str | None) -> None:
    (result,) = [r for r in outcomes.log.results if r.id == f"test_outcomes.py::{test}"]
    assert result.message == message


def test_failures_have_a_place(outcomes: Session) -> None:
    expected = table("RAISED")
    seen = {}
    for result in outcomes.log.results:
        assert (result.line is None) is (result.frame is None)
        place = None if result.exception is None else (result.exception, result.frame)
        seen[result.id.partition("::")[2]] = place
    assert {name: seen[name] for name in expected} == expected
    assert all(seen[name] is None for name, told in table("EXPECTED").items() if told == "passed")


def test_collection_errors_and_skipped_modules(run_suite: Run) -> None:
    session = run_suite(
        {
            "test_a.py": "import nothing_here\n",
            "test_b.py": "raise ValueError('one\\n  two: three')\n",
            "test_c.py": "import pytest\npytest.skip('all', allow_module_level=True)\n",
        }
    )
    assert session.exit_code == 2
    log = session.log
    assert [(r.id, r.message, r.exception, r.frame, r.line) for r in log.collect_errors] == [
        (
            "test_a.py",
            "ModuleNotFoundError: No module named 'nothing_here'",
            "ModuleNotFoundError",
            "test_a.py:<module>",
            1,
        ),
        ("test_b.py", "ValueError: one", "ValueError", "test_b.py:<module>", 1),
    ]
    assert log.failed_tests == ("test_a.py", "test_b.py")
    assert log.counts is not None
    assert (log.counts.error, log.counts.skipped, log.counts.total) == (2, 1, 3)
    assert (log.exit_status, log.collecting, log.running_test) == (2, False, None)


def test_a_crash_leaves_the_running_test_and_its_words(run_suite: Run) -> None:
    """Also behind -x, an asked-for --capture=fd and a suite without pytest's faulthandler."""
    body = """
        def test_first(): assert 0

        def test_crashes():
            import os
            os.write(2, b"last words")
            os.abort()
        """
    session = run_suite(
        {
            "test_a.py": "\n".join(line[8:] for line in body.splitlines()),
            "pytest.ini": "[pytest]\naddopts = -x -p no:faulthandler\n",
        },
        "python -m pytest --capture=fd; exit $?",
    )
    assert session.exit_code == 134
    assert session.log.running_test == "test_a.py::test_crashes"
    assert session.log.failed_tests == ("test_a.py::test_first",)
    assert not session.log.finished
    assert "last words" in session.output
    assert "Fatal Python error: Aborted" in session.output


def test_a_crash_in_collection_leaves_the_file(run_suite: Run) -> None:
    session = run_suite({"test_a.py": "def test(): pass", "test_b.py": "import os; os._exit(9)"})
    assert session.exit_code == 9
    assert (session.log.collecting, session.log.collecting_path) == (True, "test_b.py")
    assert session.log.counts is None


def test_sessions_of_one_command_add_up(run_suite: Run) -> None:
    files = {
        "test_a.py": "def test_a(): pass",
        "test_b.py": "import pytest\ndef test_b(): pytest.exit('enough', 7)\n",
    }
    session = run_suite(files, "python -m pytest test_a.py && python -m pytest test_b.py")
    assert session.exit_code == 7
    log = session.log
    assert [result.id for result in log.results] == ["test_a.py::test_a"]
    assert (log.finished, log.exit_status, log.running_test) == (True, 7, "test_b.py::test_b")


def test_an_unwritable_log_breaks_nothing(run_suite: Run) -> None:
    command = "LABEILLE_TEST_LOG=/no/such/folder/log python -m pytest -q"
    session = run_suite({"test_a.py": "def test_a(): pass"}, command)
    assert session.exit_code == 0, session.output
    assert session.raw == ""


HOT = "def test_hot():\n    total = 0\n    for i in range(200_000):\n        total += i % 3\n"


@pytest.mark.target("jit")
@pytest.mark.parametrize(("switch", "enabled"), [("1", True), ("0", False)])
def test_jit_evidence(run_suite: Run, jit_python: Path, switch: str, enabled: bool) -> None:
    session = run_suite(
        {"test_hot.py": HOT},
        "python -m pytest -q -p no:cacheprovider",
        python=jit_python,
        env={"PYTHON_JIT": switch},
    )
    assert session.exit_code == 0, session.output
    jit = session.log.jit
    assert jit is not None
    assert jit.enabled is enabled
    assert jit.executors is not None
    assert (jit.executors > 0) is enabled


KINDS = """
import unittest
import pytest

@pytest.mark.parametrize("value", ["a b", "[0]", "x::y", "50%", "-q"])
def test_ids(value): assert value != "[0]"

@pytest.mark.xfail
def test_xfails(): assert 0

@pytest.mark.xfail
def test_xpasses(): pass

@pytest.mark.skip(reason="no")
def test_skips(): pass

class Case(unittest.TestCase):
    def test_subtests(self):
        for number in range(3):
            with self.subTest("of three", number=number):
                self.assertNotEqual(number, 1)

    @unittest.expectedFailure
    def test_expected(self): self.fail()
"""
KINDS_SEEN = {
    "test_ids[a b]": "passed",
    "test_ids[[0]]": "failed",
    "test_ids[x::y]": "passed",
    "test_ids[50%]": "passed",
    "test_ids[-q]": "passed",
    "test_xfails": "passed",
    "test_xpasses": "passed",
    "test_skips": "skipped",
    "Case::test_subtests": "failed",
    "Case::test_expected": "passed",
}


@pytest.mark.parametrize(
    "options",
    ["-v", "-qq --tb=no --no-summary", "-s -rA --color=yes -o console_output_style=count"],
)
def test_what_is_printed_changes_nothing(run_suite: Run, options: str) -> None:
    """Whatever pytest shows, and however it counts, each test has its one outcome."""
    session = run_suite({"test_kinds.py": KINDS}, f"python -m pytest {options}")
    seen = [(r.id.partition("::")[2], r.outcome.value) for r in session.log.results]
    assert dict(seen) == KINDS_SEEN, session.output
    assert len(seen) == len(KINDS_SEEN)
    assert (session.log.finished, session.log.exit_status, session.exit_code) == (True, 1, 1)
