"""Resolving: what an index says, written into registries on disk."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from labeille.campaigns.resolve import GIVE_UP, Outcome, Resolved, Resolving
from labeille.campaigns.wanted import Wanted
from labeille.errors import PackageIndexError, RegistryError
from labeille.pypi.client import UnknownProjectError, UnreachableIndexError
from labeille.pypi.metadata import ProjectMetadata, Release
from labeille.registry.index import read_index
from labeille.registry.model import ExtensionType
from labeille.registry.store import Registry

if TYPE_CHECKING:
    from pathlib import Path


class Told:
    """An index that knows every project, and has trouble with some of them."""

    def __init__(self, **trouble: Exception) -> None:
        self.trouble = trouble
        self.asked: list[str] = []

    def metadata(self, name: str) -> ProjectMetadata:
        self.asked.append(name)
        if name in self.trouble:
            raise self.trouble[name]
        return ProjectMetadata(
            name=name,
            version="1.0",
            release=Release.FINAL,
            files=(f"{name}-1.0-py3-none-any.whl",),
            links=(("Source", f"https://github.com/a/{name}"),),
        )


def wanted(*names: str, **counts: int) -> list[Wanted]:
    listed = [Wanted(name=name, download_count=count) for name, count in counts.items()]
    return [*(Wanted(name=name) for name in names), *listed]


def resolve(
    root: Path, packages: list[Wanted], index: Told | None = None, *, dry_run: bool = False
) -> dict[str, Resolved]:
    resolving = Resolving(Registry(root), index or Told(), workers=1, dry_run=dry_run)
    results = {resolved.name: resolved for resolved in resolving.run(packages)}
    assert not resolving.index_problem
    return results


def write(root: Path, name: str, text: str) -> Path:
    path = root / "packages" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"package: {name}\n{text}")
    return path


def index_lines(root: Path) -> list[tuple[str, int | None, str]]:
    entries = read_index(root / "index.yaml").packages
    return [(entry.name, entry.download_count, entry.extension_type.value) for entry in entries]


def test_an_empty_folder_becomes_a_registry(tmp_path: Path) -> None:
    root = tmp_path / "new" / "registry"
    results = resolve(root, wanted("z", a=3, b=7))
    assert {name: result.outcome for name, result in results.items()} == {
        "z": Outcome.CREATED,
        "a": Outcome.CREATED,
        "b": Outcome.CREATED,
    }
    package = Registry(root).get("a")
    assert (package.repo, package.enriched) == ("https://github.com/a/a", False)
    assert index_lines(root) == [("b", 7, "pure"), ("a", 3, "pure"), ("z", None, "pure")]
    assert Registry(root).load_all().problems == ()


def test_existing_files(tmp_path: Path) -> None:
    enriched = write(tmp_path, "enriched", "enriched: true # and no repo\n")
    begun = write(tmp_path, "begun", "repo: # where?\nmine: [1,  2]\n")
    done = write(tmp_path, "done", "repo: https://x.org/done\nextension_type: rust\n")
    broken = write(tmp_path, "broken", "repo: [\n")
    odd = write(tmp_path, "odd", "").rename(tmp_path / "packages" / "Odd.yaml")
    before = [path.read_text() for path in (enriched, done, broken)]
    told = Told()
    results = resolve(tmp_path, wanted("broken", enriched=9, begun=8, done=7, odd=6), told)
    assert {name: result.outcome for name, result in results.items()} == {
        "broken": Outcome.BROKEN,
        "enriched": Outcome.ENRICHED,
        "done": Outcome.COMPLETE,
        "begun": Outcome.FILLED,
        "odd": Outcome.FILLED,
    }
    assert told.asked == ["begun", "odd"]
    assert [path.read_text() for path in (enriched, done, broken)] == before
    assert begun.read_text() == (
        "package: begun\nrepo: https://github.com/a/begun # where?\n"
        "extension_type: pure\nmine: [1,  2]\n"
    )
    assert "broken.yaml" in results["broken"].text
    assert results["begun"].filled == ("repo", "extension_type")
    assert sorted(path.name for path in odd.parent.iterdir()) == [
        "Odd.yaml",
        "begun.yaml",
        "broken.yaml",
        "done.yaml",
        "enriched.yaml",
    ]
    assert index_lines(tmp_path) == [
        ("enriched", 9, "unknown"),
        ("begun", 8, "pure"),
        ("done", 7, "extensions"),
        ("odd", 6, "pure"),
    ]


def test_a_second_round_asks_and_changes_nothing(tmp_path: Path) -> None:
    resolve(tmp_path, wanted(a=1))
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.yaml")}
    told = Told()
    assert resolve(tmp_path, wanted("a"), told)["a"].outcome is Outcome.COMPLETE
    assert told.asked == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.yaml")} == stamps


def test_where_the_index_knows_no_more_than_the_file(tmp_path: Path) -> None:
    class Short(Told):
        def metadata(self, name: str) -> ProjectMetadata:
            return ProjectMetadata(name=name)

    path = write(tmp_path, "a", "")
    result = resolve(tmp_path, wanted("a"), Short())["a"]
    assert (result.outcome, path.read_text()) == (Outcome.NOTHING_NEW, "package: a\n")


def test_other_entries_of_the_index_stay(tmp_path: Path) -> None:
    index = tmp_path / "index.yaml"
    index.write_text("packages:\n- {name: other, download_count: 5, stars: 3}\nmine: 1\n")
    resolve(tmp_path, wanted(a=7))
    assert index_lines(tmp_path) == [("a", 7, "pure"), ("other", 5, "unknown")]
    assert read_index(index).extra == {"mine": 1}
    assert read_index(index).packages[1].extra == {"stars": 3}


def test_a_broken_index_is_told_and_kept(tmp_path: Path) -> None:
    (tmp_path / "index.yaml").write_text("packages: [\n")
    resolving = Resolving(Registry(tmp_path), Told())
    assert [resolved.outcome for resolved in resolving.run(wanted("a"))] == [Outcome.CREATED]
    assert "index.yaml:1: no valid YAML" in resolving.index_problem
    assert (tmp_path / "index.yaml").read_text() == "packages: [\n"


def test_trouble_with_one_package_does_not_stop_the_others(tmp_path: Path) -> None:
    told = Told(
        gone=UnknownProjectError("there is none"),
        failed=PackageIndexError("the package index answers HTTP 500"),
        silent=UnreachableIndexError("refused"),
        odd=ZeroDivisionError("a fault of ours"),
    )
    results = resolve(tmp_path, wanted("gone", "failed", "silent", "odd", "a"), told)
    assert [(result.outcome, result.text) for result in results.values()] == [
        (Outcome.UNKNOWN, "there is none"),
        (Outcome.FAILED, "the package index answers HTTP 500"),
        (Outcome.FAILED, "refused"),
        (Outcome.FAILED, "labeille failed on it: ZeroDivisionError: a fault of ours"),
        (Outcome.CREATED, ""),
    ]
    assert "Traceback" in results["odd"].traceback
    assert [entry[0] for entry in index_lines(tmp_path)] == ["a"]


def test_an_index_that_is_gone_is_given_up(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(GIVE_UP + 30)]
    told = Told(**{name: UnreachableIndexError("refused") for name in names})
    results = resolve(tmp_path, wanted("a", *names), told)
    outcomes = [result.outcome for result in results.values()]
    assert outcomes.count(Outcome.CREATED) == 1
    assert outcomes.count(Outcome.FAILED) == GIVE_UP
    assert outcomes.count(Outcome.NOT_ASKED) == 30


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "begun", "")
    resolving = Resolving(Registry(tmp_path), Told(), dry_run=True)
    results = {result.name: result for result in resolving.run(wanted("a", begun=3))}
    assert results["a"].outcome is Outcome.CREATED
    assert b"repo: https://github.com/a/a\n" in (results["a"].content or b"")
    assert results["begun"].filled == ("repo", "extension_type")
    assert path.read_text() == "package: begun\n"
    assert list(tmp_path.rglob("*")) == [path.parent, path]
    assert resolving.index_changes == 2
    nowhere = tmp_path / "nowhere"
    assert resolve(nowhere, wanted("a"), dry_run=True)["a"].outcome is Outcome.CREATED
    assert not nowhere.exists()


def test_what_is_written_before_an_interrupt_is_in_the_index(tmp_path: Path) -> None:
    resolving = Resolving(Registry(tmp_path), Told(), workers=1)
    with (
        contextlib.suppress(KeyboardInterrupt),
        contextlib.closing(resolving.run(wanted("a", "b", "c"))) as results,
    ):
        for resolved in results:
            if resolved.name == "b":
                raise KeyboardInterrupt
    assert [entry[0] for entry in index_lines(tmp_path)] == ["a", "b"]
    assert Registry(tmp_path).names() == ("a", "b")


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    class Slow(Told):
        def metadata(self, name: str) -> ProjectMetadata:
            write(tmp_path, name, "enriched: true\n")
            return super().metadata(name)

    assert resolve(tmp_path, wanted("a"), Slow())["a"].outcome is Outcome.ENRICHED
    assert (tmp_path / "packages/a.yaml").read_text() == "package: a\nenriched: true\n"
    (entry,) = read_index(tmp_path / "index.yaml").packages
    assert entry.enriched


def test_a_registry_that_cannot_be_written_ends_it(tmp_path: Path) -> None:
    (tmp_path / "packages").write_text("in the way")
    with pytest.raises(RegistryError, match="packages cannot be written: ") as caught:
        resolve(tmp_path, wanted("a"))
    assert caught.value.hint


def test_extension_type_comes_from_the_wheels(tmp_path: Path) -> None:
    class Compiled(Told):
        def metadata(self, name: str) -> ProjectMetadata:
            return ProjectMetadata(name=name, files=("a-1-cp39-abi3-win_amd64.whl",))

    resolve(tmp_path, wanted("a"), Compiled())
    package = Registry(tmp_path).get("a")
    assert (package.extension_type, package.repo) == (ExtensionType.EXTENSIONS, None)
