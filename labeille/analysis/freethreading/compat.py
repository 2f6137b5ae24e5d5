"""What is known of packages' extension modules and the GIL, over a run."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.results.extension_compat import (
    ExtensionCompat,
    ExtensionModule,
    ExtensionOrigin,
    GilUse,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.results.freethreading import FreeThreadedRecord


class GilVerdict(enum.StrEnum):
    """What importing a package does to the GIL."""

    PURE = "pure Python"
    STAYS_OFF = "stays off"
    TURNS_ON = "turns it on"
    UNKNOWN = "unknown"
    NOT_EXAMINED = "not examined"


@dataclass(frozen=True, kw_only=True)
class PackageCompat:
    """One package's extension modules.

    ``modules`` are the package's and its dependencies'. ``asking`` are those that ask for the GIL,
    ``unknown`` those that nothing is known of.
    """

    record: FreeThreadedRecord
    verdict: GilVerdict
    modules: tuple[ExtensionModule, ...] = ()
    asking: tuple[ExtensionModule, ...] = ()
    unknown: tuple[ExtensionModule, ...] = ()

    @property
    def name(self) -> str:
        return self.record.package

    @property
    def compat(self) -> ExtensionCompat | None:
        return self.record.extension_compat

    @property
    def has_extensions(self) -> bool:
        """Whether the package has extension modules itself, as far as is known."""
        return self.compat is not None and not self.compat.is_pure_python

    @property
    def declarations(self) -> tuple[int, int]:
        """How often the sources say that the GIL is not used, and that it is."""
        scan = self.compat.source_scan if self.compat else None
        if scan is None:
            return 0, 0
        not_used = sum(each.is_not_used for each in scan.declarations)
        return not_used, len(scan.declarations) - not_used


def package_compat(record: FreeThreadedRecord) -> PackageCompat:
    """What a record says of a package's modules; also one by the original, which says less."""
    compat = record.extension_compat
    if compat is None:
        return PackageCompat(record=record, verdict=GilVerdict.NOT_EXAMINED)
    modules = tuple(each for each in compat.extensions if _counts(each))
    asking = tuple(each for each in modules if _asks(each))
    unknown = tuple(each for each in modules if _is_unknown(each, compat))
    return PackageCompat(
        record=record,
        verdict=_verdict(compat, modules, asking=bool(asking), unknown=bool(unknown)),
        modules=modules,
        asking=asking,
        unknown=unknown,
    )


def compat_of(
    records: Iterable[FreeThreadedRecord], *, extensions_only: bool = False
) -> list[PackageCompat]:
    """Every package's, those that turn the GIL on first; ``extensions_only``: none without any."""
    found = [package_compat(record) for record in records]
    if extensions_only:
        found = [each for each in found if each.has_extensions]
    order = [GilVerdict.TURNS_ON, GilVerdict.UNKNOWN, GilVerdict.STAYS_OFF, GilVerdict.PURE]
    order.append(GilVerdict.NOT_EXAMINED)
    return sorted(found, key=lambda each: (order.index(each.verdict), each.name))


def _counts(module: ExtensionModule) -> bool:
    """Whether a module speaks for the package; one for tests alone does if it fell back."""
    if not module.is_extension:
        return False
    return module.origin is not ExtensionOrigin.OTHER or module.triggered_gil_fallback


def _asks(module: ExtensionModule) -> bool:
    return module.triggered_gil_fallback or module.gil is GilUse.USED


def _is_unknown(module: ExtensionModule, compat: ExtensionCompat) -> bool:
    """The original notes no more than whether a module fell back: if none did, all stayed off."""
    if _asks(module) or module.gil is GilUse.NOT_USED:
        return False
    return bool(module.evidence) or compat.gil_fallback_active


def _verdict(
    compat: ExtensionCompat,
    modules: tuple[ExtensionModule, ...],
    *,
    asking: bool,
    unknown: bool,
) -> GilVerdict:
    if compat.gil_fallback_active:
        return GilVerdict.TURNS_ON
    if not compat.import_ok or compat.probe_error or (unknown and not asking):
        return GilVerdict.UNKNOWN
    if not modules and compat.is_pure_python:
        return GilVerdict.PURE
    return GilVerdict.STAYS_OFF
