"""Find and kill the processes of a command whose keeper is dead, by a mark in their environment."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

#: The variable that names the supervised command which a process belongs to.
MARK_VARIABLE = "LABEILLE_PROCESS"

_SECONDS = 5.0


def marked_pids(token: str) -> list[int]:
    """Pids of all living processes that were started with this token, on Linux."""
    mark = f"{MARK_VARIABLE}={token}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it is gone, or somebody else's
            if mark in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def kill_marked(token: str) -> None:
    """SIGKILL every process that was started with this token, also those that appear meanwhile."""
    deadline = time.monotonic() + _SECONDS
    empty_scans = 0
    while empty_scans < 2 and time.monotonic() < deadline:  # one may miss a child just forked
        pids = marked_pids(token)
        empty_scans = 0 if pids else empty_scans + 1
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)
