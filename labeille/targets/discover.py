"""Find the interpreters of this machine: on PATH, of pyenv, of uv, and labeille's own."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.errors import TargetError
from labeille.targets.model import TSAN, Target, TargetKind
from labeille.targets.probe import OLDEST_VERSION, is_script, probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: python, python3, python3.15, python3.13t, python3.15d, python3.14td
_NAME = re.compile(r"python(?:3(?:\.(?P<minor>\d+))?)?(?P<flags>[td]*)")

#: The first versions that can be a target of a kind: sys._jit came with 3.14, PEP 703 with 3.13.
_FIRST_MINOR = {
    TargetKind.JIT: 14,
    TargetKind.JIT_DEBUG: 14,
    TargetKind.FREE_THREADED: 13,
    TargetKind.TSAN: 13,
}

#: What the names of interpreters of a kind end with.
_FLAGS = {
    TargetKind.JIT: "",
    TargetKind.JIT_DEBUG: "d",
    TargetKind.FREE_THREADED: "t",
    TargetKind.TSAN: "t",
}

#: Probes that run at a time when all interpreters are asked.
_PROBES_AT_A_TIME = 4


def targets_dir() -> Path:
    """The folder of the interpreters that labeille fetched: LABEILLE_TARGETS or the user's cache.

    Not below LABEILLE_CACHE_DIR: an interpreter is found again wherever the caches are kept.
    """
    chosen = os.environ.get("LABEILLE_TARGETS")
    if chosen:
        return Path(chosen).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser().absolute() / "labeille/targets"


def suits(target: Target, kind: TargetKind) -> bool:
    """Whether a target is of a kind."""
    match kind:
        case TargetKind.JIT:
            return target.jit_works
        case TargetKind.JIT_DEBUG:
            return target.jit_works and target.debug
        case TargetKind.FREE_THREADED:
            return target.free_threaded
        case TargetKind.TSAN:
            return target.free_threaded and TSAN in target.sanitizers


def discover() -> list[Target]:
    """Every working interpreter, the newest first, each once by its real path."""
    with ThreadPoolExecutor(_PROBES_AT_A_TIME) as pool:
        probed = list(pool.map(_probe_or_none, candidates()))
    return sorted((target for target in probed if target), key=age)


def find(kind: TargetKind, pythons: list[Path] | None = None) -> Target | None:
    """The best target of a kind, asking no more interpreters than it needs to.

    ``pythons`` are the paths to choose from, by default all ``candidates()``.
    """
    second_best: Target | None = None
    for python in _by_likelihood(candidates() if pythons is None else pythons, kind):
        target = _probe_or_none(python)
        if target is None or not suits(target, kind):
            continue
        if _is_plain(target, kind):
            return target
        second_best = second_best or target
    return second_best


def find_version(version: str, kind: TargetKind) -> Target | None:
    """The best target of a version such as "3.15", "3.14t" or "3.15d", of the kind if possible."""
    named = _NAME.fullmatch(f"python{version}")
    if named is None or named["minor"] is None:
        return None
    of_version: list[Target] = []
    for python in _by_likelihood(candidates(), kind, oldest=0):
        minor, _ = _read_name(python)
        if minor is not None and minor != int(named["minor"]):
            continue
        target = _probe_or_none(python)
        if target is None or target.minor_version != f"3.{named['minor']}":
            continue
        flags = ("t" if target.free_threaded else "") + ("d" if target.debug else "")
        if flags == "".join(sorted(named["flags"], reverse=True)):
            of_version.append(target)
            if suits(target, kind):
                return target
    return of_version[0] if of_version else None


def candidates() -> list[Path]:
    """Real paths of what is named like an interpreter, each once, the likeliest places first."""
    return _pythons_in(_folders())


def own_candidates() -> list[Path]:
    """The same for the folder of the interpreters that labeille fetched alone."""
    return _pythons_in(_own_folders())


def uv_candidates() -> list[Path]:
    """The same for the folder where uv keeps those that it installed."""
    return _pythons_in(_glob(_uv_pythons_dir(), "*/bin"))


def _pythons_in(folders: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(p for folder in folders for p in _named_like_pythons(folder)))


def _own_folders() -> Iterator[Path]:
    for target in _glob(targets_dir(), "[!.]*"):
        if target.suffix != ".new":  # half unpacked
            yield target / "bin"
            yield from _glob(target, "*/bin")


def _folders() -> Iterator[Path]:
    """Folders that may hold interpreters: labeille's own, uv's, those of PATH, pyenv's."""
    yield from _own_folders()
    yield from _glob(_uv_pythons_dir(), "*/bin")
    for entry in os.get_exec_path():
        if entry:
            yield Path(entry).absolute()
    yield from _glob(
        Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser(), "versions/*/bin"
    )


def _uv_pythons_dir() -> Path:
    """Where uv keeps the interpreters that it installs (uv's documentation on storage)."""
    chosen = os.environ.get("UV_PYTHON_INSTALL_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser().absolute() / "uv/python"


def _glob(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern), reverse=True)
    except OSError:
        return []


def _named_like_pythons(folder: Path) -> Iterator[Path]:
    """Real paths of a folder's interpreters, without scripts: a shim is no interpreter."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if _NAME.fullmatch(entry.name))
    except OSError:
        return
    for name in names:
        real = (folder / name).resolve()
        minor, _ = _read_name(real)
        if not _NAME.fullmatch(real.name) or (minor is not None and minor < OLDEST_VERSION[1]):
            continue
        if real.is_file() and os.access(real, os.X_OK) and not is_script(real):
            yield real


def _read_name(python: Path) -> tuple[int | None, str]:
    """The minor version and the flags that a path's name tells."""
    named = _NAME.fullmatch(python.name)
    if named is None:
        return None, ""
    return int(named["minor"]) if named["minor"] else None, named["flags"]


def _by_likelihood(
    pythons: Iterable[Path], kind: TargetKind, *, oldest: int | None = None
) -> list[Path]:
    """The paths that may be of the kind by their names, those that most likely are first."""
    oldest = _FIRST_MINOR[kind] if oldest is None else oldest
    wanted = _FLAGS[kind]

    def rank(python: Path) -> tuple[bool, int]:
        minor, flags = _read_name(python)
        return set(flags) != set(wanted), -(minor or 0)

    return sorted((p for p in pythons if (_read_name(p)[0] or oldest) >= oldest), key=rank)


def _is_plain(target: Target, kind: TargetKind) -> bool:
    """Whether a target has nothing beyond what its kind says that would slow or change a run."""
    return (
        target.sanitizers == ((TSAN,) if kind is TargetKind.TSAN else ())
        and target.debug == (kind is TargetKind.JIT_DEBUG)
        and target.free_threaded == (kind in (TargetKind.FREE_THREADED, TargetKind.TSAN))
    )


def _probe_or_none(python: Path) -> Target | None:
    try:
        return probe(python)
    except TargetError:
        return None


def age(target: Target) -> tuple[list[int], bool, bool, str]:
    """A sort key: the newest version first, releases before pre-releases and debug builds."""
    version = re.match(r"[\d.]+", target.version)
    numbers = version[0] if version else ""
    parts = [-int(part) for part in numbers.split(".") if part]
    return parts, numbers != target.version, target.debug, target.python
