"""Tries one item of a history and says whether it is good or bad, or why it cannot be told."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import msgspec

from labeille.campaigns.bisect.criterion import Judgement, has_run, judge, looked_for
from labeille.campaigns.bisect.errors import UntestableError
from labeille.campaigns.disk import full_disk
from labeille.errors import Interrupted, ResultsError, UsageError
from labeille.pipeline.prepare import Unprepared
from labeille.pipeline.trial import run_trial, test_command
from labeille.pipeline.verdict import Verdict, judge_failure, judge_trial
from labeille.results.bisection import BisectStep, BisectVerdict
from labeille.results.model import Status
from labeille.suites.narrow import narrow_command
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.campaigns.bisect.subjects import Subject, Subjects
    from labeille.pipeline.job import PipelineSettings
    from labeille.pipeline.trial import Prepared, Trial
    from labeille.results.bisection import LookedFor
    from labeille.results.directory import RunDirectory
    from labeille.suites.model import Invocation
    from labeille.supervision.cancellation import Cancellation

#: The reason of a good verdict that one test alone gave.
ALONE = "the one test alone"
#: What keeps a suite from getting as far as that test.
_IN_THE_WAY = (Status.CRASH, Status.TIMEOUT)
#: Characters of an item, from its end, that name its folder of logs.
_NAME = 40


class Watcher(Protocol):
    """Who wants to know what is being done."""

    def preparing(self, item: str) -> None:
        """The item's source and environment are being got."""

    def testing(self, item: str, prepared: Prepared) -> None:
        """A trial of it has been started."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked for: None where nothing was, and the bad end is to tell.

    ``repeat`` bounds the trials of an item.
    """

    wanted: LookedFor | None = None
    test: str | None = None
    repeat: int = 1


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one trial showed; ``trial`` is None where the suite was never reached."""

    verdict: Verdict
    trial: Trial | None = None


class Bench:
    """Where the items of one history are tried.

    ``command`` is the test command, None as long as it is the package's own.
    """

    def __init__(
        self,
        subjects: Subjects,
        settings: PipelineSettings,
        run: RunDirectory,
        *,
        watcher: Watcher,
        cancel: Cancellation,
    ) -> None:
        self._subjects = subjects
        self._settings = settings
        self._run = run
        self._watcher = watcher
        self._cancel = cancel

    @property
    def command(self) -> str | None:
        """The test command, None as long as it is the package's own."""
        return self._settings.trial.test_command_override

    def use_command(self, command: str | None) -> None:
        """Run this instead of the package's test command from now on."""
        trial = replace(self._settings.trial, test_command_override=command)
        self._settings = replace(self._settings, trial=trial)

    def learn(self, item: str, asked: Asked) -> tuple[LookedFor | None, BisectStep]:
        """Try the bad end: what is looked for, None where it does not show it, and its step.

        All of the trials are made, to know how often it comes.
        """
        started = time.monotonic()
        subject = self._get(item, anew=False)
        if asked.test is not None and not isinstance(subject.prepared, Unprepared):
            self._narrow(item, subject.prepared, asked.test)
        wanted: LookedFor | None = None
        tried: list[tuple[Shown, Judgement]] = []
        for number in range(asked.repeat):
            shown = self._try(item, subject, number)
            wanted = wanted or looked_for(asked.wanted, asked.test, shown.verdict, shown.trial)
            tried.append((shown, _told(wanted or asked.wanted, shown)))
            if shown.trial is None:
                break
        if wanted is not None and asked.test is None:
            wanted = self._with_alone(item, subject, wanted, tried[0][0])
        step = _step(item, subject, tried)
        return wanted, _timed(step, started)

    def judge(self, item: str, wanted: LookedFor, *, repeat: int) -> BisectStep:
        """Judge an item by up to ``repeat`` trials: it is bad if any shows what is looked for.

        What an environment that was built for another commit leaves open is judged again in one of
        the item's own; what another crash or a hang leaves open, by the one test alone.
        """
        started = time.monotonic()
        subject = self._get(item, anew=False)
        step = self._judge(item, subject, wanted, repeat)
        if step.verdict is BisectVerdict.SKIP and subject.second_hand and _may_be_stale(step):
            subject = self._get(item, anew=True)
            step = self._judge(item, subject, wanted, repeat)
        if step.verdict is BisectVerdict.SKIP and step.status in _IN_THE_WAY and wanted.alone:
            alone = self._judge(item, subject, wanted, repeat, wanted.alone)
            if alone.verdict is BisectVerdict.BAD or alone.reason == ALONE:
                step = alone
        if step.verdict is BisectVerdict.SKIP:
            self._check_disk(item, step)
        return _timed(step, started)

    def _judge(
        self,
        item: str,
        subject: Subject,
        wanted: LookedFor,
        repeat: int,
        alone: str | None = None,
    ) -> BisectStep:
        """Judge by the suite, or by a command that runs the one test ``alone``."""
        tried: list[tuple[Shown, Judgement]] = []
        for number in range(repeat):
            shown = self._try(item, subject, number, alone)
            told = judge(wanted, shown.verdict, shown.trial)
            if alone and told.verdict is BisectVerdict.GOOD and has_run(wanted, shown.trial):
                told = replace(told, reason=ALONE)
            tried.append((shown, told))
            if told.verdict is BisectVerdict.BAD or shown.trial is None:
                break
        return _step(item, subject, tried)

    def _with_alone(
        self, item: str, subject: Subject, wanted: LookedFor, shown: Shown
    ) -> LookedFor:
        """With the command that shows a crash by its one test alone, where there is one.

        It costs a trial of one test, and tells where another crash stands in the way.
        """
        prepared, trial = subject.prepared, shown.trial
        invocation = trial.log.invocation if trial else None
        if isinstance(prepared, Unprepared) or not (invocation and wanted.seen_in):
            return wanted
        if wanted.status is not Status.CRASH:  # another hang would cost its whole limit
            return wanted
        whole = test_command(prepared, self._settings)
        command = narrow_command(whole, [wanted.seen_in], invocation)
        if command is None:
            return wanted
        alone = self._try(item, subject, 0, command)
        shows = judge(wanted, alone.verdict, alone.trial).verdict is BisectVerdict.BAD
        return msgspec.structs.replace(wanted, alone=command) if shows else wanted

    def _get(self, item: str, *, anew: bool) -> Subject:
        self._watcher.preparing(item)
        log_dir = self._log_dir(item, "install")
        return self._subjects.get(item, log_dir, anew=anew, cancel=self._cancel)

    def _try(self, item: str, subject: Subject, number: int, alone: str | None = None) -> Shown:
        prepared = subject.prepared
        if isinstance(prepared, Unprepared):
            verdict = judge_failure(prepared.error)
            if isinstance(prepared.error, UntestableError):
                verdict = Verdict(status=Status.ERROR, reason=str(prepared.error))
            return Shown(verdict=verdict)
        self._watcher.testing(item, prepared)
        part = f"alone-{number + 1}" if alone else str(number + 1)
        trial = self._run_trial(prepared, self._log_dir(item, part), alone)
        return Shown(verdict=judge_trial(trial, prepared.job.package.test_framework), trial=trial)

    def _run_trial(self, prepared: Prepared, log_dir: Path, command: str | None = None) -> Trial:
        settings = self._settings
        if command is not None:
            trial_settings = replace(settings.trial, test_command_override=command)
            settings = replace(settings, trial=trial_settings)
        trial = run_trial(prepared, settings, log_dir, cancel=self._cancel)
        if trial.outcome.ending is Ending.CANCELLED:
            raise Interrupted("interrupted")
        return trial

    def _narrow(self, item: str, prepared: Prepared, test: str) -> None:
        """Have the one test run alone.

        Where it is not found like that, ids start from elsewhere than where the command runs: then
        a run of the whole suite tells.
        """
        whole = test_command(prepared, self._settings)
        narrowed = _narrowed(whole, test, None)
        self._watcher.testing(item, prepared)
        alone = self._run_trial(prepared, self._log_dir(item, "test"), narrowed)
        found = alone.log.pid is None or alone.log.results or alone.log.running_test
        if not found:
            suite = self._run_trial(prepared, self._log_dir(item, "suite"))
            if suite.log.invocation:
                narrowed = _narrowed(whole, test, suite.log.invocation)
        self.use_command(narrowed)

    def _log_dir(self, item: str, part: str) -> Path:
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", item)[-_NAME:].strip("._")
        return self._run.log_dir(f"{name or 'item'}/{part}")

    def _check_disk(self, item: str, step: BisectStep) -> None:
        """Raise ResultsError where a full disk may be what an item stumbled over."""
        settings = self._settings
        places = (settings.work_dir, settings.sources.repos_dir, settings.environments.venvs_dir)
        full = full_disk(places)
        if full is not None:
            self._run.log(f"{item}: {step.status}, not kept: the disk of {full} is full")
            raise ResultsError(
                f"the disk of {full} is full: {step.status} means nothing then",
                hint="make room; --resume goes on from here",
            )


def _narrowed(command: str, test: str, invocation: Invocation | None) -> str:
    narrowed = narrow_command(command, [test], invocation)
    if narrowed is None:
        raise UsageError(
            f"--test: no pytest and no unittest is seen in the test command {command!r}",
            hint="say what runs the one test: --test-command",
        )
    return narrowed


def _told(wanted: LookedFor | None, shown: Shown) -> Judgement:
    """What a trial of the bad end says; without anything to look for it is good, if it ran."""
    if wanted is not None:
        return judge(wanted, shown.verdict, shown.trial)
    if shown.verdict.status is Status.PASS:
        return Judgement(verdict=BisectVerdict.GOOD)
    return Judgement(verdict=BisectVerdict.SKIP, reason=shown.verdict.reason)


def _may_be_stale(step: BisectStep) -> bool:
    """Whether an older install could be why an item cannot be told."""
    return step.status in (Status.INSTALL_ERROR, Status.CLONE_ERROR, Status.FAIL)


def _step(item: str, subject: Subject, tried: list[tuple[Shown, Judgement]]) -> BisectStep:
    """What the trials of an item come to: bad if any is, else good if any could be told."""
    order = (BisectVerdict.BAD, BisectVerdict.GOOD, BisectVerdict.SKIP)
    shown, told = min(tried, key=lambda each: order.index(each[1].verdict))
    verdicts = [each.verdict for _, each in tried]
    prepared = subject.prepared
    environment = None if isinstance(prepared, Unprepared) else prepared.environment
    crash = shown.verdict.crash
    return BisectStep(
        commit=item,
        verdict=told.verdict,
        status=shown.verdict.status,
        signature=crash.signature if crash else None,
        reason=_without_tree(told.reason or shown.verdict.reason, subject),
        trials=len(tried) if environment else 0,
        bad_trials=verdicts.count(BisectVerdict.BAD),
        good_trials=verdicts.count(BisectVerdict.GOOD),
        install_seconds=round(environment.install_seconds, 3) if environment else 0.0,
        reused=environment is not None and environment.reused,
        running_test=shown.trial.log.running_test if shown.trial else None,
    )


def _without_tree(reason: str | None, subject: Subject) -> str | None:
    """A reason without the path of the tree, which is long and says nothing."""
    checkout = subject.prepared.checkout
    if reason is None or checkout is None:
        return reason
    return reason.replace(f"file://{checkout.path}", ".").replace(str(checkout.path), ".")


def _timed(step: BisectStep, started: float) -> BisectStep:
    return msgspec.structs.replace(step, seconds=round(time.monotonic() - started, 3))
