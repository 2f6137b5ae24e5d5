"""A registry on disk: which packages it has, one of them, all of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from labeille.errors import RegistryError, UsageError
from labeille.names import parse_package_name
from labeille.registry.cache import (
    CacheContent,
    CachedCounts,
    CachedPackage,
    Stamp,
    load_cache,
    save_cache,
)
from labeille.registry.index import INDEX_NAME, Index, download_order, read_index
from labeille.registry.problems import FileProblem, RegistryFileError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from pathlib import Path

    from labeille.registry.model import Package

PACKAGES_NAME = "packages"
_SUFFIX = ".yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """All packages that can be read, by name, and what is wrong with the others' files."""

    packages: Mapping[str, Package]
    problems: tuple[FileProblem, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listing:
    """Package files by normalised name, and the files that have no place."""

    files: Mapping[str, os.DirEntry[str]]
    problems: tuple[FileProblem, ...]


class Registry:
    """The registry at ``root``, an absolute path; files are looked at when they are asked for.

    An object sees one listing of the folder: make a new one after files came or went.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.packages_dir = self.root / PACKAGES_NAME
        self.index_path = self.root / INDEX_NAME
        self._changed = False  # whether the cache in memory knows more than the one on disk

    def __contains__(self, name: str) -> bool:
        return self._direct_path(name) is not None or name in self._listing.files

    def names(self) -> tuple[str, ...]:
        """Normalised names of all package files, sorted; reads none of them."""
        return tuple(sorted(self._listing.files))

    @property
    def misnamed(self) -> tuple[FileProblem, ...]:
        """Files that have no place: what they are called is no package, or another file's."""
        return self._listing.problems

    def path(self, name: str) -> Path:
        """Where a package's file lies; raises RegistryError for one that the registry has not."""
        direct = self._direct_path(name)
        if direct is not None:
            return direct
        entry = self._listing.files.get(name)
        if entry is None:
            raise self._unknown(name)
        return self.packages_dir / entry.name

    def get(self, name: str) -> Package:
        """Read one package's file, and no other file.

        Raises RegistryError for an unknown package, RegistryFileError for a broken file, UsageError
        for what is no package name.
        """
        from labeille.registry.read import read_package

        return read_package(self.path(parse_package_name(name)))

    def each(self, names: Iterable[str]) -> Generator[Package | RegistryFileError, None, None]:
        """The named packages one after the other, from the cache where it holds.

        A broken file is yielded as the error that it is, and stops nothing. Raises RegistryError
        for a name that the registry has not.
        """
        try:
            for name in names:
                entry = self._listing.files.get(name)
                if entry is None:
                    raise self._unknown(name)
                yield self._lookup(entry)
        finally:
            self._save()

    def load_all(self) -> Loaded:
        """Every package; a broken file is a problem in the answer, and stops nothing."""
        packages: dict[str, Package] = {}
        problems = list(self._listing.problems)
        for item in self.each(self.names()):
            if isinstance(item, RegistryFileError):
                problems += item.problems
            else:
                packages[item.name] = item
        return Loaded(packages=packages, problems=tuple(problems))

    def index(self) -> Index:
        """Read the whole index; a missing one is empty. Raises RegistryFileError."""
        return read_index(self.index_path)

    @cached_property
    def counts(self) -> Mapping[str, int | None]:
        """Download counts by package, from the cache where it holds; raises RegistryFileError."""
        try:
            stamp = Stamp.of(self.index_path.stat())
        except OSError:
            return self.index().counts
        cached = self._cache.index
        if cached is not None and cached.stamp == stamp:
            return cached.counts
        counts = self.index().counts
        if stamp.settled:
            self._cache.index = CachedCounts(stamp, counts)
            self._changed = True
        return counts

    def by_downloads(self) -> tuple[tuple[str, ...], tuple[FileProblem, ...]]:
        """All names, the most downloaded first, and what is wrong with the index or files' names.

        The package files say which packages there are; the index only adds the counts.
        """
        try:
            counts = self.counts
        except RegistryFileError as error:
            return self.names(), (*self._listing.problems, *error.problems)
        self._save()
        return download_order(self._listing.files, counts), self._listing.problems

    def _direct_path(self, name: str) -> Path | None:
        """The file that is spelled as the name, as nearly all are: one stat, no listing."""
        try:
            if parse_package_name(name) != name:
                return None
        except UsageError:
            return None
        path = self.packages_dir / f"{name}{_SUFFIX}"
        return path if path.is_file() else None

    @cached_property
    def _listing(self) -> _Listing:
        files: dict[str, os.DirEntry[str]] = {}
        problems: list[FileProblem] = []
        try:
            with os.scandir(self.packages_dir) as entries:
                found = [
                    entry
                    for entry in entries
                    if entry.name.endswith(_SUFFIX) and not entry.name.startswith(".")
                ]
        except OSError as error:
            raise RegistryError(
                f"{self.packages_dir} cannot be listed: {error.strerror}",
                hint="a registry is a folder with packages/<name>.yaml in it",
            ) from None
        named: list[tuple[str, os.DirEntry[str]]] = []
        for entry in found:
            try:
                named.append((parse_package_name(entry.name.removesuffix(_SUFFIX)), entry))
            except UsageError:
                path = self.packages_dir / entry.name
                problems.append(FileProblem(path, None, "the file's name is not a package name"))
        # of several spellings of one name, the normalised one counts
        named.sort(key=lambda item: (item[1].name != item[0] + _SUFFIX, item[1].name))
        for name, entry in named:
            if name in files:
                path = self.packages_dir / entry.name
                message = f"{files[name].name} is the same package"
                problems.append(FileProblem(path, None, message))
            else:
                files[name] = entry
        return _Listing(files=files, problems=tuple(problems))

    @cached_property
    def _cache(self) -> CacheContent:
        return load_cache(self.root)

    def _lookup(self, entry: os.DirEntry[str]) -> Package | RegistryFileError:
        try:
            stamp = Stamp.of(entry.stat())
        except OSError as error:
            path = self.packages_dir / entry.name
            return RegistryFileError((FileProblem(path, None, error.strerror or str(error)),))
        cached = self._cache.files.get(entry.name)
        if cached is not None and cached.stamp == stamp:
            return cached.package
        from labeille.registry.read import read_package  # with PyYAML, which costs 20 ms

        try:
            package = read_package(self.packages_dir / entry.name)
        except RegistryFileError as error:
            return error
        if stamp.settled:
            self._cache.files[entry.name] = CachedPackage(stamp, package)
            self._changed = True
        return package

    def _save(self) -> None:
        if not self._changed:
            return
        present = {entry.name for entry in self._listing.files.values()}
        for name in self._cache.files.keys() - present:
            del self._cache.files[name]
        save_cache(self.root, self._cache)
        self._changed = False

    def _unknown(self, name: str) -> RegistryError:
        import difflib  # 10 ms that only this error needs

        close = difflib.get_close_matches(name, self._listing.files, n=3, cutoff=0.7)
        hint = f"did you mean {' or '.join(close)}?" if close else f"it has no file in {self.root}"
        return RegistryError(f"the registry has no package {name!r}", hint=hint)
