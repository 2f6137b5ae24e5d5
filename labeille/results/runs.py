"""Finds stored runs by what a person calls them, and reads them: ours and the original's."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.errors import ResultsError
from labeille.results.directory import (
    META_FILE,
    RECORDS_FILE,
    RunDirectory,
    read_meta,
    read_records,
)
from labeille.results.model import RunMeta

if TYPE_CHECKING:
    from labeille.results.model import Record

_LATEST = re.compile(r"latest(?:~(\d{1,6}))?")
_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)


class _Started(msgspec.Struct):
    """The part of run_meta.json that puts runs in order."""

    started_at: str = ""


@dataclass(frozen=True)
class StoredRun:
    """One run as it is kept; ``path`` is absolute. Nothing is read before it is asked for."""

    path: Path

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def directory(self) -> RunDirectory:
        """The run for writing: files that are added to it."""
        return RunDirectory(self.path.parent, self.path.name)

    @cached_property
    def meta(self) -> RunMeta:
        """run_meta.json; of a run that has none, what its folder tells. Raises ResultsError."""
        meta = read_meta(self.path)
        return RunMeta(run_id=self.run_id, started_at="") if meta is None else meta

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """Every readable record, in the order they were written."""
        return tuple(read_records(self.path / RECORDS_FILE))

    @cached_property
    def last_records(self) -> dict[str, Record]:
        """The record that counts for each package: the last one."""
        return {record.package: record for record in self.records}

    def started_at(self) -> dt.datetime:
        """When it began: as its metadata say, else its folder's time."""
        with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError):
            content = (self.path / META_FILE).read_bytes()
            text = msgspec.json.decode(content, type=_Started).started_at
            started = dt.datetime.fromisoformat(text)
            return started if started.tzinfo else started.replace(tzinfo=dt.UTC)
        with contextlib.suppress(OSError):
            return dt.datetime.fromtimestamp(self.path.stat().st_mtime, dt.UTC)
        return _EARLIEST


def stored_runs(results_dir: Path) -> list[StoredRun]:
    """The runs under ``results_dir`` in the order they were begun, the newest last."""
    found = {
        path.parent for name in (META_FILE, RECORDS_FILE) for path in results_dir.glob(f"*/{name}")
    }
    runs = [StoredRun(path.absolute()) for path in found]
    return sorted(runs, key=lambda run: (run.started_at(), run.run_id))


def find_run(text: str, results_dir: Path) -> StoredRun:
    """The run that ``text`` names: its id, its folder's path, ``latest``, or ``latest~N``.

    Raises ResultsError where there is none.
    """
    latest = _LATEST.fullmatch(text)
    if latest:
        return _newest(results_dir, int(latest[1] or 0))
    for path in (results_dir / text, Path(text).expanduser()):
        if text and _is_run(path):
            return StoredRun(Path(os.path.normpath(path.absolute())))
    known = [run.run_id for run in stored_runs(results_dir)]
    raise ResultsError(
        f"there is no run {text!r} in {results_dir}, and no folder of a run by that path",
        hint=f"the newest ones: {', '.join(known[:-6:-1])}" if known else "it holds no run at all",
    )


def _newest(results_dir: Path, back: int) -> StoredRun:
    runs = stored_runs(results_dir)
    if back >= len(runs):
        raise ResultsError(
            f"there are {len(runs)} runs in {results_dir}, none {back} before the latest"
            if runs
            else f"there is no run in {results_dir}",
            hint="name one by its id or its folder, or say where runs are with --results-dir",
        )
    return runs[-1 - back]


def _is_run(path: Path) -> bool:
    return any((path / name).is_file() for name in (META_FILE, RECORDS_FILE))
