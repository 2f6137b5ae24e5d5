"""Runs one package's trials and keeps of each what is compared and what is recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.campaigns.differential.outcomes import observe
from labeille.campaigns.differential.seeds import seed_options, seeded_job
from labeille.errors import Interrupted
from labeille.pipeline.keep import note_incomplete, tested_record
from labeille.pipeline.trial import run_trial, test_command
from labeille.pipeline.verdict import judge_trial
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from labeille.campaigns.differential.outcomes import SuiteRun
    from labeille.pipeline.job import PipelineSettings
    from labeille.pipeline.trial import Prepared, Trial
    from labeille.pipeline.verdict import Verdict
    from labeille.results.directory import RunDirectory
    from labeille.results.model import Record
    from labeille.supervision.cancellation import Cancellation
    from labeille.targets.model import Condition


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A trial that is over."""

    prepared: Prepared
    trial: Trial
    verdict: Verdict
    suite: SuiteRun


@dataclass(frozen=True, kw_only=True)
class Trials:
    """How one package's trials are run: all in its one environment, with the same seeds."""

    prepared: Prepared
    settings: PipelineSettings
    run: RunDirectory
    cancel: Cancellation

    @property
    def name(self) -> str:
        return self.prepared.job.name

    @property
    def command(self) -> str:
        """The package's whole test command."""
        return test_command(self.prepared, self.settings)

    @cached_property
    def options(self) -> tuple[str, ...]:
        """What every pytest is given beyond the command."""
        return seed_options(self.prepared, self.command)

    def under(self, condition: Condition) -> Prepared:
        """The package's job under a condition."""
        return replace(self.prepared, job=seeded_job(self.prepared.job, condition))

    def run_one(self, condition: Condition, folder: str, command: str | None = None) -> Ran:
        """Run the test command, or ``command`` in its place, and judge what came of it.

        ``folder`` is where its logs go, below the package's. Raises Interrupted.
        """
        prepared = self.under(condition)
        log_dir = self.run.log_dir(str(Path(self.name, folder)))
        settings = self._settings(command)
        trial = run_trial(prepared, settings, log_dir, cancel=self.cancel)
        if trial.outcome.ending is Ending.CANCELLED:
            raise Interrupted("interrupted")
        note_incomplete(self.run, self.name, trial.outcome)
        verdict = judge_trial(trial, prepared.job.package.test_framework)
        return Ran(prepared=prepared, trial=trial, verdict=verdict, suite=observe(trial, verdict))

    def record(self, ran: Ran) -> Record:
        """A trial's record; a crash's evidence is written to the run, a file a condition."""
        name = f"{self.name}-{folder_name(ran.prepared.job.condition)}.txt"
        evidence = Path("crashes") / name
        return tested_record(
            ran.prepared, ran.trial, ran.verdict, self.run, self.settings, evidence=evidence
        )

    def _settings(self, command: str | None) -> PipelineSettings:
        trial = replace(self.settings.trial, pytest_options=self.options)
        if command is not None:
            trial = replace(trial, test_command_override=command, test_command_suffix=None)
        return replace(self.settings, trial=trial)


def folder_name(condition: Condition) -> str:
    """A condition's name as a part of a path."""
    return condition.name.replace(":", "-")
