"""All of a package's history, in a repository of one's own: its commits, and what they hold."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from labeille.errors import SourceError
from labeille.sources.failure import GitError, Trouble
from labeille.sources.folders import disk_error, hold, remove
from labeille.sources.git import UnknownRevisionError, is_version
from labeille.sources.git_command import Git
from labeille.sources.mirror import Mirror, is_full_hash
from labeille.sources.origin import parse_origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labeille.registry.model import Package
    from labeille.sources.model import SourceSettings
    from labeille.supervision.cancellation import Cancellation

_SUBMODULE = "160000"  # the mode of an entry that names another repository's commit


@dataclass(frozen=True, kw_only=True)
class CommitInfo:
    """What a commit says of itself; ``date`` is the author's, ISO 8601."""

    commit: str
    author: str
    date: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A tracked file of a commit, or a submodule; ``digest`` changes with its content."""

    path: str
    digest: str
    is_submodule: bool


@dataclass(frozen=True, kw_only=True)
class History:
    """The history, and a folder for what belongs to whoever holds it.

    ``repository`` is bare and laid out as a clone's with every branch and tag; ``note`` says where
    it is older than it might be. Full hashes name commits from here on.
    """

    name: str
    git: Git
    folder: Path
    note: str | None = None

    @property
    def repository(self) -> Path:
        return self.folder / "history.git"

    @property
    def shown(self) -> str:
        """The origin, as it may be printed."""
        return self.git.origin.shown

    def resolve(self, text: str) -> str:
        """The commit that a revision names: whatever ``git rev-parse`` takes, or a version.

        Raises UnknownRevisionError.
        """
        names = [text] if text.strip() and "\0" not in text else []
        if is_version(text):
            bare = text.removeprefix("v")
            spellings = (f"v{bare}", bare, f"{self.name}-{bare}", f"release-{bare}")
            names += [f"refs/tags/{spelling}" for spelling in spellings]
        for name in names:
            found = self.asks("rev-parse", "--verify", "--quiet", "--end-of-options", name)
            commit = found and self.asks("rev-parse", "--verify", "--quiet", f"{found}^{{commit}}")
            if commit:
                return commit
        raise UnknownRevisionError(
            f"{self.shown} has no revision {text!r}",
            hint=f"a branch, a tag, a commit, or what git makes of one (v1.0~3); see what it has: "
            f"git ls-remote {self.shown}",
        )

    def info(self, commit: str) -> CommitInfo:
        """Author, date and subject of a commit."""
        shown = self.local(
            "show",
            "--no-patch",
            "--no-show-signature",
            "--encoding=UTF-8",
            "--format=%an <%ae>%x00%aI%x00%s",
            commit,
            "--",
        )
        author, date, subject = shown.split("\0", 2)
        return CommitInfo(commit=commit, author=author, date=date, subject=subject)

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Whether ``commit`` is ``of`` or lies behind it."""
        return self.asks("merge-base", "--is-ancestor", commit, of) is not None

    def parents(self, commit: str) -> tuple[str, ...]:
        """The commits directly behind one."""
        return tuple(self.local("rev-parse", f"{commit}^@").split())

    def merge_bases(self, one: str, other: str) -> tuple[str, ...]:
        """The last commits that two have in common."""
        return tuple((self.asks("merge-base", "--all", one, other) or "").split())

    def tagged(self, behind: str) -> tuple[tuple[str, str], ...]:
        """Tags of commits that lie behind one, the newest first: each its name and its commit.

        By the shape of the history, as dates of commits are whatever somebody's clock said.
        """
        form = "%(objectname) %(*objectname) %(refname:strip=2)"
        listed = self.local("for-each-ref", f"--format={form}", f"--merged={behind}", "refs/tags")
        names: dict[str, str] = {}
        for line in listed.splitlines():
            direct, peeled, name = line.split(" ", 2)
            names[peeled or direct] = name
        order = self.local("rev-list", "--topo-order", behind, "--").split()
        return tuple((names[commit], commit) for commit in order[1:] if commit in names)

    def files(self, commit: str) -> tuple[Entry, ...]:
        """Everything that a commit tracks."""
        listed = self.local("ls-tree", "-r", "-z", "--full-tree", commit)
        entries = []
        for line in filter(None, listed.split("\0")):
            facts, _, path = line.partition("\t")
            mode, _, digest = facts.split(" ", 2)
            entries.append(Entry(path=path, digest=digest, is_submodule=mode == _SUBMODULE))
        return tuple(entries)

    def text(self, commit: str, path: str) -> str:
        """A file's content at a commit, empty where it has none."""
        return self.asks("show", f"{commit}:{path}") or ""

    def lines(self, commit: str, pattern: str, files: str) -> str:
        """The lines of a commit's ``files`` (a pathspec) that match an extended expression."""
        grep = ("grep", "-h", "-I", "-E", "--no-color", "--no-line-number")
        return self.asks(*grep, "-e", pattern, commit, "--", files) or ""

    def nearest_tag(self, commit: str) -> str:
        """The tag that a version made from the history starts with, empty where there is none."""
        return self.asks("describe", "--tags", "--abbrev=0", commit) or ""

    def mirror(self) -> Mirror:
        """This repository as what work trees are made of."""
        return Mirror(path=self.repository, git=self.git)

    def local(self, *args: str) -> str:
        """Run git in the repository. Raises GitError, trouble DAMAGE, where it fails."""
        return self.git.local(self.repository, "--git-dir", str(self.repository), *args)

    def asks(self, *args: str) -> str | None:
        """The same; None where it fails, which is an answer here."""
        return self.git.asks(self.repository, "--git-dir", str(self.repository), *args)


@contextlib.contextmanager
def hold_history(
    package: Package,
    settings: SourceSettings,
    revisions: Sequence[str] = (),
    cancel: Cancellation | None = None,
) -> Iterator[History]:
    """The whole history of a package's repository, to oneself within the block.

    The repository is ``settings.repo_overrides``' or the package's. ``revisions`` are further
    commits that are wanted, which no branch or tag may lead to any more. Where the repository is
    out of reach, what a mirror knows from before is taken, if that is the whole history.

    Raises SourceError, also where another process holds it; Interrupted.
    """
    address = settings.repo_overrides.get(package.name, package.repo)
    if not address:
        raise SourceError(
            f"the registry names no repository of {package.name}",
            hint=f"name one: --repo-override {package.name}=URL",
        )
    origin = parse_origin(address)
    git = Git(origin=origin, timeout=settings.timeout, cancel=cancel)
    home = settings.repos_dir / "git" / package.name / origin.key
    folder = home / "history" / (settings.variant or "any")
    with _alone(folder / ".lock", package.name):
        with hold(home / ".lock", cancel):
            note = _update(Mirror(path=home / "mirror.git", git=git), revisions)
            history = History(name=package.name, git=git, folder=folder, note=note)
            _copy(Mirror(path=home / "mirror.git", git=git), history)
        yield history


@contextlib.contextmanager
def _alone(lock: Path, name: str) -> Iterator[None]:
    """Hold a lock that nobody should wait for: who holds it may be busy for hours."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock, timeout=0)
        held.acquire()
    except Timeout:
        raise SourceError(
            f"the history of {name} is being worked on by another process",
            hint="wait for its end, or give this one another --work-dir",
        ) from None
    except OSError as error:
        raise disk_error(lock, error) from error
    try:
        yield
    finally:
        held.release()


def _update(mirror: Mirror, revisions: Sequence[str]) -> str | None:
    """Get everything that the origin has into the mirror; a note where it is out of reach."""
    try:
        return _fetch(mirror, revisions)
    except GitError as error:
        if error.trouble is not Trouble.DAMAGE:
            raise
    remove(mirror.path)  # as ``get_git`` does: a new clone is cheaper than any repair
    return _fetch(mirror, revisions)


def _fetch(mirror: Mirror, revisions: Sequence[str]) -> str | None:
    mirror.open()
    try:
        mirror.fetch_everything()
        for revision in filter(is_full_hash, revisions):
            if mirror.resolve(revision) is None:
                with contextlib.suppress(GitError):  # it is unknown then, which is said later
                    mirror.fetch(revision.lower(), None)
    except GitError as error:
        if error.trouble is not Trouble.NETWORK or not mirror.is_complete or mirror.is_shallow:
            raise
        return f"{mirror.git.origin.shown} is out of reach; taken as it was last seen"
    finally:
        if not mirror.is_complete:
            remove(mirror.path)
    return None


def _copy(mirror: Mirror, history: History) -> None:
    """Make the history's own repository, anew each time: objects are linked, so it costs little."""
    repository = history.repository
    remove(repository)
    repository.mkdir()
    history.local("init", "--quiet", "--bare", "--template=")
    mirror.copy_to(repository)
    tip = history.asks("rev-parse", "--verify", "--quiet", "refs/remotes/origin/HEAD^{commit}")
    if tip is None:
        raise SourceError(
            f"{history.shown} has no commit at its HEAD",
            hint=f"see what it has: git ls-remote {history.shown}",
        )
    # The branches by their own names, as in the repository itself.
    branches = ("+refs/remotes/origin/*:refs/heads/*", "^refs/remotes/origin/HEAD")
    history.local("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", ".", *branches)
    history.local("update-ref", "--no-deref", "HEAD", tip)
