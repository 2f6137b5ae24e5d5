"""One switch that ends any number of supervised processes at once."""

from __future__ import annotations

import contextlib
import os
import select
import weakref


class Cancellation:
    """Says "stop" to everything that was given it, from any thread or a signal handler, for good.

    It is the reading end of a pipe: whoever waits for something else as well polls ``fileno()``.
    There are no locks in it, so a signal handler cannot meet one that its own thread holds
    (``threading.Event`` has one).
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._cancelled = False
        closing = weakref.finalize(self, _close, self._reading, self._writing)
        closing.atexit = False  # a late signal may still cancel; the process's end closes them too

    def cancel(self) -> None:
        """Stop everything. A second call does nothing."""
        self._cancelled = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._writing, b"x")

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def fileno(self) -> int:
        """A file descriptor that is readable from the cancellation on; nobody may read from it."""
        return self._reading

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep for ``timeout`` seconds (None: for ever), or less; returns whether cancelled."""
        poller = select.poll()
        poller.register(self._reading, select.POLLIN)
        poller.poll(None if timeout is None else max(0.0, timeout) * 1000)
        return self._cancelled


def _close(*fds: int) -> None:
    for fd in fds:
        os.close(fd)
