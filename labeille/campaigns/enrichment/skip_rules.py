"""Rules that decide before anything is run that a package is not to be run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from labeille.campaigns.enrichment.aside import is_vendored
from labeille.campaigns.enrichment.model import Change, Facts, Recipe, changed
from labeille.campaigns.enrichment.own_runner import is_nobodys
from labeille.registry.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable

#: Packages that are nothing but libraries for a device, by the beginning of their names.
_DEVICE_PREFIXES = ("nvidia-", "cuda-", "cupy-cuda")


def other_python(facts: Facts, recipe: Recipe) -> Change | None:
    """The project refuses the target's version: skip_versions."""
    text = facts.project.requires_python
    if text is None:
        return None
    try:
        allowed = SpecifierSet(text)
    except InvalidSpecifier:
        return None
    # pre-releases of 3.15 count as 3.15, as for pip
    if allowed.contains(f"{facts.python_version}.0", prereleases=True):
        return None
    return changed(
        recipe, f"requires Python {text}", skip_version=f"the project requires Python {text}"
    )


def type_stubs(facts: Facts, recipe: Recipe) -> Change | None:
    """Type stubs have nothing to run."""
    name = facts.package.name
    if not (name.startswith("types-") or name.endswith("-stubs")):
        return None
    return changed(recipe, "it is type stubs", skip_reason="type stubs: there is nothing to run")


def device_library(facts: Facts, recipe: Recipe) -> Change | None:
    """Libraries for a GPU."""
    if not facts.package.name.startswith(_DEVICE_PREFIXES):
        return None
    return changed(recipe, "it is a library for a GPU", skip_reason="needs a GPU")


def meta_package(facts: Facts, recipe: Recipe) -> Change | None:
    """A package that only requires others."""
    if facts.project.layout.modules or facts.needs.files or not facts.project.dependencies:
        return None
    return changed(
        recipe, "it has no modules", skip_reason="a meta package: it has no modules and no tests"
    )


def no_tests(facts: Facts, recipe: Recipe) -> Change | None:
    """A source without tests that anything runs: an sdist is how the project releases it."""
    dirs = [path for path in facts.needs.test_dirs if not is_vendored(path)]
    if facts.needs.files and dirs and not is_nobodys(facts):
        return None
    where = "the sdist" if facts.source is SourceKind.SDIST else "the repository"
    return changed(recipe, f"{where} has no tests", skip_reason=f"{where} has no tests")


RULES: tuple[Callable[[Facts, Recipe], Change | None], ...] = (
    type_stubs,
    device_library,
    meta_package,
    no_tests,
    other_python,
)
