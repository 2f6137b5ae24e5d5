"""Remember what interpreters answered, for as long as their files stay the same."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import msgspec

from labeille.cache_dir import cache_dir
from labeille.targets.model import Target  # noqa: TC001 - msgspec reads it

_FILE_NAME = "probes.msgpack"

#: The files that decide what is asked and how the answer is read: a change of them counts too.
_QUESTION = (Path(__file__).with_name("interview.py"), Path(__file__).with_name("probe.py"))


#: Threads would lose each other's entries. Two processes may: then one asks again some day.
_write_lock = threading.Lock()


class _Stamp(msgspec.Struct, frozen=True):
    """A file as it was; a rebuilt one differs in time or size."""

    path: str
    mtime_ns: int
    size: int


class _Entry(msgspec.Struct, frozen=True):
    resolved: str
    stamps: tuple[_Stamp, ...]
    target: Target


def load(python: Path) -> Target | None:
    """The target at an absolute path, if it is known and none of its files has changed since."""
    entry = _read().get(str(python))
    if entry is None or entry.resolved != os.path.realpath(python):
        return None
    return entry.target if _stamps([Path(s.path) for s in entry.stamps]) == entry.stamps else None


def store(target: Target, binaries: list[Path]) -> None:
    """Remember a target and the files that hold its machine code.

    A cache that cannot be written is no fault: the next probe asks again.
    """
    resolved = os.path.realpath(target.python)
    stamps = _stamps([Path(resolved), *binaries, *_QUESTION])
    if stamps is None:
        return
    with _write_lock:
        entries = {python: entry for python, entry in _read().items() if Path(python).exists()}
        entries[target.python] = _Entry(resolved, stamps, target)
        try:
            _write(msgspec.msgpack.encode(entries))
        except OSError:
            return


def _read() -> dict[str, _Entry]:
    try:
        data = (cache_dir() / _FILE_NAME).read_bytes()
        return msgspec.msgpack.decode(data, type=dict[str, _Entry])
    except (OSError, msgspec.MsgspecError):
        return {}


def _write(data: bytes) -> None:
    """Replace the file at once: readers see the old one or the new one."""
    folder = cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{_FILE_NAME}.{os.getpid()}"
    try:
        fresh.write_bytes(data)
        fresh.replace(folder / _FILE_NAME)
    finally:
        fresh.unlink(missing_ok=True)


def _stamps(paths: list[Path]) -> tuple[_Stamp, ...] | None:
    """The files as they are, or None when one is gone."""
    try:
        stats = [(path, path.stat()) for path in dict.fromkeys(paths)]
    except OSError:
        return None
    return tuple(_Stamp(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)
