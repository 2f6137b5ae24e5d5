"""Turn Ctrl-C and SIGTERM into one orderly end."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from labeille.supervision.cancellation import Cancellation

#: Seconds after the first signal in which others are taken as the same wish: ``nox -j`` passes
#: SIGTERM on to children that the terminal's Ctrl-C has reached already.
INSIST_SECONDS = 2.0

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def interruptible(cancel: Cancellation) -> Iterator[None]:
    """Within the block, the first SIGINT or SIGTERM cancels and raises KeyboardInterrupt.

    KeyboardInterrupt for both: no ``except Exception`` swallows it, and nox ends with 130 by it.
    Later signals are ignored while the block cleans up, but one after INSIST_SECONDS raises again;
    processes are not left in any case, since keepers end them by themselves. Outside the main
    thread, where Python handles no signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handling = _Handling(cancel)
    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number in _SIGNALS:
            signal.signal(number, handling.on_signal)
        yield
    finally:
        handling.leaving = True
        for number, handler in previous.items():
            # None stands for a handler that was not set from Python and cannot be set again.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if handling.late:
        raise KeyboardInterrupt


class _Handling:
    def __init__(self, cancel: Cancellation) -> None:
        self._cancel = cancel
        self._first: float | None = None
        self.leaving = False  # the handlers are being put back: that must not be interrupted
        self.late = False  # the first signal came when leaving

    def on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._cancel.cancel()
        now = time.monotonic()
        repeated = self._first is not None
        if self._first is None:
            self._first = now
        if self.leaving:
            self.late = self.late or not repeated
        elif not repeated or now - self._first > INSIST_SECONDS:
            raise KeyboardInterrupt
