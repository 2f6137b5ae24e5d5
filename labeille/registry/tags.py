"""nox tags of a package's ``run-`` session."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from labeille.registry.model import ExtensionType, Package
from labeille.registry.problems import RegistryFileError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator

    from labeille.registry.store import Registry

CRASH_HUNT = "crash-hunt"
#: Tags of the most downloaded packages, and the last rank that has them.
_TOPS = {"top50": 50, "top500": 500}

#: Every tag that a ``run-`` session can have.
RUN_TAGS = frozenset(
    {
        CRASH_HUNT,
        ExtensionType.PURE.value,
        ExtensionType.EXTENSIONS.value,
        *_TOPS,
    }
)


def is_selectable(package: Package) -> bool:
    """Whether a package is run when nobody names it; skip_versions need a target to decide."""
    return package.enriched and not package.skip


def run_tags(package: Package, rank: int) -> tuple[str, ...]:
    """Tags of ``run-<package>``; none for a package that is not selectable.

    ``rank`` is the place by downloads among all packages of the registry, from 1.
    """
    if not is_selectable(package):
        return ()
    tags = [CRASH_HUNT]
    if package.extension_type is not ExtensionType.UNKNOWN:
        tags.append(package.extension_type.value)
    tags += [tag for tag, last in _TOPS.items() if rank <= last]
    return tuple(tags)


def deepest_rank(tags: Collection[str]) -> int | None:
    """The last rank whose package can have any of these tags; None where every rank's can."""
    if not tags or not _TOPS.keys() >= set(tags):
        return None
    return max(_TOPS[tag] for tag in tags)


def tagged_names(
    registry: Registry, deepest: int | None = None
) -> Generator[tuple[str, tuple[str, ...]]]:
    """Selectable packages with their tags, the most downloaded first; broken files are left out.

    A package's file is looked at when its turn comes, and none of those behind rank ``deepest``.
    """
    order, _ = registry.by_downloads()
    with closing(registry.each(order[:deepest])) as items:
        for rank, item in enumerate(items, start=1):
            if isinstance(item, RegistryFileError):
                continue
            tags = run_tags(item, rank)
            if tags:
                yield item.name, tags
