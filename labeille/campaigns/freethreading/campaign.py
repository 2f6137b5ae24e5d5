"""The campaign: every selected package many times without the GIL, and a category for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.disk import refuse_full_disk
from labeille.campaigns.freethreading.extensions import examine_extensions
from labeille.campaigns.freethreading.package import PackageTest
from labeille.campaigns.worker import Beginning, Worker
from labeille.environments.model import InstallError, Phase
from labeille.results.freethreading import Category, FreeThreadedRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.campaigns.freethreading.plan import FreeThreadedPlan
    from labeille.pipeline.job import Job
    from labeille.pipeline.prepare import Unprepared
    from labeille.pipeline.trial import Prepared
    from labeille.results.extension_compat import ExtensionCompat
    from labeille.results.freethreading import Iteration, Series
    from labeille.results.model import Record
    from labeille.supervision.cancellation import Cancellation

#: Where a package failed that never had an environment to be built in.
CLONE_PHASE = "clone"

_FINE = (Category.COMPATIBLE, Category.COMPATIBLE_GIL_FALLBACK)


class Progress(Beginning, Protocol):
    """Who wants to know how a free-threaded campaign goes; called from its worker threads."""

    def iterated(self, job: Job, series: Series, iteration: Iteration) -> None:
        """An iteration has ended."""

    def finished(self, record: FreeThreadedRecord) -> None:
        """The job has its record, and the record is on disk."""


def test_free_threading(
    plan: FreeThreadedPlan, *, progress: Progress, cancel: Cancellation
) -> Iterator[FreeThreadedRecord]:
    """Test every job and yield its record once that is kept in the run.

    One package's trouble never stops the others. Raises Interrupted when ``cancel`` ends it, and
    ResultsError when records can no longer be kept.
    """
    worker = _Tester(plan, progress, cancel)
    return worker.work(plan.jobs, slots=plan.packages_at_once)


test_free_threading.__test__ = False  # type: ignore[attr-defined]  # no test, for all its name


class _Tester(Worker[FreeThreadedRecord]):
    def __init__(self, plan: FreeThreadedPlan, progress: Progress, cancel: Cancellation) -> None:
        super().__init__(plan.campaign, progress, cancel)
        self._plan = plan
        self._progress = progress

    def test(self, prepared: Prepared) -> FreeThreadedRecord:
        job = prepared.job
        return PackageTest(
            plan=self._plan,
            prepared=prepared,
            heard=lambda series, iteration: self._progress.iterated(job, series, iteration),
            cancel=self.cancel,
            compat=self._compat(prepared),
        ).run()

    def _compat(self, prepared: Prepared) -> ExtensionCompat | None:
        if not self._plan.manner.detect_extensions:
            return None
        log_dir = self.run.log_dir(prepared.job.name, fresh=False)
        return examine_extensions(prepared, log_dir, cancel=self.cancel)

    def keep(self, result: FreeThreadedRecord) -> None:
        if result.category not in _FINE:
            refuse_full_disk(self.settings, self.run, result.package, result.category)
        self._plan.lines.append(result)
        self._progress.finished(result)

    def unprepared(self, unprepared: Unprepared, record: Record) -> FreeThreadedRecord:
        """The record of a package that could not be had, installed or imported."""
        error = unprepared.error
        phase = error.phase if isinstance(error, InstallError) else None
        at_import = phase is Phase.IMPORT
        return FreeThreadedRecord(
            package=record.package,
            category=Category.IMPORT_FAILURE if at_import else Category.INSTALL_FAILURE,
            failure_signatures=(record.crash_signature,) if record.crash_signature else (),
            install_ok=at_import,
            install_error=None if at_import else record.error_message,
            install_duration_s=record.install_duration_seconds,
            import_ok=not at_import,
            import_error=record.error_message if at_import else None,
            commit=record.git_revision,
            iterations_planned=self._plan.manner.iterations,
            reason=record.reason,
            phase=phase.value if phase else CLONE_PHASE,
            repo=record.repo,
            package_version=record.package_version,
            requested_revision=record.requested_revision,
            install_from=record.install_from,
            sdist_version=record.sdist_version,
            source_note=record.source_note,
            install_command=record.install_command,
            env_overrides=record.env_overrides,
            target_id=record.target_id,
            timestamp=record.timestamp,
        )

    def broken(self, record: Record) -> FreeThreadedRecord:
        return FreeThreadedRecord(
            package=record.package,
            reason=record.reason,
            iterations_planned=self._plan.manner.iterations,
            repo=record.repo,
            requested_revision=record.requested_revision,
            env_overrides=dict(self._plan.nogil.env),
            target_id=record.target_id,
            timestamp=record.timestamp,
        )
