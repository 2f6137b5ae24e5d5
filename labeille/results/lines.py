"""A JSON-lines file of a run: what was added once is on disk, whole, whatever happens next."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Generic, TypeVar

import filelock
import msgspec

from labeille.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Line = TypeVar("Line", bound=msgspec.Struct)

#: The lock that every writer of a run's lines takes.
LOCK_FILE = ".append.lock"


class LinesFile(Generic[Line]):
    """One structure a line, added by any number of processes.

    An addition is one write under the lock of the folder. A torn last line (its writer was killed,
    or the disk was full) is repaired by the next addition and passed over by readers; the fragment
    is kept beside the file, under its name with ``.torn``.
    """

    def __init__(self, path: Path, type_: type[Line]) -> None:
        self.path = path
        self._decoder = msgspec.json.Decoder(type_)
        self._lock = filelock.FileLock(path.with_name(LOCK_FILE))

    def append(self, item: Line) -> None:
        """Add one line: one write, on disk when this returns.

        Raises ResultsError when the disk is full; no part of the line stays behind then.
        """
        line = msgspec.json.encode(item) + b"\n"
        with write_errors(self.path), self._lock:
            self._repair()
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
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

    def read(self) -> list[Line]:
        """Every readable line in the order of writing; damaged lines are left out.

        Raises ResultsError where there is a file that cannot be read.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ResultsError(f"{self.path}: {error.strerror}") from None
        items = []
        for line in content.splitlines():
            with contextlib.suppress(msgspec.MsgspecError):
                items.append(self._decoder.decode(line))
        return items

    def _repair(self) -> None:
        """Make the file end with a whole line.

        A line that lost just its newline gets it back; a fragment is moved aside, where nothing of
        it is lost.
        """
        try:
            file = self.path.open("r+b")
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
                self._decoder.decode(fragment)
            except msgspec.MsgspecError:
                with self.path.with_name(f"{self.path.name}.torn").open("ab") as torn:
                    torn.write(fragment + b"\n")
                file.truncate(start)
            else:
                file.seek(0, os.SEEK_END)
                file.write(b"\n")


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn a failed write into an error that says what is lost and what to do."""
    try:
        yield
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="make room or choose another --results-dir; what is recorded already stays, and "
            "--skip-completed goes on from there",
        ) from error
