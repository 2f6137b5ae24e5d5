"""The run directory: where records, evidence and logs of one run are kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import msgspec

from labeille.errors import ResultsError
from labeille.names import parse_run_id
from labeille.results.model import Record, RunMeta

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RECORDS_FILE = "results.jsonl"
META_FILE = "run_meta.json"
#: What a torn last line was moved to, so that a repair loses nothing.
TORN_FILE = "results.jsonl.torn"

_OWNER_LOCK = ".owner.lock"
_PACKAGE_LOCKS = ".packages"

_record_decoder = msgspec.json.Decoder(Record)
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
        self._append_lock = filelock.FileLock(self.path / ".append.lock")

    def create(self) -> None:
        """Make the folders; an existing run is joined."""
        with _write_errors(self.path):
            for name in ("crashes", "logs"):
                (self.path / name).mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the run for one whole campaign; whoever else wants to write it is refused."""
        with self._held(_OWNER_LOCK, fcntl.LOCK_EX, f"run {self.run_id}"):
            yield

    @contextlib.contextmanager
    def shared(self, packages: Iterable[str]) -> Iterator[None]:
        """Hold these packages of a run that other processes write at the same time.

        A package that another one holds is refused, as is a run that somebody owns.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._held(_OWNER_LOCK, fcntl.LOCK_SH, f"run {self.run_id}"))
            for name in packages:
                what = f"{name} in run {self.run_id}"
                stack.enter_context(self._held(f"{_PACKAGE_LOCKS}/{name}", fcntl.LOCK_EX, what))
            yield

    @contextlib.contextmanager
    def _held(self, name: str, how: int, what: str) -> Iterator[None]:
        """A lock that the kernel takes back when this process dies, so that none is ever stale."""
        path = self.path / name
        with _write_errors(path):
            path.parent.mkdir(exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            with _write_errors(path):
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
        """Add one record: one write of one line, on disk when this returns.

        Raises ResultsError when the disk is full; no part of the line stays behind then.
        """
        line = msgspec.json.encode(record) + b"\n"
        with _write_errors(self.records_path), self._append_lock:
            self._repair()
            descriptor = os.open(self.records_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                size = os.fstat(descriptor).st_size
                try:
                    written = os.write(descriptor, line)
                    if written != len(line):
                        raise OSError(28, "No space left on device")
                    os.fsync(descriptor)
                except OSError:
                    os.ftruncate(descriptor, size)
                    raise
            finally:
                os.close(descriptor)

    def _repair(self) -> None:
        """Make the records file end with a whole line.

        A line that lost just its newline gets it back; a fragment (its writer was killed or the
        disk was full) is moved aside, where nothing of it is lost.
        """
        try:
            file = self.records_path.open("r+b")
        except FileNotFoundError:
            return
        with file:
            size = file.seek(0, os.SEEK_END)
            if size == 0:
                return
            file.seek(size - 1)
            if file.read(1) == b"\n":
                return
            file.seek(0)
            content = file.read()
            start = content.rfind(b"\n") + 1
            fragment = content[start:]
            try:
                _record_decoder.decode(fragment)
            except msgspec.MsgspecError:
                with (self.path / TORN_FILE).open("ab") as torn:
                    torn.write(fragment + b"\n")
                file.truncate(start)
            else:
                file.seek(0, os.SEEK_END)
                file.write(b"\n")

    def records(self) -> list[Record]:
        """Every readable record in the order it was written."""
        return read_records(self.records_path)

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
        with _write_errors(path):
            if fresh and path.exists():
                shutil.rmtree(path)
            path.mkdir(parents=True, exist_ok=True)
        return path

    def write_file(self, relative: Path, content: bytes) -> Path:
        """Write one file of the run as a whole and return its absolute path."""
        path = self.path / relative
        temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
        with _write_errors(path):
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
    """A run folder's run_meta.json, None where there is none; ResultsError when it makes no sense."""
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
    """Every readable record of a results.jsonl; damaged lines are left out.

    A run that was killed, or whose disk was full, may end in half a line.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ResultsError(f"{path}: {error.strerror}") from None
    records = []
    for line in content.splitlines():
        with contextlib.suppress(msgspec.MsgspecError):
            records.append(_record_decoder.decode(line))
    return records


@contextlib.contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Turn a failed write into an error that says what is lost and what to do."""
    try:
        yield
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="make room or choose another --results-dir; what is recorded already stays, and "
            "--skip-completed goes on from there",
        ) from error
