"""Real git repositories for the tests to clone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from labeille.supervision.capture import capture
from labeille.supervision.environ import base_environ

if TYPE_CHECKING:
    from pathlib import Path

_IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.test",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.test",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "GIT_CONFIG_GLOBAL": "",
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Repo:
    """A repository with a work tree, on branch ``main``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    @classmethod
    def at(cls, path: Path) -> Repo:
        """The repository that is at ``path``."""
        repo = cls.__new__(cls)
        repo.path = path
        return repo

    def copy(self, path: Path) -> Repo:
        """One like it, quicker than made anew."""
        shutil.copytree(self.path, path)
        return Repo.at(path)

    def git(self, *args: str) -> str:
        done = capture(["git", *args], cwd=self.path, env=base_environ() | _IDENTITY)
        assert done.exit_code == 0, done.error_text
        return done.text

    def commit(self, text: str, name: str = "file.txt") -> str:
        """Commit a file with ``text`` and return the commit's hash."""
        (self.path / name).write_text(text)
        self.git("add", "--", name)
        self.git("commit", "-q", "-m", text)
        return self.git("rev-parse", "HEAD")
