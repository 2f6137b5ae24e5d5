"""What stored results mean: sessions around the commands that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nox

from sessions.commands import run_command

if TYPE_CHECKING:
    import click

#: The sessions ``analyze-<name>`` and what each says it does.
SESSIONS = {
    "run": "Say what a run found (after --: RUN, options of `labeille analyze run`).",
    "compare": "Compare two runs (after --: A B, options of `labeille analyze compare`).",
    "history": "Say what all runs show (after --: options of `labeille analyze history`).",
    "package": "Say all of a package (after --: NAME, options of `labeille analyze package`).",
}


def register() -> None:
    """Register the analysing sessions."""
    for name, title in SESSIONS.items():
        _register(name, title)


def _register(name: str, title: str) -> None:
    def session(session: nox.Session) -> None:
        run_command(session, _command(name))

    session.__doc__ = title
    nox.session(name=f"analyze-{name}", default=False, venv_backend="none")(session)


def _command(name: str) -> click.Command:
    from labeille.cli.analyze import analyze

    return analyze.commands[name]
