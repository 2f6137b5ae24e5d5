"""What is read from one trial: which test it counts for, and in what way it failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labeille.campaigns.differential.outcomes import (
    Failure,
    Observation,
    Seen,
    SuiteRun,
    fill_collected,
    observe,
)
from labeille.pipeline.trial import Trial
from labeille.pipeline.verdict import judge_trial
from labeille.registry.model import TestFramework
from labeille.results.differential import WHOLE_SUITE
from labeille.results.model import JitEvidence, Status
from labeille.suites.model import TestLog, TestOutcome, TestResult
from labeille.supervision.model import Ending, Outcome, Output

FAILURE: dict[str, Any] = {"exception": "ValueError", "frame": "a.py:f", "line": 3}


def result(test: str, outcome: str = "passed", seconds: float = 0.5, **told: Any) -> TestResult:
    return TestResult(id=test, outcome=TestOutcome(outcome), duration=seconds, **told)


def trial(
    tmp_path: Path, log: TestLog, *, stderr: str = "", exit_code: int = 0, ending: str = "exited"
) -> SuiteRun:
    (tmp_path / "stderr").write_text(stderr)
    outputs = [Output(path=tmp_path / name, total=0) for name in ("stdout", "stderr")]
    outcome = Outcome(
        exit_code=exit_code,
        ending=Ending(ending),
        duration_seconds=7.0,
        cpu_seconds=6.0,
        max_rss_bytes=2**30,
        leftovers=0,
        stdout=outputs[0],
        stderr=outputs[1],
    )
    done = Trial(command="pytest", outcome=outcome, log=log)
    return observe(done, judge_trial(done, TestFramework.PYTEST))


def whole_log(*results: TestResult, exit_status: int = 0, **fields: Any) -> TestLog:
    defaults: dict[str, Any] = {"pid": 1, "finished": True, "exit_status": exit_status}
    return TestLog(**{**defaults, **fields}, results=results)


def told(suite: SuiteRun) -> dict[str, str]:
    return {test: observation.seen.name for test, observation in suite.observations.items()}


def test_a_whole_suite(tmp_path: Path) -> None:
    jit = JitEvidence(enabled=True, executors=9)
    log = whole_log(
        result("a::p"),
        result("a::s", "skipped"),
        result("a::f", "failed", message="ValueError: no", **FAILURE),
        result("a::e", "error", message="KeyError: 1", exception="KeyError"),
        jit=jit,
    )
    suite = trial(tmp_path, log, exit_code=1)
    assert told(suite) == {
        "a::p": "PASSED",
        "a::s": "SKIPPED",
        "a::f": "FAILED",
        "a::e": "FAILED",
        WHOLE_SUITE: "PASSED",
    }
    assert suite.observations["a::f"].failure == Failure(
        ("ValueError", "a.py:f"), "ValueError: no (a.py:3 in f)"
    )
    assert suite.observations["a::e"].failure == Failure(("KeyError", ""), "KeyError: 1")
    assert suite.observations["a::p"].seconds == 0.5
    assert suite.observations[WHOLE_SUITE].seconds == 7.0
    assert (suite.executors, suite.end, suite.collected) == (9, None, True)


def test_values_and_lines_are_no_part_of_how_it_failed(tmp_path: Path) -> None:
    one = result("a::f", "failed", message="ValueError: 1", **FAILURE)
    other = result("a::f", "failed", message="ValueError: 2", **{**FAILURE, "line": 9})
    failures = [
        trial(tmp_path, whole_log(each), exit_code=1).observations["a::f"].failure
        for each in (one, other)
    ]
    assert failures[0] is not None
    assert failures[1] is not None
    assert failures[0].identity == failures[1].identity


def test_the_worst_counts_of_a_test_that_ran_twice(tmp_path: Path) -> None:
    log = whole_log(result("a::f", "failed"), result("a::f"))
    assert told(trial(tmp_path, log, exit_code=1))["a::f"] == "FAILED"


SEGFAULT = """\
Fatal Python error: Segmentation fault

Current thread 0x00007f0000000001 (most recent call first):
  File "/x/m.py", line 3 in f
"""


@pytest.mark.parametrize(
    ("log", "counts_for"),
    [
        (TestLog(pid=1, results=(result("a::p"),), running_test="a::x"), "a::x"),
        (TestLog(pid=1, collecting=True, collecting_path="a.py"), "a.py"),
        (TestLog(pid=1, collecting=True), WHOLE_SUITE),
        (TestLog(pid=1, results=(result("a::p"),)), WHOLE_SUITE),
        (whole_log(result("a::p")), WHOLE_SUITE),
        (TestLog(), WHOLE_SUITE),
    ],
)
@pytest.mark.parametrize(
    ("exit_code", "ending", "seen"),
    [(-11, "exited", "CRASHED"), (-6, "stall", "HUNG"), (-9, "limit", "HUNG")],
)
def test_a_death_counts_for_the_running_test(
    tmp_path: Path, log: TestLog, counts_for: str, exit_code: int, ending: str, seen: str
) -> None:
    suite = trial(tmp_path, log, stderr=SEGFAULT, exit_code=exit_code, ending=ending)
    expected = {each.id: "PASSED" for each in log.results} | {counts_for: seen}
    assert told(suite) == expected
    assert suite.observations[counts_for].failure is not None


def test_a_crash_is_known_by_its_signature_and_a_hang_by_its_place(tmp_path: Path) -> None:
    log = TestLog(pid=1, running_test="a::x")
    crash = trial(tmp_path, log, stderr=SEGFAULT, exit_code=-11).observations["a::x"].failure
    assert crash is not None
    assert crash.identity == (crash.text,)
    assert "m.py:f" in crash.text
    stack = SEGFAULT.replace("Segmentation fault", "Aborted")
    hang = trial(tmp_path, log, stderr=stack, exit_code=-6, ending="stall")
    failure = hang.observations["a::x"].failure
    assert failure is not None
    assert failure.text.startswith("no sign of life in a::x")
    assert failure.text.endswith(" at m.py:f")


def test_a_suite_that_ends_itself(tmp_path: Path) -> None:
    log = TestLog(pid=1, results=(result("a::p"),), running_test="a::x")
    for exit_code in (0, 3):
        suite = trial(tmp_path, log, exit_code=exit_code)
        assert told(suite) == {"a::p": "PASSED", "a::x": "FAILED"}


def test_what_says_nothing(tmp_path: Path) -> None:
    log = TestLog(pid=1, results=(result("a::p"),), running_test="a::x")
    assert told(trial(tmp_path, log, exit_code=-9)) == {"a::p": "PASSED"}
    assert told(trial(tmp_path, TestLog(), exit_code=-15)) == {}
    out_of_memory = trial(tmp_path, log, exit_code=-9, ending="memory")
    assert told(out_of_memory) == {"a::p": "PASSED", "a::x": "FAILED"}


@pytest.mark.parametrize(
    ("log", "exit_code", "seen"),
    [
        (whole_log(result("a::p")), 0, "PASSED"),
        (whole_log(result("a::p")), 1, "FAILED"),  # the coverage that it demands, say
        (whole_log(result("a::f", "failed")), 1, "PASSED"),
        (whole_log(exit_status=5), 5, "FAILED"),
        (TestLog(pid=1), 4, "FAILED"),
        (TestLog(), 0, "PASSED"),
        (TestLog(), 1, "FAILED"),
    ],
)
def test_the_suite_as_a_whole(tmp_path: Path, log: TestLog, exit_code: int, seen: str) -> None:
    suite = trial(tmp_path, log, exit_code=exit_code)
    assert told(suite)[WHOLE_SUITE] == seen


UNITTEST = """\
======================================================================
FAIL: test_x (mod.Case.test_x)
----------------------------------------------------------------------
AssertionError: 1 != 2

----------------------------------------------------------------------
Ran 2 tests in 0.1s

FAILED (failures=1)
"""


def test_a_suite_without_a_log_fails_by_its_tests(tmp_path: Path) -> None:
    one = trial(tmp_path, TestLog(), stderr=UNITTEST, exit_code=1).observations[WHOLE_SUITE]
    assert one.failure == Failure(("mod.Case.test_x",), "1 failed: mod.Case.test_x")
    other = UNITTEST.replace("test_x", "test_y")
    two = trial(tmp_path, TestLog(), stderr=other, exit_code=1).observations[WHOLE_SUITE]
    assert two.failure is not None
    assert two.failure.identity != one.failure.identity


def test_a_file_that_cannot_be_collected_passes_where_it_can() -> None:
    failed = Observation(seen=Seen.FAILED, failure=Failure(("ImportError",), "ImportError"))
    bad = SuiteRun(
        status=Status.FAIL,
        observations={"a.py": failed},
        uncollected=frozenset({"a.py"}),
        collected=True,
    )
    good = SuiteRun(status=Status.PASS, collected=True)
    early = SuiteRun(status=Status.CRASH)
    filled = fill_collected([bad, good, early])
    assert [told(suite) for suite in filled] == [{"a.py": "FAILED"}, {"a.py": "PASSED"}, {}]
    assert told(fill_collected([good], frozenset({"b.py"}))[0]) == {"b.py": "PASSED"}
    assert fill_collected([good]) == [good]
