"""The campaign: every selected package under each condition, compared and kept."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.differential.package import Compared, PackageTest
from labeille.campaigns.differential.slots import Slots
from labeille.campaigns.differential.trials import Trials
from labeille.campaigns.disk import refuse_full_disk
from labeille.errors import Interrupted, ResultsError
from labeille.pipeline.keep import broken_record, failed_record
from labeille.pipeline.prepare import Unprepared, prepare
from labeille.pipeline.schedule import Settled, Steps, run_steps
from labeille.pipeline.scratch import sweep_scratch
from labeille.pipeline.verdict import judge_failure
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.campaigns.differential.plan import DifferentialPlan
    from labeille.campaigns.differential.trials import Ran
    from labeille.pipeline.job import Job
    from labeille.pipeline.trial import Prepared
    from labeille.supervision.cancellation import Cancellation


class Progress(Protocol):
    """Who wants to know how a differential goes; called from its worker threads."""

    def preparing(self, job: Job) -> None:
        """The job's checkout and environment are being got."""

    def testing(self, prepared: Prepared) -> None:
        """The job's first trial is about to start."""

    def tried(self, ran: Ran, what: str) -> None:
        """A trial is over; ``what`` says which of its condition it was."""

    def finished(self, compared: Compared) -> None:
        """The job is through, and what came of it is on disk."""


def run_differential(
    plan: DifferentialPlan, *, progress: Progress, cancel: Cancellation
) -> Iterator[Compared]:
    """Compare every job and yield what came of it once that is kept in the run.

    One package's trouble never stops the others. Raises Interrupted when ``cancel`` ends it, and
    ResultsError when results can no longer be kept.
    """
    sweep_scratch(plan.campaign.settings.work_dir)
    worker = _Worker(plan, progress, cancel)
    steps = Steps(prepare=worker.prepare, test=worker.test)
    results = run_steps(plan.jobs, steps, slots=plan.campaign.slots, cancel=cancel)
    with contextlib.closing(results):
        yield from results


class _Worker:
    """The campaign's two steps, with the guard that keeps one package from stopping the others."""

    def __init__(self, plan: DifferentialPlan, progress: Progress, cancel: Cancellation) -> None:
        self._plan = plan
        self._run = plan.run
        self._settings = plan.campaign.settings
        self._progress = progress
        self._cancel = cancel
        self._slots = Slots(plan.campaign.slots, cancel)

    def prepare(self, job: Job) -> Prepared | Settled[Compared]:
        self._progress.preparing(job)
        try:
            log_dir = self._run.log_dir(job.name)
            result = prepare(job, self._settings, log_dir, cancel=self._cancel)
            if isinstance(result, Unprepared):
                verdict = judge_failure(result.error)
                self._run.log(f"{job.name}: {verdict.status}: {verdict.reason}")
                record = failed_record(result, verdict, self._run, self._settings)
                return Settled(self._keep(Compared(package=job.name, records=(record,))))
        except (Interrupted, ResultsError):
            raise
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            return Settled(self._keep(self._broken(job, error)))
        return result

    def test(self, prepared: Prepared) -> Compared:
        self._progress.testing(prepared)
        trials = Trials(
            prepared=prepared, settings=self._settings, run=self._run, cancel=self._cancel
        )
        try:
            compared = PackageTest(
                plan=self._plan, trials=trials, slots=self._slots, heard=self._progress.tried
            ).run()
        except (Interrupted, ResultsError):
            raise
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            compared = self._broken(prepared.job, error)
        return self._keep(compared)

    def _keep(self, compared: Compared) -> Compared:
        """Put it on disk, here in the worker's thread, where no signal comes between.

        The line comes last: a package without one is compared again by --skip-completed. Raises
        ResultsError instead where a full disk may be what the package stumbled over.
        """
        for record in compared.records:
            if record.status is not Status.PASS:
                refuse_full_disk(self._settings, self._run, record.package, record.status)
        for dropped in compared.dropped:
            self._run.log(
                f"{compared.package}: {dropped.test}: taken for {dropped.verdict} at first, and "
                f"dropped: {dropped.told}"
            )
        for record in compared.records:
            self._run.append(record)
        if compared.differential is not None:
            self._plan.lines.append(compared.differential)
        self._progress.finished(compared)
        return compared

    def _broken(self, job: Job, error: Exception) -> Compared:
        return Compared(package=job.name, records=(broken_record(job, error, self._run),))
