"""Opens what a bisection goes through: a repository's history, an index, a list."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from labeille.campaigns.bisect import lineage as lineages
from labeille.campaigns.bisect import subjects as kinds
from labeille.campaigns.bisect.plan import DEFAULT_CONDITION
from labeille.campaigns.bisect.reuse import Recipe
from labeille.campaigns.campaign import check_places
from labeille.environments.key import DEFAULT_INSTALL_COMMAND
from labeille.errors import SourceError
from labeille.results.bisection import BisectKind
from labeille.sources.get import index_client
from labeille.sources.history import hold_history
from labeille.sources.releases import released
from labeille.targets.conditions import resolve_condition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.campaigns.bisect.lineage import Lineage
    from labeille.campaigns.bisect.plan import BisectPlan
    from labeille.campaigns.bisect.subjects import Subjects
    from labeille.supervision.cancellation import Cancellation
    from labeille.targets.model import Condition


@contextlib.contextmanager
def opened(plan: BisectPlan, *, cancel: Cancellation) -> Iterator[tuple[Lineage, Subjects]]:
    """What the bisection goes through, and what makes its items ready for trials.

    Raises LabeilleError where it cannot be had; Interrupted.
    """
    check_places(plan.campaign.wishes.places)
    match plan.question.kind:
        case BisectKind.COMMITS:
            with _commits(plan, cancel) as both:
                yield both
        case BisectKind.RELEASES:
            yield _releases(plan)
        case BisectKind.TARGETS:
            yield _targets(plan)


@contextlib.contextmanager
def _commits(plan: BisectPlan, cancel: Cancellation) -> Iterator[tuple[Lineage, Subjects]]:
    package, question = plan.package, plan.question
    named = [text for text in (question.good, question.bad) if text]
    with contextlib.ExitStack() as stack:
        try:
            holding = hold_history(package, plan.settings.sources, named, cancel)
            history = stack.enter_context(holding)
        except SourceError as error:
            hint = "--releases bisects its released versions instead, from their sdists"
            if error.hint:
                hint = f"{error.hint.split('; ')[0].split(', or ')[0]}; {hint}"
            raise SourceError(str(error), hint=hint) from None
        yield (
            lineages.Commits(history),
            kinds.Commits(
                history=history,
                package=package,
                recipe=Recipe.of(package, package.install_command or DEFAULT_INSTALL_COMMAND),
                target=plan.campaign.target,
                condition=_condition(plan),
                settings=plan.settings,
            ),
        )


def _releases(plan: BisectPlan) -> tuple[Lineage, Subjects]:
    package = plan.package
    return (
        lineages.Versions(package.name, released(package.name, index_client())),
        kinds.Releases(
            package=package,
            target=plan.campaign.target,
            condition=_condition(plan),
            settings=plan.settings,
        ),
    )


def _targets(plan: BisectPlan) -> tuple[Lineage, Subjects]:
    question = plan.question
    return (
        lineages.Interpreters(plan.targets),
        kinds.Targets(
            package=plan.package,
            revision=question.revision,
            targets=plan.targets,
            condition=question.condition,
            env=question.env,
            settings=plan.settings,
        ),
    )


def _condition(plan: BisectPlan) -> Condition:
    question = plan.question
    name = question.condition or DEFAULT_CONDITION
    return resolve_condition(name, plan.campaign.target, question.env)
