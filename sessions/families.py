"""Families of generated sessions: ``<family>-<package>`` for the registry's packages."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import nox

from sessions.commands import quiet_libraries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from labeille.cli.session_options import PackageCommand


@dataclass(frozen=True, kw_only=True)
class Family:
    """Sessions of one kind, one a package.

    ``title`` describes a session, with ``{package}`` in it; ``run`` is what a package's session
    does. A session has those tags of its package that are in ``package_tags``, and ``own_tag``, if
    there is one. ``command`` imports what parses the options behind ``--``, where there are any.
    ``reserved`` are names behind the prefix that are no packages but sessions of their own.
    """

    prefix: str
    title: str
    run: Callable[[nox.Session, str], None]
    package_tags: frozenset[str] = field(default_factory=frozenset)
    own_tag: str | None = None
    command: Callable[[], PackageCommand] | None = None
    reserved: frozenset[str] = field(default_factory=frozenset)

    @property
    def tags(self) -> frozenset[str]:
        return self.package_tags | ({self.own_tag} if self.own_tag else set())

    def package(self, name: str) -> str | None:
        """The package that a session's name asks for, None where it is no name of this family."""
        package = name.removeprefix(self.prefix)
        return package if package not in ("", name, *self.reserved) else None

    def register(self, packages: Iterable[str]) -> None:
        """Register these packages' sessions: they are asked for, so enriched or not."""
        for package in packages:
            self._register(package, ())

    def register_tagged(
        self, packages: Iterable[tuple[str, Sequence[str]]], *, limit: int | None = None
    ) -> None:
        """Register the sessions of selectable packages, given with their tags in the registry."""
        for package, tags in islice(packages, limit):
            own = (self.own_tag,) if self.own_tag else ()
            self._register(package, (*own, *(tag for tag in tags if tag in self.package_tags)))

    def _register(self, package: str, tags: Sequence[str]) -> None:
        def session(session: nox.Session) -> None:
            quiet_libraries()
            self.run(session, package)

        session.__doc__ = self.title.format(package=package)
        nox.session(
            name=f"{self.prefix}{package}",
            venv_backend="none",
            tags=list(tags),
            default=False,
            allow_parallel=True,
        )(session)

    def check_posargs(self, posargs: Sequence[str]) -> None:
        """Raise UsageError for posargs that no session of the family takes, before any has begun.

        For ``-- --help``, show it and end nox.
        """
        if self.command is None:
            return
        import click

        try:
            self.command().parse("PACKAGE", posargs)
        except click.exceptions.Exit:
            sys.exit(0)
