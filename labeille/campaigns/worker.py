"""What every campaign does with a package: prepare it, test it, keep what came of it."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from labeille.errors import Interrupted, ResultsError
from labeille.pipeline.keep import broken_record, failed_record
from labeille.pipeline.prepare import Unprepared, prepare
from labeille.pipeline.schedule import Settled, Steps, run_steps
from labeille.pipeline.scratch import sweep_scratch
from labeille.pipeline.verdict import judge_failure

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from labeille.campaigns.campaign import Campaign
    from labeille.pipeline.job import Job
    from labeille.pipeline.trial import Prepared
    from labeille.results.model import Record
    from labeille.supervision.cancellation import Cancellation

Result = TypeVar("Result")


class Beginning(Protocol):
    """Who wants to know what a campaign begins with; called from its worker threads."""

    def preparing(self, job: Job) -> None:
        """The job's checkout and environment are being got."""

    def testing(self, prepared: Prepared) -> None:
        """The job's first trial is about to start."""


class Worker(ABC, Generic[Result]):
    """A campaign's two steps, with the guard that keeps one package from stopping the others."""

    def __init__(self, campaign: Campaign, progress: Beginning, cancel: Cancellation) -> None:
        self.run = campaign.run
        self.settings = campaign.settings
        self.cancel = cancel
        self._beginning = progress

    def work(self, jobs: Sequence[Job], *, slots: int) -> Generator[Result]:
        """Yield what came of each job once that is kept; at most ``slots`` are tested at a time.

        Raises Interrupted when the campaign is cancelled, and ResultsError when results can no
        longer be kept.
        """
        sweep_scratch(self.settings.work_dir)
        steps = Steps(prepare=self._prepare, test=self._test)
        results = run_steps(jobs, steps, slots=slots, cancel=self.cancel)
        with contextlib.closing(results):
            yield from results

    @abstractmethod
    def test(self, prepared: Prepared) -> Result:
        """The trials of a job that is ready for them, and what came of them."""

    @abstractmethod
    def unprepared(self, unprepared: Unprepared, record: Record) -> Result:
        """What came of a job whose source or environment could not be had."""

    @abstractmethod
    def broken(self, record: Record) -> Result:
        """What came of a job that cannot be tested, or that labeille itself failed on."""

    @abstractmethod
    def keep(self, result: Result) -> None:
        """Put it on disk, here in the worker's thread, where no signal comes between.

        Raises ResultsError instead where a full disk may be what the package stumbled over.
        """

    def _prepare(self, job: Job) -> Prepared | Settled[Result]:
        self._beginning.preparing(job)
        try:
            log_dir = self.run.log_dir(job.name)
            ready = prepare(job, self.settings, log_dir, cancel=self.cancel)
            if isinstance(ready, Unprepared):
                verdict = judge_failure(ready.error)
                self.run.log(f"{job.name}: {verdict.status}: {verdict.reason}")
                record = failed_record(ready, verdict, self.run, self.settings)
                return Settled(self._kept(self.unprepared(ready, record)))
        except (Interrupted, ResultsError):
            raise
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            return Settled(self._kept(self.broken(broken_record(job, error, self.run))))
        return ready

    def _test(self, prepared: Prepared) -> Result:
        self._beginning.testing(prepared)
        try:
            result = self.test(prepared)
        except (Interrupted, ResultsError):
            raise
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            result = self.broken(broken_record(prepared.job, error, self.run))
        return self._kept(result)

    def _kept(self, result: Result) -> Result:
        self.keep(result)
        return result
