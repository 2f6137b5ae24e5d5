"""Checkouts from real repositories."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from source_repos import Repo

from labeille.errors import Interrupted, SourceError
from labeille.registry.model import Package, SourceKind
from labeille.sources import git_command
from labeille.sources.failure import GitError, Trouble
from labeille.sources.git import UnknownRevisionError, get_git
from labeille.sources.hosts import HOSTS
from labeille.sources.model import Checkout, SourceSettings
from labeille.supervision.cancellation import Cancellation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def shared_repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Four commits on main: one, two (tag v1.0, annotated 1.1), three, four; branch side at two."""
    repo = Repo(tmp_path_factory.mktemp("shared") / "origin")
    repo.commit("one")
    repo.commit("two")
    repo.git("tag", "v1.0")
    repo.git("tag", "-a", "-m", "annotated", "1.1")
    repo.git("branch", "side/way")
    repo.commit("three")
    repo.commit("four")
    return repo


@pytest.fixture
def repo(shared_repo: Repo, tmp_path: Path) -> Repo:
    """A copy of it, to be changed."""
    return shared_repo.copy(tmp_path / "origin")


@pytest.fixture(scope="module")
def shared_settings(tmp_path_factory: pytest.TempPathFactory) -> SourceSettings:
    """For tests that may find what others have cloned."""
    return SourceSettings(repos_dir=tmp_path_factory.mktemp("shared-repos"), timeout=30)


@pytest.fixture
def settings(tmp_path: Path) -> SourceSettings:
    return SourceSettings(repos_dir=tmp_path / "repos", timeout=30)


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(git_command, "_PAUSES", (0.01,))
    monkeypatch.setattr(git_command, "_PROBE_PAUSES", (0.01,))
    HOSTS.forget()
    yield
    HOSTS.forget()


def package(repo: Repo | str, **more: Any) -> Package:
    return Package(name="pkg", repo=repo if isinstance(repo, str) else str(repo.path), **more)


def text(checkout: Checkout) -> str:
    return (checkout.path / "file.txt").read_text()


def test_the_tip_of_head(repo: Repo, settings: SourceSettings) -> None:
    url = f"git+file://{repo.path}"
    checkout = get_git(package(url), None, settings)
    assert text(checkout) == "four"
    assert checkout.kind is SourceKind.GIT
    assert checkout.revision == repo.git("rev-parse", "HEAD")
    assert checkout.origin == url.removeprefix("git+")
    assert checkout.path.is_absolute()
    assert checkout.note is None
    again = get_git(package(url), None, settings)
    assert again == checkout
    new = repo.commit("five")
    moved = get_git(package(url), None, settings)
    assert (moved.revision, text(moved)) == (new, "five")
    assert moved.key != checkout.key
    assert text(checkout) == "four"


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        ("main", "four"),
        ("@", "four"),
        ("side/way", "two"),
        ("refs/heads/side/way", "two"),
        ("1.0", "two"),
        ("v1.1", "two"),
        ("1.1", "two"),
        ("refs/tags/1.1", "two"),
        ("HEAD~2", "two"),
        ("main^^~1", "one"),
        ("1.1^1", "one"),
    ],
)
def test_revisions(
    shared_repo: Repo, shared_settings: SourceSettings, revision: str, expected: str
) -> None:
    checkout = get_git(package(shared_repo), revision, shared_settings)
    assert text(checkout) == expected
    assert checkout.revision == shared_repo.git("rev-parse", f":/{expected}")


@pytest.mark.parametrize("revision", ["{}", "{}~1", "{:.7}", "{:.10}~1"])
def test_hashes(shared_repo: Repo, settings: SourceSettings, revision: str) -> None:
    digest = shared_repo.git("rev-parse", "HEAD~1")
    checkout = get_git(package(shared_repo), revision.format(digest), settings)
    assert text(checkout) == ("two" if "~" in revision else "three")


def test_a_whole_hash_needs_no_origin_twice(repo: Repo, settings: SourceSettings) -> None:
    digest = repo.git("rev-parse", "HEAD~1")
    checkout = get_git(package(repo), digest, settings)
    repo.git("checkout", "-q", "--orphan", "other")
    repo.git("branch", "-D", "main", "side/way")
    repo.git("tag", "-d", "v1.0", "1.1")
    assert get_git(package(repo), digest, settings) == checkout


@pytest.mark.parametrize(
    "revision", ["nope", "9.9", "0123456", "0" * 40, "main~9", "refs/heads/no", "v1.0/x"]
)
def test_unknown_revisions(
    shared_repo: Repo, shared_settings: SourceSettings, revision: str
) -> None:
    with pytest.raises(UnknownRevisionError, match=f"has no revision '{revision}'") as caught:
        get_git(package(shared_repo), revision, shared_settings)
    assert caught.value.hint


@pytest.mark.parametrize(
    "revision",
    [
        "",
        "-b",
        "--upload-pack=x",
        "a b",
        "a..b",
        "HEAD:file",
        "a\nb",
        "@{1}",
        "*",
        "HEAD~x",
        "a^{}",
    ],
)
def test_what_is_no_revision(repo: Repo, settings: SourceSettings, revision: str) -> None:
    with pytest.raises(SourceError, match="is not a revision"):
        get_git(package(repo), revision, settings)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("--upload-pack=touch x", "not a repository's URL"),
        ("-x", "not a repository's URL"),
        ("ext::sh -c true", "names a program to run"),
        ("fd::7", "names a program to run"),
        ("https://-x/y", "names no host"),
        ("https:///y", "names no host"),
        ("https://[x/y", "not a repository's URL"),
        ("svn://host.test/x", "git does not speak 'svn'"),
        ("https://host.test/a\nb", "not a repository's URL"),
        ("/no/such/folder", "there is no repository at /no/such/folder"),
        ("no-such-folder", "there is no repository at"),
    ],
)
def test_what_is_no_repository(settings: SourceSettings, url: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        get_git(package(url), None, settings)
    assert not settings.repos_dir.exists()


def test_no_repository_named(settings: SourceSettings) -> None:
    with pytest.raises(SourceError, match="names no repository of pkg"):
        get_git(Package(name="pkg"), None, settings)


def test_a_folder_that_is_no_repository(settings: SourceSettings, tmp_path: Path) -> None:
    with pytest.raises(GitError, match="does not appear to be a git repository") as caught:
        get_git(package(str(tmp_path)), None, settings)
    assert caught.value.trouble is Trouble.REFUSED
    assert list(settings.repos_dir.rglob("mirror.git")) == []


def test_an_empty_repository(settings: SourceSettings, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "empty")
    with pytest.raises(UnknownRevisionError, match="has no commit at its HEAD"):
        get_git(package(repo), None, settings)


def commits(checkout: Checkout) -> int:
    seen = Repo.at(checkout.path)
    return int(seen.git("rev-list", "--count", "HEAD"))


def test_depths(repo: Repo, settings: SourceSettings) -> None:
    shallow = get_git(package(repo), None, settings)
    registry = get_git(package(repo, clone_depth=3), None, settings)
    chosen = get_git(package(repo, clone_depth=3), None, replaced(settings, clone_depth=2))
    whole = get_git(package(repo, clone_depth=3), None, replaced(settings, shallow=False))
    assert [commits(c) for c in (shallow, registry, chosen, whole)] == [1, 3, 2, 4]
    assert len({c.key for c in (shallow, registry, chosen, whole)}) == 4
    new = repo.commit("five")
    after = get_git(package(repo), None, settings)
    assert after.revision == new


def replaced(settings: SourceSettings, **changes: Any) -> SourceSettings:
    values = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    return SourceSettings(**(values | changes))


def test_tags_within_the_depth_come_along(repo: Repo, settings: SourceSettings) -> None:
    checkout = get_git(package(repo, clone_depth=3), None, settings)
    seen = Repo.at(checkout.path)
    assert seen.git("describe", "--tags", "--match", "v*").startswith("v1.0-2-g")


@pytest.mark.parametrize("depth", [0, -1])
def test_a_depth_that_makes_no_sense(repo: Repo, settings: SourceSettings, depth: int) -> None:
    with pytest.raises(SourceError, match=f"clone depth of {depth} makes no sense"):
        get_git(package(repo), None, replaced(settings, clone_depth=depth))


def test_tracked_files_are_restored_and_built_ones_kept(
    repo: Repo, settings: SourceSettings
) -> None:
    repo.commit("more", "other.txt")
    checkout = get_git(package(repo), None, settings)
    (checkout.path / "file.txt").write_text("a test wrote this")
    (checkout.path / "other.txt").unlink()
    (checkout.path / "built.so").write_text("compiled")
    seen = Repo.at(checkout.path)
    seen.git("checkout", "-q", "-b", "elsewhere")
    seen.commit("a test committed this")
    (checkout.path / ".git" / "index.lock").touch()
    again = get_git(package(repo), None, settings)
    assert again == checkout
    assert text(again) == "four"
    assert (again.path / "other.txt").exists()
    assert (again.path / "built.so").read_text() == "compiled"
    assert seen.git("rev-parse", "HEAD") == checkout.revision


def test_another_origin_is_another_mirror(
    repo: Repo, settings: SourceSettings, tmp_path: Path
) -> None:
    first = get_git(package(repo), None, settings)
    fork = Repo(tmp_path / "fork")
    fork.commit("fork")
    override = replaced(settings, repo_overrides={"pkg": str(fork.path)})
    second = get_git(package(repo), None, override)
    assert text(second) == "fork"
    assert second.key != first.key
    assert text(get_git(package(repo), None, settings)) == "four"


def test_a_force_pushed_branch_and_a_moved_head(repo: Repo, settings: SourceSettings) -> None:
    get_git(package(repo), None, settings)
    repo.git("reset", "-q", "--hard", "HEAD~3")
    forced = repo.commit("forced")
    assert get_git(package(repo), None, settings).revision == forced
    repo.git("checkout", "-q", "-b", "trunk")
    moved = repo.commit("moved")
    repo.git("branch", "-q", "-D", "main")
    repo.git("branch", "main/sub")  # where a ref of the mirror's stands in the way
    assert get_git(package(repo), None, settings).revision == moved
    assert get_git(package(repo), "main/sub", settings).revision == moved


def test_a_tag_that_moved(repo: Repo, settings: SourceSettings) -> None:
    assert text(get_git(package(repo), "v1.0", settings)) == "two"
    repo.git("tag", "-f", "v1.0", "HEAD")
    assert text(get_git(package(repo), "v1.0", settings)) == "four"


def mirror_of(settings: SourceSettings) -> Path:
    (mirror,) = settings.repos_dir.rglob("mirror.git")
    return mirror


def drop_objects(mirror: Path) -> None:
    for pack in (mirror / "objects").rglob("*"):
        if pack.is_file():
            pack.unlink()


def lock_shallow(mirror: Path) -> None:
    (mirror / "shallow.lock").touch()


def garbage_ref(mirror: Path) -> None:
    (mirror / "refs" / "remotes" / "origin" / "HEAD").write_text("garbage")


@pytest.mark.parametrize("damage", [drop_objects, lock_shallow, garbage_ref])
def test_a_damaged_mirror_is_cloned_anew(repo: Repo, settings: SourceSettings, damage: Any) -> None:
    before = get_git(package(repo), None, settings)
    damage(mirror_of(settings))
    repo.commit("five")
    assert text(get_git(package(repo), None, settings)) == "five"
    assert text(before) == "four"


def test_a_damaged_tree_is_made_anew(repo: Repo, settings: SourceSettings) -> None:
    before = get_git(package(repo), None, settings)
    (before.path / ".git" / "HEAD").unlink()
    (before.path / "built.so").touch()
    again = get_git(package(repo), None, settings)
    assert again.path == before.path
    assert not (again.path / "built.so").exists()
    assert again.key != before.key  # what was installed from the old tree has lost its files


def test_a_clone_that_was_killed_is_not_trusted(repo: Repo, settings: SourceSettings) -> None:
    get_git(package(repo), None, settings)
    mirror = mirror_of(settings)
    (mirror / "labeille-complete").unlink()
    (mirror / "config").unlink()
    trees = mirror.parent / "trees"
    (trees / ".new-dead").mkdir()
    (next(trees.glob("*-d1")) / "checkout.json").unlink()
    assert text(get_git(package(repo), None, settings)) == "four"
    assert not (trees / ".new-dead").exists()


def test_submodules(repo: Repo, settings: SourceSettings, tmp_path: Path) -> None:
    sub = Repo(tmp_path / "sub")
    old = sub.commit("sub")
    sub.commit("sub moved on")
    allow = ("-c", "protocol.file.allow=always")
    repo.git(*allow, "submodule", "--quiet", "add", str(sub.path), "vendored/sub")
    repo.git("-C", "vendored/sub", "checkout", "-q", old)
    repo.git("commit", "-q", "-a", "-m", "with a submodule")
    checkout = get_git(package(repo), None, settings)
    file = checkout.path / "vendored" / "sub" / "file.txt"
    assert file.read_text() == "sub"
    file.write_text("a test wrote this")
    (file.parent / "built.so").touch()
    assert get_git(package(repo), None, settings) == checkout
    assert file.read_text() == "sub"
    assert (file.parent / "built.so").exists()


def test_a_submodule_that_is_gone(repo: Repo, settings: SourceSettings, tmp_path: Path) -> None:
    sub = Repo(tmp_path / "sub")
    sub.commit("sub")
    allow = ("-c", "protocol.file.allow=always")
    repo.git(*allow, "submodule", "--quiet", "add", str(sub.path), "sub")
    repo.git("commit", "-q", "-m", "with a submodule")
    sub.path.rename(tmp_path / "elsewhere")
    with pytest.raises(GitError):
        get_git(package(repo), None, settings)
    assert list(settings.repos_dir.rglob("checkout.json")) == []


def test_hooks_and_filters_of_the_user_do_not_run(
    repo: Repo, settings: SourceSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks / "post-checkout").chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f"[core]\nhooksPath = {hooks}\nautocrlf = true\n[fetch]\nprune = true\n"
        f"[init]\ntemplateDir = {hooks}\n[safe]\nbareRepository = explicit\n"
        f'[url "{repo.path}"]\ninsteadOf = https://company.test/pkg\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    repo.commit("a\nb\n")
    checkout = get_git(package("https://company.test/pkg"), None, settings)
    assert (checkout.path / "file.txt").read_bytes() == b"a\nb\n"
    assert not (tmp_path / "ran").exists()


def test_credentials_are_neither_shown_nor_stored(
    repo: Repo, settings: SourceSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://me:s3cret@company.test/pkg"
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "{repo.path}"]\ninsteadOf = {url}\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    checkout = get_git(package(url), None, settings)
    assert "s3cret" not in repr(checkout)
    for file in settings.repos_dir.rglob("*"):
        assert not file.is_file() or b"s3cret" not in file.read_bytes()
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    with pytest.raises(GitError) as caught:
        get_git(package("ftp://me:s3cret@company.test/pkg"), None, settings)
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def closed_port_url() -> str:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/pkg"


def test_a_host_that_cannot_be_reached_is_asked_once(
    settings: SourceSettings, closed_port_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(GitError) as caught:
        get_git(package(closed_port_url), None, settings)
    assert caught.value.trouble is Trouble.NETWORK
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    start = time.monotonic()
    with pytest.raises(GitError, match=r"127\.0\.0\.1 could not be reached a short while ago"):
        get_git(package(closed_port_url + "2"), None, settings)
    assert time.monotonic() - start < 0.3


def test_offline_the_mirror_serves(
    repo: Repo,
    settings: SourceSettings,
    closed_port_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "{repo.path}"]\ninsteadOf = {closed_port_url}\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    online = get_git(package(closed_port_url), None, settings)
    tagged = get_git(package(closed_port_url), "1.1", settings)
    config.write_text("")
    offline = get_git(package(closed_port_url), None, settings)
    assert offline.path == online.path
    assert offline.note == f"{closed_port_url} is out of reach; taken as it was last seen"
    assert get_git(package(closed_port_url), "v1.1", settings).path == tagged.path
    assert online.revision
    assert get_git(package(closed_port_url), online.revision[:8], settings).path == online.path
    with pytest.raises(GitError):
        get_git(package(closed_port_url), "side/way", settings)


def test_threads_share_a_mirror(repo: Repo, settings: SourceSettings) -> None:
    revisions = ["main", "side/way", "1.1", None]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda rev: get_git(package(repo), rev, settings), revisions))
    assert [text(checkout) for checkout in found] == ["four", "two", "two", "four"]
    assert found[0] == found[3]
    assert found[1] == found[2]


def test_cancelled_before_and_while_waiting(repo: Repo, settings: SourceSettings) -> None:
    cancel = Cancellation()
    cancel.cancel()
    with pytest.raises(Interrupted):
        get_git(package(repo), None, settings, cancel)


def test_cancelled_while_the_origin_is_silent(settings: SourceSettings) -> None:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        cancel = Cancellation()
        timer = threading.Timer(0.2, cancel.cancel)
        timer.start()
        start = time.monotonic()
        with pytest.raises(Interrupted):
            get_git(package(f"git://127.0.0.1:{port}/pkg"), None, settings, cancel)
        timer.join()
    assert time.monotonic() - start < 2.5


def test_variants_have_trees_of_their_own(shared_repo: Repo, settings: SourceSettings) -> None:
    checkouts = [
        get_git(package(shared_repo), None, replace(settings, variant=variant))
        for variant in ("release", "sanitized", "release")
    ]
    assert checkouts[0].path == checkouts[2].path != checkouts[1].path
    assert checkouts[0].revision == checkouts[1].revision
