"""From a verdict to what a run keeps of it: the record and the crash evidence."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.errors import LabeilleError
from labeille.pipeline.verdict import evidence_text
from labeille.results.directory import timestamp
from labeille.results.model import Record, Status
from labeille.suites.summary import failed_unittests, read_summary

if TYPE_CHECKING:
    from labeille.pipeline.job import Job, PipelineSettings
    from labeille.pipeline.prepare import Unprepared
    from labeille.pipeline.trial import Prepared, Trial
    from labeille.pipeline.verdict import Verdict
    from labeille.results.directory import RunDirectory
    from labeille.results.model import TestCounts
    from labeille.sources.model import Checkout
    from labeille.supervision.model import Outcome

#: Characters of standard error that a record carries.
STDERR_TAIL = 4000
#: Ids of failed tests that a record carries; the per-test log has them all.
FAILED_TESTS = 1000


def tested_record(
    prepared: Prepared,
    trial: Trial,
    verdict: Verdict,
    run: RunDirectory,
    settings: PipelineSettings,
    *,
    evidence: Path | None = None,  # noqa: PT028 - no test
) -> Record:
    """The record of a package whose suite was run; a crash's evidence is written to the run.

    ``evidence`` is that file's path in the run, by default the package's own; campaigns of several
    trials a package give each one.
    """
    environment, outcome = prepared.environment, trial.outcome
    record = _base_record(prepared.job, prepared.checkout, settings)
    tests, failed_tests = _test_results(prepared, trial)
    return _with_verdict(
        msgspec.structs.replace(
            record,
            package_version=environment.package_version or record.package_version,
            duration_seconds=round(outcome.duration_seconds, 3),
            install_duration_seconds=round(environment.install_seconds, 3),
            test_command=trial.command,
            installed_dependencies=dict(environment.installed),
            installer_backend=environment.backend,
            tests=tests,
            failed_tests=failed_tests[:FAILED_TESTS],
            running_test=trial.log.running_test,
            jit=trial.log.jit,
        ),
        verdict,
        outcome,
        run,
        evidence=evidence,
    )


def note_incomplete(run: RunDirectory, package: str, outcome: Outcome) -> None:
    """Say in run.log which streams of a trial could not be kept whole, and why."""
    for stream in (outcome.stdout, outcome.stderr):
        if stream.error is not None:
            run.log(f"{package}: {stream.path} is incomplete: {stream.error}")


def failed_record(
    unprepared: Unprepared, verdict: Verdict, run: RunDirectory, settings: PipelineSettings
) -> Record:
    """The record of a package that never got as far as its suite."""
    outcome: Outcome | None = getattr(unprepared.error, "outcome", None)
    record = _base_record(unprepared.job, unprepared.checkout, settings)
    if outcome is not None:
        record = msgspec.structs.replace(
            record, install_duration_seconds=round(outcome.duration_seconds, 3)
        )
    return _with_verdict(
        msgspec.structs.replace(record, error_message=_with_hint(unprepared)), verdict, outcome, run
    )


def broken_record(job: Job, error: Exception, run: RunDirectory) -> Record:
    """The record of a package that cannot be tested, or that labeille itself failed on.

    What nobody foresaw has its traceback in run.log.
    """
    if isinstance(error, LabeilleError):
        message = f"{error} ({error.hint})" if error.hint else str(error)
        run.log(f"{job.name}: {message}")
    else:
        message = f"labeille failed on it: {type(error).__name__}: {error}"
        run.log(f"{job.name}: {''.join(traceback.format_exception(error))}")
    return Record(
        package=job.name,
        status=Status.ERROR,
        repo=job.package.repo,
        requested_revision=job.revision,
        condition=job.condition.name,
        target_id=job.target.target_id,
        reason=message,
        error_message=message,
        timestamp=timestamp(),
    )


def _with_hint(unprepared: Unprepared) -> str:
    error = unprepared.error
    return f"{error} ({error.hint})" if error.hint else str(error)


def _base_record(job: Job, checkout: Checkout | None, settings: PipelineSettings) -> Record:
    package = job.package
    overridden = settings.sources.repo_overrides.get(package.name)
    version = checkout.version if checkout else None
    return Record(
        package=package.name,
        status=Status.ERROR,
        repo=overridden or package.repo,
        package_version=version,
        git_revision=checkout.revision if checkout else None,
        requested_revision=job.revision,
        install_from=checkout.kind.value if checkout else None,
        sdist_version=version,
        source_note=checkout.note if checkout else None,
        install_command=package.install_command,
        package_env=dict(package.env),
        import_name=package.import_name,
        test_framework=package.test_framework.value,
        condition=job.condition.name,
        env_overrides=dict(job.condition.env),
        target_id=job.target.target_id,
        timestamp=timestamp(),
    )


def _test_results(prepared: Prepared, trial: Trial) -> tuple[TestCounts | None, tuple[str, ...]]:
    """Counts and failed tests from the per-test log, else from what the suite printed last."""
    if trial.log.pid is not None:
        return trial.log.counts, trial.log.failed_tests
    printed = evidence_text(trial.outcome)
    counts = read_summary(printed, prepared.job.package.test_framework)
    return counts, failed_unittests(printed)


def _with_verdict(
    record: Record,
    verdict: Verdict,
    outcome: Outcome | None,
    run: RunDirectory,
    *,
    evidence: Path | None = None,
) -> Record:
    crash = verdict.crash
    changes: dict[str, object] = {
        "status": verdict.status,
        "reason": verdict.reason,
        "timeout_hit": verdict.status is Status.TIMEOUT,
        "timeout_kind": verdict.timeout_kind,
    }
    if verdict.status is Status.ERROR:
        changes["error_message"] = verdict.reason
    if outcome is not None:
        ended_by = outcome.signal
        changes |= {
            "exit_code": outcome.exit_code,
            "signal": ended_by.value if ended_by else None,
            "stderr_tail": outcome.stderr.tail(STDERR_TAIL),
            "max_rss_bytes": outcome.max_rss_bytes,
            "cpu_seconds": round(outcome.cpu_seconds, 3),
        }
    if crash is not None:
        evidence = evidence or Path("crashes") / f"{record.package}.txt"
        changes |= {
            "crash_signature": crash.signature,
            "crash": msgspec.structs.replace(crash, phase=verdict.phase, evidence=str(evidence)),
        }
        record = msgspec.structs.replace(record, **changes)
        run.write_file(evidence, _evidence_file(record, outcome).encode("utf-8", "replace"))
        return record
    return msgspec.structs.replace(record, **changes)


def _evidence_file(record: Record, outcome: Outcome | None) -> str:
    """A crash's evidence as one text that a person can read from the top."""
    head = [
        f"signature: {record.crash_signature}",
        f"package:   {record.package} {record.package_version or ''}".rstrip(),
        f"revision:  {record.git_revision or record.sdist_version or 'unknown'}",
        f"phase:     {record.crash.phase if record.crash else ''}",
        f"test:      {record.running_test or 'unknown'}",
        f"condition: {record.condition}",
        *(f"           {name}={value}" for name, value in record.env_overrides.items()),
        f"command:   {record.test_command or record.install_command}",
        f"target:    {record.target_id}",
        f"exit code: {record.exit_code}",
        f"time:      {record.timestamp}",
    ]
    if outcome is None:
        return "\n".join(head) + "\n"
    return "\n".join(
        [
            *head,
            "",
            "==== standard error (end) ====",
            outcome.stderr.tail(256 * 1024),
            "==== standard output (end) ====",
            outcome.stdout.tail(256 * 1024),
        ]
    )
