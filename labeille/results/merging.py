"""Writes one run out of several: nothing of them is changed, and no record of them is lost."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from labeille.errors import ResultsError
from labeille.names import parse_run_id
from labeille.results.directory import OWNER_LOCK
from labeille.results.lines import write_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from labeille.results.kinds import RunKind

#: Folders of a run with something for each package, whose names begin with the package's.
_PER_PACKAGE = ("crashes", "logs")
#: Files that are put one behind the other.
_JOINED = ("run.log",)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the runs: its folder, and the packages that it has records of."""

    path: Path
    packages: Collection[str]


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The new run's folder, the lines in it, and files that two parts have and it has not."""

    path: Path
    lines: int
    left_out: tuple[str, ...]


def write_merged(
    results_dir: Path,
    run_id: str,
    kind: RunKind,
    parts: Sequence[Part],
    meta: Mapping[str, Any],
) -> Merged:
    """Write a run with all lines, logs and evidence of ``parts``, in their order.

    Lines are copied as they are, also those that nobody can read. The run appears as a whole, under
    its name, or not at all. Raises ResultsError where there is a run of this name, and where it
    cannot be written.
    """
    path = results_dir.absolute() / parse_run_id(run_id)
    if path.exists():
        raise ResultsError(f"there is {path} already", hint="choose another --run-id")
    building = path.with_name(f".{path.name}.{os.getpid()}.new")
    with contextlib.ExitStack() as stack, write_errors(building):
        for part in parts:
            stack.enter_context(_at_rest(part.path))
        building.mkdir(parents=True)
        try:
            left_out = _copy_files(building, kind, parts)
            lines = _copy_lines(building / kind.files.lines, kind, parts)
            content = msgspec.json.format(msgspec.json.encode(meta), indent=2) + b"\n"
            (building / kind.files.meta).write_bytes(content)
            building.rename(path)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
    return Merged(path=path, lines=lines, left_out=left_out)


@contextlib.contextmanager
def _at_rest(run: Path) -> Iterator[None]:
    """Keep others from writing a run; ResultsError where somebody does so already.

    A run without a lock file was written elsewhere, or by the original.
    """
    try:
        descriptor = os.open(run / OWNER_LOCK, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ResultsError(
                f"{run} is being written by another process", hint="wait for it"
            ) from None
        yield
    finally:
        os.close(descriptor)


def _copy_lines(target: Path, kind: RunKind, parts: Sequence[Part]) -> int:
    """All lines of the parts, each ended; what of them is torn is a line that nobody can read."""
    count = 0
    with target.open("xb") as file:
        for part in parts:
            try:
                content = (part.path / kind.files.lines).read_bytes()
            except FileNotFoundError:
                continue
            lines = [line for line in content.split(b"\n") if line.strip()]
            file.writelines(line + b"\n" for line in lines)
            count += len(lines)
        file.flush()
        os.fsync(file.fileno())
    return count


def _copy_files(target: Path, kind: RunKind, parts: Sequence[Part]) -> tuple[str, ...]:
    """Everything else; returns the names that two parts have and of which the first was taken."""
    left_out: set[str] = set()
    own = {kind.files.meta, kind.files.lines}
    for part in parts:
        for entry in sorted(part.path.iterdir()):
            if entry.name in own or entry.name.startswith("."):
                continue
            if entry.name in _PER_PACKAGE and entry.is_dir():
                others = [other for other in parts if other is not part]
                _copy_per_package(entry, target / entry.name, part, others)
            elif entry.name in _JOINED or entry.name.endswith(".torn"):
                _append(entry, target / entry.name)
            elif (target / entry.name).exists():
                left_out.add(entry.name)
            else:
                _copy(entry, target / entry.name)
    return tuple(sorted(left_out))


def _copy_per_package(source: Path, target: Path, part: Part, others: Sequence[Part]) -> None:
    """What one part has of each package, but for packages that another part has the record of."""
    target.mkdir(exist_ok=True)
    for entry in sorted(source.iterdir()):
        package = entry.name if entry.is_dir() else entry.stem
        elsewhere = any(package in other.packages for other in others)
        if package not in part.packages and elsewhere:
            continue
        if not (target / entry.name).exists():
            _copy(entry, target / entry.name)


def _append(source: Path, target: Path) -> None:
    with source.open("rb") as reading, target.open("ab") as writing:
        shutil.copyfileobj(reading, writing)


def _copy(source: Path, target: Path) -> None:
    """Links stay links: a suite may have left one to anywhere among its logs."""
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
