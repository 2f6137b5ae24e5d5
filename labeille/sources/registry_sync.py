"""Keep a copy of a registry that lives in git; what somebody changed in the copy is never lost."""

from __future__ import annotations

import contextlib
import enum
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.errors import RegistryError
from labeille.registry.store import PACKAGES_NAME
from labeille.sources.failure import GitError, Trouble
from labeille.sources.git_command import Git
from labeille.sources.origin import parse_origin

if TYPE_CHECKING:
    from labeille.sources.origin import Origin

_TIMEOUT = 600.0  # seconds, of one network operation

#: Where in a repository a registry lies: at the top, or as in labeille's own.
_PLACES = ("", "registry")


class SyncState(enum.StrEnum):
    """What was done; the values are read by people."""

    CLONED = "cloned"
    UPDATED = "updated"
    CURRENT = "up to date"


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """``registry`` is the folder with the packages; ``old`` and ``new`` are commits.

    ``edited`` counts files with changes that are not committed, ``ahead`` commits that are only
    here; both are still there.
    """

    state: SyncState
    registry: Path
    new: str
    old: str | None = None
    edited: int = 0
    ahead: int = 0


def sync_registry(url: str, folder: Path) -> Synced:
    """Clone ``url`` to ``folder``, or bring the clone that is there up to date.

    An update is a fetch and a fast-forward of the current branch, made only where nothing of the
    user's stands in its way. Raises RegistryError that says what to do where something does, where
    the folder is no clone of ``url``, and where the repository holds no registry; SourceError for
    what is no repository's URL.
    """
    folder = folder.absolute()
    origin = parse_origin(url)
    git = Git(origin=origin, timeout=_TIMEOUT)
    if folder.exists() and not folder.is_dir():
        raise RegistryError(f"{folder} is no folder", hint="name another one with --registry-dir")
    if folder.exists() and any(folder.iterdir()):
        return _Clone(git=git, folder=folder).update()
    return _clone(git, folder)


def _clone(git: Git, folder: Path) -> Synced:
    """Clone beside ``folder`` and move it there: a kill leaves no half of a registry."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent)
    except OSError as error:
        raise RegistryError(f"{folder} cannot be made: {error.strerror}") from None
    with beside as temporary:
        path = Path(temporary, "clone")
        _network(git, Path(temporary), "clone", "--quiet", "--", git.origin.url, str(path))
        registry = _registry_in(path, git.origin)
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()  # it is empty
        os.replace(path, folder)  # noqa: PTH105 - Path.replace says less when it fails
    commit = git.asks(folder, "rev-parse", "--short", "HEAD") or "no commit"
    return Synced(state=SyncState.CLONED, registry=folder / registry.relative_to(path), new=commit)


@dataclass(frozen=True, kw_only=True)
class _Clone:
    """The clone at ``folder``, which may hold work of the user's."""

    git: Git
    folder: Path

    def update(self) -> Synced:
        self._check_origin()
        branch = self._branch()
        before = self._local("rev-parse", "--short", "HEAD")
        _network(self.git, self.folder, "fetch", "--quiet", "--", "origin")
        edited = self._edited()
        counts = self.git.asks(
            self.folder, "rev-list", "--left-right", "--count", "HEAD...@{upstream}"
        )
        if counts is None:
            raise self._stopped(
                f"its branch {branch} is no branch of {self.git.origin.shown}",
                f"choose one that is: git -C {self.folder} switch BRANCH",
            )
        ahead, behind = map(int, counts.split())
        if behind and ahead:
            raise self._stopped(
                f"it has {_count(ahead, 'commit')} of its own, and misses {behind}",
                f"put yours on top: git -C {self.folder} rebase @{{upstream}}",
            )
        if behind and edited:
            raise self._stopped(
                f"{_count(edited, 'file')} in it have changes that are not committed",
                f"commit them (git -C {self.folder} commit -a), or git stash, and sync again",
            )
        if behind:
            self._fast_forward()
        return Synced(
            state=SyncState.UPDATED if behind else SyncState.CURRENT,
            registry=_registry_in(self.folder, self.git.origin),
            old=before,
            new=self._local("rev-parse", "--short", "HEAD"),
            edited=edited,
            ahead=ahead,
        )

    def _check_origin(self) -> None:
        top = self.git.asks(self.folder, "rev-parse", "--show-toplevel")
        if top is None or Path(top).resolve() != self.folder.resolve():
            raise RegistryError(
                f"{self.folder} is there, and is no clone of {self.git.origin.shown}",
                hint="name a folder that is not there yet, or an earlier clone: --registry-dir DIR",
            )
        url = self.git.asks(self.folder, "remote", "get-url", "origin")
        if url is None or not _is_same(url, self.git.origin):
            shown = "no repository" if url is None else parse_origin(url).shown
            raise RegistryError(
                f"{self.folder} is a clone of {shown}, not of {self.git.origin.shown}",
                hint="name another folder with --registry-dir",
            )

    def _branch(self) -> str:
        branch = self.git.asks(self.folder, "symbolic-ref", "--quiet", "--short", "HEAD")
        if branch is None:
            raise self._stopped(
                "it is on no branch", f"choose one: git -C {self.folder} switch BRANCH"
            )
        return branch

    def _edited(self) -> int:
        """How many files that git knows have changes which are not committed."""
        status = self._local("status", "--porcelain", "--untracked-files=no")
        return len(status.splitlines())

    def _fast_forward(self) -> None:
        """git itself refuses where a file that it does not know would be overwritten."""
        words = ("merge", "--ff-only", "@{upstream}")
        if self.git.asks(self.folder, *words) is None:
            raise self._stopped(
                "a file in it that git does not know is in the way",
                f"move it elsewhere; this names it: git -C {self.folder} {' '.join(words)}",
            )

    def _local(self, *args: str) -> str:
        answer = self.git.asks(self.folder, *args)
        if answer is None:
            raise self._stopped(
                f"git {args[0]} fails in it", f"git -C {self.folder} status may say why"
            )
        return answer

    def _stopped(self, reason: str, hint: str) -> RegistryError:
        return RegistryError(f"{self.folder} is left as it is: {reason}", hint=hint)


def _network(git: Git, cwd: Path, *args: str) -> None:
    try:
        git.network(cwd, *args)
    except GitError as error:
        hint = "check the network" if error.trouble is Trouble.NETWORK else "check the URL"
        raise RegistryError(str(error), hint=f"{hint}; nothing was changed") from None


def _registry_in(path: Path, origin: Origin) -> Path:
    for place in _PLACES:
        if (path / place / PACKAGES_NAME).is_dir():
            return path / place
    raise RegistryError(
        f"{origin.shown} holds no registry",
        hint=f"it needs a folder {PACKAGES_NAME}/ at its top, or in its folder registry/",
    )


def _is_same(url: str, origin: Origin) -> bool:
    try:
        return parse_origin(url).url.removesuffix(".git") == origin.url.removesuffix(".git")
    except GitError:
        return url == origin.url


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
