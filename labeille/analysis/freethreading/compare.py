"""Two free-threaded runs: whose category, pass rate or failures changed."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.analysis.freethreading.rates import FailureRate, package_rate
from labeille.analysis.freethreading.tallies import tallies
from labeille.campaigns.freethreading.odds import SIGNIFICANCE
from labeille.campaigns.freethreading.statistics import different_rates
from labeille.results.freethreading import Category

if TYPE_CHECKING:
    from labeille.analysis.freethreading.runs import FreeThreadedRun
    from labeille.results.freethreading import FreeThreadedRecord

#: From the best to the worst; what was not tested is neither.
_RANKS = {
    Category.COMPATIBLE: 0,
    Category.COMPATIBLE_GIL_FALLBACK: 1,
    Category.INTERMITTENT: 2,
    Category.TSAN_WARNINGS: 3,
    Category.INCOMPATIBLE: 4,
    Category.DEADLOCK: 5,
    Category.CRASH: 6,
}


class Direction(enum.StrEnum):
    """What became of a package from one run to the other."""

    WORSE = "worse"
    BETTER = "better"
    CHANGED = "changed"  # another category, and one of the two says nothing of free threading
    SAME = "same"


class TroubleKind(enum.StrEnum):
    """What it is that came or went."""

    TEST = "test"
    CRASH = "crash"
    RACE = "race"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What one of two runs showed and the other did not.

    ``name`` is a test's id, a crash's signature or the key of a report of ThreadSanitizer. ``rate``
    is how often it showed. ``luck`` is the chance of not seeing it in as many runs as the other had
    if it is there as often: what was seen once in ten runs stays away in ten others by a chance of
    0.35.
    """

    kind: TroubleKind
    name: str
    rate: FailureRate
    luck: float


@dataclass(frozen=True, kw_only=True)
class PackageChange:
    """One package in both runs.

    ``p_value`` is that of Fisher's exact test, two-sided, on the two pass counts. ``new`` and
    ``resolved`` are what fails in the one run alone.
    """

    before: FreeThreadedRecord
    after: FreeThreadedRecord
    rate_before: FailureRate
    rate_after: FailureRate
    p_value: float
    new: tuple[Trouble, ...] = ()
    resolved: tuple[Trouble, ...] = ()

    @property
    def name(self) -> str:
        return self.after.package

    @property
    def direction(self) -> Direction:
        """By the categories; where these agree, by the pass rates if they differ significantly."""
        old, new = self.before.category, self.after.category
        if old is not new:
            if old not in _RANKS or new not in _RANKS:
                return Direction.CHANGED
            return Direction.WORSE if _RANKS[new] > _RANKS[old] else Direction.BETTER
        if not self.is_significant:
            return Direction.SAME
        worse = self.rate_after.rate > self.rate_before.rate
        return Direction.WORSE if worse else Direction.BETTER

    @property
    def is_significant(self) -> bool:
        """Whether the pass rates differ more than chance explains in one of twenty cases."""
        return self.p_value <= SIGNIFICANCE

    @property
    def rate_changed(self) -> bool:
        """Whether the pass rates differ at all, where both suites were run."""
        both = self.rate_before.runs and self.rate_after.runs
        return bool(both) and self.rate_before.rate != self.rate_after.rate

    @property
    def is_remarkable(self) -> bool:
        return self.direction is not Direction.SAME or bool(self.new or self.resolved)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs; ``changes`` has a package each that is in both, the worse ones first."""

    before: FreeThreadedRun
    after: FreeThreadedRun
    changes: tuple[PackageChange, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    @property
    def transitions(self) -> list[tuple[Category, Category, int]]:
        """How many packages went from which category to which other one, the most first."""
        counts = Counter((each.before.category, each.after.category) for each in self.changes)
        moved = [(old, new, count) for (old, new), count in counts.items() if old is not new]
        return sorted(moved, key=lambda move: (-move[2], move[0], move[1]))

    @property
    def caveats(self) -> tuple[str, ...]:
        """What makes the two runs differ beside time, in sentences."""
        old, new = self.before.meta, self.after.meta
        said = []
        if old.target_id and new.target_id and old.target_id != new.target_id:
            said.append("the runs are of different targets")
        if old.env_overrides != new.env_overrides:
            said.append("the runs have different variables")
        said += [
            f"{run.run_id} has {len(run.records)} of {run.planned} packages"
            for run in (self.before, self.after)
            if run.unfinished
        ]
        versions = sum(
            _version(each.before) != _version(each.after)
            for each in self.changes
            if _version(each.before) and _version(each.after)
        )
        if versions:
            said.append(f"{versions} packages are of another version or revision")
        return tuple(said)


def compare_runs(before: FreeThreadedRun, after: FreeThreadedRun) -> Comparison:
    """What changed from one run to another."""
    both = [name for name in after.records if name in before.records]
    changes = [_change(before.records[name], after.records[name]) for name in both]
    order = list(Direction)
    changes.sort(key=lambda each: (order.index(each.direction), each.name))
    return Comparison(
        before=before,
        after=after,
        changes=tuple(changes),
        only_before=tuple(sorted(before.records.keys() - after.records.keys())),
        only_after=tuple(sorted(after.records.keys() - before.records.keys())),
    )


def _change(before: FreeThreadedRecord, after: FreeThreadedRecord) -> PackageChange:
    old, new = package_rate(before), package_rate(after)
    had, has = _troubles(before), _troubles(after)
    return PackageChange(
        before=before,
        after=after,
        rate_before=old,
        rate_after=new,
        p_value=different_rates(old.failures, old.runs, new.failures, new.runs),
        new=_alone(has, had, old.runs),
        resolved=_alone(had, has, new.runs),
    )


def _alone(
    shown: dict[tuple[TroubleKind, str], FailureRate],
    other: dict[tuple[TroubleKind, str], FailureRate],
    other_runs: int,
) -> tuple[Trouble, ...]:
    """What only one of two runs showed; to have shown nothing, the other must have run at all."""
    if not other_runs:
        return ()
    return tuple(
        Trouble(kind=key[0], name=key[1], rate=rate, luck=(1 - rate.rate) ** other_runs)
        for key, rate in shown.items()
        if key not in other
    )


def _troubles(record: FreeThreadedRecord) -> dict[tuple[TroubleKind, str], FailureRate]:
    """What fails in a package without the GIL, each thing by its identity, and how often."""
    runs = package_rate(record).runs
    crashes = Counter(i.crash_signature for i in record.iterations if i.crash_signature)
    found = {
        (TroubleKind.CRASH, signature): FailureRate(count, runs)
        for signature, count in crashes.items()
    }
    for name, tally in tallies(record).items():
        if tally.passes < tally.runs:
            found[TroubleKind.TEST, name] = FailureRate(tally.runs - tally.passes, tally.runs)
    for report in record.tsan_reports:
        seen = min(len(report.iterations) or 1, runs)
        found[TroubleKind.RACE, report.key] = FailureRate(seen, runs)
    return found


def _version(record: FreeThreadedRecord) -> str | None:
    return record.commit or record.sdist_version or record.package_version
