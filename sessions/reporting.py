"""The session ``report``: a run as a page, as markdown, for CI, or for CPython's tracker."""

from __future__ import annotations

import nox

from sessions.commands import run_command


def register() -> None:
    """Register the reporting session."""
    nox.session(default=False, venv_backend="none")(report)


def report(session: nox.Session) -> None:
    """Write what a run found to a file (after --: RUN, options of `labeille report`)."""
    from labeille.cli.report import report as command

    run_command(session, command)
