"""The hunt: every selected package's suite once on the target, and a verdict for each."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.disk import refuse_full_disk
from labeille.errors import Interrupted, ResultsError
from labeille.pipeline.keep import broken_record, failed_record, note_incomplete, tested_record
from labeille.pipeline.prepare import Unprepared, prepare
from labeille.pipeline.schedule import Settled, Steps, run_steps
from labeille.pipeline.scratch import sweep_scratch
from labeille.pipeline.trial import Prepared, run_trial
from labeille.pipeline.verdict import judge_failure, judge_trial
from labeille.results.model import Record, Status
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.campaigns.plan import HuntPlan
    from labeille.pipeline.job import Job, PipelineSettings
    from labeille.results.directory import RunDirectory
    from labeille.supervision.cancellation import Cancellation


class Progress(Protocol):
    """Who wants to know how a hunt goes; called from its worker threads."""

    def preparing(self, job: Job) -> None:
        """The job's checkout and environment are being got."""

    def testing(self, prepared: Prepared) -> None:
        """The job's suite has been started."""

    def finished(self, record: Record) -> None:
        """The job has its record, and the record is on disk."""


def hunt(plan: HuntPlan, *, progress: Progress, cancel: Cancellation) -> Iterator[Record]:
    """Test every job and yield its record once that is kept in the run.

    One package's trouble never stops the others. Raises Interrupted when ``cancel`` ends it, and
    ResultsError when records can no longer be kept.
    """
    campaign = plan.campaign
    sweep_scratch(campaign.settings.work_dir)
    worker = _Worker(campaign.run, campaign.settings, progress, cancel)
    crashes = 0
    results = run_steps(plan.jobs, worker.steps(), slots=campaign.slots, cancel=cancel)
    with contextlib.closing(results):
        for record in results:
            yield record
            crashes += record.status is Status.CRASH
            if plan.stop_after_crash is not None and crashes >= plan.stop_after_crash:
                plan.run.log(f"stopped after {crashes} crashes")
                return


class _Worker:
    """One hunt's two steps, with the guard that keeps one package from stopping the others."""

    def __init__(
        self,
        run: RunDirectory,
        settings: PipelineSettings,
        progress: Progress,
        cancel: Cancellation,
    ) -> None:
        self._run = run
        self._settings = settings
        self._progress = progress
        self._cancel = cancel

    def steps(self) -> Steps[Job, Prepared, Record]:
        return Steps(prepare=self.prepare, test=self.test)

    def prepare(self, job: Job) -> Prepared | Settled[Record]:
        self._progress.preparing(job)
        try:
            log_dir = self._run.log_dir(job.name)
            result = prepare(job, self._settings, log_dir, cancel=self._cancel)
            if isinstance(result, Unprepared):
                verdict = judge_failure(result.error)
                self._run.log(f"{job.name}: {verdict.status}: {verdict.reason}")
                record = failed_record(result, verdict, self._run, self._settings)
                return Settled(self._keep(record))
        except (Interrupted, ResultsError):
            raise
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            return Settled(self._keep(broken_record(job, error, self._run)))
        return result

    def test(self, prepared: Prepared) -> Record:
        self._progress.testing(prepared)
        job = prepared.job
        try:
            log_dir = self._run.log_dir(job.name, fresh=False)
            trial = run_trial(prepared, self._settings, log_dir, cancel=self._cancel)
            if trial.outcome.ending is Ending.CANCELLED:
                raise Interrupted("interrupted")
            note_incomplete(self._run, job.name, trial.outcome)
            verdict = judge_trial(trial, job.package.test_framework)
            record = tested_record(prepared, trial, verdict, self._run, self._settings)
        except (Interrupted, ResultsError):
            raise
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            record = broken_record(job, error, self._run)
        return self._keep(record)

    def _keep(self, record: Record) -> Record:
        """Put the record on disk, here in the worker's thread, where no signal comes between.

        Raises ResultsError instead where a full disk may be what the package stumbled over.
        """
        if record.status is not Status.PASS:
            refuse_full_disk(self._settings, self._run, record.package, record.status)
        self._run.append(record)
        self._progress.finished(record)
        return record
