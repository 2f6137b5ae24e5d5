"""Resolving: what the package index says of packages, written into a registry as skeletons."""

from __future__ import annotations

import contextlib
import enum
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.asking import ask_each
from labeille.campaigns.describe import Description, describe
from labeille.errors import PackageIndexError, RegistryError
from labeille.pypi.client import UnknownProjectError, UnreachableIndexError
from labeille.registry.atomic import replace_file
from labeille.registry.index import read_index, update_index, write_index
from labeille.registry.problems import RegistryFileError
from labeille.registry.read import parse_package
from labeille.registry.skeleton import create_file, fill, format_package, is_complete
from labeille.registry.store import Registry

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from labeille.campaigns.wanted import Wanted
    from labeille.pypi.metadata import ProjectMetadata
    from labeille.registry.index import Index as RegistryIndex
    from labeille.registry.model import Package

DEFAULT_WORKERS = 16
#: After so many packages in a row for which nobody answered, the others are not tried any more.
GIVE_UP = 20


class Outcome(enum.StrEnum):
    """What became of one package; the values are read by people."""

    CREATED = "created"
    FILLED = "filled in"
    COMPLETE = "complete already"
    NOTHING_NEW = "nothing new found"
    ENRICHED = "enriched, left alone"
    UNKNOWN = "not on the index"
    FAILED = "failed"
    BROKEN = "with a broken file"
    NOT_ASKED = "not asked, as nobody answered before"

    @property
    def is_resolved(self) -> bool:
        """Whether the registry now has what there is to know."""
        return self in _RESOLVED


_RESOLVED = (
    Outcome.CREATED,
    Outcome.FILLED,
    Outcome.COMPLETE,
    Outcome.NOTHING_NEW,
    Outcome.ENRICHED,
)


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What became of one package.

    ``text`` is a sentence on why it was not resolved. ``description`` is what was found, ``filled``
    the fields of an existing file that it went into, ``path`` and ``content`` the file as it was
    written, or would have been in a dry run. ``traceback`` is of a fault of labeille's own.
    """

    name: str
    outcome: Outcome
    text: str = ""
    description: Description | None = None
    filled: tuple[str, ...] = ()
    path: Path | None = None
    content: bytes | None = None
    traceback: str = ""


class Index(Protocol):
    """Who is asked: ``IndexClient`` is one."""

    def metadata(self, name: str) -> ProjectMetadata:
        """What is known of a project; raises PackageIndexError. Called from several threads."""


class Resolving:
    """One round over a registry, whose folder need not exist; a dry run writes nothing."""

    def __init__(
        self,
        registry: Registry,
        index: Index,
        *,
        workers: int = DEFAULT_WORKERS,
        dry_run: bool = False,
    ) -> None:
        self._registry = registry
        self._asked = index
        self._workers = workers
        self._dry_run = dry_run
        self._present: frozenset[str] = frozenset()  # what the registry had in the beginning
        self._packages: dict[str, Package] = {}  # as the registry has them in the end
        self._counts: dict[str, int | None] = {}
        self.index: RegistryIndex | None = None  # index.yaml
        #: A sentence on why the index was left as it is.
        self.index_problem = ""
        #: How many entries of the index are new or different; known at the end.
        self.index_changes = 0
        try:
            self.index = read_index(registry.index_path)
        except RegistryError as error:
            self.index_problem = str(error)

    def run(self, packages: Sequence[Wanted]) -> Generator[Resolved]:
        """Resolve each package, and yield it as soon as its file is written.

        However the round ends, what is written stays, and is put into the index then. Raises
        RegistryError where files cannot be written.
        """
        self._counts = {wanted.name: wanted.download_count for wanted in packages}
        try:
            to_ask = []
            for name, known in self._known(packages):
                if known is None:
                    to_ask.append(name)
                else:
                    yield known
            yield from self._ask_all(to_ask)
        finally:
            self._update_index()

    def _known(self, packages: Iterable[Wanted]) -> Iterator[tuple[str, Resolved | None]]:
        """Each package, and what becomes of it where nothing has to be asked for that."""
        names = [wanted.name for wanted in packages]
        registry = self._registry
        self._present = present = _names(registry)
        yield from ((name, None) for name in names if name not in present)
        there = [name for name in names if name in present]
        for name, package in zip(there, registry.each(there) if there else (), strict=True):
            if isinstance(package, RegistryFileError):
                text = str(package)
                yield name, Resolved(name=name, outcome=Outcome.BROKEN, text=text)
            elif package.enriched or is_complete(package):
                self._packages[name] = package
                outcome = Outcome.ENRICHED if package.enriched else Outcome.COMPLETE
                yield name, Resolved(name=name, outcome=outcome)
            else:
                yield name, None

    def _ask_all(self, names: Sequence[str]) -> Generator[Resolved]:
        left = dict.fromkeys(names)
        silent = 0
        with contextlib.closing(ask_each(names, self._ask, workers=self._workers)) as answers:
            for name, answer in answers:
                del left[name]
                yield self._settle(name, answer)
                silent = silent + 1 if isinstance(answer, UnreachableIndexError) else 0
                if silent >= GIVE_UP:
                    break
        for name in left:
            yield Resolved(name=name, outcome=Outcome.NOT_ASKED)

    def _ask(self, name: str) -> Description | PackageIndexError | _Fault:
        """Called from the threads: what can take long is done here."""
        try:
            return describe(name, self._asked.metadata(name))
        except PackageIndexError as error:
            return error
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            return _Fault(error)

    def _settle(self, name: str, answer: Description | PackageIndexError | _Fault) -> Resolved:
        if isinstance(answer, UnknownProjectError):
            return Resolved(name=name, outcome=Outcome.UNKNOWN, text=str(answer))
        if isinstance(answer, PackageIndexError):
            return Resolved(name=name, outcome=Outcome.FAILED, text=str(answer))
        if isinstance(answer, _Fault):
            return answer.resolved(name)
        try:
            return self._store(name, answer)
        except RegistryFileError as error:
            return Resolved(name=name, outcome=Outcome.BROKEN, text=str(error))
        except OSError as error:
            raise RegistryError(
                f"{self._registry.packages_dir} cannot be written: {error.strerror or error}",
                hint="what is written stays; the same command does the rest",
            ) from None

    def _store(self, name: str, description: Description) -> Resolved:
        """Write what was found, or into the file that is there by now what it leaves empty."""
        if name not in self._present:
            path = self._registry.packages_dir / f"{name}.yaml"
            content = format_package(description.package)
            with contextlib.suppress(FileExistsError):  # somebody else was faster
                self._packages[name] = description.package
                if not self._dry_run:
                    create_file(path, content)
                return Resolved(
                    name=name,
                    outcome=Outcome.CREATED,
                    description=description,
                    path=path,
                    content=content,
                )
        path = self._registry.path(name)
        before = path.read_bytes()
        content, filled = fill(before, path, description.package)
        package = self._packages[name] = parse_package(content, path)
        if package.enriched:
            outcome = Outcome.ENRICHED
        elif filled:
            outcome = Outcome.FILLED
        else:
            outcome = Outcome.COMPLETE if is_complete(package) else Outcome.NOTHING_NEW
        if filled and not self._dry_run:
            replace_file(path, content, durable=False)
        return Resolved(
            name=name,
            outcome=outcome,
            description=description,
            filled=filled,
            path=path if filled else None,
            content=content if filled else None,
        )

    def _update_index(self) -> None:
        old = self.index
        if old is None:
            return
        packages = list(self._packages.values())
        if not self._dry_run and packages:  # an interrupt may have come before a file
            there = _names(Registry(self._registry.root))
            packages = [package for package in packages if package.name in there]
        new = update_index(old, packages, self._counts, now=datetime.now(UTC))
        before = {entry.name: entry for entry in old.packages}
        self.index_changes = sum(before.get(entry.name) != entry for entry in new.packages)
        self.index = new
        if new is old or self._dry_run:
            return
        try:
            write_index(self._registry.index_path, new)
        except OSError as error:
            path = self._registry.index_path
            self.index_problem = f"{path} cannot be written: {error.strerror or error}"


def _names(registry: Registry) -> frozenset[str]:
    """Names of the package files; none where the registry is yet to be made."""
    return frozenset(registry.names()) if registry.packages_dir.is_dir() else frozenset()


@dataclass(frozen=True)
class _Fault:
    """A fault of labeille's own, met in a thread."""

    error: Exception

    def resolved(self, name: str) -> Resolved:
        return Resolved(
            name=name,
            outcome=Outcome.FAILED,
            text=f"labeille failed on it: {type(self.error).__name__}: {self.error}",
            traceback="".join(traceback.format_exception(self.error)),
        )
