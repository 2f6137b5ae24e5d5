"""From iterations to a record's numbers: counts, tallies, verdicts."""

from __future__ import annotations

import pytest

from labeille.campaigns.freethreading.iteration import Ended
from labeille.campaigns.freethreading.tally import with_comparison, with_iterations
from labeille.results.freethreading import (
    Breakage,
    Category,
    FreeThreadedRecord,
    Iteration,
    IterationStatus,
    TsanReport,
)
from labeille.suites.model import TestOutcome

RECORD = FreeThreadedRecord(package="mini")


def ended(
    status: IterationStatus,
    failed: dict[str, str] | None = None,
    *,
    passed: tuple[str, ...] = (),
    running: str | None = None,
    crash: str | None = None,
    races: tuple[str, ...] = (),
    index: int = 0,
) -> Ended:
    failed = failed or {}
    outcomes = dict.fromkeys(passed, TestOutcome.PASSED)
    outcomes |= dict.fromkeys(failed, TestOutcome.FAILED)
    return Ended(
        iteration=Iteration(
            index=index,
            status=status,
            duration_s=2.0,
            failed_tests=failed,
            running_test=running,
            crash_signature=crash,
            tsan_warnings=("data race",) if races else (),
        ),
        outcomes=outcomes,
        tsan_reports=tuple(
            TsanReport(key=key, type="data race", iterations=(index,)) for key in races
        ),
    )


PASS = ended(IterationStatus.PASS, passed=("a", "b"))
FAIL = ended(IterationStatus.FAIL, {"b": "AssertionError"}, passed=("a",))
CRASH = ended(IterationStatus.CRASH, passed=("a",), running="b", crash="signal:x")
HANG = ended(IterationStatus.DEADLOCK, passed=("a",), running="b")
SLOW = ended(IterationStatus.TIMEOUT, passed=("a",), running="b")
KILLED = ended(IterationStatus.ERROR, running="b")


def test_counts() -> None:
    plain = (PASS, FAIL, CRASH, HANG, SLOW, KILLED)
    record = with_iterations(RECORD, plain, gil_fallback=False)
    assert record.category is Category.DEADLOCK
    assert record.iterations_completed == 5
    counts = (
        record.pass_count,
        record.fail_count,
        record.crash_count,
        record.deadlock_count,
        record.timeout_count,
        record.error_count,
    )
    assert counts == (1, 1, 1, 1, 1, 1)
    assert record.pass_rate == 0.2
    assert record.mean_duration_s == 2.0
    assert record.failure_signatures == ("signal:x", "AssertionError")
    assert record.flaky_tests == {"b": 4}
    assert (record.tests["b"].passes, record.tests["b"].runs) == (1, 5)
    assert len(record.iterations) == 6


def test_what_always_fails_is_not_flaky() -> None:
    record = with_iterations(RECORD, (FAIL, FAIL), gil_fallback=False)
    assert record.flaky_tests == {}
    assert (record.tests["b"].passes, record.tests["b"].runs) == (0, 2)


def test_nothing_but_errors() -> None:
    record = with_iterations(RECORD, (KILLED,), gil_fallback=True)
    assert (record.category, record.pass_rate) == (Category.UNKNOWN, 0.0)
    assert (record.iterations_completed, record.error_count) == (0, 1)


def test_a_fallback_to_the_gil() -> None:
    record = with_iterations(RECORD, (PASS, PASS), gil_fallback=True)
    assert record.category is Category.COMPATIBLE_GIL_FALLBACK


def test_races_are_told_once() -> None:
    plain = [
        ended(IterationStatus.PASS, passed=("a",), races=("r1", "r2"), index=0),
        ended(IterationStatus.PASS, passed=("a",), index=1),
        ended(IterationStatus.PASS, passed=("a",), races=("r1",), index=2),
    ]
    record = with_iterations(RECORD, plain, gil_fallback=False)
    assert record.category is Category.TSAN_WARNINGS
    assert record.tsan_warning_iterations == 2
    assert record.tsan_warning_types == ("data race",)
    assert {report.key: report.iterations for report in record.tsan_reports} == {
        "r1": (0, 2),
        "r2": (0,),
    }


@pytest.mark.parametrize(
    ("plain", "gil", "whole", "test"),
    [
        ([FAIL] * 5, [PASS] * 5, Breakage.FREE_THREADING, Breakage.FREE_THREADING),
        ([FAIL] * 5, [FAIL] * 5, Breakage.PRE_EXISTING, Breakage.PRE_EXISTING),
        ([PASS, FAIL], [PASS, PASS], Breakage.UNDECIDED, Breakage.UNDECIDED),
        ([CRASH] * 5, [PASS] * 5, Breakage.FREE_THREADING, Breakage.FREE_THREADING),
        ([PASS] * 5, [FAIL] * 5, Breakage.NONE, Breakage.NONE),
        ([FAIL] * 5, [KILLED] * 5, Breakage.UNDECIDED, Breakage.UNDECIDED),
    ],
)
def test_comparisons(plain: list[Ended], gil: list[Ended], whole: Breakage, test: Breakage) -> None:
    record = with_comparison(with_iterations(RECORD, plain, gil_fallback=False), plain, gil)
    assert record.breakage is whole
    assert record.tests["b"].breakage is test


def test_one_test_that_free_threading_breaks_decides() -> None:
    plain = [ended(IterationStatus.FAIL, {"a": "x", "b": "y"})] * 5
    gil = [ended(IterationStatus.FAIL, {"b": "y"}, passed=("a",))] * 5
    record = with_comparison(with_iterations(RECORD, plain, gil_fallback=False), plain, gil)
    assert record.breakage is Breakage.FREE_THREADING
    assert record.tests["a"].breakage is Breakage.FREE_THREADING
    assert record.tests["b"].breakage is Breakage.PRE_EXISTING


def test_without_a_per_test_log_what_did_not_fail_passed() -> None:
    def unlisted(status: IterationStatus, failed: dict[str, str], passed: int) -> Ended:
        iteration = Iteration(status=status, failed_tests=failed, tests_passed=passed)
        return Ended(iteration=iteration)

    plain = [
        unlisted(IterationStatus.FAIL, {"m.C.test_x": "AssertionError"}, 3),
        unlisted(IterationStatus.PASS, {}, 4),
        unlisted(IterationStatus.FAIL, {"m.C.test_x": "AssertionError"}, 3),
    ]
    record = with_iterations(RECORD, plain, gil_fallback=False)
    assert record.flaky_tests == {"m.C.test_x": 2}
    assert (record.tests["m.C.test_x"].passes, record.tests["m.C.test_x"].runs) == (1, 3)
