"""From a crash to a bug report: sessions around the commands that begin with a stored run."""

from __future__ import annotations

import nox

from sessions.commands import run_command


def register() -> None:
    """Register the investigating sessions."""
    for function in (triage, reproduce, reduce):
        nox.session(default=False, venv_backend="none")(function)


def triage(session: nox.Session) -> None:
    """Look at a run's crashes from all sides (after --: RUN, options of `labeille triage`)."""
    from labeille.cli.triage import triage as command

    run_command(session, command)


def reproduce(session: nox.Session) -> None:
    """Make a recorded trial again (after --: RUN PACKAGE, options of `labeille reproduce`)."""
    from labeille.cli.reproduce import reproduce as command

    run_command(session, command)


def reduce(session: nox.Session) -> None:
    """Find the tests that a crash needs (after --: RUN PACKAGE, options of `labeille reduce`)."""
    from labeille.cli.reduce import reduce as command

    run_command(session, command)
