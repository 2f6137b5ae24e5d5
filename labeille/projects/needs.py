"""What a test suite needs, and how that is known."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from labeille.projects.imports import Condition
    from labeille.projects.model import RequirementSet
    from labeille.registry.model import TestFramework


class Certainty(enum.StrEnum):
    """How sure it is that the name is the right package's."""

    DECLARED = "declared"  # the project names it
    KNOWN = "known"  # labeille's data or the registry say so
    GUESSED = "guessed"  # nobody says so: a module's name, or one of several plugins


class ReasonKind(enum.StrEnum):
    """What shows that a package is needed."""

    DECLARED = "declared"
    RUNNER = "test runner"
    REQUIRED_PLUGIN = "required_plugins"
    OPTION = "command-line option"
    SETTING = "setting"
    PLUGIN = "plugin"
    FIXTURE = "fixture"
    MARKER = "marker"
    IMPORT = "import"
    WARNING = "warning filter"
    SOURCE = "import of the package"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One sign of a need. ``place`` is a file from the root, with a line where it has one."""

    kind: ReasonKind
    detail: str
    place: str
    condition: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class Need:
    """One package. ``requirement`` has the versions and extras that apply, and no marker.

    ``with_project``: the package itself requires it, so that it comes with it. ``tool`` says why
    the suite does without it. ``others`` are further packages that a guess may be.
    """

    package: str
    certainty: Certainty
    requirement: Requirement
    reasons: tuple[Reason, ...]
    with_project: bool = False
    tool: str | None = None
    others: tuple[str, ...] = ()

    @property
    def conditional(self) -> bool:
        """Whether no sign of it is sure to matter."""
        return all(reason.condition is not None for reason in self.reasons)

    @property
    def useful(self) -> bool:
        """Whether having it can make more of the suite run."""
        return any(reason.condition is None or reason.condition.may_run for reason in self.reasons)

    @property
    def installable(self) -> bool:
        """Whether it belongs into an install line beside the package itself."""
        return (
            self.certainty is not Certainty.GUESSED
            and self.useful
            and not self.with_project
            and self.tool is None
        )


@dataclass(frozen=True, kw_only=True)
class DependencyReport:
    """What a scan found. ``needs`` are sorted by name; guesses are among them, marked as such.

    ``sets`` are the declared sets that were taken for the tests'. ``files`` counts the test files
    that were read. ``notes`` are sentences about what was not found or could not be read.
    """

    project: str | None
    framework: TestFramework
    test_dirs: tuple[str, ...]
    files: int
    sets: tuple[RequirementSet, ...]
    needs: tuple[Need, ...]
    notes: tuple[str, ...] = ()

    @property
    def installable(self) -> tuple[Need, ...]:
        return tuple(need for need in self.needs if need.installable)

    @property
    def guesses(self) -> tuple[Need, ...]:
        return tuple(need for need in self.needs if need.certainty is Certainty.GUESSED)
