"""A git history made of a package's released sdists, one commit each, a tag on each.

    python tests/support/release_history.py NAME FOLDER [--count N] [--append VERSION:FILE:CODE]

From VERSION on, CODE stands at the end of FILE: what is to be found. Needs the package index.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from labeille.registry.model import Package
from labeille.sources.get import index_client
from labeille.sources.model import SourceSettings
from labeille.sources.releases import Release, released
from labeille.sources.sdist import get_sdist
from labeille.supervision.capture import capture
from labeille.supervision.environ import base_environ


@dataclass(frozen=True, kw_only=True)
class Append:
    """Code at the end of a file, from a version on."""

    version: str
    path: str
    code: str


def make_release_history(
    name: str, folder: Path, *, count: int = 10, append: Append | None = None
) -> dict[str, str]:
    """Make a repository at ``folder`` of the newest releases; their commits by their versions."""
    releases = [
        release
        for release in released(name, index_client())
        if not release.yanked and not release.version.is_prerelease
    ][-count:]
    folder.mkdir(parents=True)
    _git(folder, None, "init", "-q", "-b", "main")
    commits = {}
    with tempfile.TemporaryDirectory() as sources:
        for release in releases:
            settings = SourceSettings(repos_dir=Path(sources))
            tree = get_sdist(Package(name=name), str(release.version), settings, index_client())
            _replace(folder, tree.path)
            if append is not None and release.version >= Version(append.version):
                with (folder / append.path).open("a", encoding="utf-8") as file:
                    file.write(append.code)
            commits[str(release.version)] = _commit(folder, release)
    return commits


def _replace(folder: Path, tree: Path) -> None:
    """Put a tree's files where another release's are."""
    for path in folder.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(tree, folder, dirs_exist_ok=True)


def _commit(folder: Path, release: Release) -> str:
    _git(folder, release, "add", "-A", "-f")
    _git(folder, release, "commit", "-q", "--no-gpg-sign", "-m", f"Release {release.version}")
    _git(folder, release, "tag", f"v{release.version}")
    return _git(folder, release, "rev-parse", "HEAD")


def _git(folder: Path, release: Release | None, *args: str) -> str:
    date = (release and release.uploaded) or "2026-01-01T00:00:00Z"
    env = base_environ()
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "Releases", f"GIT_{who}_EMAIL": "releases@example.org"}
        env[f"GIT_{who}_DATE"] = date
    done = capture(["git", *args], cwd=folder, env=env)
    assert done.exit_code == 0, done.error_text
    return done.text


def _parse_append(text: str) -> Append:
    version, path, code = text.split(":", 2)
    return Append(version=version, path=path, code=code.replace("\\n", "\n"))


def main() -> None:
    """Make a history and print its commits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--append", type=_parse_append)
    wanted = parser.parse_args()
    commits = make_release_history(
        wanted.name, wanted.folder, count=wanted.count, append=wanted.append
    )
    for version, commit in commits.items():
        print(version, commit)  # noqa: T201


if __name__ == "__main__":
    main()
