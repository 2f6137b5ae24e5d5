"""What enrichment works on: facts of a project, a recipe, changes of it with their reasons."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from labeille.registry.model import ExtensionType, InstallMethod, Package, SourceKind, TestFramework

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeille.projects.model import Project
    from labeille.projects.needs import DependencyReport


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a package before anything of it is run.

    ``folder`` is the project's, from the checkout's root; ``version`` that of an sdist. ``python``
    is the target's (major, minor).
    """

    package: Package
    source: SourceKind
    version: str | None
    python: tuple[int, int]
    folder: str
    project: Project
    needs: DependencyReport

    @property
    def root(self) -> Path:
        return self.project.root

    @property
    def python_version(self) -> str:
        """The target's version as ``skip_versions`` spells it."""
        return ".".join(map(str, self.python))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a package is installed and tested; every change of it carries a reason.

    ``requirements`` come beside the project (PEP 508, no markers), ``left_out`` are packages that
    never do. ``addopts`` replace those of pytest's configuration where they are not None. ``paths``
    and ``ignored`` are from the project's folder. ``skip_reason`` and ``skip_version`` are final:
    nothing is run any more.
    """

    editable: bool = True
    isolated: bool = True
    build_requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    framework: TestFramework = TestFramework.PYTEST
    command: str = ""  # of a custom framework, or unittest's with its words
    options: tuple[str, ...] = ()
    addopts: tuple[str, ...] | None = None
    paths: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    deselected: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()  # whose tests are left out
    folder: str = "."
    uses_xdist: bool = False
    timeout: float | None = None
    clone_depth: int | None = None
    import_name: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    skip_reason: str | None = None
    skip_version: str | None = None

    @property
    def install_command(self) -> str:
        """The shell command that installs it."""
        target = f".[{','.join(self.extras)}]" if self.extras else "."
        isolation = [] if self.isolated else ["--no-build-isolation"]
        steps = []
        if self.build_requirements:
            steps.append(shlex.join(["pip", "install", *self.build_requirements]))
        editable = ["-e"] if self.editable else []
        steps.append(shlex.join(["pip", "install", *isolation, *editable, target]))
        groups = [word for name in self.groups for word in ("--group", name)]
        if groups or self.requirements:
            steps.append(shlex.join(["pip", "install", *groups, *self.requirements]))
        return " && ".join([*self._enter(), *steps])

    @property
    def test_command(self) -> str:
        """The shell command that runs the tests."""
        if self.framework is not TestFramework.PYTEST:
            return " && ".join([*self._enter(), self.command])
        # `python -m` would put the source tree before the installed package.
        runner = ["pytest"] if "--pyargs" in self.options else ["python", "-m", "pytest"]
        words = [*runner, *self.options]
        if self.addopts is not None:
            words += ["-o", f"addopts={shlex.join(self.addopts)}".rstrip()]
        if self.markers:
            words += ["-m", " and ".join(f"not {name}" for name in self.markers)]
        words += [f"--ignore={path}" for path in self.ignored]
        words += [f"--deselect={test}" for test in self.deselected]
        return " && ".join([*self._enter(), shlex.join([*words, *self.paths])])

    def _enter(self) -> list[str]:
        return [] if self.folder == "." else [shlex.join(["cd", self.folder])]

    def on(self, package: Package) -> Package:
        """The package with the recipe's commands."""
        method = InstallMethod.PIP_EXTRAS if self.extras else InstallMethod.PIP
        if self.build_requirements or not self.isolated or self.folder != ".":
            method = InstallMethod.CUSTOM
        return msgspec.structs.replace(
            package,
            install_method=method,
            install_command=self.install_command,
            test_command=self.test_command,
            test_framework=self.framework,
            uses_xdist=self.uses_xdist,
            timeout=self.timeout if self.timeout is not None else package.timeout,
            clone_depth=package.clone_depth or self.clone_depth,
            import_name=self.import_name or package.import_name,
            env={**package.env, **self.env},
        )

    @property
    def is_final(self) -> bool:
        """Whether it was decided that the package is not to be run."""
        return self.skip_reason is not None or self.skip_version is not None


@dataclass(frozen=True, kw_only=True)
class Change:
    """A recipe after a rule, and why: a short sentence without a full stop."""

    recipe: Recipe
    reason: str


def changed(recipe: Recipe, reason: str, **fields: Any) -> Change:
    """A change of some fields of a recipe."""
    return Change(recipe=replace(recipe, **fields), reason=reason)


def is_compiled(facts: Facts) -> bool:
    """Whether the package has compiled parts, as far as the index knows."""
    return facts.package.extension_type is ExtensionType.EXTENSIONS
