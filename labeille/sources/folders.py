"""Keeps source trees on disk so that only complete ones are found, by one process at a time."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from filelock import FileLock, Timeout

from labeille.errors import Interrupted, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labeille.supervision.cancellation import Cancellation

MARKER = "checkout.json"
_NEW = ".new-"
_OLD = ".old-"
_LOCK_POLL = 0.05  # seconds
_CANCEL_POLL = 0.5  # seconds


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """Says that the tree beside it is complete, and what it is.

    ``content`` is the commit, or the sdist's sha256. ``nonce`` is another one each time the tree
    is made: what was built into a tree, as an editable install does, is not in its successor.
    ``asked`` is a digest of where the tree may come from.
    """

    folder: str
    origin: str
    content: str
    nonce: str = msgspec.field(default_factory=lambda: secrets.token_hex(4))
    version: str | None = None
    asked: str = ""


def read_marker(place: Path) -> Marker | None:
    """The marker of the tree at ``place``; None where there is none, or none that makes sense."""
    try:
        marker = msgspec.json.decode((place / MARKER).read_bytes(), type=Marker)
    except (OSError, msgspec.DecodeError):
        return None
    return marker if (place / marker.folder).is_dir() else None


def publish(place: Path, marker: Marker, fill: Callable[[Path], None]) -> Marker:
    """Make a tree at ``place``: ``fill`` gets a path, not yet existing, in a folder to be renamed.

    What stands at ``place`` is replaced. Call it with the lock held: left-overs of earlier
    processes that died at this are removed. Raises SourceError where the disk does not play along.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for pattern in (_NEW, _OLD):
            for stray in place.parent.glob(f"{pattern}*"):
                remove(stray)
        new = place.parent / f"{_NEW}{marker.nonce}"
        new.mkdir()
        try:
            fill(new / marker.folder)
            (new / MARKER).write_bytes(msgspec.json.encode(marker))
            remove(place)
            new.rename(place)
        except BaseException:
            remove(new)
            raise
    except OSError as error:
        raise disk_error(place, error) from error
    return marker


def remove(path: Path) -> None:
    """Remove a folder with all its contents, read-only ones too; out of the way first, at once."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    old = path
    if not path.name.startswith((_NEW, _OLD)):
        old = path.parent / f"{_OLD}{secrets.token_hex(4)}"
        path.rename(old)
    shutil.rmtree(old, ignore_errors=True)
    if old.exists():
        for folder, _, _ in os.walk(old):
            with contextlib.suppress(OSError):
                Path(folder).chmod(stat.S_IRWXU)
        shutil.rmtree(old, ignore_errors=True)


def disk_error(path: Path, error: OSError) -> SourceError:
    """What to raise for a disk that is full, read-only or broken."""
    return SourceError(
        f"the source tree cannot be written to {path}: {error.strerror or error}",
        hint="free some space, or choose another --repos-dir",
    )


@contextlib.contextmanager
def hold(lock: Path, cancel: Cancellation | None = None) -> Iterator[None]:
    """Hold a lock between threads and processes; a waiting one ends when ``cancel`` is set."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock)
        while True:
            if cancel is not None and cancel.cancelled:
                raise Interrupted("interrupted while another process worked on the same source")
            try:
                held.acquire(timeout=_CANCEL_POLL, poll_interval=_LOCK_POLL)
            except Timeout:
                continue
            break
    except OSError as error:
        raise disk_error(lock, error) from error
    try:
        yield
    finally:
        held.release()
