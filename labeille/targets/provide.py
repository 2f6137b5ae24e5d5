"""Fetch a target where this machine has none: from uv, else from Debian."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from labeille.errors import TargetError
from labeille.targets import debian, uv_pythons
from labeille.targets.apt import is_debian_kin
from labeille.targets.discover import find, own_candidates, suits, targets_dir
from labeille.targets.model import Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The file that others who fill the folder lock too, by flock(2).
_LOCK_NAME = ".lock"

_HINT = "give an interpreter by --target-python, or put one on PATH"


def provide(kind: TargetKind, report: Callable[[str], None]) -> list[Target]:
    """Fetch targets of a kind into labeille's targets folder; the best is the first.

    What is there already is kept. Processes that want the same take turns. ``report`` gets a line
    for each step. Raises TargetError that says what was tried.
    """
    root = targets_dir()
    try:
        root.mkdir(parents=True, exist_ok=True)
        there = find(kind, own_candidates())
        if there is None:
            with _locked(root, report):  # and look again: whoever held it may have fetched it
                there = find(kind, own_candidates())
                if there is None:
                    return _fetch(kind, root, report)
        return [there]
    except OSError as error:
        raise TargetError(
            f"{root} cannot be filled: {error}", hint="LABEILLE_TARGETS names another folder"
        ) from None


def _fetch(kind: TargetKind, root: Path, report: Callable[[str], None]) -> list[Target]:
    tried: list[str] = []
    try:
        return [uv_pythons.install(kind, root / "uv", report)]
    except TargetError as error:
        report(f"not from uv: {error}")
        tried.append(str(error))
    if not is_debian_kin():
        tried.append("this is no Debian, whose packages come next")
        raise _none_could_be_had(kind, tried)
    with tempfile.TemporaryDirectory(prefix="labeille-") as work:
        try:
            if kind in (TargetKind.FREE_THREADED, TargetKind.TSAN):
                tsan = kind is TargetKind.TSAN
                return debian.build_free_threaded(root, Path(work), report, tsan=tsan)
            targets = debian.provide_jit(root, Path(work), report)
        except TargetError as error:
            tried.append(str(error))
            raise _none_could_be_had(kind, tried, error.hint) from None
    wanted_debug = kind is TargetKind.JIT_DEBUG
    return sorted((t for t in targets if suits(t, kind)), key=lambda t: t.debug != wanted_debug)


def _none_could_be_had(kind: TargetKind, tried: list[str], hint: str | None = None) -> TargetError:
    return TargetError(f"no {kind} target could be fetched: {'; '.join(tried)}", hint=hint or _HINT)


@contextmanager
def _locked(root: Path, report: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of the targets folder; say so when that takes waiting."""
    lock = filelock.FileLock(root / _LOCK_NAME)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        report(f"waiting for another process that is filling {root}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
