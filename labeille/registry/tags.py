"""nox tags of a package's ``run-`` session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.registry.model import ExtensionType, Package
from labeille.registry.problems import RegistryFileError

if TYPE_CHECKING:
    from labeille.registry.store import Registry

CRASH_HUNT = "crash-hunt"
_TOPS = (50, 500)

#: Every tag that a ``run-`` session can have.
RUN_TAGS = frozenset(
    {
        CRASH_HUNT,
        ExtensionType.PURE.value,
        ExtensionType.EXTENSIONS.value,
        *(f"top{top}" for top in _TOPS),
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
    tags += [f"top{top}" for top in _TOPS if rank <= top]
    return tuple(tags)


def tagged_names(registry: Registry) -> dict[str, tuple[str, ...]]:
    """Selectable packages with their tags, the most downloaded first; broken files are left out."""
    order, _ = registry.by_downloads()
    tagged = {}
    for rank, item in enumerate(registry.each(order), start=1):
        if isinstance(item, RegistryFileError):
            continue
        tags = run_tags(item, rank)
        if tags:
            tagged[item.name] = tags
    return tagged
