"""Intervals, runs needed and Fisher's exact test, against published and closed values."""

from __future__ import annotations

import itertools
import math

import pytest

from labeille.campaigns.freethreading.statistics import (
    different_rates,
    more_hits,
    rate_interval,
    runs_to_catch,
)

# Closed forms for 0 and all hits; the others as R's binom.test and scipy's binomtest print them.
INTERVALS = [
    (0, 1, 0.0, 0.975),
    (0, 10, 0.0, 1 - 0.025 ** (1 / 10)),
    (10, 10, 0.025 ** (1 / 10), 1.0),
    (3, 10, 0.0667395, 0.6524529),
    (5, 10, 0.1870860, 0.8129140),
    (1, 5, 0.0050508, 0.7164179),
    (4, 4, 0.025 ** (1 / 4), 1.0),
    (0, 0, 0.0, 1.0),
]


@pytest.mark.parametrize(("hits", "runs", "low", "high"), INTERVALS)
def test_intervals(hits: int, runs: int, low: float, high: float) -> None:
    interval = rate_interval(hits, runs)
    assert interval.low == pytest.approx(low, abs=1e-6)
    assert interval.high == pytest.approx(high, abs=1e-6)


@pytest.mark.parametrize("runs", [1, 7, 15])
def test_intervals_mirror_each_other(runs: int) -> None:
    for hits in range(runs + 1):
        one, other = rate_interval(hits, runs), rate_interval(runs - hits, runs)
        assert one.low == pytest.approx(1 - other.high, abs=1e-9)
        assert one.low <= hits / runs <= one.high


@pytest.mark.parametrize("rate", [0.03, 0.2, 0.5])
def test_an_interval_covers_what_it_says(rate: float) -> None:
    """Summed over every outcome of 12 runs, it holds the true rate at least 95 times in 100."""
    covered = sum(
        math.comb(12, hits) * rate**hits * (1 - rate) ** (12 - hits)
        for hits in range(13)
        if (interval := rate_interval(hits, 12)).low <= rate <= interval.high
    )
    assert covered >= 0.95


def test_an_interval_of_many_runs() -> None:
    """From 1,030 on, the number of ways is beyond a float."""
    interval = rate_interval(600, 1200)
    assert interval.low == pytest.approx(0.4713, abs=1e-3)
    assert interval.high == pytest.approx(0.5287, abs=1e-3)


@pytest.mark.parametrize(("hits", "runs"), [(-1, 3), (4, 3), (0, -1)])
def test_impossible_counts_are_refused(hits: int, runs: int) -> None:
    with pytest.raises(ValueError, match="no count"):
        rate_interval(hits, runs)


@pytest.mark.parametrize(
    ("rate", "needed"),
    [(0.0, None), (1.0, 1), (0.99, 1), (0.9, 2), (0.5, 7), (0.2, 21), (0.1, 44), (0.001, 4603)],
)
def test_runs_to_catch(rate: float, needed: int | None) -> None:
    assert runs_to_catch(rate) == needed


@pytest.mark.parametrize("rate", [0.013, 0.2, 0.37, 0.72])
def test_one_run_less_would_not_do(rate: float) -> None:
    needed = runs_to_catch(rate)
    assert needed is not None
    assert 1 - (1 - rate) ** needed >= 0.99 > 1 - (1 - rate) ** (needed - 1)


# The lady tasting tea has 17/70 and 34/70; the others by counting the tables.
TABLES = [
    ((3, 4, 1, 4), 17 / 70, 34 / 70),
    ((4, 4, 0, 4), 1 / 70, 2 / 70),
    ((5, 5, 0, 5), 1 / 252, 2 / 252),
    ((0, 5, 5, 5), 1.0, 2 / 252),
    ((3, 5, 0, 5), 1 / 12, 2 / 12),
    ((2, 10, 0, 5), 45 / 105, 55 / 105),
    ((0, 5, 0, 5), 1.0, 1.0),
    ((5, 5, 5, 5), 1.0, 1.0),
    ((3, 5, 0, 0), 1.0, 1.0),
    ((9, 12, 1, 12), 0.0013797, 0.0027595),  # the diets of Wikipedia's article on the test
]


@pytest.mark.parametrize(("table", "more", "different"), TABLES)
def test_fisher(table: tuple[int, int, int, int], more: float, different: float) -> None:
    assert more_hits(*table) == pytest.approx(more, abs=1e-4)
    assert different_rates(*table) == pytest.approx(different, abs=1e-6)


def test_fisher_against_all_arrangements() -> None:
    """With every way to deal hits to runs counted out one by one."""
    runs, other_runs, hits = 4, 3, 4
    dealt = [sum(cards[:runs]) for cards in set(itertools.permutations([1] * hits + [0] * 3))]
    for own in range(1, 5):
        share = sum(count >= own for count in dealt) / len(dealt)
        assert more_hits(own, runs, hits - own, other_runs) == pytest.approx(share)


def test_fisher_takes_many_runs() -> None:
    assert more_hits(400, 1000, 200, 1000) < 1e-9
    assert more_hits(300, 1000, 300, 1000) == pytest.approx(0.5, abs=0.05)


def test_fisher_refuses_impossible_counts() -> None:
    with pytest.raises(ValueError, match="no counts"):
        more_hits(3, 2, 0, 1)
