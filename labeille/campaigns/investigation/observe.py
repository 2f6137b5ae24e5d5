"""Makes a rebuilt trial again and again: k of n, several at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from labeille.errors import Interrupted
from labeille.pipeline.keep import failed_record, tested_record
from labeille.pipeline.prepare import Unprepared, prepare
from labeille.pipeline.schedule import Steps, run_steps
from labeille.pipeline.trial import run_trial
from labeille.pipeline.verdict import TEST_PHASE, judge_failure, judge_trial
from labeille.results.triage import count_repeats
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from labeille.campaigns.investigation.rebuild import Rebuilt
    from labeille.pipeline.trial import Prepared, Trial
    from labeille.pipeline.verdict import Verdict
    from labeille.results.directory import RunDirectory
    from labeille.results.model import Record, Status
    from labeille.results.triage import Repeats
    from labeille.supervision.cancellation import Cancellation

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one repetition came to; ``trial`` is None where it ended before the suite began."""

    ready: Prepared | Unprepared
    verdict: Verdict
    trial: Trial | None = None

    @property
    def status(self) -> Status:
        return self.verdict.status

    @property
    def signature(self) -> str | None:
        return None if self.verdict.crash is None else self.verdict.crash.signature


def observe(
    rebuilt: Rebuilt, log_dir: Path, *, cancel: Cancellation, command: str | None = None
) -> Observation:
    """Make the trial once, with ``command`` in place of the package's if it is given.

    Where the record's crash came while the environment was built, that is done anew. Raises
    Interrupted.
    """
    ready, settings = rebuilt.ready, rebuilt.settings
    if isinstance(ready, Unprepared) or _crashed_early(rebuilt):
        anew = replace(settings, environments=replace(settings.environments, refresh=True))
        ready = prepare(ready.job, anew, log_dir, cancel=cancel)
        if isinstance(ready, Unprepared):
            return Observation(ready=ready, verdict=judge_failure(ready.error))
    trial_settings = replace(settings.trial, test_command_suffix=None)
    if command is not None:
        trial_settings = replace(trial_settings, test_command_override=command)
    log_dir.mkdir(parents=True, exist_ok=True)
    trial = run_trial(ready, replace(settings, trial=trial_settings), log_dir, cancel=cancel)
    if trial.outcome.ending is Ending.CANCELLED:
        raise Interrupted("interrupted")
    verdict = judge_trial(trial, ready.job.package.test_framework)
    return Observation(ready=ready, verdict=verdict, trial=trial)


def in_parallel(
    function: Callable[[Item], Result], items: Sequence[Item], *, slots: int, cancel: Cancellation
) -> list[Result]:
    """``function`` of each item, at most ``slots`` at a time, in the items' order."""

    def work(position: int) -> tuple[int, Result]:
        return position, function(items[position])

    steps: Steps[int, int, tuple[int, Result]] = Steps(prepare=lambda position: position, test=work)
    results = dict(run_steps(range(len(items)), steps, slots=slots, cancel=cancel))
    return [results[position] for position in range(len(items))]


def repeats(signature: str, observations: Iterable[Observation]) -> Repeats:
    """How often a signature came."""
    return count_repeats(signature, ((seen.status, seen.signature) for seen in observations))


def record_of(seen: Observation, run: RunDirectory, rebuilt: Rebuilt) -> Record:
    """The record of an observation; a crash's evidence is written to ``run``."""
    if isinstance(seen.ready, Unprepared):
        return failed_record(seen.ready, seen.verdict, run, rebuilt.settings)
    assert seen.trial is not None
    return tested_record(seen.ready, seen.trial, seen.verdict, run, rebuilt.settings)


def _crashed_early(rebuilt: Rebuilt) -> bool:
    crash = rebuilt.blueprint.recorded.record.crash
    return crash is not None and crash.phase != TEST_PHASE
