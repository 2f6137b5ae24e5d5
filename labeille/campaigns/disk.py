"""Notices disks that cannot be written, before a run and while it goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labeille.errors import ResultsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from labeille.pipeline.job import PipelineSettings
    from labeille.results.directory import RunDirectory

#: A disk with fewer bytes left counts as full once something failed: no environment fits.
ROOM = 16 * 1024 * 1024


def check_writable(option: str, path: Path) -> None:
    """Make a folder where there is none; raises UsageError where nothing can be written to it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        reason = None if os.access(path, os.W_OK | os.X_OK) else "no permission to write there"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason is not None:
        raise UsageError(
            f"{option}: {path} cannot be written: {reason}", hint=f"name another folder by {option}"
        )


def refuse_full_disk(
    settings: PipelineSettings, run: RunDirectory, package: str, ended: str
) -> None:
    """Raise ResultsError where a full disk may be what a package stumbled over.

    ``ended`` is how the package ended, which means nothing then and is not to be kept.
    """
    full = full_disk(
        (settings.work_dir, settings.sources.repos_dir, settings.environments.venvs_dir)
    )
    if full is None:
        return
    run.log(f"{package}: {ended}, not kept: the disk of {full} is full")
    raise ResultsError(
        f"the disk of {full} is full: {package} ended with {ended}, which means nothing then, "
        "and the run is over",
        hint="make room or choose another --work-dir; what is recorded already stays, and "
        "--skip-completed goes on from there",
    )


def full_disk(paths: Iterable[Path]) -> Path | None:
    """The first of these folders whose disk is full."""
    for path in paths:
        try:
            disk = os.statvfs(path)
        except OSError:
            continue  # not made yet, or gone: whoever needs it says so better
        # A file system that makes inodes as it needs them reports that it has none.
        if disk.f_bavail * disk.f_frsize < ROOM or (disk.f_files and not disk.f_favail):
            return path
    return None
