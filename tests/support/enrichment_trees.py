"""What the tests of enrichment share: a plain tree, and attempts that look like real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.enrichment.attempt import Attempt, Stage
from labeille.campaigns.enrichment.model import Recipe
from labeille.pipeline.trial import Trial
from labeille.pipeline.verdict import Verdict, judge_trial
from labeille.registry.model import SourceKind
from labeille.results.model import Status
from labeille.suites.model import TestLog
from labeille.supervision.model import Ending, Outcome, Output

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeille.campaigns.enrichment.model import Facts

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "thing"
version = "1.2"
"""

#: A package that any rule finds ordinary.
PLAIN = {
    "pyproject.toml": PYPROJECT,
    "thing/__init__.py": "",
    "tests/test_thing.py": "import thing\n\ndef test_it():\n    assert thing\n",
}


class FactsOf(Protocol):
    """See the fixture ``facts_of``."""

    def __call__(
        self, files: Mapping[str, str], *, kind: SourceKind = ..., **package: object
    ) -> Facts: ...


@dataclass(frozen=True)
class Attempts:
    """Makes attempts whose logs lie in ``folder``."""

    folder: Path

    def install(
        self, output: str, recipe: Recipe | None = None, *, stage: Stage = Stage.INSTALL
    ) -> Attempt:
        """One that ended before the tests."""
        reason = output.strip().splitlines()[-1] if output.strip() else None
        verdict = Verdict(status=Status.INSTALL_ERROR, reason=reason, phase=stage.value)
        return Attempt(recipe=recipe or Recipe(), stage=stage, verdict=verdict, output=output)

    def test(
        self,
        output: str = "",
        recipe: Recipe | None = None,
        *,
        exit_code: int = 2,
        ending: Ending = Ending.EXITED,
        log: TestLog | None = None,
        seconds: float = 60.0,
    ) -> Attempt:
        """One whose tests were run and printed ``output``."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "stdout").write_text(output)
        (self.folder / "stderr").write_text("")
        outcome = Outcome(
            exit_code=exit_code,
            ending=ending,
            duration_seconds=seconds,
            cpu_seconds=1.0,
            max_rss_bytes=1,
            leftovers=0,
            stdout=Output(path=self.folder / "stdout", total=len(output)),
            stderr=Output(path=self.folder / "stderr", total=0),
        )
        trial = Trial(command="pytest", outcome=outcome, log=log or TestLog(pid=1))
        recipe = recipe or Recipe()
        return Attempt(
            recipe=recipe,
            stage=Stage.TEST,
            verdict=judge_trial(trial, recipe.framework),
            output=output,
            trial=trial,
            counts=trial.log.counts,
        )
