"""gdb's word on a crash: where each thread stood when the process was about to die."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labeille.campaigns.investigation.observe import observe
from labeille.campaigns.investigation.reproduce import plain_command
from labeille.errors import UsageError
from labeille.pipeline.prepare import Unprepared
from labeille.pipeline.scratch import scratch_folder
from labeille.suites.gdb import find_gdb, put_under_gdb

if TYPE_CHECKING:
    from labeille.campaigns.investigation.looking import Way
    from labeille.results.directory import RunDirectory
    from labeille.supervision.cancellation import Cancellation

#: From where gdb stopped to the end of what it was told to print; what pytest wrote is before it.
_STOPPED = re.compile(r"^(?:Program|Thread \d+ .*) received signal SIG\w+.*", re.MULTILINE)
_AFTER = re.compile(r"^\[Inferior \d+ .*killed\]$", re.MULTILINE)


def gdb_backtrace(way: Way, runs: int, home: RunDirectory, cancel: Cancellation) -> str | None:
    """Run a crash under gdb until it comes, at most ``runs`` times; what gdb says then.

    None where there is no gdb, or where it does not come under it. Raises Interrupted.
    """
    rebuilt = way.rebuilt
    if isinstance(rebuilt.ready, Unprepared):
        return None
    try:
        find_gdb()
    except UsageError:
        return None
    with scratch_folder(rebuilt.settings, "gdb") as scratch:
        command = put_under_gdb(
            way.command or plain_command(rebuilt),
            scratch / "bin",
            rebuilt.ready.environment.bin_dir,
            batch=True,
        )
        for number in range(runs):
            log_dir = home.log_dir(f"gdb/{number}")
            seen = observe(rebuilt, log_dir, cancel=cancel, command=command)
            assert seen.trial is not None
            text = seen.trial.outcome.stdout.read()
            stopped = _STOPPED.search(text)
            if stopped is not None:
                end = _AFTER.search(text, stopped.end())
                told = text[stopped.start() : end.start() if end else None]
                return f"{_last_words(seen.trial.outcome.stderr.read())}{told}"
    return None


def _last_words(stderr: str) -> str:
    """What the process itself wrote last: a C assert stands there, not in what gdb says."""
    lines = [line for line in stderr.splitlines() if line.strip() and "warning: " not in line]
    return f"{lines[-1]}\n\n" if lines else ""
