"""Runs a command on the user's own terminal: a shell, a debugger."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from labeille.supervision.model import SupervisionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def run_in_foreground(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> int:
    """Run a command with this process's terminal until it ends, and return its exit code.

    It is the user's: nothing bounds it, and Ctrl-C is for it alone. Raises SupervisionError when it
    cannot be started.
    """
    # A handler, not SIG_IGN, which the command would inherit.
    previous = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        return subprocess.run(list(argv), cwd=cwd, env=dict(env), check=False).returncode
    except OSError as error:
        raise SupervisionError(
            f"cannot start {argv[0]}: {error.strerror}",
            hint="is it installed, executable and on PATH?",
        ) from None
    finally:
        signal.signal(signal.SIGINT, previous)
