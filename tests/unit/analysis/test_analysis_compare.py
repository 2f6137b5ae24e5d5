"""Every pair of statuses has its class and its reason; tests are compared as far as known."""

from __future__ import annotations

import itertools

import pytest

from labeille.analysis.compare import Change, compare, test_changes
from labeille.results.model import Crash, Record, Status, TestCounts, TimeoutKind

STATUSES = ("pass", "fail", "crash", "timeout", "install_error", "clone_error", "error")

#: A row a status before, a column a status after, in the order of STATUSES.
TABLE = """
same           regressed      new_crash regressed      install_broken untested untested
fixed          same           new_crash changed        install_broken untested untested
crash_gone     crash_gone     same      changed        untested       untested untested
fixed          changed        new_crash same           install_broken untested untested
installs_again installs_again new_crash installs_again same           untested untested
tested_again   tested_again   new_crash tested_again   untested       same     untested
tested_again   tested_again   new_crash tested_again   untested       untested same
"""
PAIRS = [
    (before, after, change)
    for before, row in zip(STATUSES, TABLE.strip().splitlines(), strict=True)
    for after, change in zip(STATUSES, row.split(), strict=True)
]


def record(status: str, **fields: object) -> Record:
    return Record(package="p", status=Status(status), **fields)  # type: ignore[arg-type]


def crash(signature: str, **fields: object) -> Record:
    detail = Crash(kind="signal", signature=signature)
    return record("crash", crash_signature=signature, crash=detail, **fields)


@pytest.mark.parametrize(("before", "after", "change"), PAIRS)
def test_every_pair_of_statuses(before: str, after: str, change: str) -> None:
    comparison = compare(record(before), record(after))
    assert comparison.change is Change(change)
    assert comparison.reason


def test_the_table_is_whole() -> None:
    assert {*STATUSES} == {status.value for status in Status}
    assert len(PAIRS) == len(STATUSES) ** 2
    assert {change for _, _, change in PAIRS} | {"other_crash", "other_failures"} == {*Change}


def test_what_was_not_tested_is_neither_fixed_nor_broken() -> None:
    for before, after in itertools.product(Status, (Status.CLONE_ERROR, Status.ERROR)):
        change = compare(record(before), record(after)).change
        assert not change.is_improvement
        assert not change.is_regression


@pytest.mark.parametrize(
    ("before", "after", "change", "reason"),
    [
        (crash("signal:SIGSEGV|a:1"), crash("signal:SIGSEGV|a:1"), Change.SAME, "same signature"),
        (crash("signal:SIGSEGV|a:1"), crash("assert:b:2"), Change.OTHER_CRASH, "another"),
        # the original's signatures are no words of ours
        (record("crash", crash_signature="SIGSEGV"), crash("signal:SIGSEGV|a:1"), Change.SAME,
         "two formats"),
        (record("crash", crash_signature="SIGSEGV"), record("crash", crash_signature="SIGABRT"),
         Change.OTHER_CRASH, "another"),
        (record("fail", failed_tests=("t::a",)), record("fail", failed_tests=("t::a", "t::b")),
         Change.OTHER_FAILURES, "tests do that did not"),
        (record("fail", failed_tests=("t::a", "t::b")), record("fail", failed_tests=("t::a",)),
         Change.SAME, "fails in both"),
        (record("timeout", running_test="t::a"), record("timeout", running_test="t::b"),
         Change.CHANGED, "in another test"),
        (record("timeout", running_test="t::a"), record("timeout", running_test="t::a"),
         Change.SAME, "in both"),
        (record("timeout"), record("timeout", running_test="t::a"), Change.SAME, "in both"),
        (record("pass"), record("timeout", timeout_kind=TimeoutKind.STALL), Change.REGRESSED,
         "no sign of life"),
        (record("pass"), record("timeout", timeout_kind=TimeoutKind.LIMIT), Change.REGRESSED,
         "does not end in time"),
        (record("install_error"), record("crash"), Change.NEW_CRASH, "may be older"),
    ],
)  # fmt: skip
def test_what_statuses_do_not_tell(
    before: Record, after: Record, change: Change, reason: str
) -> None:
    comparison = compare(before, after)
    assert (comparison.change, reason in comparison.reason) == (change, True), comparison


def counts(total: int, failed: int = 0) -> TestCounts:
    return TestCounts(passed=total - failed, failed=failed, total=total)


@pytest.mark.parametrize(
    ("before", "after", "now", "gone", "totals", "complete"),
    [
        # id=what failed and what does
        (record("pass", tests=counts(9)), record("fail", failed_tests=("a",), tests=counts(9, 1)),
         ("a",), (), (9, 9), True),
        (record("fail", failed_tests=("a", "b")), record("fail", failed_tests=("b", "c")),
         ("c",), ("a",), (None, None), True),
        (record("fail", failed_tests=("a",)), record("pass"), (), ("a",), (None, None), True),
        # a crash cuts the suite off: what did not come to fail is not mended
        (record("fail", failed_tests=("a",), tests=counts(9, 1)),
         record("crash", tests=counts(3)), (), (), (9, None), True),
        (record("timeout", failed_tests=("a",)), record("fail", failed_tests=("b",)),
         (), ("a",), (None, None), True),
        (record("fail", failed_tests=("a",)), record("install_error"), (), (), (None, None), True),
        (record("pass", tests=counts(500)), record("pass", tests=counts(3)),
         (), (), (500, 3), True),
        (record("fail", failed_tests=("a",), tests=counts(9, 2)), record("pass"),
         (), ("a",), (9, None), False),
    ],
)  # fmt: skip
def test_how_tests_changed(
    before: Record,
    after: Record,
    now: tuple[str, ...],
    gone: tuple[str, ...],
    totals: tuple[int | None, int | None],
    complete: bool,
) -> None:
    changes = test_changes(before, after)
    assert (changes.now_failing, changes.no_longer_failing) == (now, gone)
    assert (changes.total_before, changes.total_after) == totals
    assert changes.complete is complete


def test_tests_that_are_as_they_were_are_no_change() -> None:
    same = record("fail", failed_tests=("a",), tests=counts(9, 1))
    assert not test_changes(same, same)
    assert test_changes(record("pass", tests=counts(500)), record("pass", tests=counts(3)))
