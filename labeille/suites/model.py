"""What a test suite did, test by test."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import msgspec

from labeille.results.model import JitEvidence, TestCounts


class TestOutcome(enum.StrEnum):
    """How one test ended. Expected failures count as passed, as in pytest's exit code."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"  # in set-up, tear-down or collection
    SKIPPED = "skipped"


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """One test's outcome; ``duration`` in seconds, over set-up, call and tear-down.

    Of a failure: ``message`` is the exception's type and the first line of what it says,
    ``exception`` the full name of its type, ``frame`` ("file:function") and ``line`` where it was
    raised; the latter three are None where no exception was.
    """

    __test__ = False

    id: str
    outcome: TestOutcome
    duration: float = 0.0
    message: str | None = None
    exception: str | None = None
    frame: str | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """Where a pytest was started (``directory``) and what its test ids are relative to.

    Both are absolute. ``configured``: a configuration file decided about ``rootdir``; otherwise
    the paths on the command line did.
    """

    rootdir: str
    directory: str
    configured: bool = False


@dataclass(frozen=True, kw_only=True)
class TestLog:
    """A per-test log as it was read back, complete or torn off by a crash.

    ``collected`` is the number of tests that pytest was about to run, once it knew.
    ``running_test`` is the test that had started and not ended; ``collecting_path`` the file that
    was being collected. ``collect_errors`` are modules that could not be collected (their id is the
    file's); they count as errors, as in pytest's summary. ``finished`` says that the session
    reached its end; ``exit_status`` is pytest's then. ``pid`` is the test process's. Of several
    sessions in one log, the results add up, and the state is the last one's, as are ``started``,
    the ids of all tests that began, and ``files``, the paths of those that were looked into,
    both in their order.
    """

    __test__ = False

    pid: int | None = None
    collected: int | None = None
    results: tuple[TestResult, ...] = ()
    running_test: str | None = None
    collect_errors: tuple[TestResult, ...] = ()
    collecting: bool = False  # the log ends while tests were being collected
    collecting_path: str | None = None
    finished: bool = False
    exit_status: int | None = None
    jit: JitEvidence | None = None
    gil_enabled: bool | None = None  # at the end; None before Python 3.13
    invocation: Invocation | None = None
    started: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def counts(self) -> TestCounts | None:
        """Counts over the tests that ended and collect_errors, None when there are neither."""
        everything = (*self.collect_errors, *self.results)
        if not everything:
            return None
        by = dict.fromkeys(TestOutcome, 0)
        for result in everything:
            by[result.outcome] += 1
        return TestCounts(
            passed=by[TestOutcome.PASSED],
            failed=by[TestOutcome.FAILED],
            error=by[TestOutcome.ERROR],
            skipped=by[TestOutcome.SKIPPED],
            total=len(everything),
        )

    @property
    def failed_tests(self) -> tuple[str, ...]:
        """Ids of the modules that could not be collected, and of the tests that failed or erred,
        each once, in the order they ran."""
        bad = (TestOutcome.FAILED, TestOutcome.ERROR)
        everything = (*self.collect_errors, *self.results)
        return tuple(dict.fromkeys(result.id for result in everything if result.outcome in bad))
