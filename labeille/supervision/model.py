"""What is asked of a supervised process, and what came of it."""

from __future__ import annotations

import enum
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeille.errors import LabeilleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MIB = 1024 * 1024

#: Exit statuses above this are how a shell spells "killed by signal N": 128 + N.
SHELL_SIGNAL_BASE = 128


class SupervisionError(LabeilleError):
    """A process that could not be started, or could not be watched to its end."""


class Ending(enum.StrEnum):
    """Why a supervised process is over."""

    EXITED = "exited"  # by itself, with an exit code or by a signal
    LIMIT = "limit"  # took longer than Limits.timeout
    STALL = "stall"  # wrote nothing for Limits.stall_threshold
    MEMORY = "memory"  # it and its descendants held more than Limits.memory
    CANCELLED = "cancelled"  # the caller, or the caller's death, ended it


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds on one supervised process; None means unbounded.

    ``timeout``, ``stall_threshold`` and ``grace`` are seconds, the others bytes.
    ``grace`` is the time between SIGABRT, which lets faulthandler speak, and SIGKILL.
    ``head`` and ``tail`` bound what is kept of each output stream, in memory and on disk.
    """

    timeout: float | None = None
    stall_threshold: float | None = None
    memory: int | None = None
    grace: float = 1.0
    head: int = 2 * MIB
    tail: int = 2 * MIB


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One process to supervise.

    ``env`` is its whole environment. ``stdout`` and ``stderr`` are the files that keep its output.
    ``watched`` are further files whose growth counts as a sign of life (the per-test log).
    ``pid_log``, if given, is the per-test log whose first line names the pid that is to get
    SIGABRT; without it, or if that process is gone, the started process and its children get it.
    ``stack_signal`` is one that makes a thread write its own stack (faulthandler.register): before
    SIGABRT, each thread of a process that handles it gets it.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    stdout: Path
    stderr: Path
    limits: Limits = field(default_factory=Limits)
    watched: tuple[Path, ...] = ()
    pid_log: Path | None = None
    stack_signal: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One kept output stream.

    ``path`` holds the first ``Limits.head`` and the last ``Limits.tail`` bytes, with a line between
    them that says how many are left out; ``total`` counts every byte that the process wrote.
    ``error`` says why the file is incomplete ("No space left on device"), None if it is not.
    """

    path: Path
    total: int
    error: str | None = None

    def read(self) -> str:
        """The kept output as text; bytes that are no UTF-8 show as ``\\xNN``."""
        try:
            return self.path.read_bytes().decode("utf-8", errors="backslashreplace")
        except FileNotFoundError:
            return ""

    def tail(self, limit: int) -> str:
        """The last ``limit`` bytes of the kept output as text."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - limit))
                return file.read().decode("utf-8", errors="backslashreplace")
        except FileNotFoundError:
            return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of one supervised process; when it is returned, no descendant is alive.

    ``exit_code`` is as ``waitpid`` gives it: negative for a signal. ``cpu_seconds`` is user plus
    system time of the process and all its descendants; ``max_rss_bytes`` the largest resident
    set of any of them; ``leftovers`` how many descendants were still alive when it ended.
    ``silent_cpu_share`` is the CPU time that they used, in seconds a second, over the silence that
    a stall was; None for every other ending.
    """

    exit_code: int
    ending: Ending
    duration_seconds: float
    cpu_seconds: float
    max_rss_bytes: int
    leftovers: int
    stdout: Output
    stderr: Output
    silent_cpu_share: float | None = None

    @property
    def signal(self) -> signal.Signals | None:
        """The signal that ended the process, seen directly or through a shell's 128 + N."""
        return exit_signal(self.exit_code)


def exit_signal(exit_code: int) -> signal.Signals | None:
    """The signal that an exit code stands for: -N as from ``waitpid``, or a shell's 128 + N."""
    number = -exit_code if exit_code < 0 else exit_code - SHELL_SIGNAL_BASE
    try:
        return signal.Signals(number)
    except ValueError:
        return None
