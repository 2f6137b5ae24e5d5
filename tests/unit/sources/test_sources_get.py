"""Which source is taken, and what is said of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from source_index import FolderIndex
from source_repos import Repo

from labeille.errors import Interrupted, SourceError
from labeille.pypi.client import IndexClient
from labeille.registry.model import Package, SourceKind
from labeille.sources import git_command
from labeille.sources.get import get_checkout
from labeille.sources.hosts import HOSTS
from labeille.sources.model import SourceChoice, SourceSettings
from labeille.supervision.cancellation import Cancellation

if TYPE_CHECKING:
    from collections.abc import Iterator

GIT, SDIST = SourceKind.GIT, SourceKind.SDIST


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(git_command, "_PAUSES", ())
    monkeypatch.setattr(git_command, "_PROBE_PAUSES", ())
    HOSTS.forget()
    yield
    HOSTS.forget()


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo(tmp_path_factory.mktemp("get") / "origin")
    repo.commit("git")
    repo.git("tag", "v1.0")
    return repo


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexClient]:
    root = tmp_path_factory.mktemp("index")
    index = FolderIndex(root / "simple")
    index.add("pkg", "pkg-1.0.tar.gz")
    index.add("pkg", "pkg-2.0.tar.gz")
    with IndexClient(index.settings, cache=root / "cache") as client:
        yield client


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> SourceSettings:
    return SourceSettings(repos_dir=tmp_path_factory.mktemp("repos"), timeout=30)


def replaced(settings: SourceSettings, **changes: Any) -> SourceSettings:
    values = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    return SourceSettings(**(values | changes))


@pytest.mark.parametrize(
    ("choice", "registry", "revision", "taken"),
    [
        (SourceChoice.AUTO, None, None, GIT),
        (SourceChoice.AUTO, None, "1.0", GIT),
        (SourceChoice.AUTO, None, "2.0", SDIST),
        (SourceChoice.AUTO, None, "main", GIT),
        (SourceChoice.AUTO, SDIST, None, SDIST),
        (SourceChoice.AUTO, SDIST, "main", GIT),
        (SourceChoice.AUTO, GIT, None, GIT),
        (SourceChoice.GIT, SDIST, None, GIT),
        (SourceChoice.SDIST, GIT, "2.0", SDIST),
    ],
)
def test_choice(
    repo: Repo,
    client: IndexClient,
    settings: SourceSettings,
    choice: SourceChoice,
    registry: SourceKind | None,
    revision: str | None,
    taken: SourceKind,
) -> None:
    package = Package(name="pkg", repo=str(repo.path), source=registry)
    chosen = replaced(settings, source=choice)
    checkout = get_checkout(package, revision, chosen, client=client)
    assert checkout.kind is taken
    if revision == "2.0" and choice is SourceChoice.AUTO:
        assert checkout.note == f"sdist, because {repo.path} has no revision '2.0'"
    else:
        assert checkout.note is None


@pytest.mark.parametrize(
    ("repository", "reason"),
    [
        (None, "the registry names no repository of pkg"),
        ("/no/such/repository", "there is no repository at /no/such/repository"),
        ("svn://host.test/pkg", "git does not speak 'svn'"),
        ("http://127.0.0.1:1/pkg", "cannot be had: Failed to connect"),
    ],
)
def test_auto_falls_back_and_says_why(
    client: IndexClient,
    settings: SourceSettings,
    repository: str | None,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    checkout = get_checkout(Package(name="pkg", repo=repository), None, settings, client=client)
    assert checkout.kind is SDIST
    assert checkout.version == "2.0"
    assert checkout.note
    assert checkout.note.startswith("sdist, because ")
    assert reason in checkout.note


@pytest.mark.parametrize(
    ("changes", "repository", "revision", "message"),
    [
        ({}, "/no/such", "main", "there is no repository at /no/such"),
        ({}, "ext::sh -c true", None, "names a program to run"),
        ({"repo_overrides": {"pkg": "/no/fork"}}, "/no/such", None, "no repository at /no/fork"),
        ({"source": SourceChoice.GIT}, "/no/such", None, "there is no repository at"),
        ({"source": SourceChoice.SDIST}, "/no/such", "main", "'main' is not a version"),
        ({}, "/no/such", "7.0", "no repository at /no/such; there is no sdist of pkg 7.0"),
    ],
)
def test_no_fall_back(
    client: IndexClient,
    settings: SourceSettings,
    changes: dict[str, Any],
    repository: str,
    revision: str | None,
    message: str,
) -> None:
    package = Package(name="pkg", repo=repository)
    with pytest.raises(SourceError, match=message) as caught:
        get_checkout(package, revision, replaced(settings, **changes), client=client)
    assert "\n" not in str(caught.value)


def test_many_packages_of_a_dead_host_wait_once(
    client: IndexClient, settings: SourceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    start = time.monotonic()
    for number in range(20):
        package = Package(name="pkg", repo=f"http://127.0.0.1:1/pkg{number}")
        assert get_checkout(package, "1.0", settings, client=client).kind is SDIST
    assert time.monotonic() - start < 20


def test_cancelled(client: IndexClient, settings: SourceSettings) -> None:
    cancel = Cancellation()
    cancel.cancel()
    with pytest.raises(Interrupted):
        get_checkout(Package(name="pkg"), None, settings, cancel=cancel, client=client)
