"""Released sources, chosen by version."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from source_index import FolderIndex

from labeille.errors import SourceError
from labeille.pypi.client import IndexClient
from labeille.registry.model import Package, SourceKind
from labeille.sources.model import Checkout, SourceSettings
from labeille.sources.sdist import get_sdist

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = Package(name="my-pkg")


@pytest.fixture
def index(tmp_path: Path) -> FolderIndex:
    return FolderIndex(tmp_path / "simple")


@pytest.fixture
def settings(tmp_path: Path) -> SourceSettings:
    return SourceSettings(repos_dir=tmp_path / "repos")


def get(index: FolderIndex, settings: SourceSettings, version: str | None = None) -> Checkout:
    with IndexClient(index.settings, cache=settings.repos_dir / "cache") as client:
        return get_sdist(PACKAGE, version, settings, client)


def text(checkout: Checkout) -> str:
    return (checkout.path / "file.txt").read_text()


def test_the_newest_release(index: FolderIndex, settings: SourceSettings) -> None:
    index.add("my-pkg", "my_pkg-1.9.tar.gz", "1.9")
    index.add("my-pkg", "my_pkg-1.10.tar.gz", "1.10")
    index.add("my-pkg", "my_pkg-1.10-py3-none-any.whl")
    index.add("my-pkg", "my_pkg-1.11.tar.gz", "1.11", 'data-yanked="oops"')
    index.add("my-pkg", "my_pkg-2.0rc1.tar.gz", "2.0rc1")
    checkout = get(index, settings)
    assert text(checkout) == "1.10"
    assert checkout.kind is SourceKind.SDIST
    assert checkout.origin == "my_pkg-1.10.tar.gz"
    assert checkout.version == "1.10"
    assert checkout.revision is None
    assert checkout.note is None
    assert checkout.path.name == "my-pkg-1.10"
    assert get(index, settings) == checkout


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("1.9", "1.9"),
        ("v1.9", "1.9"),
        ("1.9.0", "1.9"),
        ("2.0rc1", "2.0rc1"),
        ("2.0.rc-1", "2.0rc1"),
        ("1.11", "1.11"),
        ("1.2.post1", "1.2.post1"),
    ],
)
def test_an_exact_version(
    index: FolderIndex, settings: SourceSettings, wanted: str, found: str
) -> None:
    for version in ("1.9", "1.10", "2.0rc1"):
        index.add("my-pkg", f"my_pkg-{version}.tar.gz", version)
    index.add("my-pkg", "My.Pkg-1.2-1.tar.bz2", "1.2.post1")
    index.add("my-pkg", "my_pkg-1.11.tar.gz", "1.11", 'data-yanked=""')
    checkout = get(index, settings, wanted)
    assert text(checkout) == found
    assert checkout.version == found
    assert (checkout.note is not None) is (found == "1.11")


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.5", "no sdist of my-pkg 1.5 on the index; the nearest: 1.0 and 2.0$"),
        ("0.1", "the nearest: 1.0$"),
        ("9", "the nearest: 2.0$"),
        ("3.0", "my-pkg 3.0 has wheels on the index, but no sdist"),
        ("main", "'main' is not a version of my-pkg"),
        ("-x", "'-x' is not a version"),
    ],
)
def test_unknown_versions(
    index: FolderIndex, settings: SourceSettings, version: str, message: str
) -> None:
    index.add("my-pkg", "my_pkg-1.0.tar.gz")
    index.add("my-pkg", "my_pkg-2.0.tar.gz")
    index.add("my-pkg", "my_pkg-3.0-py3-none-any.whl")
    with pytest.raises(SourceError, match=message) as caught:
        get(index, settings, version)
    assert caught.value.hint


def test_only_pre_releases(index: FolderIndex, settings: SourceSettings) -> None:
    index.add("my-pkg", "my_pkg-1.0a1.tar.gz", "1.0a1")
    index.add("my-pkg", "my_pkg-1.0a2.tar.gz", "1.0a2")
    assert text(get(index, settings)) == "1.0a2"


def test_a_newer_release_without_an_sdist_is_noted(
    index: FolderIndex, settings: SourceSettings
) -> None:
    index.add("my-pkg", "my_pkg-1.0.tar.gz")
    index.add("my-pkg", "my_pkg-2.0-py3-none-any.whl")
    assert get(index, settings).note == "my-pkg 2.0 has no sdist, 1.0 has"


@pytest.mark.parametrize(
    ("filename", "attributes", "message"),
    [
        ("my_pkg-1.0-py3-none-any.whl", "", "has no sdist, only other files,"),
        ("my_pkg-1.0.tar.gz", "data-yanked", "every sdist of my-pkg was yanked"),
    ],
)
def test_nothing_to_take(
    index: FolderIndex, settings: SourceSettings, filename: str, attributes: str, message: str
) -> None:
    index.add("my-pkg", filename, attributes=attributes)
    with pytest.raises(SourceError, match=message) as caught:
        get(index, settings)
    assert caught.value.hint


def test_an_unknown_package(index: FolderIndex, settings: SourceSettings) -> None:
    index.root.mkdir()
    with pytest.raises(SourceError, match="there is no package my-pkg on the index"):
        get(index, settings)


def test_the_preferred_archive(index: FolderIndex, settings: SourceSettings) -> None:
    index.add("my-pkg", "my_pkg-1.0.tar.bz2", "bz2")
    index.add("my-pkg", "my_pkg-1.0.tar.gz", "gz")
    assert text(get(index, settings)) == "gz"


def test_another_file_of_the_same_version_is_another_tree(
    index: FolderIndex, settings: SourceSettings
) -> None:
    index.add("my-pkg", "my_pkg-1.0.tar.gz", "first")
    first = get(index, settings, "1.0")
    shutil.rmtree(index.root)
    second_index = FolderIndex(index.root)
    second_index.add("my-pkg", "my_pkg-1.0.tar.gz", "second")
    second = get(second_index, settings, "1.0")
    assert (text(first), text(second)) == ("first", "second")
    assert first.key != second.key


def test_a_damaged_file_leaves_nothing(index: FolderIndex, settings: SourceSettings) -> None:
    index.add("my-pkg", "my_pkg-1.0.tar.gz").write_bytes(b"damaged")
    with pytest.raises(SourceError, match="does not have the checksum"):
        get(index, settings)
    index.add("my-pkg", "my_pkg-2.0.zip", "no zip file")
    with pytest.raises(SourceError, match="is damaged or no archive"):
        get(index, settings)
    assert list((settings.repos_dir / "sdist").rglob("checkout.json")) == []


def test_half_a_tree_is_never_reused(index: FolderIndex, settings: SourceSettings) -> None:
    index.add("my-pkg", "my_pkg-1.0.tar.gz", "whole")
    first = get(index, settings)
    (first.path.parent / "checkout.json").write_text("{")
    (first.path / "file.txt").unlink()
    again = get(index, settings)
    assert again.path == first.path
    assert text(again) == "whole"
    assert again.key != first.key


def test_threads_unpack_once(index: FolderIndex, settings: SourceSettings) -> None:
    index.add("my-pkg", "my_pkg-1.0.tar.gz")
    with ThreadPoolExecutor(4) as pool:
        keys = {c.key for c in pool.map(lambda _: get(index, settings), range(8))}
    assert len(keys) == 1


def test_variants_have_trees_of_their_own(index: FolderIndex, settings: SourceSettings) -> None:
    index.add("my-pkg", "my_pkg-1.0.tar.gz")
    trees = [
        get(index, replace(settings, variant=variant))
        for variant in ("release", "sanitized", "release")
    ]
    assert trees[0] == trees[2]
    assert trees[0].path != trees[1].path
    assert trees[0].path.name == trees[1].path.name == "my-pkg-1.0"
