"""Bisections: ``bisect-<package>``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.commands import run_command
from sessions.families import Family

if TYPE_CHECKING:
    import nox


def bisect_package(session: nox.Session, package: str) -> None:
    """Find a package's first bad commit."""
    # Imported here: a session of another family has no use for it.
    from labeille.cli.bisect import bisect

    run_command(session, bisect, package)


FAMILY = Family(
    prefix="bisect-",
    title="Find {package}'s first bad commit (after --: options of `labeille bisect`).",
    run=bisect_package,
)
