"""Who does what when: preparing runs ahead of testing, so that no test slot waits for a clone."""

from __future__ import annotations

import collections
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from labeille.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from labeille.supervision.cancellation import Cancellation

Item = TypeVar("Item")
Ready = TypeVar("Ready")
Done = TypeVar("Done")

#: Prepared items that may wait for a test slot, for each slot: enough that none is ever idle, few
#: enough that a stop after the first crash has not installed half the registry.
LEAD_PER_SLOT = 3

#: How often the waiting main thread wakes up, so that a signal's handler gets its turn (seconds).
WAKE_UP = 0.2

#: How long an ended schedule waits for its threads (seconds). What is supervised ends at once; a
#: thread in the middle of a download is left to die with the process.
FAREWELL = 1.0

#: A position before every item's.
_STOP = -1


@dataclass(frozen=True, kw_only=True)
class Steps(Generic[Item, Ready, Done]):
    """The two halves of a piece of work, both called from worker threads.

    ``prepare`` waits for the network and the disk, ``test`` burns CPU. ``prepare`` may settle an
    item by itself: then it returns what ``test`` would, wrapped in ``Settled``.
    """

    prepare: Callable[[Item], Ready | Settled[Done]]
    test: Callable[[Ready], Done]


@dataclass(frozen=True)
class Settled(Generic[Done]):
    """A result that needed no test."""

    result: Done


def run_steps(
    items: Sequence[Item], steps: Steps[Item, Ready, Done], *, slots: int, cancel: Cancellation
) -> Generator[Done]:
    """Prepare and test every item and yield results as they come.

    At most ``slots`` tests run at once, in the items' order as far as their preparation allows.
    When the caller stops iterating, what has not begun is dropped and what is under way is ended
    with ``cancel``. An exception in a step ends everything and is raised here.
    """
    schedule = _Schedule(items, steps, slots, cancel)
    finished = False
    schedule.start()
    try:
        for _ in items:
            yield schedule.next_result()
        finished = True
    finally:
        if not finished:
            cancel.cancel()
        schedule.stop()


class _Schedule(Generic[Item, Ready, Done]):
    def __init__(
        self,
        items: Sequence[Item],
        steps: Steps[Item, Ready, Done],
        slots: int,
        cancel: Cancellation,
    ) -> None:
        self._items = collections.deque(enumerate(items))
        self._steps = steps
        self._cancel = cancel
        # By the items' positions, which differ; who stops goes before all of them.
        self._ready: queue.PriorityQueue[tuple[int, Ready | None]] = queue.PriorityQueue()
        self._results: queue.SimpleQueue[Done | BaseException] = queue.SimpleQueue()
        self._lead = threading.Semaphore(slots * (1 + LEAD_PER_SLOT))
        self._stopped = False
        workers = min(slots, len(items))
        # One more than there are slots: while each slot tests, the next item is on its way.
        self._preparers = [
            threading.Thread(target=self._prepare_items, name="prepare", daemon=True)
            for _ in range(workers + 1)
        ]
        self._testers = [
            threading.Thread(target=self._test_items, name="test", daemon=True)
            for _ in range(workers)
        ]

    def start(self) -> None:
        for thread in (*self._preparers, *self._testers):
            thread.start()

    def stop(self) -> None:
        self._stopped = True
        for _ in self._preparers:
            self._lead.release()
        for _ in self._testers:
            self._ready.put((_STOP, None))
        deadline = time.monotonic() + FAREWELL
        for thread in (*self._preparers, *self._testers):
            thread.join(max(0.0, deadline - time.monotonic()))

    def next_result(self) -> Done:
        while True:
            try:
                result = self._results.get(timeout=WAKE_UP)
            except queue.Empty:
                if self._cancel.cancelled:
                    raise Interrupted("interrupted") from None
                continue
            if isinstance(result, BaseException):
                raise result
            return result

    def _prepare_items(self) -> None:
        while True:
            self._lead.acquire()
            try:
                position, item = self._items.popleft()
            except IndexError:
                return
            if self._stopped or self._cancel.cancelled:
                return
            try:
                ready = self._steps.prepare(item)
            except BaseException as error:  # noqa: BLE001 - raised again in the main thread
                self._fail(error)
                return
            if isinstance(ready, Settled):
                self._lead.release()
                self._results.put(ready.result)
            else:
                self._ready.put((position, ready))

    def _test_items(self) -> None:
        while True:
            position, ready = self._ready.get()
            if position == _STOP or self._stopped or self._cancel.cancelled:
                return
            try:
                result = self._steps.test(cast("Ready", ready))
            except BaseException as error:  # noqa: BLE001 - raised again in the main thread
                self._fail(error)
                return
            self._lead.release()
            self._results.put(result)

    def _fail(self, error: BaseException) -> None:
        self._stopped = True  # here already: nothing more is begun until the main thread hears it
        self._results.put(error)
