"""What stands below the last session: what all sessions of the hunt found together."""

from __future__ import annotations

import atexit
import contextlib
import sys
import time
from pathlib import Path

from sessions.selected import SelectionError, posargs_value, read_selection
from sessions.shared_run import has_shared_run, shared_run


def offer_summary() -> None:
    """Have the run that this nox writes summed up when it ends, however it ends.

    nox has no hook for its end, and no session can wait for all others: ``notify`` fails under
    ``-j``, and ``requires`` aborts what depends on a failed session. Its process ends last of all.
    """
    atexit.register(_sum_up, time.time())


def _sum_up(since: float) -> None:
    # Known by now, unless the noxfile ended nox.
    register = sys.modules.get("sessions.register")
    with contextlib.suppress(SelectionError):
        if register is None or not has_shared_run() or not register.hunts(read_selection()):
            return
        # Imported here: a nox that hunts nothing has no use for them.
        from labeille.cli.ending import print_end_of_run
        from labeille.errors import LabeilleError

        folder = Path(posargs_value("--results-dir") or "results").absolute()
        with contextlib.suppress(LabeilleError, OSError):
            print_end_of_run(shared_run().command, folder, since)
