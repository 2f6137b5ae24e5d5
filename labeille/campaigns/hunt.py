"""The hunt: every selected package's suite once on the target, and a verdict for each."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.disk import refuse_full_disk
from labeille.campaigns.worker import Beginning, Worker
from labeille.errors import Interrupted
from labeille.pipeline.keep import note_incomplete, tested_record
from labeille.pipeline.trial import Prepared, run_trial
from labeille.pipeline.verdict import judge_trial
from labeille.results.model import Record, Status
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.campaigns.plan import HuntPlan
    from labeille.pipeline.prepare import Unprepared
    from labeille.supervision.cancellation import Cancellation


class Progress(Beginning, Protocol):
    """Who wants to know how a hunt goes; called from its worker threads."""

    def finished(self, record: Record) -> None:
        """The job has its record, and the record is on disk."""


def hunt(plan: HuntPlan, *, progress: Progress, cancel: Cancellation) -> Iterator[Record]:
    """Test every job and yield its record once that is kept in the run.

    One package's trouble never stops the others. Raises Interrupted when ``cancel`` ends it, and
    ResultsError when records can no longer be kept.
    """
    worker = _Hunter(plan, progress, cancel)
    crashes = 0
    with contextlib.closing(worker.work(plan.jobs, slots=plan.campaign.slots)) as records:
        for record in records:
            yield record
            crashes += record.status is Status.CRASH
            if plan.stop_after_crash is not None and crashes >= plan.stop_after_crash:
                plan.run.log(f"stopped after {crashes} crashes")
                return


class _Hunter(Worker[Record]):
    def __init__(self, plan: HuntPlan, progress: Progress, cancel: Cancellation) -> None:
        super().__init__(plan.campaign, progress, cancel)
        self._progress = progress

    def test(self, prepared: Prepared) -> Record:
        job = prepared.job
        log_dir = self.run.log_dir(job.name, fresh=False)
        trial = run_trial(prepared, self.settings, log_dir, cancel=self.cancel)
        if trial.outcome.ending is Ending.CANCELLED:
            raise Interrupted("interrupted")
        note_incomplete(self.run, job.name, trial.outcome)
        verdict = judge_trial(trial, job.package.test_framework)
        return tested_record(prepared, trial, verdict, self.run, self.settings)

    def unprepared(self, unprepared: Unprepared, record: Record) -> Record:  # noqa: ARG002
        return record

    def broken(self, record: Record) -> Record:
        return record

    def keep(self, result: Record) -> None:
        if result.status is not Status.PASS:
            refuse_full_disk(self.settings, self.run, result.package, result.status)
        self.run.append(result)
        self._progress.finished(result)
