"""Preparing runs ahead of testing, within bounds, and all of it ends when it has to."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from labeille.errors import Interrupted
from labeille.pipeline.schedule import LEAD_PER_SLOT, Settled, Steps, run_steps
from labeille.supervision.cancellation import Cancellation

if TYPE_CHECKING:
    from collections.abc import Callable


class Work:
    """Steps over numbers that note what they are given; ``gate`` holds every test back."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.prepared: list[int] = []
        self.tested: list[int] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def prepare(self, item: int) -> int | Settled[str]:
        with self._lock:
            self.prepared.append(item)
        return item

    def test(self, item: int) -> str:
        with self._lock:
            self.tested.append(item)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.gate.wait(10)
        with self._lock:
            self.at_once -= 1
        return f"tested {item}"

    def steps(self) -> Steps[int, int, str]:
        return Steps(prepare=self.prepare, test=self.test)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def settled(work: Work) -> None:
    """Wait until nothing more is begun: whatever may run has got its turn."""
    before = -1
    while before != len(work.prepared):
        before = len(work.prepared)
        time.sleep(0.02)


@pytest.mark.parametrize("slots", [1, 2, 5, 100])
def test_everything_is_done_once(slots: int) -> None:
    work = Work()
    results = list(run_steps(range(30), work.steps(), slots=slots, cancel=Cancellation()))
    assert sorted(results) == sorted(f"tested {item}" for item in range(30))
    assert sorted(work.prepared) == sorted(work.tested) == list(range(30))
    assert work.most_at_once <= slots


def test_nothing_to_do_is_soon_done() -> None:
    assert list(run_steps([], Work().steps(), slots=4, cancel=Cancellation())) == []


def test_of_what_is_ready_the_first_goes_first() -> None:
    work = Work()
    work.gate.clear()
    ready = [threading.Event() for _ in range(4)]

    def prepare(item: int) -> int:
        """Get 2 and 3 ready before 1, while 0 is being tested."""
        if item == 1:
            assert ready[3].wait(10)
        ready[item].set()
        return item

    results = run_steps(
        range(4), Steps(prepare=prepare, test=work.test), slots=1, cancel=Cancellation()
    )

    def open_gate() -> None:
        assert ready[1].wait(10)
        time.sleep(0.05)
        work.gate.set()

    opener = threading.Thread(target=open_gate)
    opener.start()
    assert len(list(results)) == 4
    opener.join()
    assert work.tested == [0, 1, 2, 3]


def test_preparing_runs_ahead_but_not_away() -> None:
    work = Work()
    work.gate.clear()
    cancel = Cancellation()
    slots = 2
    results = run_steps(range(100), work.steps(), slots=slots, cancel=cancel)
    starter = threading.Thread(target=lambda: next(results))
    starter.start()
    wait_for(lambda: len(work.tested) == slots)
    settled(work)
    assert len(work.prepared) == slots * (1 + LEAD_PER_SLOT)
    work.gate.set()
    starter.join()
    results.close()


def test_what_is_settled_takes_no_slot_and_no_lead() -> None:
    work = Work()
    work.gate.clear()

    def prepare(item: int) -> int | Settled[str]:
        return item if item == 0 else Settled(f"settled {item}")

    steps = Steps(prepare=prepare, test=work.test)
    results = run_steps(range(50), steps, slots=1, cancel=Cancellation())
    first = [next(results) for _ in range(49)]
    assert sorted(first) == sorted(f"settled {item}" for item in range(1, 50))
    work.gate.set()
    assert list(results) == ["tested 0"]


@pytest.mark.parametrize("step", ["prepare", "test"])
@pytest.mark.parametrize("error", [ValueError("no"), Interrupted("no"), SystemExit(3)])
def test_an_exception_in_a_step_ends_everything(step: str, error: BaseException) -> None:
    work = Work()
    cancel = Cancellation()

    def fail(item: int) -> str:
        if item == 3:
            raise error
        return work.test(item)

    steps: Steps[int, int, str] = Steps(prepare=work.prepare, test=fail)
    if step == "prepare":
        steps = Steps(prepare=lambda item: int(fail(item) and item), test=work.test)
    with pytest.raises(type(error)):
        list(run_steps(range(1000), steps, slots=2, cancel=cancel))
    assert cancel.cancelled
    settled(work)
    assert len(work.tested) <= 3 + 2 * (1 + LEAD_PER_SLOT)


def test_a_caller_who_stops_gets_no_more_done() -> None:
    work = Work()
    cancel = Cancellation()

    def test(item: int) -> str:
        if item > 0:
            assert cancel.wait(10)  # as a supervised suite would be
        return work.test(item)

    results = run_steps(range(100), Steps(prepare=work.prepare, test=test), slots=1, cancel=cancel)
    assert next(results) == "tested 0"
    started = time.monotonic()
    results.close()
    assert time.monotonic() - started < 2
    assert cancel.cancelled
    settled(work)
    assert len(work.tested) <= 2
    assert len(work.prepared) <= 2 + LEAD_PER_SLOT


def test_a_cancellation_is_noticed_where_nothing_moves() -> None:
    """A step that does not heed it is not waited for either."""
    cancel = Cancellation()
    stuck = threading.Event()
    steps: Steps[int, int, str] = Steps(
        prepare=lambda item: item, test=lambda item: f"{item} {stuck.wait(10)}"
    )
    threading.Timer(0.05, cancel.cancel).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        list(run_steps(range(3), steps, slots=1, cancel=cancel))
    assert time.monotonic() - started < 2
    stuck.set()


def test_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    list(run_steps(range(20), Work().steps(), slots=3, cancel=Cancellation()))
    assert not set(threading.enumerate()) - before
