"""What a process that nox started owes its parent: ending with it, and ending as it would."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

from labeille.supervision.interrupts import exit_undisturbed
from labeille.supervision.launch import die_with_parent

if TYPE_CHECKING:
    from types import FrameType


def sigterm_interrupts() -> None:
    """From now on SIGTERM acts as Ctrl-C does: nox itself would leave all its children behind."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
        exit_undisturbed()


def end_with_parent() -> None:
    """Get SIGTERM when the parent dies, also if it is killed (Linux; elsewhere nothing happens)."""
    parent = os.getppid()
    if die_with_parent(signal.SIGTERM) and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)  # it died before the kernel was told


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise KeyboardInterrupt
