"""Register with nox what the command line asks for, and no more."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

from labeille.errors import LabeilleError
from labeille.names import parse_package_name
from labeille.registry.location import find_registry
from labeille.registry.store import Registry
from labeille.registry.tags import deepest_rank, tagged_names
from labeille.supervision.parent import end_with_parent, signals_interrupt_nox
from sessions import (
    analysing,
    bisecting,
    development,
    differential,
    ending,
    freethreading,
    hunting,
    investigating,
    reporting,
    scanning,
    upkeep,
)
from sessions.selected import SelectionError, read_selection
from sessions.shared_run import found_shared_run, has_shared_run, shared_run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessions.families import Family
    from sessions.selected import Selected

#: Every family of generated sessions.
FAMILIES = (
    hunting.FAMILY,
    bisecting.FAMILY,
    differential.FAMILY,
    freethreading.FAMILY,
    scanning.FAMILY,
)

#: How many packages `nox -l` shows by name.
LISTED_PACKAGES = 12


def register() -> None:
    """Read the command line and register the sessions that it can reach.

    Ends nox with exit code 2 for a command line that nox would misread, for a registry that is
    named and is none, for packages that it has not, and for options behind ``--`` that no session
    takes.
    """
    is_worker = "--parallel-worker" in sys.argv and has_shared_run()
    if not is_worker:
        ending.offer_summary()  # first of all, so that it comes last, when signals are ignored
    signals_interrupt_nox()
    if is_worker:
        end_with_parent(shared_run().nox_pid)
    else:
        found_shared_run()
    development.register()
    upkeep.register()
    analysing.register()
    freethreading.register()
    investigating.register()
    reporting.register()
    try:
        selected = read_selection()
        _register_families(Registry(find_registry(None)), selected)
        _check_posargs(selected)
    except (LabeilleError, SelectionError) as error:
        print(f"labeille: {error}", file=sys.stderr)  # noqa: T201 - nox has no logger yet
        hint = getattr(error, "hint", None)
        if hint:
            print(f"  hint: {hint}", file=sys.stderr)  # noqa: T201
        sys.exit(2)


def hunts(selected: Selected) -> bool:
    """Whether a command line may run several sessions of the hunt."""
    if selected.listing:
        return False
    if selected.tags is not None:
        return bool(hunting.FAMILY.tags & set(selected.tags))
    names = [name for name in selected.names or () if name.startswith(hunting.FAMILY.prefix)]
    return len(names) > 1 or selected.everything


def _register_families(registry: Registry, selected: Selected) -> None:
    """The generated sessions, family by family; a package's file is read in its session only."""
    if selected.names is not None and not selected.everything:
        for family in FAMILIES:
            family.register(_named(registry, selected.names, family))
        return
    tagged = [family for family in FAMILIES if family.tags]
    limit = None
    if not selected.everything:
        if selected.tags is not None:
            wanted = set(selected.tags)
            tagged = [family for family in tagged if family.tags & wanted]
        elif selected.listing:
            tagged, limit = [hunting.FAMILY], LISTED_PACKAGES
        else:
            tagged = []
    for family in tagged:
        with closing(tagged_names(registry, deepest_rank(selected.tags or ()))) as packages:
            family.register_tagged(_sharded(family, packages, selected), limit=limit)


def _sharded(
    family: Family, packages: Iterable[tuple[str, tuple[str, ...]]], selected: Selected
) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The part of a family's packages that ``--shard`` asks for; without it, all of them.

    Divided is what the tags select, so that all parts are of one size.
    """
    if selected.shard is None or selected.tags is None:
        return packages
    # Imported here: most of nox's starts have no shard.
    from labeille.cli.session_options import SHARD_VARIABLE
    from labeille.registry.selection import parse_shard

    shard = parse_shard(selected.shard)
    os.environ[SHARD_VARIABLE] = selected.shard
    wanted = set(selected.tags)
    chosen = (each for each in packages if wanted & {family.own_tag, *each[1]})
    return islice(chosen, shard.number - 1, None, shard.count)


def _named(registry: Registry, names: Iterable[str], family: Family) -> list[str]:
    """The packages that a family's sessions are named for; RegistryError for one there is not."""
    found = []
    for name in names:
        package = family.package(name)
        if package is not None:
            registry.path(parse_package_name(package))
            found.append(package)
    return found


def _check_posargs(selected: Selected) -> None:
    """Refuse at once what stands behind ``--`` where only sessions of one family would read it.

    Otherwise a slip in an option would be found out once a package, and be nobody's exit code.
    """
    posargs = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    if not posargs or selected.listing or selected.everything:
        return
    for family in FAMILIES:
        names = selected.names and all(family.package(name) for name in selected.names)
        tags = selected.tags and family.tags.issuperset(selected.tags)
        if names or tags:
            family.check_posargs(posargs)
