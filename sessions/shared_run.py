"""The one run that all sessions of a nox invocation write, also those in the children of -j."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass

from labeille.results.directory import utc_now

RUN_ID_VARIABLE = "LABEILLE_RUN_ID"
_VARIABLE = "LABEILLE_NOX"
_PREFIX = "run"


@dataclass(frozen=True, kw_only=True)
class SharedRun:
    """The run's id, nox's whole command line, and the process id of the nox that was started."""

    run_id: str
    command: tuple[str, ...]
    nox_pid: int

    def id_of(self, prefix: str) -> str:
        """The run of one family's sessions, which is of another kind than a hunt's run is.

        An id that somebody chose stays as it is.
        """
        stamp = self.run_id.removeprefix(f"{_PREFIX}_")
        return self.run_id if stamp == self.run_id else f"{prefix}_{stamp}"


def found_shared_run() -> None:
    """Note the run in the environment: children inherit it.

    LABEILLE_RUN_ID, if it is set, names it.
    """
    os.environ.setdefault(RUN_ID_VARIABLE, f"{_PREFIX}_{utc_now():%Y%m%d_%H%M%S}-{os.getpid()}")
    os.environ[_VARIABLE] = json.dumps([os.getpid(), "nox", *sys.argv[1:]])


def has_shared_run() -> bool:
    """Whether a nox above this process has noted one."""
    return _VARIABLE in os.environ


def shared_run() -> SharedRun:
    """The run that was noted."""
    pid, *command = json.loads(os.environ[_VARIABLE])
    run_id = os.environ[RUN_ID_VARIABLE]
    return SharedRun(run_id=run_id, command=tuple(command), nox_pid=pid)
