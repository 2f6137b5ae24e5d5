"""That a campaign examines extension modules, and what the record says of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labeille.campaigns.freethreading import campaign, extensions
from labeille.campaigns.freethreading.campaign import _Tester
from labeille.campaigns.freethreading.package import PackageTest
from labeille.environments.gil_probe import GilProbe
from labeille.errors import PackageIndexError
from labeille.pypi.client import IndexClient
from labeille.results.extension_compat import (
    ExtensionCompat,
    ExtensionModule,
    ExtensionOrigin,
    GilUse,
)
from labeille.supervision.cancellation import Cancellation

COMPAT = ExtensionCompat(package="demo", gil_fallback_active=True)


@pytest.mark.parametrize(("detect", "expected"), [(True, COMPAT), (False, None)])
def test_every_package_is_examined_before_its_iterations(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    detect: bool,
    expected: ExtensionCompat | None,
) -> None:
    monkeypatch.setattr(campaign, "examine_extensions", lambda *_, **__: COMPAT)
    monkeypatch.setattr(PackageTest, "run", lambda self: self.compat)
    run = SimpleNamespace(log_dir=lambda *_, **__: tmp_path)
    plan: Any = SimpleNamespace(
        campaign=SimpleNamespace(run=run, settings=None),
        manner=SimpleNamespace(detect_extensions=detect),
    )
    prepared: Any = SimpleNamespace(job=SimpleNamespace(name="demo"))
    progress: Any = SimpleNamespace()
    tester = _Tester(plan, progress, Cancellation())
    result: Any = tester.test(prepared)
    assert result is expected


def module(name: str, gil: GilUse, **fields: object) -> ExtensionModule:
    return ExtensionModule(module_name=name, gil=gil, evidence="e", **fields)  # type: ignore[arg-type]


OWN = module("demo._c", GilUse.NOT_USED)
LEANING = module("dep._c", GilUse.USED, origin=ExtensionOrigin.DEPENDENCY)
FALLING_BACK = module("demo._f", GilUse.USED, triggered_gil_fallback=True)
UNIMPORTABLE = module("demo._tests", GilUse.USED, import_error="ImportError: no")
OTHER = module("numpy._core", GilUse.USED, origin=ExtensionOrigin.OTHER)


@pytest.mark.parametrize(
    ("probe", "pure", "fallback", "compatible"),
    [
        (GilProbe(), True, False, True),
        (GilProbe(modules=(OWN,)), False, False, True),
        (GilProbe(modules=(OWN, LEANING)), False, True, False),
        (GilProbe(modules=(LEANING,)), True, True, False),
        (GilProbe(modules=(FALLING_BACK,), fallback=True), False, True, False),
        # What cannot be imported turns nothing on; what only tests brought in is not the package's.
        (GilProbe(modules=(UNIMPORTABLE,)), False, False, False),
        (GilProbe(modules=(OTHER,)), True, False, True),
        # Whatever it was, importing the package turned the GIL on.
        (GilProbe(modules=(OTHER,), fallback=True), True, True, True),
    ],
)
def test_what_the_record_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    probe: GilProbe,
    pure: bool,
    fallback: bool,
    compatible: bool,
) -> None:
    def refuse(*_: object) -> object:
        raise PackageIndexError("the package index cannot be reached")

    monkeypatch.setattr(extensions, "probe_gil", lambda *_, **__: probe)
    monkeypatch.setattr(IndexClient, "metadata", refuse)
    (tmp_path / "demo.py").touch()
    prepared: Any = SimpleNamespace(
        job=SimpleNamespace(package=SimpleNamespace(name="demo"), target=None),
        checkout=SimpleNamespace(path=tmp_path),
        environment=None,
    )
    compat = extensions.examine_extensions(prepared, tmp_path)
    found = (compat.is_pure_python, compat.gil_fallback_active, compat.all_extensions_compatible)
    assert found == (pure, fallback, compatible)
    assert compat.wheels is not None
    assert compat.wheels.problem == "the package index cannot be reached"
