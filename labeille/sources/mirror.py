"""A bare repository that keeps what was ever fetched from one origin."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.sources.failure import GitError, Trouble
from labeille.sources.folders import remove

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.sources.git_command import Git
    from labeille.sources.origin import Revision

#: Where each kind of ref goes, laid out as a clone's, whose copies the trees are.
_REMOTE = "refs/remotes/origin/"
_OTHER = "refs/labeille/"
_COMPLETE = "labeille-complete"
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_HASH = re.compile(r"[0-9a-f]{4,64}")
_EVERYTHING = ("+refs/heads/*:refs/remotes/origin/*", "+HEAD:refs/remotes/origin/HEAD")


def is_full_hash(text: str) -> bool:
    """Whether a revision is a whole commit hash, which names the same for ever."""
    return bool(_HASH.fullmatch(text.lower()))


def is_short_hash(text: str) -> bool:
    """Whether a revision may be a commit hash or the beginning of one."""
    return bool(_SHORT_HASH.fullmatch(text.lower()))


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """The mirror at ``path``; whoever uses it holds its lock. Every method raises GitError."""

    path: Path
    git: Git

    def open(self) -> None:
        """Make an empty one where there is none, or one whose first fetch never ended."""
        if self.is_complete:
            return
        remove(self.path)
        self.path.mkdir(parents=True)
        self._local("init", "--quiet", "--bare", "--template=")

    @property
    def is_complete(self) -> bool:
        """Whether something was fetched into it, ever."""
        return (self.path / _COMPLETE).is_file()

    def remote_refs(self, names: tuple[str, ...]) -> dict[str, str]:
        """Which of these full ref names the origin has now, with their hashes."""
        listed = self._network("ls-remote", "--quiet", "--", self.git.origin.url, *names)
        found = {}
        for line in listed.splitlines():
            digest, tab, name = line.partition("\t")
            if tab and name in names:  # git matches names by their ends
                found[name] = digest
        return found

    def fetch(self, wanted: str, depth: int | None) -> str:
        """Fetch a full ref name or hash, ``depth`` commits (None: all); return its local name."""
        destination = _destination(wanted)
        refspecs = [f"+{wanted}:{destination}"]
        if depth is None:
            refspecs += [spec for spec in _EVERYTHING if not spec.startswith(f"+{wanted}:")]
        # A mirror that has whole histories keeps them: to shorten one saves nothing.
        deepen = depth is not None and (self.is_shallow or not self.is_complete)
        options = [f"--depth={depth}"] if deepen else self._all_of_it() if depth is None else []
        self._fetch(options, refspecs)
        return destination

    def fetch_everything(self) -> None:
        """Fetch all branches and tags with their whole histories."""
        self._fetch(self._all_of_it(), list(_EVERYTHING))

    def resolve(self, expression: str) -> str | None:
        """The hash of the commit that an expression names here, None where it names none."""
        return self.git.asks(
            self.path, *self._here, "rev-parse", "--verify", "--quiet", "--end-of-options",
            expression + "^{commit}",
        )  # fmt: skip

    def resolve_offline(self, revision: Revision, names: tuple[str, ...]) -> str | None:
        """The commit that a revision named when the origin was last asked."""
        local = [_destination(name) for name in names]
        if is_short_hash(revision.base):
            local.append(revision.base)
        for name in local:
            if commit := self.resolve(name + revision.suffix):
                return commit
        return None

    def copy_to(self, folder: Path) -> None:
        """Copy history and refs into a repository's ``.git``; objects are linked, never changed."""
        for name in ("objects", "refs"):
            target = folder / name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(self.path / name, target, copy_function=_link, ignore=_strays)
        for name in ("packed-refs", "shallow"):
            if (self.path / name).is_file():
                shutil.copy2(self.path / name, folder / name)

    def _fetch(self, options: list[str], refspecs: list[str]) -> None:
        common = ("--quiet", "--force", "--no-write-fetch-head", "--update-shallow")
        self._network("fetch", *common, *options, "--", self.git.origin.url, *refspecs)
        (self.path / _COMPLETE).touch()

    def _all_of_it(self) -> list[str]:
        return ["--tags", "--unshallow"] if self.is_shallow else ["--tags"]

    @property
    def is_shallow(self) -> bool:
        """Whether some of its history is missing."""
        return (self.path / "shallow").is_file()

    @property
    def _here(self) -> tuple[str, ...]:
        # Named outright: users may forbid git to find bare repositories by itself.
        return ("--git-dir", str(self.path))

    def _local(self, *args: str) -> str:
        return self.git.local(self.path, *self._here, *args)

    def _network(self, *args: str) -> str:
        try:
            return self.git.network(self.path, *self._here, *args)
        except GitError as error:
            if error.trouble is Trouble.REFUSED and "shallow" in str(error):
                # The "dumb" HTTP protocol has no shallow fetches.
                args = tuple(arg for arg in args if not arg.startswith("--depth="))
                return self.git.network(self.path, *self._here, *args)
            raise


def _destination(name: str) -> str:
    if name == "HEAD":
        return _REMOTE + name
    if name.startswith("refs/tags/"):
        return name
    if name.startswith("refs/heads/"):
        return _REMOTE + name.removeprefix("refs/heads/")
    return _OTHER + name


def _link(source: str, target: str) -> None:
    """A hard link for an object, which git never writes again; a copy for a ref, and in need."""
    if "/objects/" in source:
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)
    else:
        shutil.copy2(source, target)


def _strays(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".lock") or name.startswith("tmp_")]
