"""The command line: click commands, a module a group; thin: parse, call, print."""

from __future__ import annotations

import sys
from typing import NoReturn

from labeille.supervision.interrupts import signals_leave


def main() -> NoReturn:
    """The ``labeille`` command."""
    # Before anything big is imported: an interrupt has to leave no traceback at any moment.
    signals_leave()
    from labeille.cli.group import run_command

    sys.exit(run_command())
