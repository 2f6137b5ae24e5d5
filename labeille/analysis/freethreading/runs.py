"""Loads free-threaded runs: by path, glob or id, also unfinished ones and the original's."""

from __future__ import annotations

import contextlib
import functools
import glob
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.analysis.runs import find_run, list_runs, read_run
from labeille.errors import UsageError
from labeille.results.freethreading import META_FILE, FreeThreadedMeta, FreeThreadedRecord
from labeille.results.kinds import RunKind
from labeille.results.reading import Lines, read_lines, salvage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.analysis.runs import StoredRun

_KINDS = (RunKind.FREE_THREADED,)


@dataclass(frozen=True)
class FreeThreadedRun:
    """A free-threaded run as it lies on disk."""

    stored: StoredRun

    @property
    def path(self) -> Path:
        return self.stored.path

    @property
    def run_id(self) -> str:
        return self.stored.run_id

    @functools.cached_property
    def meta(self) -> FreeThreadedMeta:
        """The metadata as far as it can be read."""
        content = b""
        with contextlib.suppress(OSError):
            content = (self.path / META_FILE).read_bytes()
        try:
            return msgspec.json.decode(content, type=FreeThreadedMeta)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        try:
            return salvage(content, FreeThreadedMeta)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return FreeThreadedMeta()

    @functools.cached_property
    def lines(self) -> Lines[FreeThreadedRecord]:
        """The records as they were written; a package that was tried again has several."""
        return read_lines(self.stored.lines_path, FreeThreadedRecord)

    @functools.cached_property
    def records(self) -> dict[str, FreeThreadedRecord]:
        """The record that counts for each package, the last one, in the order of first writing."""
        return {record.package: record for record in self.lines.items}

    @property
    def planned(self) -> int:
        """How many packages the run was to test, as far as it says."""
        return max(self.meta.packages_total, len(self.records))

    @property
    def unfinished(self) -> bool:
        """Whether packages are missing: the run goes on still, or was interrupted or killed."""
        return len(self.records) < self.planned


def load_run(results_dir: Path, text: str) -> FreeThreadedRun:
    """The free-threaded run that ``text`` names; the one that started last where several fit.

    A run's id, its path or that of a file in it, a folder of runs, ``latest``, ``latest~1``, or a
    glob of any of these. Raises UsageError, with a hint, where there is none.
    """
    stored = None
    if glob.has_magic(text):
        stored = _newest(_matching(results_dir, text))
        if stored is None:
            raise UsageError(
                f"no free-threaded run in {results_dir} or by path fits {text!r}",
                hint="the shell may want it quoted; 'labeille analyze history' lists runs",
            )
    else:
        stored = _newest_in(text)
    return FreeThreadedRun(stored or find_run(results_dir, text, kinds=_KINDS))


def _newest_in(text: str) -> StoredRun | None:
    """The newest run in a folder of runs, None where ``text`` is none."""
    with contextlib.suppress(OSError, ValueError):
        folder = Path(text).expanduser()
        if folder.is_dir() and read_run(folder) is None:
            return _newest(list_runs(folder, _KINDS))
    return None


def _matching(results_dir: Path, pattern: str) -> Iterable[StoredRun]:
    below = glob.glob(pattern, root_dir=results_dir)  # noqa: PTH207 - Path.glob takes no absolute one
    expanded = str(Path(pattern).expanduser())
    for path in {*(results_dir / name for name in below), *map(Path, glob.glob(expanded))}:  # noqa: PTH207
        run = read_run(path if path.is_dir() else path.parent)
        if run is not None and run.kind in _KINDS:
            yield run


def _newest(runs: Iterable[StoredRun]) -> StoredRun | None:
    return max(runs, key=lambda run: (run.started, run.run_id), default=None)
