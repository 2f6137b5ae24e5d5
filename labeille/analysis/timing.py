"""Which suites became slower or faster by more than a machine's noise.

The rule, which docs/analysis.md explains. Only suites that came to their end in both runs, with
about as many tests, are compared. What made a whole run slower (another machine, a busy one) is
the median of all ratios, and a change has to show both with it taken out and without. It counts if
it is large enough to matter and larger than what the suite does by itself: where durations of the
same source on the same target are known from other runs, it has to lie well outside of them; where
none are, the bar is higher.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.results.model import Record, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: What a change has to be without repeats: a factor, and seconds.
FACTOR = 1.5
SECONDS = 2.0
#: The same where REPEATS durations or more are known.
FACTOR_KNOWN = 1.2
SECONDS_KNOWN = 1.0
REPEATS = 3
#: How far outside of the known durations it has to lie, as a share of their span.
BEYOND_SPAN = 0.5

#: Suites with fewer seconds say nothing of how fast a run was as a whole, and pairs of suites
#: below this number say too little.
TELLING_SECONDS = 1.0
TELLING_PAIRS = 10

#: Share by which the number of tests may differ for durations to be comparable.
SAME_TESTS = 0.1


@dataclass(frozen=True, kw_only=True)
class Timing:
    """A suite whose duration changed beyond noise; durations in seconds.

    ``ratio`` is after to before, with what the run as a whole is slower taken out. ``repeats`` are
    the durations known from other runs. ``cpu_ratio`` is the same of CPU time, None where it was
    not recorded: a suite that took as much as before waited, or its machine was busy.
    """

    package: str
    before: float
    after: float
    ratio: float
    repeats: tuple[float, ...] = ()
    cpu_ratio: float | None = None

    @property
    def only_waited(self) -> bool:
        """Whether the CPU time is known, and did not change with the duration."""
        return self.cpu_ratio is not None and 1 / FACTOR_KNOWN < self.cpu_ratio < FACTOR_KNOWN

    @property
    def slower(self) -> bool:
        return self.ratio > 1


@dataclass(frozen=True, kw_only=True)
class Timings:
    """All changes beyond noise, the largest factor first.

    ``run_ratio`` is how much slower the later run was as a whole, by the median of ``compared``
    suites; 1 where too few tell.
    """

    changes: tuple[Timing, ...] = ()
    run_ratio: float = 1.0
    compared: int = 0


def compare_timings(
    pairs: Iterable[tuple[Record, Record]], repeats: Mapping[str, Sequence[float]]
) -> Timings:
    """Compare the durations of records, before and after, of the same packages.

    ``repeats`` are durations in seconds of other runs of the earlier records' sources on their
    target, by package.
    """
    comparable = [pair for pair in pairs if _comparable(*pair)]
    ratios = [
        after.duration_seconds / before.duration_seconds
        for before, after in comparable
        if before.duration_seconds >= TELLING_SECONDS
    ]
    run_ratio = statistics.median(ratios) if len(ratios) >= TELLING_PAIRS else 1.0
    changes = []
    for before, after in comparable:
        known = tuple(repeats.get(before.package, ()))
        timing = _beyond_noise(before, after, run_ratio, known)
        if timing is not None:
            changes.append(timing)
    changes.sort(key=lambda timing: -max(timing.ratio, 1 / timing.ratio))
    return Timings(changes=tuple(changes), run_ratio=run_ratio, compared=len(comparable))


def _comparable(before: Record, after: Record) -> bool:
    ended = (Status.PASS, Status.FAIL)
    if before.status not in ended or after.status not in ended:
        return False
    if before.duration_seconds <= 0 or after.duration_seconds <= 0:
        return False
    if before.tests is None or after.tests is None:
        return True
    then, now = before.tests.total, after.tests.total
    return abs(then - now) <= SAME_TESTS * max(then, now)


def _beyond_noise(
    before: Record, after: Record, run_ratio: float, repeats: tuple[float, ...]
) -> Timing | None:
    known = (*repeats, before.duration_seconds)
    usual = statistics.median(known)
    # As it was measured, and as it would have been in a run as fast as the earlier one: what only
    # one of the two shows is no more than a guess.
    ratios = (after.duration_seconds / usual, after.duration_seconds / run_ratio / usual)
    if min(ratios) <= 1 <= max(ratios):
        return None
    ratio = min(ratios, key=lambda each: max(each, 1 / each))
    now = ratio * usual
    factor, seconds, outside = FACTOR, SECONDS, True
    if len(known) >= REPEATS:
        factor, seconds = FACTOR_KNOWN, SECONDS_KNOWN
        beyond = BEYOND_SPAN * (max(known) - min(known))
        outside = not min(known) - beyond <= now <= max(known) + beyond
    if not outside or max(ratio, 1 / ratio) < factor or abs(now - usual) < seconds:
        return None
    return Timing(
        package=before.package,
        before=usual,
        after=after.duration_seconds,
        ratio=ratio,
        repeats=repeats,
        cpu_ratio=_ratio(before.cpu_seconds, after.cpu_seconds),
    )


def _ratio(before: float | None, after: float | None) -> float | None:
    return after / before if before and after else None
