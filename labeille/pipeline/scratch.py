"""A trial's own home and temporary folder, and what is left of them when a process is killed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.pipeline.job import PipelineSettings

#: The pid in a folder's name says whose it is; a folder that is to be kept names none.
_OWNED = re.compile(r".*-pid([0-9]+)-[^-]+")


@contextlib.contextmanager
def scratch_folder(settings: PipelineSettings, name: str) -> Iterator[Path]:
    """A folder with an empty ``home`` and ``tmp``, as short as a Unix socket's path needs it.

    It is gone afterwards unless ``settings.keep_work_dirs``.
    """
    root = _root(settings.work_dir)
    root.mkdir(parents=True, exist_ok=True)
    owner = "kept" if settings.keep_work_dirs else f"pid{os.getpid()}"
    path = Path(tempfile.mkdtemp(prefix=f"{name[:24]}-{owner}-", dir=root))
    try:
        for part in ("home", "tmp"):
            (path / part).mkdir()
        yield path
    finally:
        if not settings.keep_work_dirs:
            remove_tree(path)


def sweep_scratch(work_dir: Path) -> None:
    """Remove the folders of processes that were killed before they could do it themselves."""
    with contextlib.suppress(OSError):
        for path in _root(work_dir).iterdir():
            owned = _OWNED.fullmatch(path.name)
            if owned and not psutil.pid_exists(int(owned[1])):
                remove_tree(path)


def remove_tree(path: Path) -> None:
    """Remove a folder that a test suite wrote to, also where it took away its own permissions."""

    def force(function: object, name: str, _error: object) -> None:
        with contextlib.suppress(OSError):
            Path(name).parent.chmod(0o700)
            Path(name).chmod(0o700)
            if function is os.unlink:
                Path(name).unlink()
            else:
                shutil.rmtree(name, ignore_errors=True)

    shutil.rmtree(path, onerror=force)


def _root(work_dir: Path) -> Path:
    return work_dir / "tmp"
