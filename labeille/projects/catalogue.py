"""What labeille knows of modules, pytest's plugins and development tools (data/)."""

from __future__ import annotations

import fnmatch
import importlib.resources
import sys
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml
from packaging.markers import Marker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, kw_only=True)
class KnownModule:
    """A module whose package is known; ``marker`` says on which platforms it exists.

    ``also`` are other packages that bring the same module.
    """

    package: str
    also: tuple[str, ...] = ()
    source: str
    marker: Marker | None = None


@dataclass(frozen=True, kw_only=True)
class Modules:
    """What module names mean. ``nothing`` maps those that are no package to the reason."""

    packages: Mapping[str, KnownModule]
    namespaces: frozenset[str]
    nothing: Mapping[str, str]

    def find(self, dotted: str) -> KnownModule | None:
        """The package of a module, by the longest prefix that is known."""
        return next(
            (self.packages[name] for name in prefixes(dotted) if name in self.packages), None
        )

    def is_standard(self, name: str) -> bool:
        """Whether a top-level module belongs to some Python's standard library."""
        return name in sys.stdlib_module_names or name in sys.builtin_module_names


@dataclass(frozen=True, kw_only=True)
class PytestPlugin:
    """One package with a pytest plugin, and by what a suite shows that it uses it.

    ``usual`` names what it is meant by, of the things that several packages have.
    """

    package: str
    modules: frozenset[str] = frozenset()
    fixtures: frozenset[str] = frozenset()
    markers: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()
    ini: frozenset[str] = field(default=frozenset())  # in lower case
    usual: frozenset[str] = frozenset()

    def has_option(self, name: str) -> bool:
        """Whether a command-line option, without its dashes, is the plugin's."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.options)


@dataclass(frozen=True, kw_only=True)
class DevelopmentTools:
    """Packages that stand beside the tests' requirements, and that no test needs."""

    reasons: Mapping[str, str]  # by pattern

    def reason(self, package: str) -> str | None:
        """Why a suite does without a package; None for one that it may need."""
        exact = self.reasons.get(package)
        if exact is not None:
            return exact
        patterns = (pattern for pattern in self.reasons if "*" in pattern)
        return next(
            (self.reasons[each] for each in patterns if fnmatch.fnmatch(package, each)), None
        )


def prefixes(dotted: str) -> Iterator[str]:
    """A dotted name and those above it, the longest first."""
    while dotted:
        yield dotted
        dotted = dotted.rpartition(".")[0]


@cache
def known_modules() -> Modules:
    """data/import_names.yaml."""
    data = _load("import_names.yaml")
    return Modules(
        packages={
            entry["import"]: KnownModule(
                package=entry["package"],
                also=tuple(entry.get("also", ())),
                source=entry["source"],
                marker=Marker(entry["marker"]) if "marker" in entry else None,
            )
            for entry in data["modules"]
        },
        namespaces=frozenset(name for group in data["namespaces"] for name in group["names"]),
        nothing={
            name: " ".join(group["reason"].split())
            for group in data["not_packages"]
            for name in group["names"]
        },
    )


@cache
def known_plugins() -> tuple[PytestPlugin, ...]:
    """data/pytest_plugins.yaml, in its order."""
    return tuple(
        PytestPlugin(
            package=entry["package"],
            modules=frozenset(entry.get("module", ())),
            fixtures=frozenset(entry.get("fixtures", ())),
            markers=frozenset(entry.get("markers", ())),
            options=tuple(entry.get("options", ())),
            ini=frozenset(name.lower() for name in entry.get("ini", ())),
            usual=frozenset(entry.get("usual", ())),
        )
        for entry in _load("pytest_plugins.yaml")
    )


@cache
def development_tools() -> DevelopmentTools:
    """data/development_tools.yaml."""
    return DevelopmentTools(
        reasons={
            name: group["reason"]
            for group in _load("development_tools.yaml")
            for name in group["names"]
        }
    )


@cache
def popular_packages() -> frozenset[str]:
    """data/popular_packages.txt: normalised names that a module may be taken for."""
    lines = _text("popular_packages.txt").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _load(name: str) -> Any:
    return yaml.load(_text(name), Loader=yaml.CSafeLoader)


def _text(name: str) -> str:
    source = importlib.resources.files("labeille.projects") / "data" / name
    return source.read_text("utf-8")
