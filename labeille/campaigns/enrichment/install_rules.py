"""Rules for how a package is installed together with what its tests need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from labeille.campaigns.enrichment.model import Change, Facts, Recipe, changed
from labeille.projects.catalogue import development_tools
from labeille.projects.model import RequirementSet, SetKind
from labeille.projects.needs import Certainty, ReasonKind
from labeille.projects.suite_sets import applicable, expand
from labeille.registry.model import TestFramework

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from labeille.projects.needs import Need

#: Commits of a clone that reach back to a tag in nearly all projects.
TAGGED_DEPTH = 200

#: Build backends whose editable installs compile at every import, in a folder that has to stay.
_MESON = "mesonpy"


def needed(facts: Facts, left_out: Iterable[str] = ()) -> list[Need]:
    """What goes into the install line beside the project: never a guess, never a mere tool."""
    without = set(left_out)
    return [
        need
        for need in facts.needs.installable
        if need.package not in without and not is_spared(need)
    ]


def is_spared(need: Need) -> bool:
    """A development tool that only the command line of pytest's configuration asks for.

    The test command leaves its options out, too (suite_rules.addopts_without_tools).
    """
    if development_tools().reason(need.package) is None:
        return False
    return all(
        reason.kind in (ReasonKind.DECLARED, ReasonKind.OPTION, ReasonKind.SETTING)
        for reason in need.reasons
    )


def declared_set(facts: Facts, recipe: Recipe) -> Change | None:
    """An extra or a dependency group for tests, as it is, where it holds nothing but that."""
    wanted = {need.package for need in needed(facts)}
    for each in facts.needs.sets:
        if each.kind not in (SetKind.EXTRA, SetKind.GROUP) or not _is_whole(facts, each, wanted):
            continue
        reason = f"{each.kind} `{each.name}`: declared in {each.place}"
        if each.kind is SetKind.EXTRA:
            return changed(recipe, reason, extras=(each.name,))
        return changed(recipe, reason, groups=(each.name,))
    return None


def further_requirements(facts: Facts, recipe: Recipe) -> Change | None:
    """What is needed and no extra or group brings: of other declarations, then of the scan."""
    brought = {
        canonicalize_name(requirement.name)
        for each in facts.needs.sets
        if each.name in recipe.extras + recipe.groups
        for requirement in expand(facts.project, each.asks)
    }
    found = [need for need in needed(facts) if need.package not in brought]
    if not found:
        return None
    sets = ", ".join(str(each) for each in facts.needs.sets)
    declared = [need.package for need in found if need.certainty is Certainty.DECLARED]
    scanned = [need for need in found if need.certainty is not Certainty.DECLARED]
    reasons = []
    if declared:
        reasons.append(f"{', '.join(declared)}: {sets or 'declared'}")
    for need in scanned:
        reason = need.reasons[0]
        reasons.append(f"{need.package}: {reason.kind} {reason.detail} in {reason.place}")
    requirements = tuple(str(need.requirement) for need in found)
    return changed(recipe, "; ".join(reasons), requirements=(*recipe.requirements, *requirements))


def test_runner(facts: Facts, recipe: Recipe) -> Change | None:
    """pytest itself, where nothing else brings it."""
    if facts.needs.framework is not TestFramework.PYTEST or facts.package.name == "pytest":
        return None
    with_project = any(need.package == "pytest" and need.with_project for need in facts.needs.needs)
    names = {canonicalize_name(text.split("[")[0]) for text in map(_name, recipe.requirements)}
    brought = {
        canonicalize_name(requirement.name)
        for each in facts.needs.sets
        if each.name in recipe.extras + recipe.groups
        for requirement in expand(facts.project, each.asks)
    }
    if "pytest" in names | brought or with_project:
        return None
    return changed(
        recipe, "pytest: it runs the suite", requirements=(*recipe.requirements, "pytest")
    )


def plain_for_meson(facts: Facts, recipe: Recipe) -> Change | None:
    """meson-python's editable installs build again at every import, inside the trial."""
    if facts.project.build.backend != _MESON:
        return None
    return changed(
        recipe, "plain install: meson-python's editable ones build at import", editable=False
    )


def tags_for_version(facts: Facts, recipe: Recipe) -> Change | None:
    """Builds that ask git for the version want tags: a deep enough clone."""
    source = facts.project.version_source
    if not source.needs_git or not facts.package.repo or facts.package.clone_depth is not None:
        return None
    return changed(
        recipe, f"clone_depth: {source.label} reads the version from tags", clone_depth=TAGGED_DEPTH
    )


def monorepo_folder(facts: Facts, recipe: Recipe) -> Change | None:
    """A package in a folder of its repository is installed and tested there."""
    if facts.folder == ".":
        return None
    return changed(recipe, f"the package is in {facts.folder}", folder=facts.folder)


def _is_whole(facts: Facts, each: RequirementSet, wanted: set[str]) -> bool:
    """Whether a set brings what is wanted and nothing that is not."""
    if each.asks.unread or (each.kind is SetKind.EXTRA and each.name not in facts.project.extras):
        return False
    names = {
        canonicalize_name(requirement.name)
        for requirement in applicable(expand(facts.project, each.asks), facts.python)
    }
    of_project = {need.package for need in facts.needs.needs if need.with_project}
    return bool(names) and names <= wanted | of_project | {facts.project.name or ""}


def _name(requirement: str) -> str:
    from packaging.requirements import Requirement

    return Requirement(requirement).name


test_runner.__test__ = False  # type: ignore[attr-defined]  # no test, though pytest likes the name

RULES: tuple[Callable[[Facts, Recipe], Change | None], ...] = (
    monorepo_folder,
    declared_set,
    further_requirements,
    test_runner,
    plain_for_meson,
    tags_for_version,
)
