"""Compares two records of one package: what changed, and why that is called so."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from labeille.results.model import Record, Status, TimeoutKind

if TYPE_CHECKING:
    from collections.abc import Iterable


class Change(enum.StrEnum):
    """What happened to a package between two runs, the gravest first."""

    NEW_CRASH = "new_crash"
    OTHER_CRASH = "other_crash"
    REGRESSED = "regressed"
    INSTALL_BROKEN = "install_broken"
    OTHER_FAILURES = "other_failures"
    CHANGED = "changed"
    UNTESTED = "untested"
    CRASH_GONE = "crash_gone"
    FIXED = "fixed"
    INSTALLS_AGAIN = "installs_again"
    TESTED_AGAIN = "tested_again"
    SAME = "same"

    @property
    def is_regression(self) -> bool:
        """Whether something that was right, or right in another way, is wrong now."""
        return self in _REGRESSIONS

    @property
    def is_improvement(self) -> bool:
        return self in (Change.CRASH_GONE, Change.FIXED, Change.INSTALLS_AGAIN)


_REGRESSIONS = frozenset(
    {
        Change.NEW_CRASH,
        Change.OTHER_CRASH,
        Change.REGRESSED,
        Change.INSTALL_BROKEN,
        Change.OTHER_FAILURES,
    }
)

_UNINSTALLABLE = "its suite ran, and now it cannot be installed or imported"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A change, and the reason for calling it that."""

    change: Change
    reason: str


@dataclass(frozen=True, kw_only=True)
class TestChanges:
    """How the tests of a package changed.

    ``now_failing`` failed after and not before; ``no_longer_failing`` the other way round, and only
    where the suite came to its end after: what a crash cut off is not mended. ``complete`` is false
    where a record's list of failed tests was cut.
    """

    __test__ = False

    now_failing: tuple[str, ...] = ()
    no_longer_failing: tuple[str, ...] = ()
    total_before: int | None = None
    total_after: int | None = None
    complete: bool = True

    @property
    def total_changed(self) -> bool:
        known = self.total_before is not None and self.total_after is not None
        return known and self.total_before != self.total_after

    def __bool__(self) -> bool:
        return bool(self.now_failing or self.no_longer_failing or self.total_changed)


def compare(before: Record, after: Record) -> Comparison:
    """The class of change from one record of a package to a later one.

    Only a suite that had its say proves anything: one that could not be got, installed or run to a
    verdict is never "fixed", and never breaks what passed before.
    """
    change, reason = _classify(before, after)
    return Comparison(change=change, reason=reason)


def _classify(before: Record, after: Record) -> tuple[Change, str]:
    match before.status:
        case Status.PASS:
            return _after_pass(after)
        case Status.FAIL:
            return _after_fail(before, after)
        case Status.TIMEOUT:
            return _after_timeout(before, after)
        case Status.CRASH:
            return _after_crash(before, after)
        case Status.INSTALL_ERROR:
            return _after_install_error(after)
        case Status.CLONE_ERROR | Status.ERROR:
            return _after_error(before, after)
        case _:
            assert_never(before.status)


def _after_pass(after: Record) -> tuple[Change, str]:
    match after.status:
        case Status.PASS:
            return Change.SAME, "it passes in both"
        case Status.FAIL:
            return Change.REGRESSED, "it passed, and tests fail now"
        case Status.TIMEOUT:
            return Change.REGRESSED, f"it passed, and now {_hang(after)}"
        case Status.CRASH:
            return Change.NEW_CRASH, "it passed, and crashes now"
        case Status.INSTALL_ERROR:
            return (
                Change.INSTALL_BROKEN,
                _UNINSTALLABLE,
            )
        case Status.CLONE_ERROR | Status.ERROR:
            return Change.UNTESTED, "it passed, and was not tested now"
        case _:
            assert_never(after.status)


def _after_fail(before: Record, after: Record) -> tuple[Change, str]:
    match after.status:
        case Status.PASS:
            return Change.FIXED, "it failed, and passes now"
        case Status.FAIL:
            if test_changes(before, after).now_failing:
                return Change.OTHER_FAILURES, "it fails in both, and now tests do that did not"
            return Change.SAME, "it fails in both"
        case Status.TIMEOUT:
            return Change.CHANGED, f"it failed, and now {_hang(after)}"
        case Status.CRASH:
            return Change.NEW_CRASH, "it failed without a crash, and crashes now"
        case Status.INSTALL_ERROR:
            return (
                Change.INSTALL_BROKEN,
                _UNINSTALLABLE,
            )
        case Status.CLONE_ERROR | Status.ERROR:
            return Change.UNTESTED, "it failed, and was not tested now: that mends nothing"
        case _:
            assert_never(after.status)


def _after_timeout(before: Record, after: Record) -> tuple[Change, str]:
    match after.status:
        case Status.PASS:
            return Change.FIXED, "it timed out, and passes now"
        case Status.FAIL:
            return Change.CHANGED, "it timed out, and now comes to its end with failing tests"
        case Status.TIMEOUT:
            places = (before.running_test, after.running_test)
            if None not in places and places[0] != places[1]:
                return Change.CHANGED, "it times out in both, but in another test"
            return Change.SAME, "it times out in both"
        case Status.CRASH:
            return Change.NEW_CRASH, "it timed out, and crashes now; the hang may have hidden that"
        case Status.INSTALL_ERROR:
            return (
                Change.INSTALL_BROKEN,
                _UNINSTALLABLE,
            )
        case Status.CLONE_ERROR | Status.ERROR:
            return Change.UNTESTED, "it timed out, and was not tested now: that mends nothing"
        case _:
            assert_never(after.status)


def _after_crash(before: Record, after: Record) -> tuple[Change, str]:
    match after.status:
        case Status.PASS:
            return Change.CRASH_GONE, "it crashed, and passes now"
        case Status.FAIL:
            return Change.CRASH_GONE, "it crashed, and now comes to its end with failing tests"
        case Status.TIMEOUT:
            return Change.CHANGED, f"it crashed, and now {_hang(after)}, which may hide the crash"
        case Status.CRASH:
            return _two_crashes(before, after)
        case Status.INSTALL_ERROR:
            return Change.UNTESTED, "it crashed, and now cannot be installed: that mends nothing"
        case Status.CLONE_ERROR | Status.ERROR:
            return Change.UNTESTED, "it crashed, and was not tested now: that mends nothing"
        case _:
            assert_never(after.status)


def _two_crashes(before: Record, after: Record) -> tuple[Change, str]:
    if before.crash_signature == after.crash_signature:
        return Change.SAME, "it crashes in both, with the same signature"
    if (before.crash is None) != (after.crash is None):
        return Change.SAME, "it crashes in both; the signatures are of two formats"
    return Change.OTHER_CRASH, "it crashes in both, with another signature"


def _after_install_error(after: Record) -> tuple[Change, str]:
    match after.status:
        case Status.PASS:
            return Change.INSTALLS_AGAIN, "it could not be installed, and passes now"
        case Status.FAIL:
            return Change.INSTALLS_AGAIN, "it could not be installed; it can now, and tests fail"
        case Status.TIMEOUT:
            return (
                Change.INSTALLS_AGAIN,
                f"it could not be installed; now {_hang(after)}",
            )
        case Status.CRASH:
            return Change.NEW_CRASH, "it could not be tested, and crashes now: that may be older"
        case Status.INSTALL_ERROR:
            return Change.SAME, "it could not be installed in both"
        case Status.CLONE_ERROR | Status.ERROR:
            return Change.UNTESTED, "it was tested in neither"
        case _:
            assert_never(after.status)


def _after_error(before: Record, after: Record) -> tuple[Change, str]:
    match after.status:
        case Status.PASS:
            return Change.TESTED_AGAIN, "it was not tested before, and passes now"
        case Status.FAIL:
            return Change.TESTED_AGAIN, "it was not tested before; it fails now, which may be older"
        case Status.TIMEOUT:
            return Change.TESTED_AGAIN, f"it was not tested before; now {_hang(after)}"
        case Status.CRASH:
            return Change.NEW_CRASH, "it was not tested before, and crashes now: that may be older"
        case Status.INSTALL_ERROR | Status.CLONE_ERROR | Status.ERROR:
            same = before.status is after.status
            return Change.SAME if same else Change.UNTESTED, "it was tested in neither"
        case _:
            assert_never(after.status)


def _hang(record: Record) -> str:
    """How a suite timed out."""
    match record.timeout_kind:
        case TimeoutKind.STALL:
            return "gives no sign of life any more"
        case TimeoutKind.LIMIT | None:
            return "does not end in time"
        case _:
            assert_never(record.timeout_kind)


def test_changes(before: Record, after: Record) -> TestChanges:
    """How the tests changed, as far as the records tell."""
    now, then = frozenset(after.failed_tests), frozenset(before.failed_tests)
    new = tuple(test for test in after.failed_tests if test not in then)
    gone = tuple(test for test in before.failed_tests if test not in now)
    return TestChanges(
        now_failing=new if came_through(before.status) else (),
        no_longer_failing=gone if came_through(after.status) else (),
        total_before=before.tests.total if before.tests and came_through(before.status) else None,
        total_after=after.tests.total if after.tests and came_through(after.status) else None,
        complete=not any(map(_is_cut, (before, after))),
    )


test_changes.__test__ = False  # type: ignore[attr-defined]  # no test, though pytest likes the name


def came_through(status: Status) -> bool:
    """Whether a suite came to its end, so that what did not crash or fail in it is in order."""
    return status in (Status.PASS, Status.FAIL)


def _is_cut(record: Record) -> bool:
    """Whether more tests failed than the record names."""
    tests = record.tests
    return tests is not None and len(record.failed_tests) < tests.failed + tests.error


def gravest(changes: Iterable[Change]) -> Change:
    """The gravest of some changes; ``same`` where there are none."""
    order = list(Change)
    return min(changes, key=order.index, default=Change.SAME)
