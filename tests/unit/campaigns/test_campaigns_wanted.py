"""Names from a command line and from files."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from labeille.campaigns.wanted import STDIN, NameSources, Wanted, WantedList, read_wanted
from labeille.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def read(sources: NameSources, **counts: int) -> WantedList:
    return read_wanted(sources, counts)


def names(wanted: WantedList) -> list[str]:
    return [package.name for package in wanted.packages]


def top_file(path: Path, *rows: object) -> Path:
    path.write_text(json.dumps({"last_update": "2026-04-01", "rows": rows}))
    return path


def row(name: str, count: int | None = None) -> dict[str, object]:
    return {"project": name, "download_count": count}


def test_arguments_are_normalised_and_named_once() -> None:
    wanted = read(NameSources(names=("Zope.Interface", "idna", "zope_interface")))
    assert names(wanted) == ["zope-interface", "idna"]
    assert wanted.repeated == 1


def test_text_file(tmp_path: Path) -> None:
    path = tmp_path / "names"
    path.write_bytes(
        b"\xef\xbb\xbf# mine\r\nidna  # a comment\r\n\r\n  Click\r\nx>=2\nIDNA\n\xff\n"
    )
    wanted = read(NameSources(text_file=path))
    assert names(wanted) == ["idna", "click"]
    assert wanted.repeated == 1
    assert wanted.invalid == (
        f"{path}:5: 'x>=2' is not a package name",
        f"{path}:7: '\\\\xff' is not a package name",
    )


def test_download_list(tmp_path: Path) -> None:
    path = top_file(tmp_path / "top", row("B", 5), row("a", 7), row("c"), row("b", 5))
    wanted = read(NameSources(json_file=path))
    assert wanted.packages == (
        Wanted(name="b", download_count=5),
        Wanted(name="a", download_count=7),
        Wanted(name="c"),
    )
    assert wanted.repeated == 1


@pytest.mark.parametrize("entry", [{}, [], "idna", 3, {"project": 3}, {"project": "../x"}])
def test_a_row_that_is_none_is_told_and_passed_over(tmp_path: Path, entry: object) -> None:
    path = top_file(tmp_path / "top", entry, row("a", 7))
    wanted = read(NameSources(json_file=path))
    assert names(wanted) == ["a"]
    (told,) = wanted.invalid
    assert told.startswith(f"{path}, row 1: ")
    assert told.endswith(("is not a package name", "names no project"))


@pytest.mark.parametrize("count", [-1, 1.5, "7", True])
def test_counts_that_make_no_sense(tmp_path: Path, count: object) -> None:
    path = top_file(tmp_path / "top", {"project": "a", "download_count": count})
    assert read(NameSources(json_file=path)).packages == (Wanted(name="a"),)


def test_top_counts_by_downloads_wherever_the_counts_come_from(tmp_path: Path) -> None:
    path = top_file(tmp_path / "top", row("b", 5), row("a", 7), row("c"), row("d", 1))
    sources = NameSources(json_file=path, top=2)
    assert names(read(sources)) == ["a", "b"]
    assert names(read(sources, c=6)) == ["a", "c"]


def test_top_leaves_the_files_order_where_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "names"
    path.write_text("c\na\nb\n")
    assert names(read(NameSources(text_file=path, top=2))) == ["c", "a"]


def test_what_is_named_as_an_argument_is_never_dropped(tmp_path: Path) -> None:
    path = top_file(tmp_path / "top", row("a", 7), row("b", 5), row("z", 1))
    wanted = read(NameSources(names=("z", "y"), json_file=path, top=1))
    assert wanted.packages == (
        Wanted(name="z"),
        Wanted(name="y"),
        Wanted(name="a", download_count=7),
    )
    wanted = read(NameSources(names=("a",), json_file=path, top=1))
    assert wanted.packages == (Wanted(name="a", download_count=7),)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"idna\n")))
    assert names(read(NameSources(text_file=STDIN))) == ["idna"]


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (NameSources(), "no package is named"),
        (NameSources(names=("a",), top=3), "--top chooses among the packages of a list"),
    ],
)
def test_nothing_to_read(sources: NameSources, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(sources)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        ("", "is no list of packages"),
        ("idna\nclick\n", "is no list of packages"),
        ('{"rows": {"a": 1}}', "is no list of packages"),
        ('["idna"]', "is no list of packages"),
        ('{"rows": []}', "the list of packages is empty"),
    ],
)
def test_files_that_are_no_download_list(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "top.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=message):
        read(NameSources(json_file=path))


def test_an_empty_text_file(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("# nothing yet\n")
    with pytest.raises(UsageError, match="the list of packages is empty"):
        read(NameSources(text_file=tmp_path / "names"))
