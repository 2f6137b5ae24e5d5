"""What nox owes the processes that it starts, and they owe it: ending together."""

from __future__ import annotations

import _thread
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.supervision.interrupts import INSIST_SECONDS, exit_undisturbed
from labeille.supervision.launch import die_with_parent
from labeille.supervision.process_tree import descendants

if TYPE_CHECKING:
    from types import FrameType

#: What stands in the command line of a process that ``nox -j`` started for one session.
_WORKER_OPTION = b"--parallel-worker"

#: Seconds between two looks for children of an interrupted ``nox -j``.
_LOOK = 0.1

_interrupted_at: float | None = None


def signals_interrupt_nox() -> None:
    """From now on SIGTERM acts as Ctrl-C does, and either ends the children of ``nox -j`` too.

    nox itself would leave them behind at SIGTERM; at Ctrl-C, the one that it is about to start.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        exit_undisturbed()


def end_with_parent(parent: int) -> None:
    """Get SIGTERM when the process ``parent`` dies, also if it is killed (Linux).

    Elsewhere nothing happens.
    """
    if die_with_parent(signal.SIGTERM) and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)  # it died before the kernel was told


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    global _interrupted_at  # a process is interrupted once
    now = time.monotonic()
    if _interrupted_at is None:
        # Not threading.Thread: the main thread may hold the locks that its start() takes.
        _thread.start_new_thread(_end_workers, ())
    elif now - _interrupted_at < INSIST_SECONDS:
        return
    _interrupted_at = now
    raise KeyboardInterrupt


def _end_workers() -> None:
    """SIGTERM to the children of ``nox -j``, over and over, for as long as this process lives."""
    while True:
        for pid in descendants(os.getpid()):
            try:
                if _WORKER_OPTION in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    os.kill(pid, signal.SIGTERM)
            except OSError:
                continue
        time.sleep(_LOOK)
