"""Slots and who gets them; the order of tasks; errors and interrupts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from labeille.campaigns.differential.slots import Slots, work_off
from labeille.errors import Interrupted
from labeille.supervision.cancellation import Cancellation

PATIENCE = 20.0


class Meeting:
    """Tasks that wait until so many of them are at work at once, or do not meet in vain."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size)
        self.done: list[int] = []

    def task(self, number: int) -> None:
        self.barrier.wait(PATIENCE)
        self.done.append(number)


def test_free_slots_are_used() -> None:
    cancel = Cancellation()
    meeting = Meeting(3)
    work_off([partial(meeting.task, n) for n in range(6)], Slots(3, cancel), cancel)
    assert sorted(meeting.done) == list(range(6))


def test_one_slot_keeps_the_order() -> None:
    cancel = Cancellation()
    done: list[int] = []
    work_off([partial(done.append, n) for n in range(20)], Slots(1, cancel), cancel)
    assert done == list(range(20))


def test_there_are_never_more_at_work_than_slots() -> None:
    cancel = Cancellation()
    slots = Slots(2, cancel)
    lock = threading.Lock()
    at_work: list[int] = [0]
    most = [0]

    def task() -> None:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        time.sleep(0.01)
        with lock:
            at_work[0] -= 1

    packages = [
        threading.Thread(target=work_off, args=([task] * 8, slots, cancel)) for _ in range(2)
    ]
    for package in packages:
        package.start()
    for package in packages:
        package.join(PATIENCE)
    assert most == [2]


def test_who_waits_goes_before_who_would_borrow() -> None:
    cancel = Cancellation()
    slots = Slots(1, cancel)
    got: list[str] = []

    def wait() -> None:
        with slots.hold():
            got.append("held")

    with slots.hold():
        waiting = threading.Thread(target=wait)
        waiting.start()
        while slots._waiting == 0:
            time.sleep(0.001)
        with slots.borrow() as taken:
            assert not taken
    with slots.borrow() as taken:
        assert taken in (True, False)  # it may be held by now; if not, it is waited for
    waiting.join(PATIENCE)
    assert got == ["held"]
    with slots.borrow() as taken:
        assert taken


def test_an_error_ends_it() -> None:
    cancel = Cancellation()
    done: list[int] = []

    def fail() -> None:
        raise ValueError("no")

    tasks: list[Callable[[], None]] = [partial(done.append, 1), fail, partial(done.append, 2)]
    with pytest.raises(ValueError, match="no"):
        work_off(tasks, Slots(1, cancel), cancel)
    assert done == [1]


def test_waiting_for_a_slot_can_be_interrupted() -> None:
    cancel = Cancellation()
    slots = Slots(1, cancel)
    with slots.hold():
        cancel.cancel()
        with pytest.raises(Interrupted):
            work_off([partial(print, "never")], slots, cancel)
