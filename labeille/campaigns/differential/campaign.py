"""The campaign: every selected package under each condition, compared and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.differential.package import Compared, PackageTest
from labeille.campaigns.differential.slots import Slots
from labeille.campaigns.differential.trials import Trials
from labeille.campaigns.disk import refuse_full_disk
from labeille.campaigns.worker import Beginning, Worker
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.campaigns.differential.plan import DifferentialPlan
    from labeille.campaigns.differential.trials import Ran
    from labeille.pipeline.prepare import Unprepared
    from labeille.pipeline.trial import Prepared
    from labeille.results.model import Record
    from labeille.supervision.cancellation import Cancellation


class Progress(Beginning, Protocol):
    """Who wants to know how a differential goes; called from its worker threads."""

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
    worker = _Comparer(plan, progress, cancel)
    return worker.work(plan.jobs, slots=plan.campaign.slots)


class _Comparer(Worker[Compared]):
    def __init__(self, plan: DifferentialPlan, progress: Progress, cancel: Cancellation) -> None:
        super().__init__(plan.campaign, progress, cancel)
        self._plan = plan
        self._progress = progress
        self._slots = Slots(plan.campaign.slots, cancel)

    def test(self, prepared: Prepared) -> Compared:
        trials = Trials(prepared=prepared, settings=self.settings, run=self.run, cancel=self.cancel)
        return PackageTest(
            plan=self._plan, trials=trials, slots=self._slots, heard=self._progress.tried
        ).run()

    def unprepared(self, unprepared: Unprepared, record: Record) -> Compared:  # noqa: ARG002
        return self.broken(record)

    def broken(self, record: Record) -> Compared:
        return Compared(package=record.package, records=(record,))

    def keep(self, result: Compared) -> None:
        # The line comes last: a package without one is compared again by --skip-completed.
        for record in result.records:
            if record.status is not Status.PASS:
                refuse_full_disk(self.settings, self.run, record.package, record.status)
        for dropped in result.dropped:
            self.run.log(
                f"{result.package}: {dropped.test}: taken for {dropped.verdict} at first, and "
                f"dropped: {dropped.told}"
            )
        for record in result.records:
            self.run.append(record)
        if result.differential is not None:
            self._plan.lines.append(result.differential)
        self._progress.finished(result)
