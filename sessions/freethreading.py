"""Free threading: ``ft-<package>`` (tag free-threading), and ``ft-show`` and its kin to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nox

from sessions.commands import fail_by, run_command
from sessions.families import Family
from sessions.shared_run import shared_run

if TYPE_CHECKING:
    import click

    from labeille.cli.session_options import PackageCommand


#: The sessions that read runs, and what each says it does.
SESSIONS = {
    "show": "Show a free-threaded run (after --: DIR, options of `labeille ft show`).",
    "flaky": "Say which tests fail, and how (after --: DIR, options of `labeille ft flaky`).",
    "compat": "Say which extensions want the GIL (after --: DIR, options of `labeille ft compat`).",
    "compare": "Compare two free-threaded runs (after --: A B, options of `labeille ft compare`).",
    "report": "Report on a free-threaded run (after --: DIR, options of `labeille ft report`).",
    "export": "Export a free-threaded run (after --: DIR, options of `labeille ft export`).",
}


def register() -> None:
    """Register the sessions that read runs."""
    for name, title in SESSIONS.items():
        _register(name, title)


def _register(name: str, title: str) -> None:
    def session(session: nox.Session) -> None:
        run_command(session, _reading_command(name))

    session.__doc__ = title
    nox.session(name=f"{FAMILY.prefix}{name}", default=False, venv_backend="none")(session)


def _reading_command(name: str) -> click.Command:
    from labeille.cli.ft import ft

    return ft.commands[name]


def run_package(session: nox.Session, package: str) -> None:
    """One package's iterations; a crash, a deadlock or a reported race fails the session."""
    # Imported here: a session of another family has no use for them.
    from labeille.cli.ft import free_threaded_in_session
    from labeille.results.freethreading import RUN_PREFIX

    run = shared_run()
    fail_by(
        session,
        lambda: free_threaded_in_session(
            package, session.posargs, run_id=run.id_of(RUN_PREFIX), command=run.command
        ),
    )


def _command() -> PackageCommand:
    from labeille.cli.ft import PACKAGE_COMMAND

    return PACKAGE_COMMAND


FAMILY = Family(
    prefix="ft-",
    title="Run {package}'s suite many times without the GIL.",
    run=run_package,
    own_tag="free-threading",
    command=_command,
    reserved=frozenset(SESSIONS),
)
