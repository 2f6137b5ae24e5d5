"""Which package an import comes from: nothing, a known one, or only a guess."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import InvalidName, canonicalize_name

from labeille.errors import LabeilleError
from labeille.projects.catalogue import known_modules, popular_packages, prefixes
from labeille.projects.needs import Certainty

if TYPE_CHECKING:
    from packaging.markers import Marker

    from labeille.projects.imports import Import
    from labeille.projects.local_modules import LocalModules
    from labeille.registry.store import Registry


class Origin(enum.Enum):
    """Where a module that is no package's comes from."""

    STANDARD = enum.auto()
    TREE = enum.auto()
    NOWHERE = enum.auto()  # not a package, as data/import_names.yaml says


@dataclass(frozen=True, kw_only=True)
class Provider:
    """The package of a module, normalised; ``marker`` says where it exists."""

    package: str
    certainty: Certainty
    marker: Marker | None = None


class RegistryNames:
    """Asks a registry for packages by name and by import name; a broken file says nothing.

    Without a registry, nothing is known.
    """

    def __init__(self, registry: Registry | None) -> None:
        self._registry = registry
        self._by_import: dict[str, str] | None = None

    def find(self, dotted: str) -> str | None:
        """The package of a module: the one that is called like it, or that says so."""
        top = dotted.partition(".")[0]
        name = _normal(top)
        if name is not None and self._is_called(name, top):
            return name
        known = self._import_names()
        return next((known[each] for each in prefixes(dotted) if each in known), None)

    def has(self, name: str) -> bool:
        return self._registry is not None and name in self._registry

    def _is_called(self, name: str, top: str) -> bool:
        """Whether there is a package of the name whose entry does not speak of another module."""
        if self._registry is None or name not in self._registry:
            return False
        try:
            module = self._registry.get(name).import_name
        except LabeilleError:
            return True
        return module is None or module.partition(".")[0] == top

    def _import_names(self) -> dict[str, str]:
        """Packages by import name, of several the one that sounds like it."""
        if self._by_import is None:
            self._by_import = {}
            packages = self._registry.load_all().packages if self._registry is not None else {}
            for name, package in packages.items():
                module = package.import_name
                if module and (module not in self._by_import or name == _normal(module)):
                    self._by_import[module] = name
        return self._by_import


class ImportResolver:
    """Resolves the imports of one project's files.

    ``declared`` are the normalised names of all packages that the project names anywhere.
    """

    def __init__(
        self, local: LocalModules, declared: frozenset[str], registry: RegistryNames
    ) -> None:
        self._local = local
        self._declared = declared
        self._registry = registry
        self._modules = known_modules()

    def resolve(self, file: str, found: Import) -> tuple[Provider | Origin, ...]:
        """What an import needs; several packages where it takes parts of a namespace."""
        if found.level or self._local.find(file, found):
            return (Origin.TREE,)
        if found.module in self._modules.namespaces or self._local.is_namespace_of_own(
            found.module
        ):
            parts = [f"{found.module}.{name}" for name in found.names if name != "*"]
            return tuple(self._module(file, part) for part in parts or [found.module])
        return (self._module(file, found.module),)

    def is_absent(self, file: str, dotted: str) -> bool:
        """Whether a module is one that has to be installed."""
        from labeille.projects.imports import Import

        found = self.resolve(file, Import(module=dotted))
        return any(isinstance(each, Provider) or each is Origin.NOWHERE for each in found)

    def _module(self, file: str, dotted: str) -> Provider | Origin:
        top = dotted.partition(".")[0]
        if self._local.is_own(dotted):
            return Origin.TREE
        known = self._modules.find(dotted)
        if known is not None:
            declared = [each for each in (known.package, *known.also) if each in self._declared]
            return Provider(
                package=declared[0] if declared else known.package,
                certainty=Certainty.DECLARED if declared else Certainty.KNOWN,
                marker=known.marker,
            )
        if self._modules.is_standard(top):
            return Origin.STANDARD
        if dotted in self._modules.namespaces or self._local.is_namespace_of_own(dotted):
            return Origin.NOWHERE
        return self._by_name(file, dotted, top)

    def _by_name(self, file: str, dotted: str, top: str) -> Provider | Origin:
        """A module that no data knows: declared, in the registry, beside the tests, or guessed."""
        in_namespace = top in self._modules.namespaces
        names = [name for each in prefixes(dotted) if (name := _normal(each)) is not None]
        if in_namespace:  # zope.testing is zope-testing; zope alone is nothing
            names = [name for name in names if name != _normal(top)]
        else:
            names = names[-1:]
        for name in names:
            if name in self._declared:
                return Provider(package=name, certainty=Certainty.DECLARED)
        if top in self._modules.nothing:
            return Origin.NOWHERE
        if not in_namespace and (spelling := self._declared_spelling(top)) is not None:
            return Provider(package=spelling, certainty=Certainty.DECLARED)
        if self._local.is_somewhere(top):
            return Origin.TREE
        if in_namespace:
            found = next((name for name in names if self._registry.has(name)), None)
        elif names and names[0] in popular_packages():
            found = names[0]
        else:
            found = self._registry.find(dotted)
        if found is not None:
            return Provider(package=found, certainty=Certainty.KNOWN)
        if top.startswith("_") or not names:
            return Origin.NOWHERE  # a private module of something else
        if self._local.is_written_by(file, top):
            return Origin.TREE
        return Provider(package=names[-1], certainty=Certainty.GUESSED)

    def _declared_spelling(self, top: str) -> str | None:
        """A declared package that is named for the module in one of the usual ways."""
        name = _normal(top)
        if name is None:
            return None
        spellings = (
            name,
            f"python-{name}",
            f"py{name}",
            f"{name}-python",
            f"{name}-py",
            f"{name}-binary",
        )
        compact = name.replace("-", "")
        for spelling in spellings:
            if spelling in self._declared:
                return spelling
        return next((each for each in self._declared if each.replace("-", "") == compact), None)


def _normal(module: str) -> str | None:
    try:
        return canonicalize_name(module.replace(".", "-"), validate=True)
    except InvalidName:
        return None
