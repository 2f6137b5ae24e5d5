"""Which of a project's requirement sets are its tests', and what a set comes to."""

from __future__ import annotations

import enum
import platform
import re
from typing import TYPE_CHECKING

from packaging.markers import UndefinedEnvironmentName
from packaging.utils import canonicalize_name

from labeille.projects.catalogue import development_tools
from labeille.projects.model import Asked, RequirementSet, SetKind
from labeille.projects.tox import without_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.markers import Marker
    from packaging.requirements import Requirement

    from labeille.projects.model import Project

#: CPython's version that markers and branches are decided for, where nobody says another.
TARGET_PYTHON = (3, 15)


class Purpose(enum.Enum):
    """What a requirement set is there for, by its name and its commands."""

    TESTS = enum.auto()
    DEVELOPMENT = enum.auto()  # tests and much else
    OTHER = enum.auto()


_TESTS = frozenset(
    {"test", "tests", "testing", "unittest", "unittests", "pytest", "unit", "testsuite", "hatch"}
)
_DEVELOPMENT = frozenset({"dev", "devel", "develop", "development", "ci"})
#: Extras with such a word are for people who work on the package, or repeat the others.
_NO_FEATURES = frozenset(
    """all bench benchmark benchmarks build complete coverage deploy dev doc docs docstest
    everything examples full lint linting mypy perf publish pytest release style
    typing""".split()  # noqa: SIM905 - reads better
)
#: Words in names that say nothing.
_FILLERS = frozenset(
    """requirements requirement requires require reqs req deps dependencies txt in pip suite
    env default testenv min base python3""".split()  # noqa: SIM905 - reads better
)
_RUNNERS = re.compile(
    r"\b(?:pytest|py\.test|unittest|nosetests|zope-testrunner|zope\.testrunner|trial|stestr|ward)\b"
    r"|\bsetup\.py test\b|\bmanage\.py test\b|\bruntests?\b|run[-_]tests?\b"
)
_ENVIRONMENTS = (SetKind.TOX, SetKind.NOX, SetKind.HATCH)
_LISTS = (SetKind.GROUP, SetKind.EXTRA, SetKind.TOOL_GROUP, SetKind.TESTS_REQUIRE)


def purpose(each: RequirementSet) -> Purpose:
    """What a set is for; an environment is for tests only where its commands run some."""
    name = each.name
    if each.kind in _ENVIRONMENTS:
        name = without_python(name)
    words = set(re.split(r"[-_./\s]+", name.lower())) - _FILLERS - {""}
    if each.kind in _ENVIRONMENTS:
        runs = any(_RUNNERS.search(command) for command in each.commands)
        return Purpose.TESTS if runs and words <= _TESTS else Purpose.OTHER
    if each.kind is SetKind.EXTRA and words <= {"pytest", "hatch"}:
        return Purpose.OTHER  # a part for users of pytest
    if words and words <= _TESTS:
        return Purpose.TESTS
    if words and words <= _TESTS | _DEVELOPMENT:
        return Purpose.DEVELOPMENT
    return Purpose.OTHER


def suite_sets(project: Project) -> tuple[RequirementSet, ...]:
    """The sets that say best what the tests need; empty where none does.

    The order is that of trust: groups and extras for tests, environments that run them,
    requirements files for them, then the same for development. The first of these that has
    anything but development tools counts; of sets that ask for the same, there is only the first.
    """
    tiers = (
        (Purpose.TESTS, _LISTS),
        (Purpose.TESTS, _ENVIRONMENTS),
        (Purpose.TESTS, (SetKind.FILE,)),
        (Purpose.DEVELOPMENT, _LISTS),
        (Purpose.DEVELOPMENT, (SetKind.FILE,)),
    )
    tools = development_tools()
    for wanted, kinds in tiers:
        found = tuple(
            each for each in project.sets if each.kind in kinds and purpose(each) is wanted
        )
        names = {
            canonicalize_name(req.name) for each in found for req in expand(project, each.asks)
        }
        if any(tools.reason(name) is None for name in names):
            return tuple({each.asks: each for each in reversed(found)}.values())[::-1]
    return ()


def feature_extras(project: Project) -> tuple[RequirementSet, ...]:
    """Extras for users, by their names: parts of the package that its tests may exercise."""
    return tuple(
        each
        for each in project.named(SetKind.EXTRA).values()
        if purpose(each) is Purpose.OTHER and not set(each.name.split("-")) & _NO_FEATURES
    )


def expand(project: Project, asks: Asked) -> list[Requirement]:
    """Requirements with those of the project's own extras and groups that are asked for."""
    found: dict[Requirement, None] = {}
    waiting = [asks]
    seen: set[tuple[SetKind, str]] = set()
    extras, groups = project.named(SetKind.EXTRA), project.named(SetKind.GROUP)
    while waiting:
        asked = waiting.pop()
        own: list[str] = list(asked.extras)
        for requirement in asked.requirements:
            if project.name and canonicalize_name(requirement.name) == project.name:
                own += map(canonicalize_name, sorted(requirement.extras))
            else:
                found[requirement] = None
        for kind, names, sets in (
            (SetKind.EXTRA, own, extras),
            (SetKind.GROUP, list(asked.groups), groups),
        ):
            for name in names:
                if name in sets and (kind, name) not in seen:
                    seen.add((kind, name))
                    waiting.append(sets[name].asks)
    return list(found)


def applies_to(requirement_marker: Marker | None, python: tuple[int, int]) -> bool:
    """Whether a marker holds for CPython of a version on Linux, and no extra."""
    if requirement_marker is None:
        return True
    try:
        return requirement_marker.evaluate(target_environment(python))
    except (UndefinedEnvironmentName, ValueError):
        return True


def target_environment(python: tuple[int, int]) -> dict[str, str]:
    """The variables of markers (PEP 508) for CPython on this kind of machine, with Linux."""
    version = ".".join(map(str, python))
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{version}.0",
        "os_name": "posix",
        "platform_machine": platform.machine(),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{version}.0",
        "python_version": version,
        "sys_platform": "linux",
        "extra": "",
    }


def applicable(
    requirements: Iterable[Requirement], python: tuple[int, int]
) -> Iterator[Requirement]:
    """Those requirements whose markers hold."""
    return (each for each in requirements if applies_to(each.marker, python))
