"""Upkeep of the registry: sessions around commands that write it and check it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nox

from sessions.hunting import quiet_libraries

if TYPE_CHECKING:
    import click


def register() -> None:
    """Register the upkeep sessions."""
    for function in (resolve, enrich, validate):
        nox.session(default=False, venv_backend="none")(function)


def resolve(session: nox.Session) -> None:
    """Look packages up and write files for them (after --: options of `labeille resolve`)."""
    from labeille.cli.resolve import resolve as command

    quiet_libraries()
    run_command(session, command)


def enrich(session: nox.Session) -> None:
    """Find out how packages are tested (after --: packages, options of `labeille enrich`)."""
    from labeille.cli.enrich import enrich_command

    quiet_libraries()
    run_command(session, enrich_command)


def validate(session: nox.Session) -> None:
    """Check the registry's files and index (after --: options of `labeille registry validate`)."""
    from labeille.cli.registry import validate_registry

    run_command(session, validate_registry)


def run_command(session: nox.Session, command: click.Command, *words: str) -> None:
    """Run a command of labeille's with the session's options; fails the session where it fails."""
    # Imported here: other sessions of the same nox have no use for click.
    import click

    from labeille.errors import Interrupted, LabeilleError

    try:
        code = command.main(
            [*words, *session.posargs],
            prog_name=f"nox -s {session.name} --",
            standalone_mode=False,
        )
    except click.ClickException as error:
        session.error(error.format_message().rstrip("."))
    except (Interrupted, click.Abort):
        raise KeyboardInterrupt from None
    except LabeilleError as error:
        session.error(f"{error} ({error.hint})" if error.hint else str(error))
    if code:
        session.error("see above")
