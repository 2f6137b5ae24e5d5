"""The hunt's sessions: ``run-<package>``, with tags."""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

import nox

from labeille.registry.tags import RUN_TAGS, deepest_rank, tagged_names
from sessions.shared_run import shared_run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from labeille.registry.store import Registry

PREFIX = "run-"
TAGS = RUN_TAGS


def register(packages: Iterable[str]) -> None:
    """Register these packages' sessions, whether they are enriched or not: they are asked for."""
    for package in packages:
        _register(package, ())


def register_tagged(
    registry: Registry, *, wanted: Collection[str] = (), limit: int | None = None
) -> None:
    """Register selectable packages' sessions with their tags, the most downloaded first.

    All of them; or ``limit``; or at least those that have one of the tags ``wanted``.
    """
    with closing(tagged_names(registry, deepest_rank(wanted))) as tagged:
        for package, tags in islice(tagged, limit):
            _register(package, tags)


def _register(package: str, tags: Iterable[str]) -> None:
    def session(session: nox.Session) -> None:
        run_package(session, package)

    session.__doc__ = f"Run {package}'s test suite on the target."
    decorate = nox.session(
        name=f"{PREFIX}{package}",
        venv_backend="none",
        tags=list(tags),
        default=False,
        allow_parallel=True,
    )
    decorate(session)


def check_posargs(posargs: Sequence[str]) -> None:
    """Raise UsageError for posargs that no session of this family takes, before any has begun.

    For ``-- --help``, show it and end nox.
    """
    import click

    from labeille.cli.run import parse_session_options

    try:
        parse_session_options("PACKAGE", posargs)
    except click.exceptions.Exit:
        sys.exit(0)


def run_package(session: nox.Session, package: str) -> None:
    """One package's hunt; a crash fails the session, and with --strict all but a pass does."""
    # Imported here: these cost a third of a second, and only one session of many needs them.
    from labeille.cli.run import hunt_in_session
    from labeille.errors import ExitCode, Interrupted, LabeilleError

    quiet_libraries()
    run = shared_run()
    try:
        code = hunt_in_session(package, session.posargs, run_id=run.run_id, command=run.command)
    except Interrupted as error:
        session.warn(f"{error}: {error.hint}")
        raise KeyboardInterrupt from None
    except LabeilleError as error:
        session.error(f"{error} ({error.hint})" if error.hint else str(error))
    if code is ExitCode.CRASH_FOUND:
        session.error("see above")


def quiet_libraries() -> None:
    """nox lets every library's debug messages through; nobody asked for the HTTP client's."""
    for name in ("cachecontrol", "filelock", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
