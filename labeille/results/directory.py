"""The run directory: where records, evidence and logs of one run are kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.errors import ResultsError
from labeille.names import parse_run_id
from labeille.results.lines import LinesFile, write_errors
from labeille.results.model import Record, RunMeta

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RECORDS_FILE = "results.jsonl"
META_FILE = "run_meta.json"

#: Held by whoever writes a run.
OWNER_LOCK = ".owner.lock"
_PACKAGE_LOCKS = ".packages"

_meta_decoder = msgspec.json.Decoder(RunMeta)


def utc_now() -> dt.datetime:
    """The time in UTC, to the second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def timestamp() -> str:
    """The time as records and run_meta.json spell it."""
    return utc_now().isoformat()


def new_run_id(results_dir: Path, *, prefix: str = "run") -> str:
    """A run id that no run under ``results_dir`` has, named after the time and this process:

    two that start in the same second get two.
    """
    stem = f"{prefix}_{utc_now():%Y%m%d_%H%M%S}-{os.getpid()}"
    candidate, number = stem, 1
    while (results_dir / candidate).exists():
        number += 1
        candidate = f"{stem}-{number}"
    return candidate


class RunDirectory:
    """One run's folder under ``results_dir``.

    Every write is safe against a second process that writes the same run: appends are single
    writes under a lock, metadata and evidence files are replaced as a whole.
    """

    def __init__(self, results_dir: Path, run_id: str) -> None:
        self.run_id = parse_run_id(run_id)
        self.path = results_dir.absolute() / self.run_id
        self.records_path = self.path / RECORDS_FILE
        self._records = LinesFile(self.records_path, Record)

    def create(self) -> None:
        """Make the folders; an existing run is joined."""
        with write_errors(self.path):
            for name in ("crashes", "logs"):
                (self.path / name).mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the run for one whole campaign; whoever else wants to write it is refused."""
        with self._held(OWNER_LOCK, fcntl.LOCK_EX, f"run {self.run_id}"):
            yield

    @contextlib.contextmanager
    def shared(self, packages: Iterable[str]) -> Iterator[None]:
        """Hold these packages of a run that other processes write at the same time.

        A package that another one holds is refused, as is a run that somebody owns.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._held(OWNER_LOCK, fcntl.LOCK_SH, f"run {self.run_id}"))
            for name in packages:
                what = f"{name} in run {self.run_id}"
                stack.enter_context(self._held(f"{_PACKAGE_LOCKS}/{name}", fcntl.LOCK_EX, what))
            yield

    @contextlib.contextmanager
    def _held(self, name: str, how: int, what: str) -> Iterator[None]:
        """A lock that the kernel takes back when this process dies, so that none is ever stale."""
        path = self.path / name
        with write_errors(path):
            path.parent.mkdir(exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            with write_errors(path):
                try:
                    fcntl.flock(descriptor, how | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise ResultsError(
                        f"{what} is being written by another process",
                        hint="wait for it, or give this one another --run-id",
                    ) from None
            yield
        finally:
            os.close(descriptor)

    # Records

    def append(self, record: Record) -> None:
        """Add one record: on disk when this returns, ResultsError when the disk is full."""
        self._records.append(record)

    def records(self) -> list[Record]:
        """Every readable record in the order it was written."""
        return self._records.read()

    def last_records(self) -> dict[str, Record]:
        """The record that counts for each package: the last one."""
        return {record.package: record for record in self.records()}

    # Metadata

    def write_meta(self, meta: RunMeta) -> None:
        """Replace run_meta.json."""
        content = msgspec.json.format(msgspec.json.encode(meta), indent=2) + b"\n"
        self.write_file(Path(META_FILE), content)

    def read_meta(self) -> RunMeta | None:
        """run_meta.json, None where there is none yet; ResultsError when it makes no sense."""
        return read_meta(self.path)

    # Files

    def log_dir(self, package: str, *, fresh: bool = True) -> Path:
        """The folder for one package's logs, emptied first unless ``fresh`` is false."""
        path = self.path / "logs" / package
        with write_errors(path):
            if fresh and path.exists():
                shutil.rmtree(path)
            path.mkdir(parents=True, exist_ok=True)
        return path

    def write_file(self, relative: Path, content: bytes) -> Path:
        """Write one file of the run as a whole and return its absolute path."""
        path = self.path / relative
        temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(content)
                temporary.replace(path)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
        return path

    def log(self, line: str) -> None:
        """Add one line with the time to run.log. Losing it to a full disk stops nothing."""
        with contextlib.suppress(OSError), (self.path / "run.log").open("a") as file:
            file.write(f"{timestamp()} {line}\n")


def read_meta(folder: Path) -> RunMeta | None:
    """A run folder's run_meta.json, None where there is none; ResultsError if it is damaged."""
    try:
        content = (folder / META_FILE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _meta_decoder.decode(content)
    except msgspec.MsgspecError as error:
        raise ResultsError(
            f"{folder / META_FILE}: {error}",
            hint="move the damaged run aside, or choose another --run-id",
        ) from None


def read_records(path: Path) -> list[Record]:
    """Every readable record of a results.jsonl; damaged lines are left out."""
    return LinesFile(path, Record).read()
