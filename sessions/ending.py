"""What stands below the last session: what all sessions of the hunt found together."""

from __future__ import annotations

import atexit
import contextlib
import sys
import time

from sessions.selected import SelectionError, read_selection
from sessions.shared_run import has_shared_run, shared_run


def offer_summary() -> None:
    """Have the run that this nox writes summed up when it ends, however it ends.

    nox has no hook for its end, and no session can wait for all others: ``notify`` fails under
    ``-j``, and ``requires`` aborts what depends on a failed session. Its process ends last of all.
    """
    atexit.register(_sum_up, time.time())


def _sum_up(since: float) -> None:
    from sessions.register import hunts

    with contextlib.suppress(SelectionError):
        if not has_shared_run() or not hunts(read_selection()):
            return
        # Imported here: a nox that hunts nothing has no use for them.
        from pathlib import Path

        from labeille.cli.analyze import print_end_of_run
        from labeille.cli.run import PACKAGE_COMMAND
        from labeille.errors import LabeilleError

        with contextlib.suppress(LabeilleError, OSError):
            posargs = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
            options = PACKAGE_COMMAND.parse("PACKAGE", posargs)
            folder = options["results_dir"] or Path("results")
            print_end_of_run(shared_run().command, folder.absolute(), since)
