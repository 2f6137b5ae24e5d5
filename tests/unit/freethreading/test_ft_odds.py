"""What free threading breaks, told from what was broken before, by pass counts."""

from __future__ import annotations

import pytest

from labeille.campaigns.freethreading.odds import can_change, judge
from labeille.results.freethreading import Breakage, TestTally


def tally(passes: int, runs: int, gil_passes: int, gil_runs: int) -> TestTally:
    return TestTally(passes=passes, runs=runs, gil_passes=gil_passes, gil_runs=gil_runs)


@pytest.mark.parametrize(
    ("counts", "breakage"),
    [
        ((5, 5, 5, 5), Breakage.NONE),
        ((5, 5, 0, 5), Breakage.NONE),  # fails with the GIL alone
        ((0, 0, 5, 5), Breakage.NONE),
        ((0, 5, 5, 5), Breakage.FREE_THREADING),  # 1 in 252
        ((0, 3, 3, 3), Breakage.FREE_THREADING),  # 1 in 20
        ((0, 2, 2, 2), Breakage.UNDECIDED),  # 1 in 6
        ((4, 5, 5, 5), Breakage.UNDECIDED),
        ((0, 5, 0, 5), Breakage.PRE_EXISTING),
        ((3, 5, 4, 5), Breakage.PRE_EXISTING),
        ((0, 5, 4, 5), Breakage.FREE_THREADING),  # fails with the GIL too, but far more without
        ((0, 5, 0, 0), Breakage.UNDECIDED),  # never run with the GIL
        ((50, 100, 90, 100), Breakage.FREE_THREADING),
        ((88, 100, 90, 100), Breakage.PRE_EXISTING),
    ],
)
def test_verdicts(counts: tuple[int, int, int, int], breakage: Breakage) -> None:
    assert judge(tally(*counts)).breakage is breakage


def test_a_verdict_says_what_it_rests_on() -> None:
    judged = judge(tally(0, 5, 5, 5))
    assert judged.p_value == pytest.approx(1 / 252, abs=1e-6)
    assert (judged.passes, judged.runs, judged.gil_passes, judged.gil_runs) == (0, 5, 5, 5)


@pytest.mark.parametrize(
    ("counts", "remaining", "changes"),
    [
        ((5, 5, 0, 0), 5, False),  # nothing fails: nothing to compare
        ((0, 5, 0, 0), 5, True),
        ((0, 5, 4, 4), 1, False),  # even a failure would leave it far worse without
        ((0, 5, 2, 2), 3, True),
        ((0, 5, 0, 3), 2, False),
        ((0, 5, 5, 5), 0, False),
    ],
)
def test_whether_a_verdict_can_change(
    counts: tuple[int, int, int, int], remaining: int, changes: bool
) -> None:
    assert can_change(tally(*counts), remaining) is changes
