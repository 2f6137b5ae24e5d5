"""The order of the verdict's rules, as a table of outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labeille.environments.model import InstallError, Phase
from labeille.errors import SourceError
from labeille.pipeline.trial import Trial
from labeille.pipeline.verdict import judge_failure, judge_trial, unwrap_installer
from labeille.registry.model import TestFramework
from labeille.results.model import Status, TimeoutKind
from labeille.suites.model import TestLog
from labeille.supervision.model import Ending, Outcome, Output

FATAL = """\
Fatal Python error: Segmentation fault

Current thread 0x00007f83feb59780 [python3.15] (most recent call first):
  File "/home/user/lib/python3.15/ctypes/__init__.py", line 613 in string_at
  File "/home/user/project/broken.py", line 3 in read_null
"""
ASSERT = (
    "python: ../Python/optimizer.c:121: _PyOptimizer_Optimize: Assertion `interp->jit' failed.\n"
)


def outcome(tmp_path: Path, exit_code: int, **facts: Any) -> Outcome:
    outputs: dict[str, Any] = {}
    for stream in ("stdout", "stderr"):
        path = tmp_path / f"{stream}.log"
        path.write_text(facts.pop(stream, ""))
        outputs[stream] = Output(path=path, total=path.stat().st_size)
    defaults: dict[str, Any] = {
        "ending": Ending.EXITED,
        "duration_seconds": 10.0,
        "cpu_seconds": 1.0,
        "max_rss_bytes": 2**30,
        "leftovers": 0,
    }
    return Outcome(exit_code=exit_code, **outputs, **(defaults | facts))


def trial(tmp_path: Path, exit_code: int, log: TestLog | None = None, **facts: Any) -> Trial:
    done = TestLog(pid=1, finished=True, exit_status=exit_code) if log is None else log
    return Trial(
        command="python -m pytest", outcome=outcome(tmp_path, exit_code, **facts), log=done
    )


@pytest.mark.parametrize(
    ("exit_code", "facts", "status", "reason"),
    [
        pytest.param(0, {}, Status.PASS, None, id="pass"),
        pytest.param(0, {"stderr": FATAL}, Status.PASS, None, id="exit 0, whatever was printed"),
        pytest.param(1, {}, Status.FAIL, None, id="tests failed"),
        pytest.param(1, {"stdout": "Segmentation fault\n"}, Status.FAIL, None, id="only a word"),
        pytest.param(2, {}, Status.FAIL, "pytest", id="pytest exit 2"),
        pytest.param(
            2,
            {"stdout": "E   ModuleNotFoundError: No module named 'trio'\n"},
            Status.FAIL,
            "no module named 'trio'",
            id="a missing test tool",
        ),
        pytest.param(5, {}, Status.FAIL, "no test", id="pytest exit 5"),
        pytest.param(7, {}, Status.FAIL, "exit code 7", id="an exit code of its own"),
        pytest.param(130, {}, Status.FAIL, "SIGINT", id="interrupted by itself"),
        pytest.param(-11, {}, Status.CRASH, None, id="killed by SIGSEGV, silently"),
        pytest.param(139, {}, Status.CRASH, None, id="SIGSEGV behind a shell"),
        pytest.param(-6, {"stderr": ASSERT}, Status.CRASH, None, id="a C assert"),
        pytest.param(132, {}, Status.CRASH, None, id="SIGILL behind a shell"),
        pytest.param(-5, {}, Status.CRASH, None, id="SIGTRAP"),
        pytest.param(-31, {}, Status.CRASH, None, id="SIGSYS"),
        pytest.param(-9, {}, Status.ERROR, "SIGKILL", id="killed from outside"),
        pytest.param(137, {}, Status.ERROR, "SIGKILL", id="killed from outside, behind a shell"),
        pytest.param(-15, {}, Status.ERROR, "SIGTERM", id="terminated from outside"),
        pytest.param(-6, {"ending": Ending.LIMIT}, Status.TIMEOUT, "still running", id="limit"),
        pytest.param(
            -6,
            {"ending": Ending.STALL, "stderr": FATAL},
            Status.TIMEOUT,
            "no sign of life",
            id="a stall stays one, whatever the end brought up",
        ),
        pytest.param(-9, {"ending": Ending.MEMORY}, Status.ERROR, "1.0 GiB", id="memory"),
    ],
)
def test_verdicts(
    tmp_path: Path, exit_code: int, facts: dict[str, Any], status: Status, reason: str | None
) -> None:
    verdict = judge_trial(trial(tmp_path, exit_code, **facts), TestFramework.PYTEST)
    assert verdict.status is status
    assert (verdict.reason is None) if reason is None else (reason in (verdict.reason or ""))
    assert (verdict.crash is not None) == (status is Status.CRASH)


def test_a_fault_block_of_a_child_is_a_crash_of_a_failing_suite(tmp_path: Path) -> None:
    verdict = judge_trial(trial(tmp_path, 1, stderr=FATAL), TestFramework.PYTEST)
    assert verdict.crash is not None
    assert verdict.crash.in_child
    assert verdict.crash.python_top == "ctypes/__init__.py:string_at"


@pytest.mark.parametrize(
    ("ending", "kind"), [(Ending.LIMIT, TimeoutKind.LIMIT), (Ending.STALL, TimeoutKind.STALL)]
)
def test_what_ended_a_trial(tmp_path: Path, ending: Ending, kind: TimeoutKind) -> None:
    log = TestLog(pid=1, running_test="t.py::test_hangs")
    verdict = judge_trial(trial(tmp_path, -6, log, ending=ending), TestFramework.PYTEST)
    assert verdict.timeout_kind is kind


@pytest.mark.parametrize(
    ("cpu_seconds", "word"), [pytest.param(9.5, "busy", id="spins"), pytest.param(0.1, "idle")]
)
def test_a_stall_says_whether_it_spun(tmp_path: Path, cpu_seconds: float, word: str) -> None:
    stalled = trial(tmp_path, -6, ending=Ending.STALL, cpu_seconds=cpu_seconds)
    assert word in (judge_trial(stalled, TestFramework.PYTEST).reason or "")


def test_a_pass_in_the_middle_of_a_suite_says_so(tmp_path: Path) -> None:
    log = TestLog(pid=1, running_test="t.py::test_leaves")
    verdict = judge_trial(trial(tmp_path, 0, log), TestFramework.PYTEST)
    assert verdict.status is Status.PASS
    assert "t.py::test_leaves" in (verdict.reason or "")


def test_a_crash_before_the_first_test_says_where(tmp_path: Path) -> None:
    log = TestLog(pid=1, collecting=True, collecting_path="tests/test_x.py")
    verdict = judge_trial(trial(tmp_path, -6, log, stderr=ASSERT), TestFramework.PYTEST)
    assert verdict.reason == "while pytest collected tests/test_x.py"


PIP_QUOTE = f"""\
  error: subprocess-exited-with-error

  × Preparing editable metadata (pyproject.toml) did not run successfully.
  │ exit code: -11
  ╰─> [6 lines of output]
{"".join("      " + line for line in FATAL.splitlines(keepends=True))}
      [end of output]
"""


@pytest.mark.parametrize(
    ("phase", "exit_code", "stderr", "status"),
    [
        pytest.param(Phase.INSTALL, 1, "no such file\n", Status.INSTALL_ERROR, id="fails"),
        pytest.param(Phase.INSTALL, 1, PIP_QUOTE, Status.CRASH, id="the build backend crashes"),
        pytest.param(Phase.IMPORT, -11, FATAL, Status.CRASH, id="the import crashes"),
        pytest.param(Phase.IMPORT, 1, "ImportError: x\n", Status.INSTALL_ERROR, id="no import"),
        pytest.param(Phase.VENV, 1, "", Status.INSTALL_ERROR, id="no venv"),
        pytest.param(Phase.INSTALL, -9, "", Status.INSTALL_ERROR, id="killed from outside"),
    ],
)
def test_an_environment_that_could_not_be_built(
    tmp_path: Path, phase: Phase, exit_code: int, stderr: str, status: Status
) -> None:
    error = InstallError(
        "it broke", phase=phase, outcome=outcome(tmp_path, exit_code, stderr=stderr)
    )
    verdict = judge_failure(error)
    assert verdict.status is status
    assert verdict.phase == phase.value
    assert "it broke" in (verdict.reason or "")


def test_no_source() -> None:
    assert judge_failure(SourceError("no network")).status is Status.CLONE_ERROR


def test_what_an_installer_quotes_comes_to_the_margin() -> None:
    text = unwrap_installer(PIP_QUOTE)
    assert FATAL.rstrip() in text
    assert "\n  ╰─> [6 lines of output]\n" in text
