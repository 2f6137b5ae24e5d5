"""Histories of tiny packages in git, made by tests, and ``labeille bisect`` over them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minibatch import BACKEND
from workshop import Finished, Running, Workshop

from labeille.supervision.capture import capture
from labeille.supervision.environ import base_environ

if TYPE_CHECKING:
    from pathlib import Path

#: A module whose import, or whose ``work``, is what a commit makes of it.
FINE = "def work():\n    return 1\n"
CRASHES = "def work():\n    import ctypes\n    ctypes.string_at(0)\n"
ABORTS = "def work():\n    import os\n    os.abort()\n"
HANGS = "def work():\n    import time\n    time.sleep(100)\n"
FAILS = "def work():\n    raise ValueError('wrong')\n"
NO_IMPORT = "raise ImportError('not in this commit')\n"
SUITE = "import mini_it\nmini_it.work()\nprint('fine')\n"

PYPROJECT = (
    '[project]\nname = "it"\nversion = "1.0"\n\n[build-system]\nrequires = []\n'
    'build-backend = "backend"\nbackend-path = ["."]\n'
)


class Repository:
    """A repository of the package ``it``, whose module is ``mini_it``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._clock = 0
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.write("pyproject.toml", PYPROJECT)
        self.write("backend.py", BACKEND.read_text())
        self.write("suite.py", SUITE)
        self.write("mini_it/__init__.py", FINE)

    def git(self, *args: str) -> str:
        """Run git, an hour after it was run the last time."""
        self._clock += 3600
        env = base_environ() | {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (
                ("NAME", "Ada Mini"),
                ("EMAIL", "ada@example.org"),
                ("DATE", f"@{1_700_000_000 + self._clock} +0000"),
            )
        }
        done = capture(["git", *args], cwd=self.path, env=env)
        assert done.exit_code == 0, done.error_text
        return done.text

    def write(self, path: str, text: str) -> None:
        """Put a file into the work tree."""
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_text(text)

    def commit(self, subject: str, **files: str) -> str:
        """Commit the module, or other files by their paths, and return the commit's hash."""
        for path, text in files.items():
            self.write("mini_it/__init__.py" if path == "module" else path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def commits(self, modules: list[str]) -> list[str]:
        """A commit for each state of the module, with a line of its own."""
        return [
            self.commit(f"Change {number}", module=f"{module}# {number}\n")
            for number, module in enumerate(modules)
        ]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one ``labeille bisect`` came to; ``found`` is bisect.json, if it was written."""

    done: Finished
    found: dict[str, Any]

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each step's commit."""
        return {step["commit"]: step["verdict"] for step in self.found["steps"]}


@dataclass(frozen=True)
class Lab:
    """A registry with the package ``it`` and its repository, within a workshop."""

    workshop: Workshop
    repository: Repository

    @classmethod
    def make(cls, workshop: Workshop, **fields: object) -> Lab:
        """A new one; ``fields`` change the registry's entry."""
        repository = Repository(workshop.root / "upstream" / "it")
        entry = {
            "package": "it",
            "repo": str(repository.path),
            "extension_type": "pure",
            "install_command": "pip install -e .",
            "test_command": "python suite.py",
            "test_framework": "custom",
            "import_name": "mini_it",
            "enriched": True,
            **fields,
        }
        workshop.write_entry("it.yaml", json.dumps(entry))
        return cls(workshop, repository)

    def start(self, *args: str) -> Running:
        """Start ``labeille bisect it``."""
        command = (sys.executable, "-m", "labeille", "bisect", "it")
        return self.workshop.start(*command, *self.workshop.options(None), *args)

    def bisect(self, *args: str) -> Answer:
        """Run ``labeille bisect it`` to its end."""
        return self.answer(self.start(*args).finish())

    def answer(self, done: Finished) -> Answer:
        """What an ended bisection left."""
        return Answer(done=done, found=self.found())

    def found(self) -> dict[str, Any]:
        """The newest bisect.json."""
        paths = list(self.workshop.results.glob("bisect_*/bisect.json"))
        if not paths:
            return {}
        newest = max(paths, key=lambda path: path.stat().st_mtime_ns)
        loaded: dict[str, Any] = json.loads(newest.read_text())
        return loaded
