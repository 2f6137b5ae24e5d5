"""Sessions that compare a suite with the JIT and without: ``diff-<package>``, tag differential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.commands import fail_by
from sessions.families import Family
from sessions.shared_run import shared_run

if TYPE_CHECKING:
    import nox

    from labeille.cli.session_options import PackageCommand


def compare_package(session: nox.Session, package: str) -> None:
    """One package's differential; a confirmed finding fails the session."""
    # Imported here: a session of another family has no use for them.
    from labeille.cli.diff import compare_in_session
    from labeille.results.differential import RUN_PREFIX

    run = shared_run()
    fail_by(
        session,
        lambda: compare_in_session(
            package, session.posargs, run_id=run.id_of(RUN_PREFIX), command=run.command
        ),
    )


def _command() -> PackageCommand:
    from labeille.cli.diff import PACKAGE_COMMAND

    return PACKAGE_COMMAND


FAMILY = Family(
    prefix="diff-",
    title="Compare {package}'s tests with the JIT and without.",
    run=compare_package,
    own_tag="differential",
    command=_command,
)
