"""Short calls of trusted tools: git, an interpreter's probe."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from labeille.errors import Interrupted
from labeille.supervision.environ import base_environ, network_environ
from labeille.supervision.interrupts import interrupts_deferred
from labeille.supervision.model import MIB, SupervisionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from labeille.supervision.cancellation import Cancellation

#: Bytes that a tool may print to one stream.
LIMIT = 64 * MIB

_CHUNK = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Captured:
    """What a tool printed, and its exit code, negative for a signal."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """stdout as text, without blanks around it; bytes that are no UTF-8 show as ``\\xNN``."""
        return self.stdout.decode("utf-8", errors="backslashreplace").strip()

    @property
    def error_text(self) -> str:
        """stderr as text, like ``text``."""
        return self.stderr.decode("utf-8", errors="backslashreplace").strip()


def capture(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    stdin: bytes | None = None,
    cancel: Cancellation | None = None,
) -> Captured:
    """Run a tool and return what it printed; its stdin is ``stdin``, or empty.

    ``env`` is the whole environment, by default the user's as far as tools need it (no PYTHON*, no
    GIT_DIR). After ``timeout`` seconds the tool's process group is killed. What runs foreign code
    or may run for long belongs to ``supervise``.

    Raises SupervisionError when the tool cannot be started, takes too long, or prints more than
    LIMIT, and Interrupted when ``cancel`` ended it. A non-zero exit code is no error here.
    """
    if env is None:
        env = base_environ() | network_environ()
    deadline = time.monotonic() + timeout
    with contextlib.ExitStack() as stack:
        source: IO[bytes] | int = subprocess.DEVNULL
        if stdin is not None:  # a file cannot block, whatever the tool reads of it
            source = stack.enter_context(tempfile.TemporaryFile())
            source.write(stdin)
            source.seek(0)
        with interrupts_deferred():
            process = _start(argv, cwd, env, source)
            stack.callback(_end, process)
        stdout, stderr = _read(process, deadline, cancel)
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise _too_long(process) from None
        return Captured(exit_code=process.returncode, stdout=stdout, stderr=stderr)


def _start(
    argv: Sequence[str], cwd: Path | None, env: Mapping[str, str], source: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(argv),
            bufsize=0,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        if cwd is not None and not cwd.is_dir():
            raise SupervisionError(f"cannot run {argv[0]} in {cwd}: it is no folder") from None
        raise SupervisionError(
            f"cannot start {argv[0]}: {reason}", hint="is it installed, executable and on PATH?"
        ) from None


def _read(
    process: subprocess.Popen[bytes], deadline: float, cancel: Cancellation | None
) -> tuple[bytes, bytes]:
    """Both streams up to their ends, or up to the process's end where a daemon keeps them open."""
    kept: dict[int, bytearray] = {}
    poller = select.poll()
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        kept[pipe.fileno()] = bytearray()
        poller.register(pipe.fileno(), select.POLLIN)
    if cancel is not None:
        poller.register(cancel.fileno(), select.POLLIN)
    with _process_fd(process.pid) as ended:
        if ended is not None:
            poller.register(ended, select.POLLIN)
        reading = set(kept)
        while reading:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _too_long(process)
            ready = {fd for fd, _ in poller.poll(left * 1000)}
            if cancel is not None and cancel.cancelled:
                raise Interrupted(f"interrupted while {_name(process)} was at work")
            for fd in reading & ready:
                if _take(fd, kept[fd]):
                    poller.unregister(fd)
                    reading.discard(fd)
                if len(kept[fd]) > LIMIT:
                    raise SupervisionError(f"{_name(process)} prints over {LIMIT // MIB} MiB")
            if ready == {ended}:
                break
    stdout, stderr = kept.values()
    return bytes(stdout), bytes(stderr)


def _name(process: subprocess.Popen[bytes]) -> str:
    assert isinstance(process.args, list)
    return " ".join(process.args)


def _too_long(process: subprocess.Popen[bytes]) -> SupervisionError:
    return SupervisionError(f"{_name(process)} took too long and was stopped")


def _take(fd: int, kept: bytearray) -> bool:
    """Read once; returns whether that was the end."""
    try:
        chunk = os.read(fd, _CHUNK)
    except BlockingIOError:
        return False
    kept += chunk
    return not chunk


@contextlib.contextmanager
def _process_fd(pid: int) -> Iterator[int | None]:
    """A file descriptor that is readable once a process has ended; None before Linux 5.3."""
    try:
        fd = os.pidfd_open(pid)
    except (AttributeError, OSError):
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of the tool behind, however its call ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()
