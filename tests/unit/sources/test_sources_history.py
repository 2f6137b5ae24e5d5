"""A whole history: what revisions name in it, and a tree that goes along it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from source_repos import Repo

from labeille.errors import SourceError
from labeille.registry.model import Package
from labeille.sources.git import UnknownRevisionError
from labeille.sources.history import History, hold_history
from labeille.sources.model import SourceSettings
from labeille.sources.moving_tree import MovingTree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Four commits on main, v1.0 at the second, an annotated 2.0 at the third, a branch."""
    repo = Repo(tmp_path_factory.mktemp("upstream") / "it")
    for number in range(4):
        repo.commit(f"Commit {number}", "module.py")
        if number == 1:
            repo.git("tag", "v1.0")
        if number == 2:
            repo.git("tag", "-a", "2.0", "-m", "two")
    repo.git("checkout", "-q", "-b", "feature/x", "main~2")
    repo.commit("On the side", "side.py")
    repo.git("checkout", "-q", "main")
    return repo


@pytest.fixture
def package(repo: Repo) -> Package:
    return Package(name="it", repo=str(repo.path))


@pytest.fixture
def history(package: Package, tmp_path: Path) -> Iterator[History]:
    with hold_history(package, SourceSettings(repos_dir=tmp_path, shallow=False)) as history:
        yield history


def test_revisions(history: History, repo: Repo) -> None:
    for text, same in {
        "HEAD": "main",
        "main": "main",
        "origin/main": "main",
        "main~2": "main~2",
        "HEAD^^": "main~2",
        "v1.0": "main~2",
        "1.0": "main~2",
        "2.0": "main~1",
        "v2.0": "main~1",
        "2.0~1": "main~2",
        "feature/x": "feature/x",
        ":/Commit 1": "main~2",
        "main^{/Commit 0}": "main~3",
        repo.git("rev-parse", "main~3"): "main~3",
        repo.git("rev-parse", "--short=8", "main~3"): "main~3",
    }.items():
        assert history.resolve(text) == repo.git("rev-parse", same), text


@pytest.mark.parametrize(
    "text", ["", " ", "v3", "--all", "-1", "a b", "main..v1.0", "HEAD:module.py"]
)
def test_what_names_no_commit(history: History, text: str) -> None:
    with pytest.raises(UnknownRevisionError):
        history.resolve(text)


def test_what_commits_say(history: History, repo: Repo) -> None:
    tip = history.resolve("main")
    info = history.info(tip)
    assert (info.author, info.subject) == ("a <a@example.test>", "Commit 3")
    assert info.date == "2026-01-01T00:00:00+00:00"
    tagged = [(name, repo.git("rev-parse", f"{name}^{{commit}}")) for name in ("2.0", "v1.0")]
    assert list(history.tagged(tip)) == tagged
    assert history.tagged(history.resolve("v1.0")) == ()
    assert history.is_ancestor(history.resolve("v1.0"), tip)
    assert not history.is_ancestor(history.resolve("feature/x"), tip)
    assert history.nearest_tag(tip) == "2.0"
    assert [entry.path for entry in history.files(history.resolve("feature/x"))] == [
        "module.py",
        "side.py",
    ]
    assert history.text(tip, "module.py") == "Commit 3"
    assert history.lines(tip, "^Comm", "*.py") == "Commit 3"


def test_nobody_else_works_on_it(history: History, package: Package, tmp_path: Path) -> None:
    settings = SourceSettings(repos_dir=tmp_path, shallow=False)
    with pytest.raises(SourceError, match="worked on by another"), hold_history(package, settings):
        pass


def test_a_mirror_without_its_past_gets_it(package: Package, repo: Repo, tmp_path: Path) -> None:
    """A hunt has fetched the tip alone before."""
    from labeille.sources.git import get_git

    get_git(package, None, SourceSettings(repos_dir=tmp_path))
    with hold_history(package, SourceSettings(repos_dir=tmp_path, shallow=False)) as history:
        assert history.resolve("main~3") == repo.git("rev-parse", "main~3")


def test_no_repository(tmp_path: Path) -> None:
    with (
        pytest.raises(SourceError, match="names no repository"),
        hold_history(
            Package(name="it"),
            SourceSettings(repos_dir=None),  # type: ignore[arg-type]
        ),
    ):
        pass


# A tree


def test_a_tree_goes_along(history: History) -> None:
    """With what an install left in it, and without anything else."""
    tree = MovingTree(history, "kind")
    first = tree.make(history.resolve("main~3"))
    assert (first.path / "module.py").read_text() == "Commit 0"
    (first.path / "built").mkdir()
    (first.path / "built" / "part.so").touch()
    cache = first.path / "__pycache__"
    cache.mkdir()
    (cache / "module.cpython-315.pyc").touch()
    assert not MovingTree(history, "kind").is_settled
    tree.settle()
    assert MovingTree(history, "kind").is_settled
    (cache / "again.cpython-315.pyc").touch()
    (first.path / "left" / "behind").mkdir(parents=True)
    (first.path / "left" / "behind" / "by_a_suite.py").touch()
    (first.path / "module.py").write_text("changed by a suite")
    second = tree.move(history.resolve("feature/x"))
    assert second.path == first.path
    assert second.key == first.key
    assert second.revision == history.resolve("feature/x")
    left = {path.name for path in second.path.rglob("*") if ".git" not in path.parts}
    assert left == {"module.py", "side.py", "built", "part.so"}
    assert (second.path / "module.py").read_text() == "Commit 1"


def test_a_tree_made_anew_is_another_one(history: History) -> None:
    """Nothing that was built into the first is there, so no environment may be shared."""
    tree = MovingTree(history, "kind")
    first = tree.make(history.resolve("main"))
    (first.path / "built.so").touch()
    tree.settle()
    second = tree.make(history.resolve("main"))
    assert second.key != first.key
    assert not tree.is_settled
    assert not (second.path / "built.so").exists()
    tree.remove()
    assert not os.path.lexists(second.path)


def test_a_tree_gets_what_is_younger(repo: Repo, tmp_path: Path) -> None:
    """It stands from before, and the repository has gone on; its install serves all the same."""
    upstream = repo.copy(tmp_path / "upstream")
    package = Package(name="it", repo=str(upstream.path))
    settings = SourceSettings(repos_dir=tmp_path / "repos", shallow=False)
    with hold_history(package, settings) as history:
        tree = MovingTree(history, "kind")
        first = tree.make(history.resolve("main"))
        tree.settle()
    younger = upstream.commit("Commit 4", "module.py")
    upstream.git("tag", "v3")
    with hold_history(package, settings) as history:
        second = MovingTree(history, "kind").move(younger)
        assert history.git.local(second.path, "describe", "--tags") == "v3"
    assert (second.path, second.key) == (first.path, first.key)
    assert (second.path / "module.py").read_text() == "Commit 4"
