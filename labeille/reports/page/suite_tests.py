"""A package's tests, as its per-test log or its record tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.pipeline.trial import TEST_LOG
from labeille.reports.page.model import TestLine
from labeille.reports.showable import shown_line
from labeille.reports.tones import Tone
from labeille.reports.words import duration_text
from labeille.results.model import Record, Status
from labeille.suites.model import TestOutcome
from labeille.suites.testlog import read_test_log

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.suites.model import TestLog, TestResult

#: Failed tests of one package that are named, and of all packages that did not pass together: a
#: page of 1,000 packages in which everything fails is to stay below 5 MB.
FAILED, FAILED_ALL, FAILED_LEAST = 30, 2000, 1
SLOW = 3
#: A test that takes less than so many seconds is no slow one.
SLOW_SECONDS = 0.5
#: Bytes of per-test logs that all packages of a page may have read. Those of packages that did not
#: pass come first: reading takes about 0.07 s a MiB.
READ_BYTES = 10 * 2**20

_ID_LIMIT = 200
_MESSAGE_LIMIT = 200


class TestReader:
    """Reads the per-test logs of a run's packages, as many as a page can wait for."""

    __test__ = False

    def __init__(self, run: Path, not_passed: int) -> None:
        self._run = run
        self.failed = max(FAILED_LEAST, min(FAILED, FAILED_ALL // max(1, not_passed)))
        self._left = READ_BYTES

    def lines(self, record: Record) -> tuple[TestLine, ...]:
        """The test that ran when the suite ended, the failed ones, and the slowest."""
        log = self._read(record)
        running = record.running_test or (log.running_test if log else None)
        lines = []
        if running:
            word = "crashed" if record.status is Status.CRASH else "running"
            tone = Tone.CRASH if record.status is Status.CRASH else Tone.HANG
            lines.append(TestLine(id=_id(running), tone=tone, word=word))
        results = (*log.collect_errors, *log.results) if log else ()
        failed = {each.id: each for each in results if each.outcome in _BAD}
        named = tuple(dict.fromkeys((*record.failed_tests, *failed)))[: self.failed]
        lines += [_failed_line(test, failed.get(test)) for test in named]
        timed = sorted(results, key=lambda each: -each.duration)[:SLOW]
        lines += [_slow_line(each) for each in timed if each.duration >= SLOW_SECONDS]
        return tuple(lines)

    def _read(self, record: Record) -> TestLog | None:
        path = self._run / "logs" / record.package / TEST_LOG
        try:
            size = path.stat().st_size
        except (OSError, ValueError):
            return None
        if size > self._left:
            return None
        self._left -= size
        return read_test_log(path)


_BAD = (TestOutcome.FAILED, TestOutcome.ERROR)


def _failed_line(test: str, result: TestResult | None) -> TestLine:
    message = ""
    word = "failed"
    if result is not None:
        word = result.outcome.value
        message = shown_line(result.message or "", _MESSAGE_LIMIT)
        if result.frame:
            place = f"{result.frame}:{result.line}" if result.line else result.frame
            message = f"{message} — {shown_line(place)}".removeprefix(" — ")
    return TestLine(id=_id(test), tone=Tone.FAIL, word=word, message=message)


def _slow_line(result: TestResult) -> TestLine:
    return TestLine(id=_id(result.id), tone=Tone.SLOW, word=duration_text(result.duration))


def _id(test: str) -> str:
    return shown_line(test, _ID_LIMIT)


def counts_words(record: Record, named_failed: int) -> str:
    """How many tests ended how, and how many failed ones are not among those that are named."""
    tests = record.tests
    if tests is None:
        return ""
    named = (
        (tests.passed, "passed"),
        (tests.failed, "failed"),
        (tests.error, "with errors"),
        (tests.skipped, "skipped"),
    )
    words = ", ".join(f"{count:,} {word}" for count, word in named if count)
    left_out = len(record.failed_tests) - named_failed
    return f"{words}; {left_out:,} failed ones are not listed" if left_out > 0 else words
