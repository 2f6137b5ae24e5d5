"""From a package's iterations to the numbers of its record: counts, tallies, verdicts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from labeille.campaigns.freethreading.category import Findings, categorize
from labeille.campaigns.freethreading.odds import judge
from labeille.crashes.tsan import merge_reports
from labeille.results.freethreading import Breakage, IterationStatus, TestTally
from labeille.suites.model import TestOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeille.campaigns.freethreading.iteration import Ended
    from labeille.results.freethreading import FreeThreadedRecord, Iteration

#: Signatures and tests that a record carries; the iterations have them all.
_KEPT_SIGNATURES = 100
_KEPT_TESTS = 1000

_MUTE = (IterationStatus.ERROR, IterationStatus.UNKNOWN)
#: Endings that the test running then has its part in.
_ENDED_IN_TEST = (IterationStatus.CRASH, IterationStatus.TIMEOUT, IterationStatus.DEADLOCK)


def with_iterations(
    record: FreeThreadedRecord, plain: Sequence[Ended], *, gil_fallback: bool
) -> FreeThreadedRecord:
    """The record with its plain iterations, and every number and verdict that they alone give."""
    iterations = tuple(ended.iteration for ended in plain)
    telling = telling_iterations(iterations)
    statuses = Counter(iteration.status for iteration in telling)
    seconds = [iteration.duration_s for iteration in telling]
    reports = merge_reports(report for ended in plain for report in ended.tsan_reports)
    tallies = test_tallies(plain, ())
    findings = Findings(
        statuses=tuple(iteration.status for iteration in iterations),
        tsan_warnings=bool(reports),
        gil_fallback=gil_fallback,
    )
    return msgspec.structs.replace(
        record,
        category=categorize(findings),
        iterations=iterations,
        iterations_completed=len(telling),
        pass_count=statuses[IterationStatus.PASS],
        fail_count=statuses[IterationStatus.FAIL],
        crash_count=statuses[IterationStatus.CRASH],
        timeout_count=statuses[IterationStatus.TIMEOUT],
        deadlock_count=statuses[IterationStatus.DEADLOCK],
        error_count=len(iterations) - len(telling),
        tsan_warning_iterations=sum(bool(iteration.tsan_warnings) for iteration in iterations),
        pass_rate=pass_rate(iterations) or 0.0,
        mean_duration_s=round(sum(seconds) / len(seconds), 3) if seconds else 0.0,
        failure_signatures=failure_signatures(iterations),
        tsan_warning_types=tuple(sorted({report.type for report in reports})),
        tsan_reports=reports,
        flaky_tests={
            name: tally.runs - tally.passes for name, tally in tallies.items() if tally.passes
        },
        tests=tallies,
        reason=_commonest_reason(iterations),
    )


def with_comparison(
    record: FreeThreadedRecord, plain: Sequence[Ended], gil: Sequence[Ended]
) -> FreeThreadedRecord:
    """The record with the iterations under PYTHON_GIL=1 and what the comparison says.

    A test that only free threading breaks makes that the package's verdict, whatever else was
    broken before.
    """
    iterations = tuple(ended.iteration for ended in gil)
    tests = {name: judge(tally) for name, tally in test_tallies(plain, gil).items()}
    verdict = judge(package_tally(plain, gil))
    for tally in tests.values():
        if verdict.breakage is not Breakage.FREE_THREADING is tally.breakage:
            verdict = tally
    return msgspec.structs.replace(
        record,
        gil_enabled_iterations=iterations,
        gil_enabled_pass_rate=pass_rate(iterations),
        breakage=verdict.breakage,
        breakage_p_value=verdict.p_value,
        tests=tests,
    )


def _commonest_reason(iterations: Iterable[Iteration]) -> str | None:
    """Why most iterations ended as they did, where their statuses do not say it."""
    silent = (IterationStatus.CRASH, IterationStatus.DEADLOCK, IterationStatus.TIMEOUT)
    reasons = Counter(
        iteration.reason
        for iteration in iterations
        if iteration.reason and iteration.status not in silent
    )
    return reasons.most_common(1)[0][0] if reasons else None


def package_tally(plain: Sequence[Ended], gil: Sequence[Ended]) -> TestTally:
    """How often the whole suite passed, with the GIL off and on."""
    off = [e.iteration.status for e in plain if e.iteration.status not in _MUTE]
    on = [e.iteration.status for e in gil if e.iteration.status not in _MUTE]
    return TestTally(
        passes=off.count(IterationStatus.PASS),
        runs=len(off),
        gil_passes=on.count(IterationStatus.PASS),
        gil_runs=len(on),
    )


def test_tallies(plain: Sequence[Ended], gil: Sequence[Ended]) -> dict[str, TestTally]:
    """A tally of each test that failed at least once with the GIL off, or on; most failures first.

    The test that runs when an iteration crashes, stalls or takes too long has not passed.
    """
    off, on = _Count(plain), _Count(gil)
    names = {*off.failures, *on.failures}
    order = sorted(names, key=lambda name: (-off.failures[name], -on.failures[name], name))
    return {
        name: TestTally(
            passes=off.passes(name),
            runs=off.passes(name) + off.failures[name],
            gil_passes=on.passes(name),
            gil_runs=on.passes(name) + on.failures[name],
        )
        for name in order[:_KEPT_TESTS]
    }


test_tallies.__test__ = False  # type: ignore[attr-defined]  # no test, though pytest likes the name


class _Count:
    """How often each test passed and failed over some iterations."""

    def __init__(self, iterations: Iterable[Ended]) -> None:
        self.failures: Counter[str] = Counter()
        self._passes: Counter[str] = Counter()
        self._unlisted: list[set[str]] = []
        for ended in iterations:
            if ended.iteration.status not in _MUTE:
                self._add(ended)

    def passes(self, name: str) -> int:
        """How often a test passed.

        Where an iteration that came to its end has no per-test log (unittest's), whatever did not
        fail counts as passed.
        """
        return self._passes[name] + sum(name not in failed for failed in self._unlisted)

    def _add(self, ended: Ended) -> None:
        iteration = ended.iteration
        failed = set(iteration.failing)
        broke_off = iteration.status in _ENDED_IN_TEST
        if iteration.running_test is not None and broke_off:
            failed.add(iteration.running_test)
        self.failures.update(failed)
        if not ended.outcomes and iteration.counts is not None and not broke_off:
            self._unlisted.append(failed)
        self._passes.update(
            name
            for name, outcome in ended.outcomes.items()
            if outcome is TestOutcome.PASSED and name not in failed
        )


def telling_iterations(iterations: Iterable[Iteration]) -> tuple[Iteration, ...]:
    """The iterations that say something of the package."""
    return tuple(iteration for iteration in iterations if iteration.status not in _MUTE)


def pass_rate(iterations: Iterable[Iteration]) -> float | None:
    """The share of iterations that passed, None where none says anything."""
    telling = telling_iterations(iterations)
    if not telling:
        return None
    passes = sum(iteration.status is IterationStatus.PASS for iteration in telling)
    return round(passes / len(telling), 6)


def failure_signatures(iterations: Sequence[Iteration]) -> tuple[str, ...]:
    """Crashes' signatures, then those of failing tests, each once, the most frequent first."""
    crashes = Counter(
        iteration.crash_signature for iteration in iterations if iteration.crash_signature
    )
    failures = Counter(
        signature for iteration in iterations for signature in iteration.failed_tests.values()
    )
    ordered = [signature for counts in (crashes, failures) for signature, _ in counts.most_common()]
    return tuple(dict.fromkeys(ordered))[:_KEPT_SIGNATURES]
