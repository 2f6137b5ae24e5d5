"""A work tree that goes from commit to commit, with what an install built into it.

An editable install points into its tree. Where the next commit would be installed in the same way,
its files are put there instead of the last one's, and the environment serves again.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import msgspec

from labeille.registry.model import SourceKind
from labeille.sources.failure import GitError, Trouble
from labeille.sources.folders import Marker, publish, read_marker, remove
from labeille.sources.model import Checkout
from labeille.sources.work_tree import make_tree, restore_tree

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from labeille.sources.history import History

_BYTECODE = "__pycache__"


class _Built(msgspec.Struct, frozen=True):
    """What an install left in the tree, as paths from its root."""

    paths: tuple[str, ...] = ()


class MovingTree:
    """The tree of ``kind``: a name for everything that two commits share who can use one install.

    It belongs to whoever holds the history.
    """

    def __init__(self, history: History, kind: str) -> None:
        self._history = history
        self._kind = kind
        self._place = history.folder / "trees" / kind

    @property
    def is_settled(self) -> bool:
        """Whether an install into it was noted as complete."""
        return read_marker(self._place) is not None and self._notes.is_file()

    def make(self, commit: str) -> Checkout:
        """The tree anew, as a clone has it at ``commit``; what was built into the old one is gone.

        Raises SourceError.
        """
        marker = Marker(folder=self._history.name, origin=self._history.shown, content=commit)

        def fill(folder: Path) -> None:
            make_tree(self._history.mirror(), folder, commit)

        return self._checkout(publish(self._place, marker, fill), commit)

    def move(self, commit: str) -> Checkout:
        """The tree at another commit: its files, and what the install built; nothing else.

        Anew where the old one is damaged: its key tells. Raises SourceError.
        """
        marker = read_marker(self._place)
        if marker is None:
            return self.make(commit)
        folder = self._place / marker.folder
        try:
            self._get(folder, commit)
            restore_tree(self._history.git, folder, commit)
        except GitError as error:
            if error.trouble is not Trouble.DAMAGE:
                raise
            return self.make(commit)
        built = msgspec.json.decode(self._notes.read_bytes(), type=_Built).paths
        _remove_files(folder, set(self._strangers(folder)).difference(built))
        return self._checkout(marker, commit)

    def settle(self) -> None:
        """Note what is in the tree now, behind an install, and is nobody's but the install's."""
        marker = read_marker(self._place)
        if marker is None:
            return
        strangers = self._strangers(self._place / marker.folder)
        paths = tuple(path for path in strangers if not _is_bytecode(path))
        self._notes.write_bytes(msgspec.json.encode(_Built(paths)))

    def remove(self) -> None:
        """Remove it with all that is in it."""
        remove(self._place)

    def _get(self, folder: Path, commit: str) -> None:
        """Bring a commit that is younger than the tree into it, with all branches and tags."""
        git = self._history.git
        if git.asks(folder, "cat-file", "-e", f"{commit}^{{commit}}") is not None:
            return
        everything = (
            "+refs/heads/*:refs/remotes/origin/*",
            "+refs/tags/*:refs/tags/*",
            "+refs/labeille/*:refs/labeille/*",
        )
        options = ("--quiet", "--force", "--no-write-fetch-head", "--")
        git.local(folder, "fetch", *options, str(self._history.repository), *everything)

    @property
    def _notes(self) -> Path:
        return self._place / "built.json"

    def _strangers(self, folder: Path) -> list[str]:
        """The files that git does not track, ignored ones too; of a repository its folder."""
        listed = self._history.git.local(folder, "ls-files", "--others", "-z")
        return [path for path in listed.split("\0") if path]

    def _checkout(self, marker: Marker, commit: str) -> Checkout:
        return Checkout(
            path=self._place / marker.folder,
            kind=SourceKind.GIT,
            origin=marker.origin,
            key=f"history-{self._kind}-{marker.nonce}",
            revision=commit,
            note=self._history.note,
        )


def _is_bytecode(path: str) -> bool:
    """Bytecode is told from stale by its source's time in whole seconds and size (PEP 3147).

    Two commits within a second, and a digit that changed: it would be the other commit's.
    """
    return _BYTECODE in path.split("/") or path.endswith(".pyc")


def _remove_files(root: Path, paths: Iterable[str]) -> None:
    folders: set[Path] = set()
    for path in paths:
        if path.endswith("/"):
            remove(root / path)
        else:
            with contextlib.suppress(OSError):
                (root / path).unlink()
        folders.update((root / path).parents)
    # An empty folder can be imported, as a namespace.
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        if root in folder.parents:
            with contextlib.suppress(OSError):
                os.rmdir(folder)  # noqa: PTH106 - only an empty one
