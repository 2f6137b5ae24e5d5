"""Turn Ctrl-C and SIGTERM into one orderly end."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from labeille.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType
    from typing import Any

    from labeille.supervision.cancellation import Cancellation

    _Handler = Callable[[int, FrameType | None], Any] | int | None

#: Seconds after the first signal in which others are taken as the same wish: ``nox -j`` passes
#: SIGTERM on to children that the terminal's Ctrl-C has reached already.
INSIST_SECONDS = 2.0

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def signals_leave() -> None:
    """From now on SIGINT and SIGTERM end this process at once, with exit code 130.

    For its start, while there is nothing to tidy up. An exception is no good there: raised in a
    callback of the import system, Python prints it, forgets it, and goes on.
    """
    for number in _SIGNALS:
        signal.signal(number, _leave)
    exit_undisturbed()


def exit_undisturbed() -> None:
    """Have both ignored once the interpreter shuts down: the exit code is settled then.

    It puts handlers back to the defaults before its very end, and a second Ctrl-C would show.
    """
    atexit.register(_ignore)


def signals_interrupt() -> None:
    """From now on both raise KeyboardInterrupt, where they ended the process at once before."""
    for number in _SIGNALS:
        if signal.getsignal(number) is _leave:
            signal.signal(number, _interrupt)


def exit_interrupted() -> NoReturn:
    """End this process with 130.

    sys.exit() alone does not: where KeyboardInterrupt went through the eval() or exec() of a string
    (any dataclass has one), CPython kills itself by SIGINT in the end, whatever became of it.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(ExitCode.INTERRUPTED)


def _ignore() -> None:
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _leave(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    os._exit(ExitCode.INTERRUPTED)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise KeyboardInterrupt


@contextlib.contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Within the block, SIGINT and SIGTERM wait for its end: so that what is started is noted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    previous: dict[int, _Handler] = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        _set_handlers(previous)
        for late in came:
            signal.raise_signal(late)


@contextlib.contextmanager
def interruptible(cancel: Cancellation) -> Iterator[None]:
    """Within the block, the first SIGINT or SIGTERM cancels and raises KeyboardInterrupt.

    KeyboardInterrupt for both: no ``except Exception`` swallows it, and nox ends with 130 by it.
    Later signals are ignored while the program cleans up, also after the block, so that none of
    them tears the summary or kills a terminal's restoration; one after INSIST_SECONDS counts again.
    Processes are not left in any case: keepers end them by themselves. Outside the main thread,
    where Python handles no signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handling = _Handling(cancel)
    handling.install()
    try:
        yield
    finally:
        handling.leave()


class _Handling:
    def __init__(self, cancel: Cancellation) -> None:
        self._cancel = cancel
        self._previous: dict[int, _Handler] = {}
        self._first: float | None = None
        self._leaving = False

    def install(self) -> None:
        self._previous = {number: signal.getsignal(number) for number in _SIGNALS}
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)

    def leave(self) -> None:
        """Put the old handlers back; after an interrupt, the next signal that counts does it."""
        self._leaving = True  # from here on nothing is raised: the handlers are half put back
        if self._first is not None:
            return
        self._restore()
        if self._first is not None:
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._cancel.cancel()
        now = time.monotonic()
        repeated = self._first is not None
        if self._first is None:
            self._first = now
        if repeated and now - self._first <= INSIST_SECONDS:
            return
        if not self._leaving:
            raise KeyboardInterrupt
        if repeated:
            self._restore()
            signal.raise_signal(number)

    def _restore(self) -> None:
        _set_handlers(self._previous)


def _set_handlers(handlers: Mapping[int, _Handler]) -> None:
    for number, handler in handlers.items():
        # None stands for a handler that was not set from Python and cannot be set again.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
