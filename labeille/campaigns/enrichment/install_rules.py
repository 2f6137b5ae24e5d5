"""Rules for how a package is installed together with what its tests need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from labeille.campaigns.enrichment.aside import is_aside
from labeille.campaigns.enrichment.model import Change, Facts, Recipe, changed
from labeille.campaigns.enrichment.own_runner import own_runner
from labeille.projects.catalogue import development_tools
from labeille.projects.model import RequirementSet, SetKind
from labeille.projects.needs import ReasonKind
from labeille.projects.suite_sets import applicable, expand
from labeille.registry.model import TestFramework

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from labeille.projects.needs import Need

#: Commits of a clone that reach back to a tag in nearly all projects.
TAGGED_DEPTH = 200

#: Build backends whose editable installs compile at every import, in a folder that has to stay.
_MESON = "mesonpy"
#: Sets that an installer takes by name.
_BY_NAME = (SetKind.EXTRA, SetKind.GROUP)
#: Reasons whose detail says by itself what they are.
_PLAIN = (ReasonKind.IMPORT, ReasonKind.RUNNER, ReasonKind.PLUGIN)


def needed(facts: Facts, left_out: Iterable[str] = ()) -> list[Need]:
    """What goes into the install line beside the project: never a guess, never a mere tool."""
    without = set(left_out)
    return [
        need
        for need in facts.needs.installable
        if need.package not in without
        and not is_spared(facts, need)
        and (is_declared(need) or not (need.conditional or is_aside_alone(need)))
    ]


def is_declared(need: Need) -> bool:
    """Whether a set for the tests names it; an import alone can be one that may fail."""
    return any(reason.kind is ReasonKind.DECLARED for reason in need.reasons)


def is_aside_alone(need: Need) -> bool:
    """Whether only folders show it whose tests are left out (suite_rules.side_folders)."""
    return bool(need.reasons) and all(is_aside(reason.place) for reason in need.reasons)


def essential(facts: Facts) -> list[Need]:
    """What the suite cannot do without: needs that more than a list shows, and nothing optional."""
    return [
        need
        for need in needed(facts)
        if any(
            reason.condition is None and reason.kind is not ReasonKind.DECLARED
            for reason in need.reasons
        )
    ]


def without(facts: Facts, recipe: Recipe, packages: Iterable[str]) -> Recipe:
    """A recipe that does not bring some packages: extras and groups are written out for that."""
    left_out = (*recipe.left_out, *packages)
    added: dict[str, str] = {
        canonicalize_name(Requirement(text).name): text
        for text in recipe.requirements
        if canonicalize_name(Requirement(text).name) not in left_out
    }
    for need in needed(facts, left_out):
        added.setdefault(need.package, str(need.requirement))
    return replace(
        recipe,
        left_out=left_out,
        extras=(),
        groups=(),
        requirements=tuple(added[name] for name in sorted(added)),
    )


def is_spared(facts: Facts, need: Need) -> bool:
    """A development tool that only pytest's configuration asks for, on its command line or off.

    The test command leaves its options out, too (suite_rules.addopts_without_tools).
    """
    if development_tools().reason(need.package) is None:
        return False
    settings = facts.project.pytest
    return all(
        reason.kind in (ReasonKind.DECLARED, ReasonKind.OPTION, ReasonKind.SETTING)
        or (
            reason.kind is ReasonKind.PLUGIN
            and settings is not None
            and reason.place == settings.place
        )
        for reason in need.reasons
    )


def declared_set(facts: Facts, recipe: Recipe) -> Change | None:
    """An extra or a dependency group for tests, as it is, where it holds nothing but that."""
    left = {need.package for need in needed(facts)}
    wanted = frozenset(left)
    taken: list[RequirementSet] = []
    for each in facts.needs.sets:
        brings = left & _packages(facts, [each])
        if brings and each.kind in _BY_NAME and _is_whole(facts, each, wanted):
            taken.append(each)
            left -= brings
    if not taken:
        return None
    return changed(
        recipe,
        "; ".join(f"{each.kind} `{each.name}`: declared in {each.place}" for each in taken),
        extras=tuple(each.name for each in taken if each.kind is SetKind.EXTRA),
        groups=tuple(each.name for each in taken if each.kind is SetKind.GROUP),
    )


def further_requirements(facts: Facts, recipe: Recipe) -> Change | None:
    """What is needed and no extra or group brings: of other declarations, then of the scan."""
    brought = _brought(facts, recipe)
    found = [need for need in needed(facts) if need.package not in brought]
    if not found:
        return None
    by_reason: dict[str, list[str]] = {}
    for need in found:
        reason = next((each for each in need.reasons if each.condition is None), need.reasons[0])
        text = reason.detail
        if reason.kind is not ReasonKind.DECLARED:
            kind = "" if reason.kind in _PLAIN else f"{reason.kind} "
            text = f"{kind}{reason.detail} in {reason.place}"
        by_reason.setdefault(text, []).append(need.package)
    return changed(
        recipe,
        "; ".join(f"{', '.join(names)}: {text}" for text, names in by_reason.items()),
        requirements=(*recipe.requirements, *(str(need.requirement) for need in found)),
    )


def test_runner(facts: Facts, recipe: Recipe) -> Change | None:
    """pytest itself, where nothing else brings it."""
    if facts.needs.framework is TestFramework.UNITTEST or own_runner(facts) is not None:
        return None
    if facts.package.name == "pytest":
        return None
    with_project = any(need.package == "pytest" and need.with_project for need in facts.needs.needs)
    names = {canonicalize_name(Requirement(text).name) for text in recipe.requirements}
    if "pytest" in names | _brought(facts, recipe) or with_project:
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


def _brought(facts: Facts, recipe: Recipe) -> set[str]:
    """What the recipe's extras and groups bring."""
    return _packages(
        facts,
        [
            each
            for each in facts.project.sets
            if (each.kind is SetKind.EXTRA and each.name in recipe.extras)
            or (each.kind is SetKind.GROUP and each.name in recipe.groups)
        ],
    )


def _packages(facts: Facts, sets: Iterable[RequirementSet]) -> set[str]:
    return {
        canonicalize_name(requirement.name)
        for each in sets
        for requirement in applicable(expand(facts.project, each.asks), facts.python)
    }


def _is_whole(facts: Facts, each: RequirementSet, wanted: frozenset[str]) -> bool:
    """Whether a set brings what is wanted and nothing that is not."""
    if each.asks.unread or (each.kind is SetKind.EXTRA and each.name not in facts.project.extras):
        return False
    names = _packages(facts, [each])
    of_project = {need.package for need in facts.needs.needs if need.with_project}
    return bool(names) and names <= wanted | of_project | {facts.project.name or ""}


test_runner.__test__ = False  # type: ignore[attr-defined]  # no test, though pytest likes the name

RULES: tuple[Callable[[Facts, Recipe], Change | None], ...] = (
    monorepo_folder,
    declared_set,
    further_requirements,
    test_runner,
    plain_for_meson,
    tags_for_version,
)
