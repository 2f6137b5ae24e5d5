"""Finds stored runs: by id, by path, or as the latest one by start time."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.errors import ResultsError, UsageError
from labeille.results.kinds import RunKind, run_kind
from labeille.results.model import Record, RunMeta
from labeille.results.reading import Lines, read_lines, salvage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LATEST = "latest"

#: How many runs a message names.
_NAMED = 5

_LATEST = re.compile(rf"{LATEST}(?:~(?P<back>[0-9]{{1,9}}))?")
_STAMP = re.compile(r"(?<![0-9])(20[0-9]{6})[_T-]?([0-9]{6})(?![0-9])")


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A run as it lies on disk; records are read when they are asked for.

    ``started`` is its beginning, as well as that is known. ``meta`` of a run whose metadata is
    missing or damaged has what could be read, and ``meta_problem`` says what is wrong.
    """

    path: Path
    kind: RunKind
    meta: RunMeta
    started: dt.datetime
    meta_problem: str | None = None

    @property
    def run_id(self) -> str:
        """The folder's name, by which the run is found."""
        return self.path.name

    @property
    def lines_path(self) -> Path:
        """The file with a line a package."""
        return self.path / self.kind.files.lines

    @functools.cached_property
    def lines(self) -> Lines[Record]:
        """A hunt's records as they were written, several for a package that was tried again.

        Empty for runs of another kind: what their lines hold is in ``results`` too, a module each.
        """
        if self.kind is not RunKind.HUNT:
            return Lines()
        return read_lines(self.lines_path, Record)

    @functools.cached_property
    def records(self) -> dict[str, Record]:
        """The record that counts for each package of a hunt: the last one; by package."""
        return {record.package: record for record in self.lines.items}


def list_runs(results_dir: Path, kinds: Collection[RunKind] | None = None) -> list[StoredRun]:
    """Every run of these kinds below a results folder, the one that started first first.

    What is no run is passed over, and a run that is there under two names counts once.
    """
    try:
        # a run that is being put together has a name with a dot
        folders = sorted(
            path
            for path in results_dir.iterdir()
            if not path.name.startswith(".") and path.is_dir()
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"--results-dir: {results_dir}: {error.strerror}") from None
    runs: dict[Path, StoredRun] = {}
    # links last, so that the run's own name stays
    for folder in sorted(folders, key=lambda path: path.is_symlink()):
        run = read_run(folder)
        if run is not None and (kinds is None or run.kind in kinds):
            runs.setdefault(folder.resolve(), run)
    return sorted(runs.values(), key=lambda run: (run.started, run.run_id))


def find_run(
    results_dir: Path, text: str, *, kinds: Collection[RunKind] | None = None
) -> StoredRun:
    """The run that ``text`` names: an id, a path, ``latest``, or ``latest~N`` for one N before it.

    ``kinds``, if given, are those that the caller can read: ``latest`` counts no others. Raises
    UsageError where there is no such run, or one of another kind.
    """
    latest = _LATEST.fullmatch(text)
    if latest:
        return _from_latest(results_dir, int(latest["back"] or 0), kinds)
    for folder in _places(results_dir, text):
        run = None
        with contextlib.suppress(OSError):  # a name that no file can have
            run = read_run(folder)
        if run is None:
            continue
        if kinds is not None and run.kind not in kinds:
            raise UsageError(
                f"{text} is a {run.kind} run, not a {_alternatives(kinds)} run",
                hint=f"`labeille report {text}` reads runs of every kind",
            )
        return run
    raise UsageError(f"there is no run {text!r} in {results_dir}", hint=_hint(results_dir, kinds))


def read_run(path: Path) -> StoredRun | None:
    """The run in this folder, None if it holds none."""
    path = path.absolute()
    kind = run_kind(path)
    if kind is None:
        return None
    meta, problem = _read_meta(path, kind)
    return StoredRun(
        path=path, kind=kind, meta=meta, meta_problem=problem, started=_started(path, kind, meta)
    )


def parse_time(text: str) -> dt.datetime | None:
    """A time of a record or of metadata, in UTC; one without a zone is taken for UTC."""
    try:
        time = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)


def _places(results_dir: Path, text: str) -> Iterable[Path]:
    """Where the run that is named so may lie; a file of a run stands for it."""
    if not text or "\0" in text:
        return
    if text == Path(text).name:
        yield results_dir / text
    path = Path(os.path.expanduser(text))  # noqa: PTH111 - Path's own fails for an unknown ~user
    yield path
    with contextlib.suppress(OSError):
        if path.is_file():
            yield path.parent


def _from_latest(results_dir: Path, back: int, kinds: Collection[RunKind] | None) -> StoredRun:
    runs = list_runs(results_dir, kinds)
    if back < len(runs):
        return runs[-1 - back]
    what = f"{_alternatives(kinds)} runs" if kinds else "runs"
    if not runs:
        raise UsageError(
            f"there are no {what} in {results_dir}", hint="say where they are by --results-dir"
        )
    raise UsageError(
        f"there are only {len(runs)} {what} in {results_dir}",
        hint=f"the first of them is {LATEST}~{len(runs) - 1}",
    )


def _hint(results_dir: Path, kinds: Collection[RunKind] | None) -> str:
    with contextlib.suppress(UsageError):
        runs = list_runs(results_dir, kinds)
        if runs:
            names = ", ".join(run.run_id for run in reversed(runs[-_NAMED:]))
            more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
            return f"there are {names}{more}; or give a path, {LATEST} or {LATEST}~1"
    return "give a run's id, its path, or say where runs are kept by --results-dir"


def _alternatives(kinds: Collection[RunKind]) -> str:
    return " or ".join(kind.value for kind in RunKind if kind in kinds)


def _read_meta(path: Path, kind: RunKind) -> tuple[RunMeta, str | None]:
    """A run's metadata as far as it can be read, and what is wrong with it."""
    name = kind.files.meta
    empty = RunMeta(run_id=path.name, started_at="")
    try:
        content = (path / name).read_bytes()
    except FileNotFoundError:
        return empty, f"there is no {name}"
    except OSError as error:
        raise ResultsError(f"{path / name} cannot be read: {error.strerror}") from None
    try:
        return msgspec.json.decode(content, type=RunMeta), None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        problem = f"{name}: {error}"
    try:
        return salvage(content, RunMeta, run_id=path.name, started_at=""), problem
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return empty, problem


class _Stamped(msgspec.Struct):
    timestamp: str | None = None


def _started(path: Path, kind: RunKind, meta: RunMeta) -> dt.datetime:
    """When a run began: by its metadata, its first record, its name, or its files' times."""
    time = parse_time(meta.started_at)
    if time is None:  # the original's free-threaded runs have a timestamp instead
        time = _timestamp(path / kind.files.meta, whole=True)
    if time is None:
        time = _timestamp(path / kind.files.lines) or _time_in_name(path.name)
    if time is None:
        files = (path / kind.files.meta, path / kind.files.lines)
        stamps = [file.stat().st_mtime for file in files if file.is_file()]
        time = dt.datetime.fromtimestamp(min(stamps, default=0.0), dt.UTC)
    return time


def _timestamp(path: Path, *, whole: bool = False) -> dt.datetime | None:
    """The timestamp in a file's first line, or in the ``whole`` file."""
    try:
        with path.open("rb") as file:
            content = file.read() if whole else file.readline()
        stamp = msgspec.json.decode(content, type=_Stamped).timestamp
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return parse_time(stamp) if stamp else None


def _time_in_name(name: str) -> dt.datetime | None:
    stamp = _STAMP.search(name)
    with contextlib.suppress(ValueError):
        if stamp:
            return dt.datetime.strptime(f"{stamp[1]}{stamp[2]}+0000", "%Y%m%d%H%M%S%z")
    return None
