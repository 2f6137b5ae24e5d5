"""The index is derived from the package files; the files rule."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from labeille.registry.index import (
    Index,
    IndexEntry,
    find_drift,
    format_index,
    parse_index,
    read_index,
    rebuild_index,
    update_index,
    write_index,
)
from labeille.registry.model import ExtensionType, Package
from labeille.registry.problems import RegistryFileError

NOW = datetime(2026, 11, 21, 12, 0, 7, 999, tzinfo=UTC)


def test_the_real_index_survives_reading_and_writing_byte_for_byte(shared_data: Path) -> None:
    path = shared_data / "registry-5000" / "index.yaml"
    index = read_index(path)
    assert len(index.packages) == 4999
    assert format_index(index) == path.read_bytes()


def test_update_makes_named_entries_anew_and_keeps_the_others() -> None:
    old = Index(
        last_updated="2026-01-01T00:00:00",
        packages=(
            IndexEntry(name="a", download_count=5, extra={"stars": 3}),
            IndexEntry(name="b", download_count=4, extension_type=ExtensionType.PURE),
            IndexEntry(name="c", enriched=True),
        ),
        extra={"source": "x"},
    )
    packages = [
        Package(name="a", extension_type=ExtensionType.PURE),
        Package(name="d", skip_versions={"3.15": "no"}),
    ]
    new = update_index(old, packages, {"a": None, "b": 99, "d": 7}, now=NOW)
    assert new == Index(
        last_updated="2026-11-21T12:00:07",
        packages=(
            IndexEntry(name="d", download_count=7, skip_versions_keys=("3.15",)),
            IndexEntry(
                name="a",
                download_count=5,
                extension_type=ExtensionType.PURE,
                extra={"stars": 3},
            ),
            old.packages[1],  # a count of what is not among the packages is none of ours
            old.packages[2],
        ),
        extra={"source": "x"},
    )
    assert update_index(new, packages, {"d": 7}, now=NOW) is new


def test_rebuild_keeps_counts_and_unknown_keys() -> None:
    old = Index(
        packages=(
            IndexEntry(name="a", download_count=5, extra={"stars": 3}),
            IndexEntry(name="broken", download_count=50, enriched=True),
            IndexEntry(name="gone", download_count=500),
        ),
        extra={"source": "x"},
    )
    packages = [
        Package(name="new"),
        Package(
            name="a",
            enriched=True,
            skip_versions={"3.15": "x", "3.14": "y"},
            extension_type=ExtensionType.PURE,
        ),
    ]
    index = rebuild_index(packages, old, now=NOW, unreadable={"broken", "never-seen"})
    assert index.last_updated == "2026-11-21T12:00:07"
    assert index.extra == {"source": "x"}
    assert [entry.name for entry in index.packages] == ["broken", "a", "new"]
    assert index.packages[0].enriched
    assert index.packages[1] == IndexEntry(
        name="a",
        download_count=5,
        extension_type=ExtensionType.PURE,
        enriched=True,
        skip_versions_keys=("3.14", "3.15"),
        extra={"stars": 3},
    )
    drift = find_drift(old, index)
    assert (drift.missing, drift.stale, drift.changed) == (("new",), ("gone",), ("a",))
    assert not find_drift(index, index)


def test_order_is_downloads_then_name_with_unknown_last() -> None:
    counts = {"z": 10, "b": 10, "n": None, "m": None, "zero": 0}
    old = Index(packages=tuple(IndexEntry(name=n, download_count=c) for n, c in counts.items()))
    index = rebuild_index([Package(name=name) for name in counts], old, now=NOW)
    assert [entry.name for entry in index.packages] == ["b", "z", "zero", "m", "n"]
    assert find_drift(old, index).misplaced


def test_missing_index_is_empty_and_writing_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "index.yaml"
    assert read_index(path) == Index()
    index = rebuild_index([Package(name="a")], Index(), now=NOW)
    write_index(path, index)
    assert read_index(path) == index
    assert [item.name for item in tmp_path.iterdir()] == ["index.yaml"]


def test_writing_keeps_permissions_and_links(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.touch()
    real.chmod(0o640)
    link = tmp_path / "index.yaml"
    link.symlink_to(real)
    write_index(link, Index())
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert b"packages: []" in real.read_bytes()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "index.yaml").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_index(tmp_path / "index.yaml", Index())
    assert [item.name for item in tmp_path.iterdir()] == ["index.yaml"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("- a\n", 1, "no mapping"),
        ("packages: 3\n", 1, "expected a list"),
        ("packages:\n- name: a\n- b\n", 3, "expected a mapping"),
        ("packages:\n- name: ../x\n", 2, "not a package name"),
        ("packages:\n- name: a\n- name: b\n  download_count: many\n", 3, "download_count"),
        ("packages: [\n", 1, "YAML"),
    ],
)
def test_problems(text: str, line: int, message: str) -> None:
    with pytest.raises(RegistryFileError, match=message) as caught:
        parse_index(text.encode(), Path("index.yaml"))
    assert caught.value.problems[0].line == line


@pytest.mark.parametrize(
    ("spelling", "expected"), [("rust", "extensions"), ("odd", "unknown"), ("[x]", "unknown")]
)
def test_extension_types(spelling: str, expected: str) -> None:
    text = f"packages:\n- name: a\n  extension_type: {spelling}\n"
    (entry,) = parse_index(text.encode(), Path("index.yaml")).packages
    assert entry.extension_type.value == expected
