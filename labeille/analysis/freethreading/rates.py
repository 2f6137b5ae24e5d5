"""How often something fails: the rate, what is known of it, and how many runs would show it."""

from __future__ import annotations

from dataclasses import dataclass

from labeille.campaigns.freethreading.statistics import Interval, rate_interval, runs_to_catch
from labeille.campaigns.freethreading.tally import telling_iterations
from labeille.results.freethreading import FreeThreadedRecord, IterationStatus


@dataclass(frozen=True, slots=True)
class FailureRate:
    """``failures`` of ``runs``: a rate, its interval, and the runs that would show a failure."""

    failures: int
    runs: int

    @property
    def rate(self) -> float:
        """0 to 1; 0 without runs."""
        return self.failures / self.runs if self.runs else 0.0

    @property
    def is_intermittent(self) -> bool:
        """Whether it failed in some runs and not in others."""
        return 0 < self.failures < self.runs

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the rate (Clopper-Pearson)."""
        return rate_interval(self.failures, self.runs)

    @property
    def to_catch(self) -> int | None:
        """The runs that show a failure with 99 % if the rate is as measured; None for never."""
        return runs_to_catch(self.rate)

    @property
    def to_catch_at_worst(self) -> int | None:
        """The same if the rate is at the lower end of its interval."""
        return runs_to_catch(self.interval.low)


def package_rate(record: FreeThreadedRecord) -> FailureRate:
    """How many of a package's plain iterations did not pass.

    From the iterations, or where a record has none from its counts.
    """
    telling = telling_iterations(record.iterations)
    if telling:
        passes = sum(iteration.status is IterationStatus.PASS for iteration in telling)
        return FailureRate(len(telling) - passes, len(telling))
    runs = max(record.iterations_completed, record.pass_count)
    return FailureRate(runs - record.pass_count, runs)
