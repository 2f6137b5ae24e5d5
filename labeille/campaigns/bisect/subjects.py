"""From a commit, a release or an interpreter to something that can be tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.bisect.errors import UntestableError
from labeille.campaigns.bisect.reuse import install_kind
from labeille.errors import LabeilleError, SourceError
from labeille.pipeline.job import Job
from labeille.pipeline.prepare import Unprepared, prepare
from labeille.sources.moving_tree import MovingTree
from labeille.targets.conditions import resolve_condition
from labeille.targets.model import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeille.campaigns.bisect.reuse import Recipe
    from labeille.pipeline.job import PipelineSettings
    from labeille.pipeline.trial import Prepared
    from labeille.registry.model import Package
    from labeille.sources.history import History
    from labeille.supervision.cancellation import Cancellation
    from labeille.targets.model import Target


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An item of a history, ready for trials, or why it is not.

    ``second_hand``: its environment was built for another commit, which would have been installed
    in the same way.
    """

    prepared: Prepared | Unprepared
    second_hand: bool = False


class Subjects(Protocol):
    """What makes the items of one history ready for trials."""

    def get(self, item: str, log_dir: Path, *, anew: bool, cancel: Cancellation) -> Subject:
        """One item; ``anew`` uses nothing that was made for another one. Raises Interrupted."""


@dataclass(frozen=True, kw_only=True)
class Commits:
    """The commits of a history on one target.

    Those that an install cannot tell apart share a tree and an environment.
    """

    history: History
    package: Package
    recipe: Recipe
    target: Target
    condition: Condition
    settings: PipelineSettings

    def get(self, item: str, log_dir: Path, *, anew: bool, cancel: Cancellation) -> Subject:
        """The commit in its tree."""
        job = Job(package=self.package, target=self.target, condition=self.condition, revision=item)
        tree = MovingTree(self.history, install_kind(self.history, item, self.recipe))
        second_hand = tree.is_settled and not anew
        try:
            checkout = tree.move(item) if second_hand else tree.make(item)
        except SourceError as error:
            return Subject(prepared=Unprepared(job=job, error=error))
        prepared = prepare(job, self.settings, log_dir, cancel=cancel, checkout=checkout)
        if isinstance(prepared, Unprepared):
            if not second_hand:
                tree.remove()
        elif not prepared.environment.reused:
            tree.settle()
            second_hand = False
        return Subject(prepared=prepared, second_hand=second_hand)


@dataclass(frozen=True, kw_only=True)
class Releases:
    """The released versions of a package on one target, each from its sdist."""

    package: Package
    target: Target
    condition: Condition
    settings: PipelineSettings

    def get(
        self,
        item: str,
        log_dir: Path,
        *,
        anew: bool,  # noqa: ARG002 - each has an environment of its own
        cancel: Cancellation,
    ) -> Subject:
        """The release's sdist, unpacked."""
        job = Job(package=self.package, target=self.target, condition=self.condition, revision=item)
        return Subject(prepared=prepare(job, self.settings, log_dir, cancel=cancel))


def condition_for(target: Target) -> str:
    """The condition for an interpreter of a list where none is asked for."""
    return "jit" if target.jit_works else "nojit"


@dataclass(frozen=True, kw_only=True)
class Targets:
    """One source on many interpreters, by their paths.

    ``condition`` names the condition, None leaves it to ``condition_for``.
    """

    package: Package
    revision: str | None
    targets: Mapping[str, Target]
    condition: str | None
    env: Mapping[str, str]
    settings: PipelineSettings

    def get(
        self,
        item: str,
        log_dir: Path,
        *,
        anew: bool,  # noqa: ARG002 - each has an environment of its own
        cancel: Cancellation,
    ) -> Subject:
        """The source on the interpreter."""
        target = self.targets[item]
        condition = self.condition or condition_for(target)
        sources = replace(self.settings.sources, variant=target.target_id)
        settings = replace(self.settings, sources=sources)
        job = Job(
            package=self.package,
            target=target,
            condition=Condition(name=condition),
            revision=self.revision,
        )
        try:
            job = replace(job, condition=resolve_condition(condition, target, self.env))
        except LabeilleError as error:
            return Subject(prepared=Unprepared(job=job, error=UntestableError(str(error))))
        return Subject(prepared=prepare(job, settings, log_dir, cancel=cancel))
