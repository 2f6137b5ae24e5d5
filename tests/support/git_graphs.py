"""Histories of any shape in git, made in one go, for tests that need no files in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.sources.git_command import Git
from labeille.sources.history import History
from labeille.sources.origin import parse_origin
from labeille.supervision.capture import capture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def make_history(
    folder: Path, graph: Mapping[str, Sequence[str]], tags: Mapping[str, str] | None = None
) -> tuple[History, dict[str, str]]:
    """A history with a commit for each name of ``graph``, whose parents' names are given.

    Parents come first; the last commit is the tip of ``main``. Returns it with the commits' hashes
    by their names. ``tags`` are names of tags with the commits that they name.
    """
    marks = {name: number for number, name in enumerate(graph, start=1)}
    stream = []
    for name, parents in graph.items():
        lines = [
            "commit refs/heads/main",
            f"mark :{marks[name]}",
            f"author Ada <ada@example.org> {1_700_000_000 + marks[name]} +0000",
            f"committer Ada <ada@example.org> {1_700_000_000 + marks[name]} +0000",
            f"data {len(name)}",
            name,
        ]
        if parents:
            lines.append(f"from :{marks[parents[0]]}")
        lines += [f"merge :{marks[parent]}" for parent in parents[1:]]
        if not parents:
            lines.insert(0, "reset refs/heads/main\n")
        stream.append("\n".join(lines) + "\n")
    for tag, name in (tags or {}).items():
        stream.append(f"reset refs/tags/{tag}\nfrom :{marks[name]}\n\n")
    repository = folder / "history.git"
    repository.mkdir(parents=True)
    _git(repository, "init", "-q", "--bare", "--template=", "-b", "main")
    marks_file = folder / "marks"
    _git(
        repository,
        "fast-import",
        "--quiet",
        f"--export-marks={marks_file}",
        stdin="".join(stream).encode(),
    )
    hashes = dict(line.split() for line in marks_file.read_text().splitlines())
    git = Git(origin=parse_origin(str(repository)), timeout=60)
    history = History(name="it", git=git, folder=folder)
    return history, {name: hashes[f":{number}"] for name, number in marks.items()}


def linear(count: int) -> dict[str, list[str]]:
    """A graph without merges: c0, c1, …"""
    return {f"c{number}": [f"c{number - 1}"] if number else [] for number in range(count)}


def _git(folder: Path, *args: str, stdin: bytes | None = None) -> None:
    done = capture(["git", *args], cwd=folder, stdin=stdin)
    assert done.exit_code == 0, done.error_text
