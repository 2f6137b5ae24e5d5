"""What packages' tests need: ``scan-<package>``, without running any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nox

from sessions.hunting import quiet_libraries
from sessions.upkeep import run_command

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "scan-"


def register(packages: Iterable[str]) -> None:
    """Register these packages' sessions."""
    for package in packages:
        _register(package)


def _register(package: str) -> None:
    def session(session: nox.Session) -> None:
        scan_package(session, package)

    session.__doc__ = f"Say what the tests of {package} need (after --: as of scan-deps)."
    name = f"{PREFIX}{package}"
    nox.session(name=name, venv_backend="none", default=False, allow_parallel=True)(session)


def scan_package(session: nox.Session, package: str) -> None:
    """Get a package's checkout and scan it."""
    # Imported here: a session of another family has no use for them.
    from labeille.campaigns.plan import Places
    from labeille.cli.scan_deps import scan_deps
    from labeille.errors import LabeilleError
    from labeille.registry.location import find_registry
    from labeille.registry.store import Registry
    from labeille.sources.get import get_checkout
    from labeille.sources.model import SourceSettings

    quiet_libraries()
    try:
        entry = Registry(find_registry(None)).get(package)
        settings = SourceSettings(repos_dir=Places.resolve().repos_dir)
        checkout = get_checkout(entry, None, settings)
    except LabeilleError as error:
        session.error(f"{error} ({error.hint})" if error.hint else str(error))
    run_command(session, scan_deps, str(checkout.path), "--package-name", entry.name)
