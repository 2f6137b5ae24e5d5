"""Compares two runs: package by package, signature by signature."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from labeille.analysis.compare import (
    Change,
    Comparison,
    TestChanges,
    came_through,
    compare,
    test_changes,
)
from labeille.analysis.inputs import (
    Difference,
    Differences,
    InRun,
    Sameness,
    canonical,
    condition_difference,
    condition_facts,
    differences,
    revision,
    target_difference,
    target_facts,
)
from labeille.analysis.timing import Timings, compare_timings
from labeille.results.model import Record, Status
from labeille.results.reading import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labeille.analysis.runs import StoredRun

#: How many other runs are looked at for a suite's usual duration, the newest first.
RUNS_FOR_TIMING = 10


@dataclass(frozen=True, kw_only=True)
class PackageComparison:
    """One package that both runs have a record of."""

    before: Record
    after: Record
    comparison: Comparison
    differences: Differences
    tests: TestChanges

    @property
    def package(self) -> str:
        return self.after.package

    @property
    def change(self) -> Change:
        return self.comparison.change

    @property
    def blames_interpreter(self) -> bool:
        """Whether it is likely a regression of the interpreter: it was tested before, and all that
        it was tested with is the same."""
        return (
            self.change.is_regression
            and self.before.status.is_final
            and self.differences.blames_interpreter
        )

    @property
    def is_change(self) -> bool:
        """Whether there is more to say of it than its duration."""
        return self.change is not Change.SAME or bool(self.tests)


class SignatureState(enum.StrEnum):
    """What became of a crash signature from one run to the next."""

    NEW = "new"
    GONE = "gone"
    NOT_TESTED = "not_tested"  # not all packages that showed it came through: nothing is known
    STAYS = "stays"


@dataclass(frozen=True, kw_only=True)
class SignatureChange:
    """A signature, and the packages that showed it: after, or before where it shows no more."""

    signature: str
    state: SignatureState
    packages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """Two runs side by side; ``packages`` are those that both have, the gravest change first.

    ``only_before`` and ``only_after`` are records of packages that the other run has none of.
    ``timings`` is None where nobody asked.
    """

    before: StoredRun
    after: StoredRun
    target: Difference
    condition: Difference
    packages: tuple[PackageComparison, ...]
    only_before: tuple[Record, ...]
    only_after: tuple[Record, ...]
    signatures: tuple[SignatureChange, ...]
    timings: Timings | None

    @property
    def counts(self) -> dict[Change, int]:
        """How many packages changed in which way; the gravest first."""
        counts = Counter(each.change for each in self.packages)
        return {change: counts[change] for change in Change if counts[change]}

    @property
    def same_machine(self) -> bool:
        """Whether durations are those of one machine, as far as the runs say."""
        return self.before.meta.hostname == self.after.meta.hostname


def compare_runs(
    before: StoredRun, after: StoredRun, *, timing: bool = True, others: Sequence[StoredRun] = ()
) -> RunComparison:
    """Compare two hunts.

    ``others`` are further runs, from which the usual durations of suites are read.
    """
    then = {canonical(name): record for name, record in before.records.items()}
    now = {canonical(name): record for name, record in after.records.items()}
    common = [name for name in now if name in then]
    packages = [_compare_package(before, then[name], after, now[name]) for name in common]
    order = list(Change)
    packages.sort(key=lambda each: (order.index(each.change), not each.tests, each.package))
    timings = None
    if timing:
        pairs = [(each.before, each.after) for each in packages]
        timings = compare_timings(pairs, _usual_durations(before, after, others))
    target = target_difference(target_facts(before.meta), target_facts(after.meta))
    return RunComparison(
        before=before,
        after=after,
        target=target,
        condition=condition_difference(
            condition_facts(before.meta),
            condition_facts(after.meta),
            same_target=target.sameness is Sameness.UNCHANGED,
        ),
        packages=tuple(packages),
        only_before=tuple(then[name] for name in sorted(then.keys() - now.keys())),
        only_after=tuple(now[name] for name in sorted(now.keys() - then.keys())),
        signatures=tuple(_signatures(then, now)),
        timings=timings,
    )


def _compare_package(
    before: StoredRun, then: Record, after: StoredRun, now: Record
) -> PackageComparison:
    return PackageComparison(
        before=then,
        after=now,
        comparison=compare(then, now),
        differences=differences(
            InRun(record=then, meta=before.meta), InRun(record=now, meta=after.meta)
        ),
        tests=test_changes(then, now),
    )


def _signatures(then: Mapping[str, Record], now: Mapping[str, Record]) -> Iterator[SignatureChange]:
    """What became of each signature: the new ones first, those that stay last."""
    before, after = _by_signature(then), _by_signature(now)
    for signature, packages in after.items():
        if signature not in before:
            yield _signature_change(signature, SignatureState.NEW, packages)
    for signature, packages in before.items():
        if signature not in after:
            # a suite that hangs, or crashes in another way, may not have come so far
            records = [now.get(name) for name in packages]
            through = all(record is not None and came_through(record.status) for record in records)
            state = SignatureState.GONE if through else SignatureState.NOT_TESTED
            yield _signature_change(signature, state, packages)
    for signature, packages in after.items():
        if signature in before:
            yield _signature_change(signature, SignatureState.STAYS, packages)


def _signature_change(
    signature: str, state: SignatureState, packages: Sequence[str]
) -> SignatureChange:
    return SignatureChange(signature=signature, state=state, packages=tuple(packages))


def _by_signature(records: Mapping[str, Record]) -> dict[str, list[str]]:
    """The packages that crashed, by signature; a crash without one is nobody's."""
    found: dict[str, list[str]] = {}
    for name, record in sorted(records.items()):
        if record.status is Status.CRASH and record.crash_signature:
            found.setdefault(record.crash_signature, []).append(name)
    return dict(sorted(found.items()))


class _Timed(msgspec.Struct):
    """The part of a record that says how long which source took."""

    package: str
    status: str
    duration_seconds: float | None = None
    git_revision: str | None = None
    sdist_version: str | None = None
    package_version: str | None = None


def _usual_durations(
    before: StoredRun, after: StoredRun, others: Sequence[StoredRun]
) -> dict[str, list[float]]:
    """How long the suites of ``before`` took in other runs of the same kind on the same machine.

    Only of the same source, and only where the suite came to its end. Keys are as ``before`` spells
    the packages.
    """
    known: dict[str, list[float]] = {}
    left = RUNS_FOR_TIMING
    for run in sorted(others, key=lambda run: run.started, reverse=True):
        if run.path in (before.path, after.path) or not _same_circumstances(before, run):
            continue
        for line in read_lines(run.lines_path, _Timed).items:
            record = before.records.get(line.package)
            ended = line.status in (Status.PASS, Status.FAIL)
            if record is None or not ended or not line.duration_seconds:
                continue
            source = line.git_revision or line.sdist_version or line.package_version
            if source and source == revision(record):
                known.setdefault(line.package, []).append(line.duration_seconds)
        left -= 1
        if not left:
            break
    return known


def _same_circumstances(one: StoredRun, other: StoredRun) -> bool:
    """Whether two runs' durations can be put side by side."""
    if one.kind is not other.kind or one.meta.hostname != other.meta.hostname:
        return False
    target = target_difference(target_facts(one.meta), target_facts(other.meta))
    condition = condition_difference(
        condition_facts(one.meta), condition_facts(other.meta), same_target=True
    )
    return target.sameness is condition.sameness is Sameness.UNCHANGED
