"""What packages' tests need: ``scan-<package>``, without running any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.commands import run_command
from sessions.families import Family

if TYPE_CHECKING:
    import nox


def scan_package(session: nox.Session, package: str) -> None:
    """Get a package's checkout and scan it."""
    # Imported here: a session of another family has no use for them.
    from labeille.campaigns.campaign import Places
    from labeille.cli.scan_deps import scan_deps
    from labeille.errors import LabeilleError
    from labeille.registry.location import find_registry
    from labeille.registry.store import Registry
    from labeille.sources.get import get_checkout
    from labeille.sources.model import SourceSettings

    try:
        entry = Registry(find_registry(None)).get(package)
        settings = SourceSettings(repos_dir=Places.resolve().repos_dir)
        checkout = get_checkout(entry, None, settings)
    except LabeilleError as error:
        session.error(f"{error} ({error.hint})" if error.hint else str(error))
    run_command(session, scan_deps, str(checkout.path), "--package-name", entry.name)


FAMILY = Family(
    prefix="scan-",
    title="Say what the tests of {package} need (after --: as of scan-deps).",
    run=scan_package,
)
