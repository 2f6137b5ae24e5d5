"""The command line: click commands, a module a group; thin: parse, call, print."""

from __future__ import annotations

import sys
from typing import NoReturn

from labeille.errors import ExitCode
from labeille.supervision.interrupts import exit_interrupted, signals_leave


def main() -> NoReturn:
    """The ``labeille`` command."""
    # Before anything big is imported: an interrupt has to leave no traceback at any moment.
    signals_leave()
    from labeille.cli.group import run_command

    code = run_command()
    if code == ExitCode.INTERRUPTED:
        exit_interrupted()
    sys.exit(code)
