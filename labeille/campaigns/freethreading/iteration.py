"""One iteration: a trial of the pipeline under a condition, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.campaigns.freethreading.failures import failing_thread, failure_signature
from labeille.campaigns.freethreading.tsan import read_reports, tsan_condition
from labeille.crashes.thread_stacks import read_thread_stacks
from labeille.errors import Interrupted
from labeille.pipeline.keep import note_incomplete, tested_record
from labeille.pipeline.trial import run_trial
from labeille.pipeline.verdict import evidence_text, is_spinning, judge_trial
from labeille.results.freethreading import (
    Activity,
    FailureDetail,
    Iteration,
    IterationStatus,
    TsanReport,
    crash_file,
    iteration_folder,
)
from labeille.results.model import Status, TimeoutKind
from labeille.suites.model import TestOutcome
from labeille.suites.summary import unittest_messages
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeille.pipeline.job import PipelineSettings
    from labeille.pipeline.trial import Prepared, Trial
    from labeille.results.directory import RunDirectory
    from labeille.results.freethreading import Series, ThreadStack
    from labeille.results.model import Record
    from labeille.suites.model import TestResult
    from labeille.supervision.cancellation import Cancellation
    from labeille.targets.model import Condition

#: Bytes of standard error that are searched for stacks: a process with hundreds of threads.
_STACK_BYTES = 512 * 1024
_LAST_LINE = 500  # characters
#: Failures of one iteration that are kept with message and place; the per-test log has them all.
_DETAILED = 100

_STATUSES = {
    Status.PASS: IterationStatus.PASS,
    Status.FAIL: IterationStatus.FAIL,
    Status.CRASH: IterationStatus.CRASH,
    Status.TIMEOUT: IterationStatus.TIMEOUT,
}
#: What ended in a way that leaves stacks behind.
_WITH_STACKS = (IterationStatus.CRASH, IterationStatus.TIMEOUT, IterationStatus.DEADLOCK)
_BAD = (TestOutcome.FAILED, TestOutcome.ERROR)


@dataclass(frozen=True, kw_only=True)
class Trials:
    """The iterations of one kind of one package: what they have in common.

    ``threads`` are those that run each test at once, None where it is run as usual. ``tsan``:
    ThreadSanitizer's reports are collected, but for those that ``suppressions`` name.
    """

    prepared: Prepared
    settings: PipelineSettings
    run: RunDirectory
    series: Series
    condition: Condition
    threads: int | None = None
    tsan: bool = False
    suppressions: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An iteration that is over: its record, each test's outcome, ThreadSanitizer's reports."""

    iteration: Iteration
    outcomes: Mapping[str, TestOutcome] = field(default_factory=dict)
    tsan_reports: tuple[TsanReport, ...] = ()


def run_iteration(trials: Trials, index: int, *, cancel: Cancellation) -> Ended:
    """Run the suite once and say what came of it. Raises Interrupted where ``cancel`` ended it."""
    name = trials.prepared.job.name
    logs = Path("logs") / name / iteration_folder(trials.series, index)
    log_dir = trials.run.path / logs
    log_dir.mkdir(parents=True, exist_ok=True)
    job = replace(trials.prepared.job, condition=_condition(trials, log_dir))
    prepared = replace(trials.prepared, job=job)
    trial = run_trial(prepared, trials.settings, log_dir, cancel=cancel)
    if trial.outcome.ending is Ending.CANCELLED:
        raise Interrupted("interrupted")
    note_incomplete(trials.run, name, trial.outcome)
    verdict = judge_trial(trial, job.package.test_framework)
    record = tested_record(
        prepared,
        trial,
        verdict,
        trials.run,
        trials.settings,
        evidence=crash_file(name, str(logs)),
    )
    reports = read_reports(log_dir, index) if trials.tsan else ()
    iteration = _iteration(record, trial, index=index, logs=logs, threads=trials.threads)
    return Ended(
        iteration=msgspec.structs.replace(
            iteration,
            tsan_warnings=tuple(sorted({report.type for report in reports})),
            tsan_reports=tuple(report.key for report in reports),
        ),
        tsan_reports=reports,
        outcomes={result.id: result.outcome for result in _results(trial)},
    )


def _condition(trials: Trials, log_dir: Path) -> Condition:
    if not trials.tsan:
        return trials.condition
    package_env = trials.prepared.job.package.env
    return tsan_condition(trials.condition, package_env, log_dir, trials.suppressions)


def _iteration(
    record: Record, trial: Trial, *, index: int, logs: Path, threads: int | None
) -> Iteration:
    status = _status(record)
    tests = record.tests
    messages = _messages(trial)
    ids = record.failed_tests
    return Iteration(
        index=index,
        status=status,
        exit_code=record.exit_code,
        duration_s=record.duration_seconds,
        crash_signal=record.crash.signal if record.crash else None,
        crash_signature=record.crash_signature,
        output_stalled=record.timeout_kind is TimeoutKind.STALL,
        last_output_line=_last_line(trial),
        stderr_tail="" if status is IterationStatus.PASS else record.stderr_tail,
        tests_passed=tests.passed if tests else None,
        tests_failed=tests.failed if tests else None,
        tests_errored=tests.error if tests else None,
        tests_skipped=tests.skipped if tests else None,
        cpu_seconds=record.cpu_seconds,
        max_rss_bytes=record.max_rss_bytes,
        timeout_kind=record.timeout_kind,
        reason=record.reason,
        activity=_activity(trial),
        failed_tests={name: failure_signature(messages.get(name)) for name in ids},
        failure_details=_details(trial, ids[:_DETAILED], messages),
        running_test=record.running_test,
        stacks=_stacks(trial) if status in _WITH_STACKS else (),
        condition=record.condition,
        threads=threads,
        gil_enabled=trial.log.gil_enabled,
        logs=str(logs),
        timestamp=record.timestamp,
    )


def _status(record: Record) -> IterationStatus:
    """A stall, where nothing is printed for the threshold, is a deadlock; a limit a timeout."""
    if record.timeout_kind is TimeoutKind.STALL:
        return IterationStatus.DEADLOCK
    return _STATUSES.get(record.status, IterationStatus.ERROR)


def _activity(trial: Trial) -> Activity | None:
    if trial.outcome.ending is not Ending.STALL:
        return None
    return Activity.SPINNING if is_spinning(trial.outcome) else Activity.BLOCKED


def _results(trial: Trial) -> tuple[TestResult, ...]:
    return (*trial.log.collect_errors, *trial.log.results)


def _messages(trial: Trial) -> dict[str, str]:
    """What each failing test said, from the per-test log, else from what unittest printed."""
    if trial.log.pid is None:
        return unittest_messages(evidence_text(trial.outcome))
    failing = (result for result in _results(trial) if result.outcome in _BAD)
    return {result.id: result.message for result in failing if result.message}


def _details(
    trial: Trial, ids: tuple[str, ...], messages: Mapping[str, str]
) -> dict[str, FailureDetail]:
    """Message, place and thread of each failure, as far as they are known."""
    places: dict[str, tuple[int, str | None]] = {}
    previous: str | None = None
    for position, result in enumerate(trial.log.results):
        places[result.id] = (position, previous)
        previous = result.id
    details = {}
    for name in ids:
        message, place = messages.get(name), places.get(name)
        if message is not None or place is not None:
            details[name] = FailureDetail(
                message=message,
                position=place[0] if place else None,
                previous=place[1] if place else None,
                thread=failing_thread(message),
            )
    return details


def _stacks(trial: Trial) -> tuple[ThreadStack, ...]:
    return read_thread_stacks(trial.outcome.stderr.tail(_STACK_BYTES))


def _last_line(trial: Trial) -> str:
    lines = trial.outcome.stdout.tail(4096).rstrip().splitlines()
    return lines[-1][:_LAST_LINE] if lines else ""
