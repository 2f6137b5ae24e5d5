"""Iterations one after another and side by side, and when a series is over."""

from __future__ import annotations

import threading

import pytest

from labeille.campaigns.freethreading.iteration import Ended
from labeille.campaigns.freethreading.package import run_series
from labeille.errors import Interrupted
from labeille.results.freethreading import Iteration


def run_one(index: int) -> Ended:
    return Ended(iteration=Iteration(index=index))


def never(_: tuple[Ended, ...]) -> None:
    return None


@pytest.mark.parametrize("at_once", [1, 2, 8])
def test_every_iteration_in_order(at_once: int) -> None:
    ran = run_series(run_one, 5, at_once=at_once, stop=never)
    assert [ended.iteration.index for ended in ran.ended] == [0, 1, 2, 3, 4]
    assert ran.stopped is None


def test_as_many_at_once_as_asked_for() -> None:
    meet = threading.Barrier(3)

    def wait_for_others(index: int) -> Ended:
        meet.wait(timeout=60)
        return run_one(index)

    assert len(run_series(wait_for_others, 6, at_once=3, stop=never).ended) == 6


def test_a_reason_ends_it() -> None:
    ran = run_series(
        run_one, 10, at_once=1, stop=lambda ended: "enough" if len(ended) == 3 else None
    )
    assert (len(ran.ended), ran.stopped) == (3, "enough")


def test_a_reason_before_the_first() -> None:
    ran = run_series(run_one, 10, at_once=1, stop=lambda _: "nothing to do")
    assert (ran.ended, ran.stopped) == ((), "nothing to do")


def test_no_reason_is_asked_for_after_the_last() -> None:
    ran = run_series(run_one, 2, at_once=1, stop=lambda ended: "over" if len(ended) == 2 else None)
    assert (len(ran.ended), ran.stopped) == (2, None)


@pytest.mark.parametrize("at_once", [1, 2])
def test_an_interrupt_ends_it(at_once: int) -> None:
    def interrupted(index: int) -> Ended:
        if index == 1:
            raise Interrupted("interrupted")
        return run_one(index)

    with pytest.raises(Interrupted):
        run_series(interrupted, 4, at_once=at_once, stop=never)
