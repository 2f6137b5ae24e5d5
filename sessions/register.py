"""Register with nox what the command line asks for, and no more."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from labeille.errors import LabeilleError
from labeille.registry.location import find_registry
from labeille.registry.store import Registry
from labeille.results.directory import utc_now
from labeille.supervision.parent import end_with_parent, sigterm_interrupts
from sessions import development, hunting
from sessions.selected import SelectionError, read_selection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessions.selected import Selected

#: Sessions of one nox invocation share one run; its id travels to the -j children in here.
RUN_ID_VARIABLE = "LABEILLE_RUN_ID"

#: How many packages `nox -l` shows by name.
LISTED_PACKAGES = 12


def register() -> None:
    """Read the command line and register the sessions that it can reach.

    Ends nox with exit code 2 for a command line that nox would misread, and for a registry that is
    named and is none.
    """
    sigterm_interrupts()
    if "--parallel-worker" in sys.argv:
        end_with_parent()
    os.environ.setdefault(RUN_ID_VARIABLE, f"run_{utc_now():%Y%m%d_%H%M%S}-{os.getpid()}")
    development.register()
    try:
        selected = read_selection()
        _register_families(Registry(find_registry(None)), selected)
    except (LabeilleError, SelectionError) as error:
        print(f"labeille: {error}", file=sys.stderr)  # noqa: T201 - nox has no logger yet
        hint = getattr(error, "hint", None)
        if hint:
            print(f"  hint: {hint}", file=sys.stderr)  # noqa: T201
        sys.exit(2)


def _register_families(registry: Registry, selected: Selected) -> None:
    """The generated sessions, family by family; a package's file is read in its session only."""
    if selected.names is not None and not selected.everything:
        hunting.register(_named(registry, selected.names))
    elif selected.tags is not None or selected.everything:
        hunting.register_tagged(registry)
    elif selected.listing:
        hunting.register_tagged(registry, limit=LISTED_PACKAGES)


def _named(registry: Registry, names: Iterable[str]) -> list[str]:
    """The packages that sessions of the hunt are named for.

    An unknown one is left to nox, which knows best how to say it, after a word on what is near.
    """
    found = []
    for name in names:
        family, _, package = name.partition("-")
        if f"{family}-" != hunting.PREFIX or not package:
            continue
        try:
            registry.path(package)
        except LabeilleError as error:
            print(f"labeille: {error} ({error.hint})", file=sys.stderr)  # noqa: T201
        else:
            found.append(package)
    return found
