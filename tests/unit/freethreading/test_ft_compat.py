"""What is said of extension modules and the GIL."""

from __future__ import annotations

import ft_runs
import pytest

from labeille.analysis.freethreading.compat import GilVerdict, compat_of, package_compat
from labeille.results.extension_compat import (
    ExtensionCompat,
    ExtensionModule,
    ExtensionOrigin,
    GilUse,
)
from labeille.results.freethreading import FreeThreadedRecord

OTHER = ExtensionOrigin.OTHER


def module(name: str = "m", **fields: object) -> ExtensionModule:
    return ExtensionModule(module_name=name, **fields)  # type: ignore[arg-type]


def verdict(compat: ExtensionCompat | None) -> GilVerdict:
    return package_compat(FreeThreadedRecord(package="x", extension_compat=compat)).verdict


NOT_USED = module(gil=GilUse.NOT_USED, evidence="e")
USED = module(gil=GilUse.USED, evidence="e")
UNKNOWN = module(gil=GilUse.UNKNOWN, evidence="e")


@pytest.mark.parametrize(
    ("compat", "expected"),
    [
        (None, GilVerdict.NOT_EXAMINED),
        (ExtensionCompat(), GilVerdict.PURE),
        (ExtensionCompat(is_pure_python=False, extensions=(NOT_USED,)), GilVerdict.STAYS_OFF),
        # A pure package over a compiled dependency is not as safe as one without any.
        (ExtensionCompat(extensions=(NOT_USED,)), GilVerdict.STAYS_OFF),
        (
            ExtensionCompat(is_pure_python=False, extensions=(USED,), gil_fallback_active=True),
            GilVerdict.TURNS_ON,
        ),
        (ExtensionCompat(is_pure_python=False, extensions=(UNKNOWN,)), GilVerdict.UNKNOWN),
        (ExtensionCompat(import_ok=False, import_error="no"), GilVerdict.UNKNOWN),
        (ExtensionCompat(probe_error="it did not start"), GilVerdict.UNKNOWN),
        # What only tests need says nothing of the package.
        (ExtensionCompat(extensions=(module(gil=GilUse.USED, origin=OTHER),)), GilVerdict.PURE),
        # The original notes only whether a module fell back.
        (ExtensionCompat(is_pure_python=False, extensions=(module(),)), GilVerdict.STAYS_OFF),
        (
            ExtensionCompat(
                is_pure_python=False,
                extensions=(module(triggered_gil_fallback=True), module("n")),
                gil_fallback_active=True,
            ),
            GilVerdict.TURNS_ON,
        ),
    ],
)
def test_verdicts(compat: ExtensionCompat | None, expected: GilVerdict) -> None:
    assert verdict(compat) is expected


def test_modules_by_what_they_ask_for() -> None:
    found = package_compat(ft_runs.leaning())
    assert [each.module_name for each in found.asking] == ["leaning._speed", "dep._core"]
    assert found.unknown == ()
    assert found.declarations == (1, 0)


def test_order_and_filter() -> None:
    names = [each.name for each in compat_of(ft_runs.everything())]
    assert names[:2] == ["leaning", "fine"]
    assert len(names) == len(ft_runs.everything())
    only = compat_of(ft_runs.everything(), extensions_only=True)
    assert [each.name for each in only] == ["leaning"]
