"""Test slots are derived from when suites began and ended."""

from __future__ import annotations

import pytest

from labeille.reports.page.model import Timeline
from labeille.reports.page.timeline import Work, build_timeline
from labeille.reports.tones import Tone


def timeline(*spans: tuple[float, float], slots: int | None = None) -> Timeline:
    works = [
        Work(began=a, ended=b, tone=Tone.GOOD, anchor=f"p-{n}", words=str(n))
        for n, (a, b) in enumerate(spans)
    ]
    built = build_timeline(works, slots=slots)
    assert built is not None
    return built


@pytest.mark.parametrize(
    ("spans", "slots", "lanes"),
    [
        ([(0, 10)], None, 1),
        ([(0, 10), (10, 20)], None, 1),
        ([(0, 10), (9, 20)], None, 1),  # times are kept to the second
        ([(0, 10), (5, 20)], None, 2),
        ([(0, 10), (5, 20), (10, 15)], None, 2),
        ([(0, 10), (1, 10), (2, 10)], None, 3),
        ([(0, 10), (7, 20)], 1, 1),  # never more than there were
        ([(0, 10), (20, 30)], 4, 1),  # nor more than were used
    ],
)
def test_lanes(spans: list[tuple[float, float]], slots: int | None, lanes: int) -> None:
    assert len(timeline(*spans, slots=slots).lanes) == lanes


def test_every_suite_is_there_once_and_none_covers_another() -> None:
    spans = [(n * 3.7 % 100, n * 3.7 % 100 + 1 + n % 13) for n in range(200)]
    built = timeline(*spans)
    bars = [bar for lane in built.lanes for bar in lane.bars]
    assert sorted(int(bar.words) for bar in bars) == list(range(200))
    assert all(bar.start >= 0 and bar.start + bar.width <= 100.001 for bar in bars)
    for lane in built.lanes:
        for first, second in zip(lane.bars, lane.bars[1:], strict=False):
            assert first.start + first.width <= second.start + 0.2, (first, second)


def test_idle_time_counts() -> None:
    built = timeline((0, 100), (0, 25), (50, 75))
    assert sorted(lane.busy for lane in built.lanes) == [50, 100]
    assert "busy 75 % of the time" in built.words


def test_a_long_pause_is_cut_out_and_marked() -> None:
    built = timeline((0, 100), (36_000, 36_100))
    (lane,) = built.lanes
    assert [round(bar.width) for bar in lane.bars] == [49, 49]
    pauses = [mark for mark in built.marks if mark.pause]
    assert [mark.text for mark in pauses] == ["9:58:20 h pause"]
    assert 45 < pauses[0].at < 55


def test_a_short_suite_of_a_long_run_can_be_seen() -> None:
    built = timeline((0, 100_000), (100_000, 100_000.1))
    assert min(bar.width for lane in built.lanes for bar in lane.bars) >= 0.1


def test_nothing_timed_is_no_timeline() -> None:
    assert build_timeline([]) is None
