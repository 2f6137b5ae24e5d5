"""A command of labeille's inside a session of nox."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import click
    import nox


def run_command(session: nox.Session, command: click.Command, *words: str) -> None:
    """Run a command with the session's options; fails the session where it fails."""
    quiet_libraries()
    arguments = [*words, *session.posargs]
    name = f"nox -s {session.name} --"
    fail_by(session, lambda: command.main(arguments, prog_name=name, standalone_mode=False))


def fail_by(session: nox.Session, run: Callable[[], int | None]) -> None:
    """Call what a session is for: what it finds (any code but 0) or refuses fails the session.

    An interrupt ends nox as Ctrl-C does.
    """
    # Imported here: other sessions of the same nox have no use for click.
    import click

    from labeille.errors import Interrupted, LabeilleError

    try:
        code = run()
    except click.ClickException as error:
        session.error(error.format_message().rstrip("."))
    except (Interrupted, click.Abort) as error:
        hint = getattr(error, "hint", None)
        if hint:
            session.warn(f"{error}: {hint}")
        raise KeyboardInterrupt from None
    except LabeilleError as error:
        session.error(f"{error} ({error.hint})" if error.hint else str(error))
    if code:
        session.error("see above")


def quiet_libraries() -> None:
    """nox lets every library's debug messages through; nobody asked for the HTTP client's."""
    for name in ("cachecontrol", "filelock", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
