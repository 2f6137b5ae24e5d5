"""nox tags follow from a package's fields and its place by downloads."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from registry_samples import index_of, let_settle, make_registry

from labeille.registry.cache import load_cache
from labeille.registry.model import ExtensionType, Package
from labeille.registry.tags import deepest_rank, run_tags, tagged_names

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
    assert [name for name, _ in tagged_names(registry)] == ["b", "a"]


def test_tagged_names_look_at_no_more_files_than_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEILLE_CACHE_DIR", str(tmp_path / "cache"))
    files = {"a": "enriched: true", "b": "enriched: true", "c": "enriched: true"}
    registry = make_registry(tmp_path / "r", files, index_of(c=3, b=2, a=1))
    let_settle()  # so that whatever is read is kept in the cache

    with closing(tagged_names(registry)) as tagged:
        assert next(tagged)[0] == "c"
    assert set(load_cache(registry.root).files) == {"c.yaml"}
    assert [name for name, _ in tagged_names(registry, 2)] == ["c", "b"]
    assert set(load_cache(registry.root).files) == {"c.yaml", "b.yaml"}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("top50",), 50),
        (("top50", "top500"), 500),
        (("top50", "pure"), None),
        (("crash-hunt",), None),
        ((), None),
    ],
)
def test_deepest_rank(tags: tuple[str, ...], expected: int | None) -> None:
    assert deepest_rank(tags) == expected
