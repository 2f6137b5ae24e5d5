"""One package of the campaign: all its iterations in one environment, and its record."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from labeille.campaigns.freethreading.category import Findings, can_change
from labeille.campaigns.freethreading.iteration import Ended, Trials, run_iteration
from labeille.campaigns.freethreading.odds import can_change as verdict_can_change
from labeille.campaigns.freethreading.stress import (
    cannot_be_stressed,
    plain_options,
    stress_options,
)
from labeille.campaigns.freethreading.tally import (
    package_tally,
    pass_rate,
    test_tallies,
    with_comparison,
    with_iterations,
)
from labeille.pipeline.trial import test_command
from labeille.results.directory import timestamp
from labeille.results.freethreading import FreeThreadedRecord, IterationStatus, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from labeille.campaigns.freethreading.plan import FreeThreadedPlan
    from labeille.pipeline.job import PipelineSettings
    from labeille.pipeline.trial import Prepared
    from labeille.results.extension_compat import ExtensionCompat
    from labeille.results.freethreading import Iteration
    from labeille.supervision.cancellation import Cancellation

    #: Says why a series is over after the iterations that have ended, None to go on.
    Stop = Callable[[tuple[Ended, ...]], str | None]

#: Called with each iteration that has ended.
Heard = "Callable[[Series, Iteration], None]"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A series that is over: its iterations by index, and why it is shorter than planned."""

    ended: tuple[Ended, ...] = ()
    stopped: str | None = None


@dataclass(frozen=True, kw_only=True)
class PackageTest:
    """How one prepared package is taken through its iterations."""

    plan: FreeThreadedPlan
    prepared: Prepared
    heard: Callable[[Series, Iteration], None]
    cancel: Cancellation
    compat: ExtensionCompat | None = field(default=None)

    def run(self) -> FreeThreadedRecord:
        """All iterations, and the package's record. Raises Interrupted."""
        manner = self.plan.manner
        plain = self._series(Series.PLAIN, self._plain_is_over)
        record = msgspec.structs.replace(
            with_iterations(self._bare_record(), plain.ended, gil_fallback=self._gil_fallback),
            iterations_planned=manner.iterations,
            stopped_early=plain.stopped,
        )
        if manner.compare_with_gil:
            gil = self._series(Series.GIL, lambda ended: self._comparison_is_over(plain, ended))
            record = with_comparison(record, plain.ended, gil.ended)
        if manner.stress_threads is not None:
            record = self._stressed(record, manner.stress_threads)
        return record

    @property
    def _gil_fallback(self) -> bool:
        return self.compat is not None and self.compat.gil_fallback_active

    def _stressed(self, record: FreeThreadedRecord, threads: int) -> FreeThreadedRecord:
        why_not = cannot_be_stressed(self.prepared.job.package)
        if why_not is not None:
            return msgspec.structs.replace(record, stress_threads=threads, stress_reason=why_not)
        stress = self._series(Series.STRESS, lambda _: None)
        iterations = tuple(ended.iteration for ended in stress.ended)
        return msgspec.structs.replace(
            record,
            stress_threads=threads,
            stress_iterations=iterations,
            stress_pass_rate=pass_rate(iterations),
        )

    # When a series is over

    def _plain_is_over(self, ended: tuple[Ended, ...]) -> str | None:
        manner = self.plan.manner
        statuses = tuple(each.iteration.status for each in ended)
        if manner.stop_on_first_pass and IterationStatus.PASS in statuses:
            return "stopped at the first pass"
        if not manner.until_decided:
            return None
        findings = Findings(
            statuses=statuses,
            tsan_warnings=any(each.tsan_reports for each in ended),
            gil_fallback=self._gil_fallback,
        )
        if can_change(findings, manner.iterations - len(ended)):
            return None
        return f"decided after {len(ended)} of {manner.iterations} iterations"

    def _comparison_is_over(self, plain: Ran, ended: tuple[Ended, ...]) -> str | None:
        """With --until-decided, as soon as no further iteration can change a verdict."""
        if not self.plan.manner.until_decided:
            return None
        remaining = self.plan.manner.iterations - len(ended)
        tallies = (
            package_tally(plain.ended, ended),
            *test_tallies(plain.ended, ended).values(),
        )
        if any(verdict_can_change(tally, remaining) for tally in tallies):
            return None
        return "decided"

    # Series

    def _series(self, series: Series, stop: Stop) -> Ran:
        trials = self._trials(series)

        def run_one(index: int) -> Ended:
            ended = run_iteration(trials, index, cancel=self.cancel)
            self.heard(series, ended.iteration)
            return ended

        return run_series(
            run_one,
            self.plan.manner.iterations,
            at_once=self.plan.iterations_at_once,
            stop=stop,
        )

    def _trials(self, series: Series) -> Trials:
        plan, threads = self.plan, self.plan.manner.stress_threads
        stressed = series is Series.STRESS and threads is not None
        options = stress_options(threads or 1) if stressed else plain_options(threads)
        return Trials(
            prepared=self.prepared,
            settings=with_pytest_options(plan.campaign.settings, options),
            run=plan.run,
            series=series,
            condition=plan.gil if series is Series.GIL else plan.nogil,
            threads=threads if stressed else None,
            tsan=plan.manner.tsan,
            suppressions=plan.manner.tsan_suppressions,
        )

    def _bare_record(self) -> FreeThreadedRecord:
        job, environment = self.prepared.job, self.prepared.environment
        checkout, settings = self.prepared.checkout, self.plan.campaign.settings
        return FreeThreadedRecord(
            package=job.name,
            install_duration_s=round(environment.install_seconds, 3),
            commit=checkout.revision,
            extension_compat=self.compat,
            repo=settings.sources.repo_overrides.get(job.name) or job.package.repo,
            package_version=environment.package_version or checkout.version,
            requested_revision=job.revision,
            install_from=checkout.kind.value,
            sdist_version=checkout.version,
            source_note=checkout.note,
            install_command=job.package.install_command,
            test_command=test_command(self.prepared, settings),
            installed_dependencies=dict(environment.installed),
            installer_backend=environment.backend,
            env_overrides=dict(job.condition.env),
            target_id=job.target.target_id,
            timestamp=timestamp(),
        )


def with_pytest_options(settings: PipelineSettings, options: Iterable[str]) -> PipelineSettings:
    """The settings with further options for pytest."""
    trial = settings.trial
    every = (*trial.pytest_options, *options)
    return replace(settings, trial=replace(trial, pytest_options=every))


def run_series(run_one: Callable[[int], Ended], count: int, *, at_once: int, stop: Stop) -> Ran:
    """Run iterations 0 to ``count``, ``at_once`` of them at a time, until ``stop`` has a reason.

    ``stop`` is asked before the first one already. What has begun when it stops is still waited
    for, and kept.
    """
    done: dict[int, Ended] = {}
    running: set[Future[None]] = set()
    upcoming = iter(range(count))
    reason: str | None = None

    def run(index: int) -> None:
        done[index] = run_one(index)

    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="iteration") as pool:
        while True:
            if reason is None and len(done) < count:
                reason = stop(_in_order(done))
            while reason is None and len(running) < at_once:
                index = next(upcoming, None)
                if index is None:
                    break
                running.add(pool.submit(run, index))
            if not running:
                return Ran(ended=_in_order(done), stopped=reason)
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()


def _in_order(done: dict[int, Ended]) -> tuple[Ended, ...]:
    return tuple(done[index] for index in sorted(done))
