"""Upkeep of the registry: sessions around commands that write it and check it."""

from __future__ import annotations

import nox

from sessions.commands import run_command


def register() -> None:
    """Register the upkeep sessions."""
    for function in (resolve, enrich, validate):
        nox.session(default=False, venv_backend="none")(function)


def resolve(session: nox.Session) -> None:
    """Look packages up and write files for them (after --: options of `labeille resolve`)."""
    from labeille.cli.resolve import resolve as command

    run_command(session, command)


def enrich(session: nox.Session) -> None:
    """Find out how packages are tested (after --: packages, options of `labeille enrich`)."""
    from labeille.cli.enrich import enrich_command

    run_command(session, enrich_command)


def validate(session: nox.Session) -> None:
    """Check the registry's files and index (after --: options of `labeille registry validate`)."""
    from labeille.cli.registry import validate_registry

    run_command(session, validate_registry)
