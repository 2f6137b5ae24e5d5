"""The campaign: every selected package many times without the GIL, and a category for each."""

from __future__ import annotations

import contextlib
import traceback
from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.disk import refuse_full_disk
from labeille.campaigns.freethreading.extensions import examine_extensions
from labeille.campaigns.freethreading.package import PackageTest
from labeille.environments.model import InstallError, Phase
from labeille.errors import Interrupted, LabeilleError, ResultsError
from labeille.pipeline.keep import failed_record
from labeille.pipeline.prepare import Unprepared, prepare
from labeille.pipeline.schedule import Settled, Steps, run_steps
from labeille.pipeline.scratch import sweep_scratch
from labeille.pipeline.verdict import judge_failure
from labeille.results.directory import timestamp
from labeille.results.freethreading import Category, FreeThreadedRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.campaigns.freethreading.plan import FreeThreadedPlan
    from labeille.pipeline.job import Job
    from labeille.pipeline.trial import Prepared
    from labeille.results.extension_compat import ExtensionCompat
    from labeille.results.freethreading import Iteration, Series
    from labeille.supervision.cancellation import Cancellation

#: Where a package failed that never had an environment to be built in.
CLONE_PHASE = "clone"

_FINE = (Category.COMPATIBLE, Category.COMPATIBLE_GIL_FALLBACK)


class Progress(Protocol):
    """Who wants to know how a free-threaded campaign goes; called from its worker threads."""

    def preparing(self, job: Job) -> None:
        """The job's checkout and environment are being got."""

    def testing(self, prepared: Prepared) -> None:
        """The job's first iteration is about to start."""

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
    sweep_scratch(plan.campaign.settings.work_dir)
    worker = _Worker(plan, progress, cancel)
    steps = Steps(prepare=worker.prepare, test=worker.test)
    results = run_steps(plan.jobs, steps, slots=plan.packages_at_once, cancel=cancel)
    with contextlib.closing(results):
        yield from results


test_free_threading.__test__ = False  # type: ignore[attr-defined]  # no test, for all its name


class _Worker:
    """The campaign's two steps, with the guard that keeps one package from stopping the others."""

    def __init__(self, plan: FreeThreadedPlan, progress: Progress, cancel: Cancellation) -> None:
        self._plan = plan
        self._run = plan.run
        self._settings = plan.campaign.settings
        self._progress = progress
        self._cancel = cancel

    def prepare(self, job: Job) -> Prepared | Settled[FreeThreadedRecord]:
        self._progress.preparing(job)
        try:
            log_dir = self._run.log_dir(job.name)
            result = prepare(job, self._settings, log_dir, cancel=self._cancel)
            if isinstance(result, Unprepared):
                return Settled(self._keep(self._unprepared(result)))
        except (Interrupted, ResultsError):
            raise
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            return Settled(self._keep(self._broken(job, error)))
        return result

    def test(self, prepared: Prepared) -> FreeThreadedRecord:
        self._progress.testing(prepared)
        job = prepared.job
        try:
            record = PackageTest(
                plan=self._plan,
                prepared=prepared,
                heard=lambda series, iteration: self._progress.iterated(job, series, iteration),
                cancel=self._cancel,
                compat=self._compat(prepared),
            ).run()
        except (Interrupted, ResultsError):
            raise
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            record = self._broken(job, error)
        return self._keep(record)

    def _compat(self, prepared: Prepared) -> ExtensionCompat | None:
        if not self._plan.manner.detect_extensions:
            return None
        log_dir = self._run.log_dir(prepared.job.name, fresh=False)
        return examine_extensions(prepared, log_dir, cancel=self._cancel)

    def _keep(self, record: FreeThreadedRecord) -> FreeThreadedRecord:
        """Put the record on disk, here in the worker's thread, where no signal comes between.

        Raises ResultsError instead where a full disk may be what the package stumbled over.
        """
        if record.category not in _FINE:
            refuse_full_disk(self._settings, self._run, record.package, record.category)
        self._plan.lines.append(record)
        self._progress.finished(record)
        return record

    def _unprepared(self, result: Unprepared) -> FreeThreadedRecord:
        """The record of a package that could not be had, installed or imported."""
        verdict = judge_failure(result.error)
        failed = failed_record(result, verdict, self._run, self._settings)
        self._run.log(f"{failed.package}: {verdict.status}: {verdict.reason}")
        phase = result.error.phase if isinstance(result.error, InstallError) else None
        at_import = phase is Phase.IMPORT
        return FreeThreadedRecord(
            package=failed.package,
            category=Category.IMPORT_FAILURE if at_import else Category.INSTALL_FAILURE,
            failure_signatures=(failed.crash_signature,) if failed.crash_signature else (),
            install_ok=at_import,
            install_error=None if at_import else failed.error_message,
            install_duration_s=failed.install_duration_seconds,
            import_ok=not at_import,
            import_error=failed.error_message if at_import else None,
            commit=failed.git_revision,
            iterations_planned=self._plan.manner.iterations,
            reason=failed.reason,
            phase=phase.value if phase else CLONE_PHASE,
            repo=failed.repo,
            package_version=failed.package_version,
            requested_revision=failed.requested_revision,
            install_from=failed.install_from,
            sdist_version=failed.sdist_version,
            source_note=failed.source_note,
            install_command=failed.install_command,
            env_overrides=failed.env_overrides,
            target_id=failed.target_id,
            timestamp=failed.timestamp,
        )

    def _broken(self, job: Job, error: Exception) -> FreeThreadedRecord:
        """The record of a package that cannot be tested, or that labeille itself failed on.

        What nobody foresaw has its traceback in run.log.
        """
        if isinstance(error, LabeilleError):
            message = f"{error} ({error.hint})" if error.hint else str(error)
            self._run.log(f"{job.name}: {message}")
        else:
            message = f"labeille failed on it: {type(error).__name__}: {error}"
            self._run.log(f"{job.name}: {''.join(traceback.format_exception(error))}")
        return FreeThreadedRecord(
            package=job.name,
            reason=message,
            iterations_planned=self._plan.manner.iterations,
            repo=job.package.repo,
            requested_revision=job.revision,
            env_overrides=dict(job.condition.env),
            target_id=job.target.target_id,
            timestamp=timestamp(),
        )
