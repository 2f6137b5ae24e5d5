"""Gets a package's repository at a revision, as a tree of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from labeille.errors import SourceError
from labeille.registry.model import SourceKind
from labeille.sources.failure import GitError, Trouble
from labeille.sources.folders import Marker, hold, publish, read_marker, remove
from labeille.sources.git_command import Git
from labeille.sources.mirror import Mirror, is_full_hash, is_short_hash
from labeille.sources.model import Checkout
from labeille.sources.origin import Revision, parse_origin, parse_revision
from labeille.sources.work_tree import make_tree, restore_tree

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.registry.model import Package
    from labeille.sources.model import SourceSettings
    from labeille.supervision.cancellation import Cancellation

_SHORT = 16  # hex digits of a commit that name a folder
_HEAD = Revision(text="HEAD", base="HEAD")


class UnknownRevisionError(SourceError):
    """The repository answers, and has no such revision."""


def get_git(
    package: Package,
    revision: str | None,
    settings: SourceSettings,
    cancel: Cancellation | None = None,
) -> Checkout:
    """Return the tree of a package's repository at ``revision``, or at the tip of its HEAD.

    A revision is a branch, a tag, a whole or shortened hash, each with ``~N`` or ``^`` behind; a
    version stands for its tag, also where that is spelt ``v2.31.0``. The repository is
    ``settings.repo_overrides``' or the package's; it is asked each time for what can move, and
    where it is out of reach, what a mirror knows from before is taken and noted.

    Raises SourceError: GitError where the repository cannot be had, UnknownRevisionError where it
    has no such revision. Raises Interrupted.
    """
    address = settings.repo_overrides.get(package.name, package.repo)
    if not address:
        raise SourceError(
            f"the registry names no repository of {package.name}",
            hint=f"name one: --repo-override {package.name}=URL, or --source sdist",
        )
    wanted = _HEAD if revision is None else parse_revision(revision)
    depth = _depth(package, settings)
    origin = parse_origin(address)
    git = Git(origin=origin, timeout=settings.timeout, cancel=cancel)
    home = settings.repos_dir / "git" / package.name / origin.key
    trees = home / "trees" / settings.variant
    use = _Use(name=package.name, wanted=wanted, depth=depth, git=git, home=home, trees=trees)
    with hold(home / ".lock", cancel):
        return use.checkout()


def _depth(package: Package, settings: SourceSettings) -> int | None:
    """How many commits are wanted; None for all."""
    if not settings.shallow:
        return None
    depth = package.clone_depth if settings.clone_depth is None else settings.clone_depth
    if depth is None:
        return 1
    if depth < 1:
        raise SourceError(
            f"a clone depth of {depth} makes no sense for {package.name}",
            hint="it counts commits from the tip, from 1 on; --no-shallow gets all",
        )
    return depth


@dataclass(frozen=True, kw_only=True)
class _Use:
    """One use of one origin's folder, whose lock is held."""

    name: str
    wanted: Revision
    depth: int | None
    git: Git
    home: Path
    trees: Path

    def checkout(self) -> Checkout:
        known = self.wanted.base.lower() if is_full_hash(self.wanted.text) else None
        if known and (checkout := self._existing(known, None)) is not None:
            return checkout
        mirror = Mirror(path=self.home / "mirror.git", git=self.git)
        try:
            return self._through(mirror)
        except GitError as error:
            if error.trouble is not Trouble.DAMAGE:
                raise
        # Half a pack, a lock that a killed git left: a new clone is cheaper than any repair.
        remove(mirror.path)
        return self._through(mirror)

    def _through(self, mirror: Mirror) -> Checkout:
        mirror.open()
        try:
            commit, note = self._find(mirror)
            existing = self._existing(commit, note)
            return existing or self._make(mirror, commit, note)
        finally:
            if not mirror.is_complete:
                remove(mirror.path)

    # Which commit

    def _find(self, mirror: Mirror) -> tuple[str, str | None]:
        """The commit that is wanted, in the mirror or with a tree already, and a note."""
        names = self._ref_names()
        asked = (*names, *(f"{name}^{{}}" for name in names if name.startswith("refs/tags/")))
        try:
            refs = mirror.remote_refs(asked)
        except GitError as error:
            if error.trouble is not Trouble.NETWORK or not mirror.is_complete:
                raise
            commit = mirror.resolve_offline(self.wanted, names)
            if commit is None:
                raise
            return commit, f"{self.git.origin.shown} is out of reach; taken as it was last seen"
        name = next((name for name in names if name in refs), None)
        if name is None:
            return self._find_by_hash(mirror), None
        commit = refs.get(f"{name}^{{}}", refs[name])
        if not self.wanted.suffix and read_marker(self._place(commit)) is not None:
            return commit, None
        local = mirror.fetch(name, self._fetch_depth())
        return self._resolved(mirror, local + self.wanted.suffix), None

    def _ref_names(self) -> tuple[str, ...]:
        """The full names that a revision may stand for, tags before branches as in git."""
        base = self.wanted.base
        if base == "HEAD" or base.startswith("refs/"):
            return (base,)
        names = [f"refs/tags/{base}", f"refs/heads/{base}"]
        if is_version(base):
            bare = base.removeprefix("v")
            spellings = (f"v{bare}", bare, f"{self.name}-{bare}", f"release-{bare}")
            names += [f"refs/tags/{spelling}" for spelling in spellings if spelling != base]
        return tuple(names)

    def _find_by_hash(self, mirror: Mirror) -> str:
        base = self.wanted.base
        if not is_short_hash(base):
            raise self._unknown()
        if is_full_hash(base):
            try:
                local = mirror.fetch(base.lower(), self._fetch_depth())
                return self._resolved(mirror, local + self.wanted.suffix)
            except GitError as error:
                # Some servers give commits by name only where a ref leads to them.
                if error.trouble not in (Trouble.NO_REF, Trouble.REFUSED):
                    raise
        elif commit := mirror.resolve(self.wanted.text):
            return commit
        return self._resolved(mirror, self.wanted.text)

    def _fetch_depth(self) -> int | None:
        return None if self.depth is None else max(self.depth, self.wanted.generations + 1)

    def _resolved(self, mirror: Mirror, expression: str) -> str:
        """The commit of an expression, with the whole history where it needs that."""
        if commit := mirror.resolve(expression):
            return commit
        mirror.fetch_everything()
        if commit := mirror.resolve(expression):
            return commit
        raise self._unknown()

    def _unknown(self) -> UnknownRevisionError:
        what = "commit at its HEAD" if self.wanted is _HEAD else f"revision {self.wanted.text!r}"
        hint = f"see what it has: git ls-remote {self.git.origin.shown}"
        return UnknownRevisionError(f"{self.git.origin.shown} has no {what}", hint=hint)

    # The tree

    def _place(self, commit: str) -> Path:
        history = "full" if self.depth is None else f"d{self.depth}"
        return self.trees / f"{commit[:_SHORT]}-{history}"

    def _existing(self, commit: str, note: str | None) -> Checkout | None:
        """The tree from before with its tracked files as committed; None where it is past that."""
        place = self._place(commit)
        marker = read_marker(place)
        if marker is None or marker.content != commit or marker.origin != self.git.origin.shown:
            return None
        try:
            restore_tree(self.git, place / marker.folder, commit)
        except GitError as error:
            if error.trouble is not Trouble.DAMAGE:
                raise
            return None
        return self._checkout(place, marker, note)

    def _make(self, mirror: Mirror, commit: str, note: str | None) -> Checkout:
        place = self._place(commit)
        marker = Marker(folder=self.name, origin=self.git.origin.shown, content=commit)

        def fill(folder: Path) -> None:
            make_tree(mirror, folder, commit)

        return self._checkout(place, publish(place, marker, fill), note)

    def _checkout(self, place: Path, marker: Marker, note: str | None) -> Checkout:
        return Checkout(
            path=place / marker.folder,
            kind=SourceKind.GIT,
            origin=marker.origin,
            key=f"git-{self.home.name}-{place.name}-{marker.nonce}",
            revision=marker.content,
            note=note,
        )


def is_version(text: str) -> bool:
    """Whether a revision reads as a version, and could name a release."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
