"""The hunt's sessions: ``run-<package>``, with tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.registry.tags import RUN_TAGS
from sessions.commands import fail_by
from sessions.families import Family
from sessions.shared_run import shared_run

if TYPE_CHECKING:
    import nox

    from labeille.cli.session_options import PackageCommand


def run_package(session: nox.Session, package: str) -> None:
    """One package's hunt; a crash fails the session, and with --strict all but a pass does."""
    # Imported here: these cost a third of a second, and only one session of many needs them.
    from labeille.cli.run import hunt_in_session

    run = shared_run()
    fail_by(
        session,
        lambda: hunt_in_session(package, session.posargs, run_id=run.run_id, command=run.command),
    )


def _command() -> PackageCommand:
    from labeille.cli.run import PACKAGE_COMMAND

    return PACKAGE_COMMAND


FAMILY = Family(
    prefix="run-",
    title="Run {package}'s test suite on the target.",
    run=run_package,
    package_tags=RUN_TAGS,
    command=_command,
)
