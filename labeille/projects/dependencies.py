"""Finds out what a project's tests need: declared first, then from imports and pytest's use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from labeille.projects.catalogue import development_tools
from labeille.projects.import_packages import ImportResolver, Provider, RegistryNames
from labeille.projects.imports import Condition, Import
from labeille.projects.model import SetKind
from labeille.projects.needs import (
    Certainty,
    DependencyReport,
    Need,
    Reason,
    ReasonKind,
)
from labeille.projects.plugin_needs import PluginFinder, PluginNeed, is_built_in, warning_modules
from labeille.projects.suite_files import Suite, SuiteReader
from labeille.projects.suite_sets import (
    TARGET_PYTHON,
    applicable,
    applies_to,
    expand,
    feature_extras,
    suite_sets,
)
from labeille.registry.model import TestFramework

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.projects.model import Project
    from labeille.registry.store import Registry

_PYTEST = "pytest"


@dataclass(frozen=True, kw_only=True)
class ScanOptions:
    """What to look at. ``test_dirs`` are paths from the root, None for those that are found.

    ``scan_source`` takes the package's own imports in. Without ``conditional``, needs that no sign
    makes sure are left out. ``python`` is the target's version.
    """

    test_dirs: tuple[str, ...] | None = None
    scan_source: bool = False
    conditional: bool = True
    python: tuple[int, int] = TARGET_PYTHON


def scan_dependencies(
    project: Project, options: ScanOptions | None = None, registry: Registry | None = None
) -> DependencyReport:
    """What the tests of a project need, with every sign of it.

    The registry confirms that a module's name is a package's; without one, only the project's own
    declarations and labeille's data do.
    """
    options = options or ScanOptions()
    dirs = project.layout.test_dirs if options.test_dirs is None else options.test_dirs
    reader = SuiteReader(project=project, test_dirs=dirs, python=options.python)
    suite = reader.read()
    scan = _Scan(project=project, options=options, suite=suite, registry=RegistryNames(registry))
    scan.declared()
    scan.features()
    scan.runner()
    scan.imports()
    scan.settings()
    if options.scan_source:
        scan.source(reader)
    needs = [need for need in scan.needs() if options.conditional or not need.conditional]
    return DependencyReport(
        project=project.name,
        framework=scan.framework,
        test_dirs=dirs,
        files=len(suite.files),
        sets=scan.sets,
        needs=tuple(needs),
        notes=tuple(
            dict.fromkeys((*_notes(suite, dirs, scan), *project.problems, *suite.problems))
        ),
    )


@dataclass(kw_only=True)
class _Found:
    """A need that is still growing."""

    certainty: Certainty
    reasons: dict[Reason, None] = field(default_factory=dict)
    requirements: list[Requirement] = field(default_factory=list)
    others: tuple[str, ...] = ()


@dataclass(kw_only=True)
class _Scan:
    project: Project
    options: ScanOptions
    suite: Suite
    registry: RegistryNames
    found: dict[str, _Found] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sets = suite_sets(self.project)
        self.names = _declared_names(self.project)
        self.elsewhere = self._declared_elsewhere()
        self.optional = _optional_names(self.project) - {
            canonicalize_name(each.name)
            for chosen in self.sets
            for each in expand(self.project, chosen.asks)
        }
        self.resolver = ImportResolver(self.suite.local_modules, self.names, self.registry)
        self.plugins = PluginFinder(declared=self.names, own=self.project.name)
        self.framework = self._framework()

    # Each of these adds what one kind of sign shows.

    def declared(self) -> None:
        for each in self.sets:
            for requirement in applicable(expand(self.project, each.asks), self.options.python):
                reason = Reason(kind=ReasonKind.DECLARED, detail=str(each), place=each.place)
                self._declare(requirement, reason)

    def features(self) -> None:
        """Extras, where the project declares nothing for the tests, which may need them all."""
        extras = feature_extras(self.project) if self.suite.files and not self.sets else ()
        for each in extras:
            reason = Reason(
                kind=ReasonKind.DECLARED,
                detail=str(each),
                place=each.place,
                condition=Condition.EXTRA,
            )
            for requirement in applicable(expand(self.project, each.asks), self.options.python):
                self._add(canonicalize_name(requirement.name), Certainty.DECLARED, reason)

    def runner(self) -> None:
        if self.framework is TestFramework.PYTEST:
            place = next((file.path for file in self.suite.files if file.reached), ".")
            if self.project.pytest is not None:
                place = self.project.pytest.place
            reason = Reason(kind=ReasonKind.RUNNER, detail="runs the suite", place=place)
            self._add(_PYTEST, self._certainty(_PYTEST), reason)

    def settings(self) -> None:
        settings = self.project.pytest
        self.plugins.declared |= self.found.keys()  # what is imported decides between plugins
        for need in self.plugins.in_suite(self.suite, settings):
            self._add_plugin(need)
        if settings is None or self.framework is not TestFramework.PYTEST:
            return
        for requirement in settings.required_plugins:
            reason = Reason(
                kind=ReasonKind.REQUIRED_PLUGIN, detail=str(requirement), place=settings.place
            )
            self._declare(requirement, reason)
        for need in self.plugins.in_settings(settings, self.suite):
            self._add_plugin(need)
        for plugin in settings.plugins:
            self._plugin_module(plugin, settings.place, settings.place)
        for module, line in warning_modules(settings):
            found = Import(module=module)
            self._resolve(settings.place, found, ReasonKind.WARNING, line)

    def imports(self) -> None:
        for file in self.suite.files:
            for found in file.imports:
                self._resolve(file.path, found, ReasonKind.IMPORT, str(found))
            if file.reached:
                for plugin, line in file.usage.plugins.items():
                    self._plugin_module(plugin, file.path, f"{file.path}:{line}")

    def source(self, reader: SuiteReader) -> None:
        for path, imports in reader.source_files():
            for found in imports:
                self._resolve(path, found, ReasonKind.SOURCE, str(found))

    def needs(self) -> Iterator[Need]:
        """The needs that were found, by name, the project itself left out."""
        with_project = {
            canonicalize_name(requirement.name)
            for requirement in applicable(self.project.dependencies, self.options.python)
        }
        tools = development_tools()
        for name in sorted(self.found.keys() - {self.project.name}):
            found = self.found[name]
            only_declared = all(
                each.kind is ReasonKind.DECLARED or not _may_run(each.condition)
                for each in found.reasons
            )
            yield Need(
                package=name,
                certainty=found.certainty,
                requirement=_merged(name, found.requirements or self._versions(name)),
                reasons=tuple(found.reasons),
                with_project=name in with_project,
                tool=tools.reason(name) if only_declared else None,
                others=found.others,
            )

    def _resolve(self, file: str, found: Import, kind: ReasonKind, detail: str) -> None:
        if found.condition is Condition.FALLBACK and self._is_there(file, found.fallback_for):
            return
        place = f"{file}:{found.line}" if found.line else file
        condition = found.condition
        if condition is Condition.TRY and found.instead and self._is_there(file, found.instead):
            condition = Condition.SPARE
        for provider in self.resolver.resolve(file, found):
            if not isinstance(provider, Provider):
                continue
            if not applies_to(provider.marker, self.options.python):
                continue
            if provider.certainty is Certainty.GUESSED and not _may_run(condition):
                continue  # whatever it is, no test asks for it
            if provider.package in self.optional:
                condition = self._condition_of_optional(found, condition)
            reason = Reason(kind=kind, detail=detail, place=place, condition=condition)
            self._add(provider.package, provider.certainty, reason)

    def _condition_of_optional(
        self, found: Import, condition: Condition | None
    ) -> Condition | None:
        """The condition of an import from a package that only the project's extras require.

        A project that says what its tests need, and does not say this, has tests that look for it
        themselves before they import it: databases' drivers, mostly.
        """
        if not found.in_function or not _may_run(condition):
            return condition
        return Condition.LEFT if self.sets else (condition or Condition.LAZY)

    def _is_there(self, file: str, modules: tuple[str, ...]) -> bool:
        """Whether none of these modules can be missing."""
        return not any(self.resolver.is_absent(file, module) for module in modules)

    def _plugin_module(self, name: str, file: str, place: str) -> None:
        if is_built_in(name):
            return
        needs = list(self.plugins.module(name, place))
        for need in needs:
            self._add_plugin(need)
        if not needs:
            self._resolve(file, Import(module=name), ReasonKind.PLUGIN, f"plugin {name}")

    def _add_plugin(self, need: PluginNeed) -> None:
        self._add(need.package, need.certainty, need.reason)
        if need.certainty is Certainty.GUESSED:
            self.found[need.package].others = need.others

    def _declare(self, requirement: Requirement, reason: Reason) -> None:
        name = canonicalize_name(requirement.name)
        self._add(name, Certainty.DECLARED, reason)
        if name in self.found:
            self.found[name].requirements.append(requirement)

    def _add(self, package: str, certainty: Certainty, reason: Reason) -> None:
        if package in self.elsewhere:
            return
        order = list(Certainty)
        found = self.found.setdefault(package, _Found(certainty=certainty))
        found.certainty = min(found.certainty, certainty, key=order.index)
        found.reasons[reason] = None

    def _declared_elsewhere(self) -> frozenset[str]:
        """Packages that the project declares, but for other Pythons and platforms alone."""
        requirements = [
            *self.project.dependencies,
            *(each for declared in self.project.sets for each in declared.asks.requirements),
        ]
        here = applicable(requirements, self.options.python)
        names = {canonicalize_name(each.name) for each in requirements}
        return frozenset(names - {canonicalize_name(each.name) for each in here})

    def _certainty(self, package: str) -> Certainty:
        return Certainty.DECLARED if package in self.names else Certainty.KNOWN

    def _versions(self, name: str) -> list[Requirement]:
        """Versions that an extra of the project names for a package that the tests import."""
        extras = self.project.named(SetKind.EXTRA).values()
        for requirement in applicable(
            (each for extra in extras for each in extra.asks.requirements), self.options.python
        ):
            if canonicalize_name(requirement.name) == name:
                return [requirement]
        return []

    def _framework(self) -> TestFramework:
        """What the tests are written for; pytest also where its configuration stands."""
        usages = list(self.suite.usages)
        imports = {
            each.module.partition(".")[0]
            for file in self.suite.files
            for each in file.imports
            if file.reached and not each.level
        }
        if _PYTEST in imports or any(usage.test_functions for usage in usages):
            return TestFramework.PYTEST
        if self.project.pytest is not None and (usages or self.project.layout.test_dirs):
            return TestFramework.PYTEST
        if any(usage.unittest_cases for usage in usages):
            return TestFramework.UNITTEST
        names = {
            canonicalize_name(req.name) for each in self.sets for req in each.asks.requirements
        }
        return TestFramework.PYTEST if _PYTEST in names else TestFramework.CUSTOM


def _declared_names(project: Project) -> frozenset[str]:
    """Every package that the project names anywhere."""
    requirements = [
        *project.dependencies,
        *(each for declared in project.sets for each in declared.asks.requirements),
        *(project.pytest.required_plugins if project.pytest else ()),
    ]
    return frozenset(canonicalize_name(each.name) for each in requirements)


def _optional_names(project: Project) -> frozenset[str]:
    """What only the project's extras require: parts that its users may do without."""
    return frozenset(
        canonicalize_name(requirement.name)
        for each in project.named(SetKind.EXTRA).values()
        for requirement in each.asks.requirements
    )


def _may_run(condition: Condition | None) -> bool:
    return condition is None or condition.may_run


def _merged(name: str, requirements: list[Requirement]) -> Requirement:
    """One requirement with all extras and versions, without markers and URLs.

    Versions of several that contradict each other are pip's to report.
    """
    merged = Requirement(requirements[0].name if requirements else name)
    for requirement in requirements:
        merged.extras |= requirement.extras
        try:
            merged.specifier = SpecifierSet(
                f"{merged.specifier},{requirement.specifier}".strip(",")
            )
        except InvalidSpecifier:
            continue
    return merged


def _notes(suite: Suite, dirs: tuple[str, ...], scan: _Scan) -> Iterator[str]:
    if not dirs:
        yield "there are no tests in the tree, or in an unusual place (--test-dirs)"
    elif not suite.files:
        yield f"there is no Python file in {', '.join(dirs)}"
    if not scan.sets:
        yield "the project declares nothing for its tests"
    for each in scan.sets:
        for word in each.asks.unread:
            yield f"{each}: not understood: {word}"
