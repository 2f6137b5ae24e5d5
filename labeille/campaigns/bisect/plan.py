"""From a command line's wishes to a bisection that can start, or go on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from labeille import __version__
from labeille.campaigns.bisect.notebook import Notebook
from labeille.campaigns.bisect.resume import unfinished
from labeille.campaigns.bisect.targets_list import read_targets
from labeille.campaigns.bisect.trials import Asked
from labeille.campaigns.campaign import Campaign, Wishes, plan_campaign
from labeille.errors import UsageError
from labeille.results.bisection import (
    BISECT_PREFIX,
    Bisection,
    BisectKind,
    LookedFor,
    Question,
)
from labeille.results.directory import RunDirectory, timestamp
from labeille.results.model import Status
from labeille.sources.model import SourceChoice
from labeille.targets.conditions import kind_for, resolve_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeille.pipeline.job import PipelineSettings
    from labeille.registry.model import Package
    from labeille.targets.model import Target

DEFAULT_CONDITION = "jit"


@dataclass(frozen=True, kw_only=True)
class BisectWishes(Wishes):
    """What a command line asks of a bisection; its selection is one package.

    None is what was not asked for. ``targets`` is a file's path, or ``uv``.
    """

    kind: BisectKind = BisectKind.COMMITS
    good: str | None = None
    bad: str | None = None
    status: Status | None = None
    signature: str | None = None
    test: str | None = None
    install_command: str | None = None
    condition: str | None = None
    targets: str | None = None
    repeat: int = 1
    resume: bool = False


@dataclass(frozen=True, kw_only=True)
class BisectPlan:
    """A bisection that is ready to start; ``targets`` are those to go through, if it does that."""

    campaign: Campaign
    package: Package
    settings: PipelineSettings
    notebook: Notebook
    asked: Asked
    targets: Mapping[str, Target]

    @property
    def question(self) -> Question:
        """What is asked, now or when it was begun."""
        return self.notebook.bisection.question

    @property
    def run(self) -> RunDirectory:
        """Where it is kept."""
        return self.campaign.run


def plan_bisection(wishes: BisectWishes, *, report: Callable[[str], None]) -> BisectPlan:
    """Check the wishes and say what is to be done, before anything but a target is fetched.

    Raises LabeilleError for whatever cannot be.
    """
    wanted = _wanted(wishes.status, wishes.signature)
    targets: Mapping[str, Target] = {}
    if wishes.targets is not None:
        targets = read_targets(wishes.targets)
        wishes = replace(wishes, target_python=next(iter(targets)))
    condition = wishes.condition or DEFAULT_CONDITION
    campaign = plan_campaign(wishes, want=kind_for(condition), prefix=BISECT_PREFIX, report=report)
    if not targets:
        resolve_condition(condition, campaign.target, wishes.env)
    chosen = campaign.selected.chosen[0]
    if chosen.revision is not None and not targets:
        raise UsageError(
            f"{chosen.package.name}@{chosen.revision}: a bisection goes through revisions itself",
            hint="name its ends with --good and --bad",
        )
    question = _question(wishes, campaign, targets)
    earlier = unfinished(wishes.places.results_dir, question) if wishes.resume else None
    if earlier is not None:
        campaign = replace(campaign, run=RunDirectory(wishes.places.results_dir, earlier.run_id))
        question = earlier.question
        wanted = _wanted(question.status, question.signature)
    elif wishes.resume:
        report("no unfinished bisection that asks for this: a new one is begun")
    return BisectPlan(
        campaign=campaign,
        package=_package(chosen.package, wishes, question),
        settings=_settings(campaign, question),
        notebook=Notebook(campaign.run, earlier or _begun(campaign, question)),
        asked=Asked(wanted=wanted, test=question.test, repeat=question.repeat),
        targets=targets,
    )


def _wanted(status: Status | None, signature: str | None) -> LookedFor | None:
    """What is looked for, as far as it was asked for; a signature is a crash's."""
    if signature is not None:
        if status not in (None, Status.CRASH):
            raise UsageError(
                f"--crash-signature looks for a crash, and --status for a {status}",
                hint="give one of them",
            )
        status = Status.CRASH
    return None if status is None else LookedFor(status=status, signature=signature)


def _question(wishes: BisectWishes, campaign: Campaign, targets: Mapping[str, Target]) -> Question:
    chosen = campaign.selected.chosen[0]
    name = chosen.package.name
    return Question(
        package=name,
        kind=wishes.kind,
        good=wishes.good,
        bad=wishes.bad,
        status=wishes.status,
        signature=wishes.signature,
        test=wishes.test,
        test_command=wishes.test_command_override,
        install_command=wishes.install_command,
        condition=wishes.condition,
        target_id=None if targets else campaign.target.target_id,
        repo=wishes.repo_overrides.get(name, chosen.package.repo),
        targets=tuple(targets),
        revision=chosen.revision,
        env=dict(wishes.env),
        extra_deps=wishes.extra_deps,
        repeat=wishes.repeat,
    )


def _package(package: Package, wishes: BisectWishes, question: Question) -> Package:
    """The registry's entry with what was asked for in its place.

    Only here a ``--timeout`` goes before a package's own: it is meant for this one.
    """
    changes: dict[str, object] = {}
    if question.install_command is not None:
        changes["install_command"] = question.install_command
    if wishes.timeout is not None:
        changes["timeout"] = wishes.timeout
    return msgspec.structs.replace(package, **changes)


def _settings(campaign: Campaign, question: Question) -> PipelineSettings:
    """The run's settings; a history in git is wanted as a whole, releases are sdists."""
    settings = campaign.settings
    sources = settings.sources
    if question.kind is BisectKind.COMMITS:
        sources = replace(sources, source=SourceChoice.GIT, shallow=False)
    elif question.kind is BisectKind.RELEASES:
        sources = replace(sources, source=SourceChoice.SDIST)
    trial = replace(settings.trial, test_command_override=question.test_command)
    return replace(settings, sources=sources, trial=trial)


def _begun(campaign: Campaign, question: Question) -> Bisection:
    """A bisection of which nothing is known yet."""
    target = campaign.target
    return Bisection(
        question=question,
        run_id=campaign.run.run_id,
        started_at=timestamp(),
        target_python="" if question.targets else target.python,
        python_version="" if question.targets else target.version_text,
        condition=question.condition or (None if question.targets else DEFAULT_CONDITION),
        cli_args=campaign.wishes.cli_args,
        labeille_version=__version__,
    )
