"""A registry kept in git is cloned and updated, and the user's own work in it is never lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from source_repos import Repo

from labeille.errors import LabeilleError, RegistryError
from labeille.sources.registry_sync import SyncState, sync_registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def upstream(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "upstream")
    (repo.path / "packages").mkdir()
    repo.commit("package: a\n", "packages/a.yaml")
    return repo


@pytest.fixture
def clone(upstream: Repo, tmp_path: Path) -> Repo:
    folder = tmp_path / "clone"
    synced = sync_registry(str(upstream.path), folder)
    assert synced.state is SyncState.CLONED
    assert synced.registry == folder
    return Repo.at(folder)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content(repo: Repo, name: str = "a") -> str:
    return (repo.path / "packages" / f"{name}.yaml").read_text()


def test_a_clone_follows(upstream: Repo, clone: Repo) -> None:
    url = str(upstream.path)
    assert sync_registry(url, clone.path).state is SyncState.CURRENT
    commit = upstream.commit("package: a\nnotes: x\n", "packages/a.yaml")
    synced = sync_registry(url, clone.path)
    assert synced.state is SyncState.UPDATED
    assert commit.startswith(synced.new)
    assert content(clone) == "package: a\nnotes: x\n"


def test_nothing_is_left_beside_the_clone(clone: Repo) -> None:
    assert names_in(clone.path.parent) == ["clone", "upstream"]


def test_an_empty_folder_is_filled(upstream: Repo, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert sync_registry(str(upstream.path), tmp_path / "empty").state is SyncState.CLONED


def test_a_registry_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    upstream = Repo(tmp_path / "upstream")
    (upstream.path / "registry" / "packages").mkdir(parents=True)
    upstream.commit("package: a\n", "registry/packages/a.yaml")
    for _ in range(2):
        synced = sync_registry(str(upstream.path), tmp_path / "clone")
        assert synced.registry == tmp_path / "clone" / "registry"


def test_edits_stay_where_nothing_new_comes(upstream: Repo, clone: Repo) -> None:
    (clone.path / "packages" / "a.yaml").write_text("mine\n")
    synced = sync_registry(str(upstream.path), clone.path)
    assert (synced.state, synced.edited) == (SyncState.CURRENT, 1)
    assert content(clone) == "mine\n"


def test_edits_stay_where_something_new_comes(upstream: Repo, clone: Repo) -> None:
    upstream.commit("package: b\n", "packages/b.yaml")
    (clone.path / "packages" / "a.yaml").write_text("mine\n")
    with pytest.raises(RegistryError, match="1 file in it have changes") as caught:
        sync_registry(str(upstream.path), clone.path)
    assert caught.value.hint is not None
    assert "commit them" in caught.value.hint
    assert content(clone) == "mine\n"
    clone.git("checkout", "-q", "--", ".")
    assert sync_registry(str(upstream.path), clone.path).state is SyncState.UPDATED


def test_a_file_of_ones_own_is_not_overwritten(upstream: Repo, clone: Repo) -> None:
    upstream.commit("package: b\n", "packages/b.yaml")
    (clone.path / "packages" / "b.yaml").write_text("mine\n")
    with pytest.raises(RegistryError, match="a file in it that git does not know"):
        sync_registry(str(upstream.path), clone.path)
    assert content(clone, "b") == "mine\n"
    (clone.path / "packages" / "b.yaml").rename(clone.path / "packages" / "mine.yaml")
    assert sync_registry(str(upstream.path), clone.path).state is SyncState.UPDATED
    assert content(clone, "mine") == "mine\n"


def test_commits_of_ones_own_stay(upstream: Repo, clone: Repo) -> None:
    own = clone.commit("package: c\n", "packages/c.yaml")
    synced = sync_registry(str(upstream.path), clone.path)
    assert (synced.state, synced.ahead) == (SyncState.CURRENT, 1)
    upstream.commit("package: b\n", "packages/b.yaml")
    with pytest.raises(RegistryError, match="1 commit of its own, and misses 1") as caught:
        sync_registry(str(upstream.path), clone.path)
    assert "rebase @{upstream}" in (caught.value.hint or "")
    assert clone.git("rev-parse", "HEAD") == own
    clone.git("rebase", "-q", "@{upstream}")
    assert sync_registry(str(upstream.path), clone.path).ahead == 1


def test_no_branch_is_nothing_to_go_on_from(upstream: Repo, clone: Repo) -> None:
    clone.git("checkout", "-q", "--detach")
    with pytest.raises(RegistryError, match="on no branch"):
        sync_registry(str(upstream.path), clone.path)
    clone.git("checkout", "-q", "-b", "mine")
    with pytest.raises(RegistryError, match="its branch mine is no branch of"):
        sync_registry(str(upstream.path), clone.path)


def test_another_folder_is_left_alone(upstream: Repo, clone: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit("x")
    inside = clone.path / "packages"
    (tmp_path / "file").write_text("x")
    for folder, words in (
        (inside, "no clone"),
        (tmp_path / "file", "no folder"),
        (other.path, "is a clone of no repository"),
    ):
        with pytest.raises(RegistryError, match=words):
            sync_registry(str(upstream.path), folder)
    with pytest.raises(RegistryError, match=r"is a clone of .*upstream, not of .*other"):
        sync_registry(str(other.path), clone.path)


@pytest.mark.parametrize("url", ["-x", "ext::sh -c x", "", "gone/nowhere"])
def test_urls_that_name_nothing(url: str, tmp_path: Path) -> None:
    with pytest.raises(LabeilleError):
        sync_registry(url, tmp_path / "clone")
    assert names_in(tmp_path) == []


def test_a_repository_without_a_registry(tmp_path: Path) -> None:
    upstream = Repo(tmp_path / "upstream")
    upstream.commit("x")
    with pytest.raises(RegistryError, match="holds no registry"):
        sync_registry(str(upstream.path), tmp_path / "clone")
    assert names_in(tmp_path) == ["upstream"]
