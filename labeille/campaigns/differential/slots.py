"""Shares the slots of a campaign among trials: free ones serve a package that is at work."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from labeille.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from labeille.supervision.cancellation import Cancellation

#: How often who waits for a slot looks for an interrupt (seconds).
WAKE_UP = 0.2


class Slots:
    """So many trials at a time. Who waits for a slot goes before who would take one more."""

    def __init__(self, count: int, cancel: Cancellation) -> None:
        self.count = count
        self._free = count
        self._waiting = 0
        self._changed = threading.Condition()
        self._cancel = cancel

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Wait for a slot and hold it. Raises Interrupted where the wait is cancelled."""
        with self._changed:
            self._waiting += 1
            try:
                while self._free == 0:
                    self._changed.wait(WAKE_UP)
                    if self._cancel.cancelled:
                        raise Interrupted("interrupted")
                self._free -= 1
            finally:
                self._waiting -= 1
        try:
            yield
        finally:
            self._release()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[bool]:
        """Hold a slot that nobody waits for, if there is one; says whether there was."""
        with self._changed:
            taken = self._free > self._waiting
            self._free -= taken
        try:
            yield taken
        finally:
            if taken:
                self._release()

    def _release(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify()


def work_off(tasks: Sequence[Callable[[], None]], slots: Slots, cancel: Cancellation) -> None:
    """Do every task in a slot: one after the other, and beside it where slots are free.

    Raises what a task raises, once no other is at work any more.
    """
    pending = iter(tasks)
    lock = threading.Lock()
    errors: list[BaseException] = []
    over = threading.Event()

    def take() -> Callable[[], None] | None:
        with lock:
            return None if errors else next(pending, None)

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - raised again by work_off
            errors.append(error)

    def help_out() -> None:
        while not over.is_set() and not cancel.cancelled:
            with slots.borrow() as taken:
                if taken:
                    task = take()
                    if task is None:
                        return
                    run(task)
            if not taken:
                over.wait(WAKE_UP)

    count = min(slots.count, len(tasks)) - 1
    helpers = [threading.Thread(target=help_out, name="beside", daemon=True) for _ in range(count)]
    for helper in helpers:
        helper.start()
    try:
        more = True
        while more:
            with slots.hold():
                task = take()
                more = task is not None
                if task is not None:
                    run(task)
    finally:
        over.set()
        for helper in helpers:
            helper.join()
    if errors:
        raise errors[0]
