"""Which packages a suite's use of pytest shows: fixtures, markers, options, settings, filters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeille.projects.catalogue import (
    DevelopmentTools,
    PytestPlugin,
    development_tools,
    known_plugins,
)
from labeille.projects.needs import Certainty, Reason, ReasonKind
from labeille.projects.pytest_settings import option_values, split_addopts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeille.projects.model import PytestSettings
    from labeille.projects.suite_files import Suite

_BUILT_IN_PLUGINS = "_pytest."
#: Plugins that ``-p`` and pytest_plugins name without their module (_pytest/config/__init__.py).
_SHORT_NAMES = frozenset(
    """assertion cacheprovider capture compat config debugging deprecated doctest faulthandler
    fixtures freeze_support helpconfig hookspec junitxml legacypath logging main mark monkeypatch
    nodes nose pastebin pathlib pytester pytester_assertions python python_api python_path raises
    recwarn reports runner scope setuponly setupplan skipping stash stepwise subtests terminal
    terminalprogress threadexception timing tmpdir tracemalloc unittest unraisableexception
    warning_types warnings
    warns""".split()  # noqa: SIM905 - reads better
)


@dataclass(frozen=True, kw_only=True)
class PluginNeed:
    """A package that a sign points to; ``others`` are what it may be instead."""

    package: str
    certainty: Certainty
    reason: Reason
    others: tuple[str, ...] = ()


@dataclass(kw_only=True)
class PluginFinder:
    """Finds plugins' packages; ``declared`` are those that the project names or imports."""

    declared: frozenset[str]
    own: str | None
    plugins: tuple[PytestPlugin, ...] = field(default_factory=known_plugins)
    tools: DevelopmentTools = field(default_factory=development_tools)

    def in_suite(self, suite: Suite, settings: PytestSettings | None) -> Iterator[PluginNeed]:
        """From test files' fixtures and markers, those that the tree itself defines left out."""
        defined = {name for usage in suite.usages for name in usage.defined_fixtures}
        defined |= suite.own_fixtures
        registered = {name for usage in suite.usages for name in usage.defined_markers}
        registered |= set(settings.markers) if settings else set()
        strict = settings is not None and (
            settings.strict_markers or any(line == "error" for line in settings.filterwarnings)
        )
        for file in suite.files:
            if not file.reached:
                continue
            for name, line in file.usage.fixtures.items():
                if name not in defined:
                    reason = _reason(ReasonKind.FIXTURE, name, f"{file.path}:{line}")
                    yield from self._needs(
                        reason, [each for each in self.plugins if name in each.fixtures]
                    )
            for name, line in file.usage.markers.items():
                # a marker that the project registers may be its own, or be left without effect
                if name not in registered or self._is_declared_marker(name):
                    reason = _reason(ReasonKind.MARKER, name, f"{file.path}:{line}")
                    found = [each for each in self.plugins if name in each.markers]
                    yield from (
                        need
                        for need in self._needs(reason, found)
                        # without its tool, a marker does no harm unless pytest is told to mind
                        if strict or self.tools.reason(need.package) is None
                    )

    def in_settings(self, settings: PytestSettings, suite: Suite) -> Iterator[PluginNeed]:
        """From addopts and settings, those that the tree's own conftests define left out."""
        defined = {name for usage in suite.usages for name in usage.defined_options}
        for name in _long_options(settings.addopts):
            if name not in defined:
                dashes = "-" if len(name) == 1 else "--"
                reason = _reason(ReasonKind.OPTION, dashes + name, settings.place)
                yield from self._needs(
                    reason, [each for each in self.plugins if each.has_option(name)]
                )
        for name in settings.options:
            if name.replace("_", "-") not in defined:
                reason = _reason(ReasonKind.SETTING, name, settings.place)
                yield from self._needs(
                    reason, [each for each in self.plugins if name.lower() in each.ini]
                )

    def module(self, name: str, place: str) -> Iterator[PluginNeed]:
        """From a plugin that ``pytest_plugins`` or ``-p`` names; nothing for a module's path."""
        reason = _reason(ReasonKind.PLUGIN, name, place)
        yield from self._needs(reason, [each for each in self.plugins if name in each.modules])

    def _is_declared_marker(self, name: str) -> bool:
        return any(name in each.markers and each.package in self.declared for each in self.plugins)

    def _needs(self, reason: Reason, found: list[PytestPlugin]) -> Iterator[PluginNeed]:
        """One need for all packages that have a thing; the project's own plugin is none."""
        packages = [each.package for each in found]
        if not found or self.own in packages:
            return
        declared = [name for name in packages if name in self.declared]
        usual = [each.package for each in found if _last_word(reason.detail) in each.usual]
        if declared:
            yield PluginNeed(package=declared[0], certainty=Certainty.DECLARED, reason=reason)
        elif len(found) == 1 or usual:
            package = (usual or packages)[0]
            yield PluginNeed(package=package, certainty=Certainty.KNOWN, reason=reason)
        else:
            yield PluginNeed(
                package=packages[0],
                certainty=Certainty.GUESSED,
                reason=reason,
                others=tuple(packages[1:]),
            )


def is_built_in(plugin: str) -> bool:
    """Whether a plugin's name is one of pytest's own."""
    return plugin in _SHORT_NAMES or plugin == "_pytest" or plugin.startswith(_BUILT_IN_PLUGINS)


def warning_modules(settings: PytestSettings) -> Iterator[tuple[str, str]]:
    """Modules of the categories in filterwarnings and ``-W``, each with its filter.

    pytest imports a category's module when it applies the filter: ``error::foo.bar.BazWarning``
    needs foo.bar.
    """
    given = option_values(settings.addopts, "-W", "--pythonwarnings")
    for line in (*settings.filterwarnings, *given):
        parts = line.split(":")
        if len(parts) < 3:
            continue
        category = parts[2].strip()
        module, dot, name = category.rpartition(".")
        if dot and name.isidentifier() and all(part.isidentifier() for part in module.split(".")):
            yield module, line


def _long_options(words: Iterable[str]) -> Iterator[str]:
    """Names of the options in addopts, without dashes; ``-n4`` is ``n``."""
    seen: dict[str, None] = {}
    for word in split_addopts(tuple(words)):
        if word.startswith("--"):
            seen[word[2:].partition("=")[0]] = None
        elif word.startswith("-n") and (word[2:].isdigit() or word[2:] in ("", "auto", "logical")):
            seen["n"] = None
    yield from seen


def _reason(kind: ReasonKind, detail: str, place: str) -> Reason:
    return Reason(kind=kind, detail=detail, place=place)


def _last_word(detail: str) -> str:
    return detail.lstrip("-")
