"""Mends of installs that fail: builds, versions, imports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import InvalidName, canonicalize_name

from labeille.campaigns.enrichment.attempt import Attempt, Stage
from labeille.campaigns.enrichment.install_rules import essential, needed, without
from labeille.campaigns.enrichment.model import Change, Facts, Recipe, changed, is_compiled
from labeille.campaigns.enrichment.modules import missing_modules, package_of
from labeille.projects.model import VersionSource
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# How uv and pip name a requirement that they cannot build or find.
_NO_BUILD = re.compile(
    r"Failed (?:to build|building wheel for|to download(?: and build)?|to fetch|to install) [`'\"]?"
    r"(?P<name>(?!\w+:/)[A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])?"
    r"(?:==[^\s`'\"]+| @ [^\s`'\"]+)?[`'\"]?[\s,;:]"
    r"|No matching distribution found for (?P<pip>[A-Za-z0-9][\w.-]*)"
    r"|[Bb]ecause (?:there are no versions of |only )?"
    r"(?P<none>[A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])?(?:[<>=!~][^\s]*)? "
    r"(?:was not found in the package registry|has no wheels|is available)"
    r"|no versions of (?P<versions>[A-Za-z0-9][\w.-]*)"
)
# The end of what pip says of wheels: "Failed to build installable wheels for … ╰─> a, b".
_NO_WHEELS = re.compile(r"Failed to build installable wheels.*\n╰─> (?P<names>[\w., -]+)")
# A requirement that the index has in no version at all, as pip and uv tell it.
_ABSENT = re.compile(
    r"satisfies the requirement (?P<pip>[A-Za-z0-9][\w.-]*)[^\n]*\(from versions: none\)"
    r"|[Bb]ecause (?P<uv>[A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])? was not found in the package registry"
    r"|[Bb]ecause there are no versions of (?P<extra>[A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])? and"
)
_NO_VERSION = re.compile(
    r"unable to detect version|setuptools-scm was unable|VersioningitError|NotVCSError"
    r"|NotSdistError|Versioning for this project requires either an sdist"
    r"|does not appear to be a Git|Unable to determine version|Cannot find .* version"
    r"|no version (?:tag|found)|not a git repository",
    re.IGNORECASE,
)
# What the machine lacks, and the Python has no part in.
_MACHINE = re.compile(
    r"Could not resolve host|[Nn]ame resolution|[Cc]onnection (?:refused|reset|timed out)"
    r"|error sending request|Network is unreachable|No space left on device"
    r"|fatal error: [\w/.-]+\.h: No such file|command not found|Dependency .* not found"
    r"|No such file or directory: '(?:gcc|cc|g\+\+|c\+\+|cargo|rustc|cmake|git|make|swig)'"
    r"|[Rr]ust toolchain|can't find Rust compiler|\bpkg-config\b.*not found"
    r"|[Uu]nable to find (?:a )?(?:compiler|library)|Could not find (?:cmake|ninja)"
)
_COMPILER_ERROR = re.compile(r"^\s*\S+:\d+:(?:\d+:)? ?(?:fatal )?error: .*", re.MULTILINE)
_EXCEPTION = re.compile(r"^\s*(?:\w+\.)*\w+(?:Error|Exception): .*", re.MULTILINE)
_HATCHLING = "hatchling.build"
#: What build backends ask for by themselves, for an editable install, where a build is isolated.
_ASKED_FOR = {_HATCHLING: ("editables",), "scikit_build_core.build": ("cmake", "ninja")}
#: https://hatch.pypa.io/latest/config/build/#environment-variables
_NO_HOOKS = "HATCH_BUILD_NO_HOOKS"
#: Variables by which a build is told its version.
_VERSION_VARIABLES = {
    VersionSource.SETUPTOOLS_SCM: "SETUPTOOLS_SCM_PRETEND_VERSION",
    VersionSource.HATCH_VCS: "SETUPTOOLS_SCM_PRETEND_VERSION",
    VersionSource.FLIT_SCM: "SETUPTOOLS_SCM_PRETEND_VERSION",
    VersionSource.PBR: "PBR_VERSION",
    VersionSource.PDM_SCM: "PDM_BUILD_SCM_VERSION",
    VersionSource.POETRY_DYNAMIC: "POETRY_DYNAMIC_VERSIONING_BYPASS",
    VersionSource.UV_DYNAMIC: "UV_DYNAMIC_VERSIONING_BYPASS",
}


def dependency_left_out(facts: Facts, attempt: Attempt) -> Change | None:
    """A requirement of the tests that cannot be had on this target is left out and named."""
    if attempt.stage is not Stage.INSTALL:
        return None
    recipe = attempt.recipe
    failed = list(dict.fromkeys(_failed_packages(attempt.output)))
    needs = needed(facts, recipe.left_out)
    own = {facts.project.name or "", facts.package.name}
    of_tests = {need.package for need in needs} | _names(recipe.requirements)
    if recipe.left_out:  # it was not the only one: what is left is no search, but a decision
        return _only_essential(facts, recipe)
    gone = [name for name in failed if name in of_tests and name not in own]
    if not gone:
        gone = _bringing(attempt.output, of_tests, set(failed) - own)
    if not gone:
        return None
    return changed(
        without(facts, recipe, gone),
        f"without {', '.join(gone)}, which cannot be installed on {facts.python_version}",
    )


def _only_essential(facts: Facts, recipe: Recipe) -> Change | None:
    kept = [need for need in essential(facts) if need.package not in recipe.left_out]
    requirements = tuple(str(need.requirement) for need in kept)
    if set(requirements) >= set(recipe.requirements):
        return None
    return changed(
        recipe,
        f"of the tests' requirements only {', '.join(need.package for need in kept)}, which the "
        f"suite shows: others cannot be installed on {facts.python_version} either",
        extras=(),
        groups=(),
        requirements=requirements,
    )


def pretended_version(facts: Facts, attempt: Attempt) -> Change | None:
    """A build that asks git for the version is told it, where PKG-INFO does not suffice."""
    variable = _VERSION_VARIABLES.get(facts.project.version_source)
    if attempt.stage is not Stage.INSTALL or variable is None or facts.version is None:
        return None
    if variable in attempt.recipe.env or not _NO_VERSION.search(attempt.output):
        return None
    return changed(
        attempt.recipe,
        f"{variable}: the build finds no version in the sdist",
        env={**attempt.recipe.env, variable: facts.version},
    )


def build_without_isolation(facts: Facts, attempt: Attempt) -> Change | None:
    """A build that misses a module gets it, and its declared requirements, up front."""
    recipe = attempt.recipe
    if attempt.stage is not Stage.INSTALL or not recipe.isolated:
        return None
    if _others(facts, attempt):
        return None
    missing = [name for name in missing_modules(attempt.output) if name]
    packages = [package for name in missing if (package := _builder(facts, name))]
    if not packages:
        return None
    declared = [str(requirement) for requirement in facts.project.build.requires]
    return changed(
        recipe,
        f"--no-build-isolation with {', '.join(packages)}: the build imports it undeclared",
        isolated=False,
        build_requirements=_up_front(facts, (*declared, "wheel", *packages)),
    )


def loose_build_requirements(facts: Facts, attempt: Attempt) -> Change | None:
    """A build requirement in a version that the index has not: any version, by hand."""
    recipe = attempt.recipe
    if attempt.stage is not Stage.INSTALL or not recipe.isolated:
        return None
    failed = set(_failed_packages(attempt.output))
    requires = facts.project.build.requires
    loose = [each for each in requires if each.specifier and _canonical(each) in failed]
    if not loose:
        return None
    words = [_unversioned(each) if each in loose else str(each) for each in requires]
    names = ", ".join(each.name for each in loose)
    return changed(
        recipe,
        f"--no-build-isolation with any {names}: the build wants a version that the index has not",
        isolated=False,
        build_requirements=_up_front(facts, words),
    )


def absent_build_requirement(facts: Facts, attempt: Attempt) -> Change | None:
    """A build requirement that the index has not at all: the build without it, and its hooks.

    Hatchling refuses a hook whose plugin is missing. Nothing that is tested comes of hooks where a
    package is pure: what they write is in an sdist already.
    """
    recipe = attempt.recipe
    if attempt.stage is not Stage.INSTALL:
        return None
    found = ("".join(filter(None, match.groups())) for match in _ABSENT.finditer(attempt.output))
    absent = set(_canonical_names(found))
    requires = [*facts.project.build.requires]
    if not recipe.isolated:
        requires = [Requirement(text) for text in recipe.build_requirements]
    gone = [each for each in requires if _canonical(each) in absent]
    if not gone:
        return None
    env = dict(recipe.env)
    if facts.project.build.backend == _HATCHLING and not is_compiled(facts):
        env[_NO_HOOKS] = "true"
    names = ", ".join(each.name for each in gone)
    return changed(
        recipe,
        f"--no-build-isolation without {names}, which the index has not"
        + (f", and {_NO_HOOKS}: no hook may ask for it" if _NO_HOOKS in env else ""),
        isolated=False,
        build_requirements=_up_front(facts, (str(each) for each in requires if each not in gone)),
        env=env,
    )


def plain_install(facts: Facts, attempt: Attempt) -> Change | None:
    """The project's own build failed as an editable one: plain."""
    if attempt.stage is not Stage.INSTALL or not attempt.recipe.editable or _took_long(attempt):
        return None
    if _MACHINE.search(attempt.output) or attempt.verdict.status is not Status.INSTALL_ERROR:
        return None
    if _others(facts, attempt):
        return None
    return changed(attempt.recipe, "plain install: the editable one fails", editable=False)


def missing_at_import(facts: Facts, attempt: Attempt) -> Change | None:
    """The package imports what it does not require."""
    if attempt.stage is not Stage.IMPORT:
        return None
    found = [package_of(facts, module) for module in missing_modules(attempt.output)]
    packages = tuple(name for name in found if name and name not in attempt.recipe.requirements)
    if not packages:
        return None
    return changed(
        attempt.recipe,
        f"{', '.join(packages)}: the package imports it and does not require it",
        requirements=(*attempt.recipe.requirements, *packages),
    )


def other_import_name(facts: Facts, attempt: Attempt) -> Change | None:
    """What the import check derived is no module: the one that the tree has."""
    if attempt.stage is not Stage.IMPORT or attempt.recipe.import_name is not None:
        return None
    modules = [name for name in facts.project.layout.modules if not name.startswith("_")]
    failing = re.search(r"`import (?P<name>[\w.]+)` fails", attempt.verdict.reason or "")
    tried = failing["name"] if failing else None
    if tried is None or tried not in missing_modules(attempt.output):
        return None
    left = [name for name in modules if name != tried]
    if not left:
        return None
    return changed(
        attempt.recipe, f"import_name {left[0]}: there is no {tried}", import_name=left[0]
    )


def refused_by_python(facts: Facts, attempt: Attempt) -> Change | None:
    """The last resort: what does not build, or cannot be imported, is skipped on this Python."""
    if attempt.stage not in (Stage.INSTALL, Stage.IMPORT):
        return None
    if attempt.verdict.status is not Status.INSTALL_ERROR or _MACHINE.search(attempt.output):
        return None  # a crash is what is looked for; and another machine may do better
    if _took_long(attempt) or _lacks_its_own(facts, attempt):
        return None
    if attempt.stage is Stage.INSTALL and (attempt.recipe.editable or _others(facts, attempt)):
        return None
    reason = _why(attempt.output) or (attempt.verdict.reason or "it cannot be installed").strip()
    reason = f"{attempt.stage} fails: {reason}"[:200]
    return changed(attempt.recipe, f"skip_versions: {reason}", skip_version=reason)


def _lacks_its_own(facts: Facts, attempt: Attempt) -> bool:
    """Whether a module of the package itself is missing: the build left it out, not the Python."""
    own = {name.partition(".")[0] for name in facts.project.layout.modules}
    missing = missing_modules(attempt.output) if attempt.stage is Stage.IMPORT else []
    return any(name.partition(".")[0] in own and "." in name for name in missing)


def _up_front(facts: Facts, requirements: Iterable[str]) -> tuple[str, ...]:
    """What has to stand before a build that is not isolated."""
    backend = _ASKED_FOR.get(facts.project.build.backend, ())
    return tuple(dict.fromkeys((*requirements, *backend)))


def _took_long(attempt: Attempt) -> bool:
    """Whether the install was ended for its time, of which another way takes as much."""
    return "took longer than" in (attempt.verdict.reason or "")


def _why(output: str) -> str:
    """The line of a failed build or import that tells most: a compiler's first error, or the last
    exception."""
    for pattern, at in ((_COMPILER_ERROR, 0), (_EXCEPTION, -1)):
        found = pattern.findall(output)
        if found:
            return str(found[at]).strip()
    return ""


def _others(facts: Facts, attempt: Attempt) -> set[str]:
    """Other packages than the project itself that could not be built or found."""
    own = {facts.project.name or "", facts.package.name}
    return set(_failed_packages(attempt.output)) - own


def _failed_packages(output: str) -> Iterator[str]:
    names = [next(filter(None, match.groups()), "") for match in _NO_BUILD.finditer(output)]
    for match in _NO_WHEELS.finditer(output):
        names += match["names"].split(", ")
    yield from _canonical_names(names)


def _canonical_names(names: Iterable[str]) -> Iterator[str]:
    for found in names:
        try:
            yield canonicalize_name(found, validate=True)
        except InvalidName:
            continue


def _canonical(requirement: Requirement) -> str:
    return canonicalize_name(requirement.name)


def _unversioned(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}"


def _bringing(output: str, of_tests: set[str], failed: set[str]) -> list[str]:
    """The tests' requirements by which something came in that failed, as uv tells."""
    if not failed:
        return []
    found = re.findall(
        r"was included because `(?P<name>[\w.-]+)(?:\[[^\]]*\])?[^`]*` \([^)]*\) depends on", output
    )
    return [name for name in dict.fromkeys(map(canonicalize_name, found)) if name in of_tests]


def _builder(facts: Facts, module: str) -> str | None:
    if module.partition(".")[0] == "pkg_resources":
        return "setuptools<81"  # https://setuptools.pypa.io/en/latest/history.html#v82-0-0
    if module.partition(".")[0] in ("setuptools", "wheel", "distutils"):
        return "setuptools"
    return package_of(facts, module)


def _names(requirements: Iterable[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


MENDS: tuple[Callable[[Facts, Attempt], Change | None], ...] = (
    dependency_left_out,
    pretended_version,
    absent_build_requirement,
    loose_build_requirements,
    build_without_isolation,
    missing_at_import,
    other_import_name,
)
LAST_RESORTS: tuple[Callable[[Facts, Attempt], Change | None], ...] = (
    plain_install,
    refused_by_python,
)
