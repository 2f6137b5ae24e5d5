"""How often each test of a package passed with the GIL off and on, and what follows from that."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from labeille.campaigns.freethreading.odds import judge
from labeille.campaigns.freethreading.tally import telling_iterations
from labeille.results.freethreading import IterationStatus, TestTally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.results.freethreading import FreeThreadedRecord, Iteration

_PASSED = frozenset({"PASSED", "XFAIL", "XFAILED", "XPASS", "XPASSED", "passed"})
#: Endings that the test running then has its part in.
_ENDED_IN_TEST = (IterationStatus.CRASH, IterationStatus.TIMEOUT, IterationStatus.DEADLOCK)


def tallies(record: FreeThreadedRecord) -> dict[str, TestTally]:
    """A tally of each test that failed at least once, most failures first.

    The record's own; of a run by the original, which has none, what its iterations' test results
    say, or else its ``flaky_tests``. A verdict stands in those that ran with the GIL too.
    """
    if record.tests:
        return record.tests
    off = _count(record.iterations)
    on = _count(record.gil_enabled_iterations or ())
    order = sorted(
        {*off.failures, *on.failures},
        key=lambda name: (-off.failures[name], -on.failures[name], name),
    )
    found = {
        name: TestTally(
            passes=off.passes(name),
            runs=off.passes(name) + off.failures[name],
            gil_passes=on.passes(name),
            gil_runs=on.passes(name) + on.failures[name],
        )
        for name in order
    }
    if not found:
        runs = record.iterations_completed
        return {
            name: TestTally(passes=max(0, runs - failures), runs=runs)
            for name, failures in record.flaky_tests.items()
        }
    return {name: judge(tally) if tally.gil_runs else tally for name, tally in found.items()}


def failed_in(iteration: Iteration) -> tuple[str, ...]:
    """The tests that failed in an iteration, and the one that it crashed or hung in."""
    running = iteration.running_test if iteration.status in _ENDED_IN_TEST else None
    return tuple(dict.fromkeys((*iteration.failing, *((running,) if running else ()))))


class _Count:
    """Failures and passes of tests over iterations.

    Where an iteration lists no passing tests, a test that did not fail in it has passed, if it
    says anything of tests: that it passed as a whole, or which ones failed.
    """

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self._listed: Counter[str] = Counter()
        self._unlisted: list[frozenset[str]] = []

    def add(self, iteration: Iteration) -> None:
        failed = failed_in(iteration)
        self.failures.update(failed)
        if iteration.test_results:
            passed = (
                name
                for name, result in iteration.test_results.items()
                if result in _PASSED and name not in failed
            )
            self._listed.update(passed)
        elif iteration.status is IterationStatus.PASS or iteration.failing:
            self._unlisted.append(frozenset(failed))

    def passes(self, name: str) -> int:
        return self._listed[name] + sum(name not in failed for failed in self._unlisted)


def _count(iterations: Iterable[Iteration]) -> _Count:
    count = _Count()
    for iteration in telling_iterations(iterations):
        count.add(iteration)
    return count
