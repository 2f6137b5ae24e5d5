"""A work tree of one origin: filled from its mirror, and put to a commit again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.pypi.credentials import without_credentials
from labeille.sources.failure import GitError, Trouble

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.sources.git_command import Git
    from labeille.sources.mirror import Mirror


def make_tree(mirror: Mirror, folder: Path, commit: str) -> None:
    """Make a clone of the mirror at ``folder``, which is not there yet, with the commit's files."""
    git = mirror.git
    folder.mkdir()
    git.local(folder, "init", "--quiet", "--template=")
    mirror.copy_to(folder / ".git")
    url = git.origin.url
    clean = url if git.origin.is_local else without_credentials(url)
    git.local(folder, "remote", "add", "--", "origin", clean)
    restore_tree(git, folder, commit)


def restore_tree(git: Git, folder: Path, commit: str) -> None:
    """Put HEAD and every tracked file to the commit; what was built beside them stays."""
    (folder / ".git" / "index.lock").unlink(missing_ok=True)
    git.local(folder, "checkout", "--quiet", "--force", "--detach", commit, "--")
    if not (folder / ".gitmodules").is_file():
        return
    update = ["submodule", "--quiet", "update", "--recursive", "--force"]
    listed = git.local(folder, "submodule", "status", "--recursive")
    if not any(line.startswith("-") for line in listed.splitlines()):
        git.local(folder, *update, "--no-fetch")
        return
    update.append("--init")
    try:
        git.elsewhere(folder, *update, "--depth=1")
    except GitError as error:
        if error.trouble is Trouble.NETWORK:
            raise
        # A server that gives only what a ref leads to has the commit deeper down.
        git.elsewhere(folder, *update)
