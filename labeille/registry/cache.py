"""Parsed package files of one registry, kept between processes so that YAML is read once.

An entry counts only as long as its file's times and size are the same; whatever is in doubt is read
anew.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import msgspec

import labeille
from labeille.cache_dir import cache_dir
from labeille.registry.atomic import replace_file
from labeille.registry.model import Package

# A file changed this recently may change again within one tick of the file system's clock, and
# keep its times. Ticks are 1 to 10 ms on Linux.
_UNSETTLED_NS = 100_000_000


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """What tells one content of a file from another without reading it; times in nanoseconds."""

    mtime_ns: int
    ctime_ns: int  # also moves when a tool that copies a file sets its mtime back
    size: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Stamp:
        return cls(stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)

    @property
    def settled(self) -> bool:
        """Whether a later change is sure to show in the times."""
        return max(self.mtime_ns, self.ctime_ns) < time.time_ns() - _UNSETTLED_NS


class CachedPackage(msgspec.Struct, frozen=True, array_like=True):
    stamp: Stamp
    package: Package


class CachedCounts(msgspec.Struct, frozen=True, array_like=True):
    """The download counts of index.yaml."""

    stamp: Stamp
    counts: dict[str, int | None]


class CacheContent(msgspec.Struct, array_like=True):
    """The cache file: package files by their names (not the packages'), and the index's counts."""

    rules: str
    root: str
    files: dict[str, CachedPackage]
    index: CachedCounts | None = None


def load_cache(root: Path) -> CacheContent:
    """The cache of the registry at ``root``; empty where there is none that can be trusted."""
    empty = CacheContent(rules=_rules(), root=os.path.realpath(root), files={})
    try:
        data = _cache_path(root).read_bytes()
        content = msgspec.msgpack.decode(data, type=CacheContent)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return empty
    if (content.rules, content.root) != (empty.rules, empty.root):
        return empty
    return content


def save_cache(root: Path, content: CacheContent) -> None:
    """Write the cache; one that cannot be written costs time later, and nothing else."""
    path = _cache_path(root)
    try:
        data = msgspec.msgpack.encode(content)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data, durable=False)
    except (OSError, UnicodeEncodeError):
        return


def _cache_path(root: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
    return cache_dir() / "registry" / f"{digest}.msgpack"


def _rules() -> str:
    """Changes with whatever decides how a package file is understood."""
    here = Path(__file__).parent
    facts = [labeille.__version__]
    for name in ("model.py", "nodes.py", "read.py"):
        try:
            stamp = Stamp.of((here / name).stat())
        except OSError:  # not installed as plain files: the version has to do
            continue
        facts.append(f"{name} {stamp.mtime_ns} {stamp.size}")
    # the fields, for a file that was changed and has its old time and size
    facts += [f"{name}: {kind}" for name, kind in Package.__annotations__.items()]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
