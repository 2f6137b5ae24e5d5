"""One attempt: a recipe tried through the pipeline, and what came of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labeille.environments.model import InstallError
from labeille.errors import Interrupted
from labeille.pipeline.job import Job
from labeille.pipeline.prepare import Unprepared, prepare
from labeille.pipeline.trial import run_trial
from labeille.pipeline.verdict import evidence_text, judge_failure, judge_trial
from labeille.results.model import Status
from labeille.sources.model import SourceChoice
from labeille.suites.summary import read_summary
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.campaigns.enrichment.model import Facts, Recipe
    from labeille.pipeline.job import PipelineSettings
    from labeille.pipeline.trial import Prepared, Trial
    from labeille.pipeline.verdict import Verdict
    from labeille.results.model import TestCounts
    from labeille.supervision.cancellation import Cancellation
    from labeille.targets.model import Condition, Target

#: pytest's and unittest's exit codes after a suite that ran, whatever its tests said.
_RAN = (0, 1)
#: Characters of an install's logs that mends look at.
_LOG_CHARACTERS = 200_000


class Stage(enum.StrEnum):
    """How far an attempt got."""

    SOURCE = "source"
    VENV = "venv"
    INSTALL = "install"
    IMPORT = "import"
    TEST = "test"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What one recipe came to.

    ``output`` is what the step that ended it printed, bounded. ``seconds`` are the suite's.
    ``import_name`` is what the import check imported.
    """

    recipe: Recipe
    stage: Stage
    verdict: Verdict
    output: str = ""
    trial: Trial | None = None
    counts: TestCounts | None = None
    condition: str = "jit"
    import_name: str | None = None

    @property
    def exit_code(self) -> int | None:
        return self.trial.outcome.exit_code if self.trial else None

    @property
    def seconds(self) -> float:
        return self.trial.outcome.duration_seconds if self.trial else 0.0

    @property
    def ran(self) -> bool:
        """Whether the suite really ran: to its end, or until a crash in the middle of it."""
        if self.trial is None:
            return False
        counts, log = self.counts, self.trial.log
        if self.verdict.status is Status.CRASH:
            return not log.collecting and (counts is not None or log.running_test is not None)
        if self.exit_code not in _RAN or self.trial.outcome.ending is not Ending.EXITED:
            return False
        if counts is None or not counts.total or counts.skipped == counts.total:
            return False
        return len(log.collect_errors) * 2 < counts.total and counts.error * 2 < counts.total

    @property
    def summary(self) -> str:
        """One line for people: the verdict, and why."""
        parts = [self.verdict.status.value]
        if self.counts is not None:
            kinds = ("passed", "failed", "error", "skipped")
            numbers = [(getattr(self.counts, kind), kind) for kind in kinds]
            parts.append(", ".join(f"{number} {kind}" for number, kind in numbers if number))
        if self.trial is not None:
            parts.append(f"{self.seconds:.1f} s")
        if self.verdict.crash is not None:
            parts.append(self.verdict.crash.signature)
        if self.verdict.reason:
            parts.append(self.verdict.reason)
        return "; ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where attempts are made: target, condition, the run's settings, and who may end it."""

    target: Target
    condition: Condition
    settings: PipelineSettings
    logs: Path
    cancel: Cancellation

    def prepare(self, facts: Facts, recipe: Recipe, number: int) -> Prepared | Attempt:
        """Build the recipe's environment; an attempt where that fails.

        From the kind of source that the facts are of, whatever the run would try first.
        """
        job = Job(
            package=recipe.on(facts.package),
            target=self.target,
            condition=self.condition,
            revision=facts.version,
        )
        log_dir = self._log_dir(facts, number)
        sources = replace(self.settings.sources, source=SourceChoice(facts.source.value))
        settings = replace(self.settings, sources=sources)
        result = prepare(job, settings, log_dir, cancel=self.cancel)
        if isinstance(result, Unprepared):
            return _failed(recipe, result, log_dir)
        return result

    def test(self, facts: Facts, recipe: Recipe, prepared: Prepared, number: int) -> Attempt:
        """Run the recipe's tests once."""
        log_dir = self._log_dir(facts, number)
        trial = run_trial(prepared, self.settings, log_dir, cancel=self.cancel)
        if trial.outcome.ending is Ending.CANCELLED:
            raise Interrupted("interrupted")
        output = evidence_text(trial.outcome)
        counts = trial.log.counts
        if trial.log.pid is None:
            counts = read_summary(output, recipe.framework)
        return Attempt(
            recipe=recipe,
            stage=Stage.TEST,
            verdict=judge_trial(trial, recipe.framework),
            output=output,
            trial=trial,
            counts=counts,
            condition=prepared.job.condition.name,
            import_name=prepared.environment.import_name,
        )

    def _log_dir(self, facts: Facts, number: int) -> Path:
        path = self.logs / facts.package.name / str(number)
        path.mkdir(parents=True, exist_ok=True)
        return path


def _failed(recipe: Recipe, unprepared: Unprepared, log_dir: Path) -> Attempt:
    error = unprepared.error
    stage, output = Stage.SOURCE, str(error)
    if isinstance(error, InstallError):
        stage = Stage(error.phase.value)
        steps = "import.*" if stage is Stage.IMPORT else "install-*"
        logs = [path.read_text("utf-8", "replace") for path in sorted(log_dir.glob(f"{steps}.log"))]
        output = "\n".join(log[-_LOG_CHARACTERS:] for log in logs) or output
    return Attempt(recipe=recipe, stage=stage, verdict=judge_failure(error), output=output)
