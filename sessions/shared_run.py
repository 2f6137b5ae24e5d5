"""The one run that all sessions of a nox invocation write, also those in the children of -j."""

from __future__ import annotations

import json
import os
import sys

from labeille.results.directory import utc_now

RUN_ID_VARIABLE = "LABEILLE_RUN_ID"
COMMAND_VARIABLE = "LABEILLE_NOX_COMMAND"


def found_shared_run() -> None:
    """Name the run, and note the command that made it, in the environment: children inherit it."""
    os.environ.setdefault(RUN_ID_VARIABLE, f"run_{utc_now():%Y%m%d_%H%M%S}-{os.getpid()}")
    os.environ.setdefault(COMMAND_VARIABLE, json.dumps(["nox", *sys.argv[1:]]))


def shared_run() -> tuple[str, list[str]]:
    """The run's id, and nox's whole command line."""
    return os.environ[RUN_ID_VARIABLE], json.loads(os.environ[COMMAND_VARIABLE])
