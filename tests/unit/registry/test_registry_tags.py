"""nox tags follow from a package's fields and its place by downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from registry_samples import index_of, make_registry

from labeille.registry.model import ExtensionType, Package
from labeille.registry.tags import run_tags, tagged_names

if TYPE_CHECKING:
    from pathlib import Path

PURE, EXTENSIONS = ExtensionType.PURE, ExtensionType.EXTENSIONS


@pytest.mark.parametrize(
    ("package", "rank", "expected"),
    [
        (Package(name="a", enriched=True, extension_type=PURE), 1, "crash-hunt pure top50 top500"),
        (Package(name="a", enriched=True, extension_type=PURE), 50, "crash-hunt pure top50 top500"),
        (
            Package(name="a", enriched=True, extension_type=EXTENSIONS),
            51,
            "crash-hunt extensions top500",
        ),
        (Package(name="a", enriched=True, skip_versions={"3.15": "x"}), 501, "crash-hunt"),
        (Package(name="a", enriched=True, skip=True), 1, ""),
        (Package(name="a"), 1, ""),
    ],
)
def test_run_tags(package: Package, rank: int, expected: str) -> None:
    assert run_tags(package, rank) == tuple(expected.split())


def test_tagged_names_are_by_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEILLE_CACHE_DIR", str(tmp_path / "cache"))
    files = {"a": "enriched: true", "b": "enriched: true", "raw": "", "broken": "["}
    registry = make_registry(tmp_path / "r", files, index_of(b=2, a=1))
    assert list(tagged_names(registry)) == ["b", "a"]
