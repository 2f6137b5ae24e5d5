"""Which tests fail without the GIL, how often, and whether always in the same way and place."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.analysis.freethreading.rates import FailureRate, package_rate
from labeille.analysis.freethreading.tallies import failed_in, tallies
from labeille.campaigns.freethreading.tally import telling_iterations
from labeille.crashes.frames import PythonFrame, telling_python
from labeille.results.freethreading import Breakage, IterationStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeille.results.freethreading import (
        FreeThreadedRecord,
        Iteration,
        TestTally,
        ThreadStack,
        TsanReport,
    )

#: Things and how often each was seen, the most frequent first.
Counts = tuple[tuple[str, int], ...]


class Sameness(enum.StrEnum):
    """Whether what was seen several times was the same each time."""

    SAME = "same"
    VARIED = "varied"
    ONCE = "once"  # seen but once, so nothing to compare
    UNKNOWN = "unknown"  # nothing was noted of it


class Cluster(enum.StrEnum):
    """Where the failures of a package fall."""

    ONE_TEST = "one test"  # in one and the same test each time
    TOGETHER = "the same tests together"
    SHARED = "one test and others"  # one test is always among those that fail
    SPREAD = "varied tests"
    NONE = "no test"  # no failing test is known


@dataclass(frozen=True, kw_only=True)
class FlakyTest:
    """One test that failed at least once.

    ``ways`` are the signatures of its failures. ``places`` are the tests that ran before it when it
    failed, ``order`` whether that and its position were the same each time. ``threads`` are those
    that raised. ``endings`` count iterations that crashed or hung in it. ``tally`` has the counts
    with the GIL, where there are any, and the verdict.
    """

    name: str
    rate: FailureRate
    ways: Counts
    manner: Sameness
    places: Counts
    order: Sameness
    threads: Counts
    endings: Counts
    tally: TestTally


@dataclass(frozen=True, kw_only=True)
class StressTest:
    """One test that failed when several threads ran it at once; ``ways`` as of a FlakyTest."""

    name: str
    rate: FailureRate
    ways: Counts


@dataclass(frozen=True, kw_only=True)
class FlakyPackage:
    """One package whose suite failed at least once without the GIL.

    ``endings`` count how its iterations ended, ``reasons`` say what is known of those that failed
    without naming a test. ``crashes`` are the signatures, ``deadlocks`` the lines where the threads
    stood, each with how often. ``stress`` counts the iterations with each test in several threads
    at once, where that was tried; ``stress_tests`` are what failed in them.
    """

    record: FreeThreadedRecord
    rate: FailureRate
    endings: Counts
    reasons: Counts
    tests: tuple[FlakyTest, ...]
    cluster: Cluster
    crashes: Counts
    deadlocks: Counts
    stress: FailureRate | None = None
    stress_tests: tuple[StressTest, ...] = ()

    @property
    def name(self) -> str:
        return self.record.package

    @property
    def crashes_agree(self) -> Sameness:
        return sameness(self.crashes)

    @property
    def deadlocks_agree(self) -> Sameness:
        return sameness(self.deadlocks)

    @property
    def races(self) -> tuple[TsanReport, ...]:
        """What ThreadSanitizer reported, the most frequent first."""
        return tuple(sorted(self.record.tsan_reports, key=lambda each: -each.count))

    @property
    def only_free_threading(self) -> tuple[FlakyTest, ...]:
        """The tests that fail more often without the GIL than chance explains."""
        return tuple(test for test in self.tests if test.tally.breakage is Breakage.FREE_THREADING)


def flaky_packages(records: Iterable[FreeThreadedRecord]) -> list[FlakyPackage]:
    """The packages of which something failed, intermittent ones first, then by how often."""
    found = [_package(record) for record in records]
    failed = [each for each in found if each.rate.failures or each.races or _stressed(each)]
    return sorted(
        failed, key=lambda each: (not each.rate.is_intermittent, -each.rate.rate, each.name)
    )


def sameness(counts: Counts) -> Sameness:
    """Whether what is counted is one and the same."""
    if not counts:
        return Sameness.UNKNOWN
    if len(counts) > 1:
        return Sameness.VARIED
    return Sameness.SAME if counts[0][1] > 1 else Sameness.ONCE


def _stressed(package: FlakyPackage) -> bool:
    return package.stress is not None and package.stress.failures > 0


def _package(record: FreeThreadedRecord) -> FlakyPackage:
    telling = telling_iterations(record.iterations)
    bad = [each for each in telling if each.status is not IterationStatus.PASS]
    stress = telling_iterations(record.stress_iterations)
    stress_bad = [each for each in stress if each.status is not IterationStatus.PASS]
    tests = tuple(_test(name, tally, bad) for name, tally in _tallies(record).items())
    return FlakyPackage(
        record=record,
        rate=package_rate(record),
        endings=_counted(each.status.value for each in telling),
        reasons=_counted(_reason(each) for each in bad if not failed_in(each)),
        tests=tests,
        cluster=_cluster(bad),
        crashes=_counted(each.crash_signature for each in bad if each.crash_signature),
        deadlocks=_counted(
            _standing(each.stacks) for each in bad if each.status is IterationStatus.DEADLOCK
        ),
        stress=FailureRate(len(stress_bad), len(stress)) if stress else None,
        stress_tests=_stress_tests(stress_bad, len(stress)),
    )


def _reason(iteration: Iteration) -> str | None:
    """Why an iteration that names no test did not pass, if it is no crash and no hang."""
    if iteration.crash_signature or iteration.status is IterationStatus.DEADLOCK:
        return None
    said = [iteration.reason or f"exit code {iteration.exit_code}", iteration.last_output_line]
    return ": ".join(dict.fromkeys(filter(None, said)))


def _stress_tests(bad: Sequence[Iteration], runs: int) -> tuple[StressTest, ...]:
    """What failed under stress, the most frequent first."""
    counts = _counted(name for iteration in bad for name in failed_in(iteration))
    return tuple(
        StressTest(
            name=name,
            rate=FailureRate(count, runs),
            ways=_counted(iteration.failed_tests.get(name) for iteration in bad),
        )
        for name, count in counts
    )


def _tallies(record: FreeThreadedRecord) -> dict[str, TestTally]:
    """The tests that failed without the GIL; those that fail with it alone are another story."""
    return {name: tally for name, tally in tallies(record).items() if tally.passes < tally.runs}


def _test(name: str, tally: TestTally, bad: Sequence[Iteration]) -> FlakyTest:
    failed = [iteration for iteration in bad if name in iteration.failing]
    details = [each for i in failed if (each := i.failure_details.get(name)) is not None]
    ways = _counted(i.failed_tests.get(name) for i in failed)
    places = _counted(
        each.previous or "the first test" for each in details if each.position is not None
    )
    positions = _counted(str(each.position) for each in details if each.position is not None)
    ended = [i for i in bad if i.running_test == name and name not in i.failing]
    return FlakyTest(
        name=name,
        rate=FailureRate(tally.runs - tally.passes, tally.runs),
        ways=ways,
        manner=sameness(ways),
        places=places,
        order=sameness(places if len(places) > 1 else positions),
        threads=_counted(each.thread for each in details if each.thread),
        endings=_counted(i.status.value for i in ended),
        tally=tally,
    )


def _cluster(bad: Sequence[Iteration]) -> Cluster:
    """Where failures fall, by the sets of tests that failed together."""
    groups = [frozenset(failed) for iteration in bad if (failed := failed_in(iteration))]
    if not groups:
        return Cluster.NONE
    if len(set(groups)) == 1:
        return Cluster.ONE_TEST if len(groups[0]) == 1 else Cluster.TOGETHER
    return Cluster.SHARED if frozenset.intersection(*groups) else Cluster.SPREAD


def _standing(stacks: Iterable[ThreadStack]) -> str:
    """Where the threads of a hang stood: each one's innermost telling line, in an order of its own.

    "nowhere" where no stack was left.
    """
    places = set()
    for stack in stacks:
        frames = [PythonFrame(frame.file, frame.function) for frame in stack.frames]
        tokens = telling_python(frames)
        if tokens:
            places.add(tokens[0])
    return " | ".join(sorted(places)) or "nowhere"


def _counted(values: Iterable[str | None]) -> Counts:
    counts = Counter(value for value in values if value)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
