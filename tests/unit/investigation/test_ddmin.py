"""Delta debugging on plain numbers: exact, in order, within a bounded number of trials."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

from labeille.campaigns.investigation.ddmin import ddmin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Trials:
    """Counts candidates; one shows what is wanted if ``shows`` says so."""

    def __init__(self, shows: Callable[[set[int]], bool]) -> None:
        self._shows = shows
        self.tried: list[tuple[int, ...]] = []

    def first(self, candidates: Sequence[tuple[int, ...]]) -> int | None:
        self.tried += candidates
        shown = [self._shows(set(candidate)) for candidate in candidates]
        return shown.index(True) if any(shown) else None


@pytest.mark.parametrize("width", [1, 2, 8])
@pytest.mark.parametrize("needed", [set(), {0}, {298}, {17, 201}, {0, 1, 298}, {5, 50, 150, 250}])
def test_exactly_what_is_needed(needed: set[int], width: int) -> None:
    trials = Trials(needed.issubset)
    result = ddmin(range(299), trials.first, width=width)
    assert result.items == tuple(sorted(needed))
    assert result.smallest
    assert len(trials.tried) == len(set(trials.tried)), "tried twice"
    if width == 1:
        assert len(trials.tried) <= 2 * len(needed) * math.ceil(math.log2(299)) + len(needed) + 2


def test_any_sets_of_any_sizes() -> None:
    chance = random.Random(6)
    for _ in range(200):
        size = chance.randint(0, 60)
        needed = set(chance.sample(range(size), chance.randint(0, min(size, 5))))
        trials = Trials(needed.issubset)
        result = ddmin(range(size), trials.first, width=chance.randint(1, 4))
        assert (set(result.items), result.smallest) == (needed, True)


def test_either_of_two_causes() -> None:
    """Not monotonic in what is left out: one of two groups is enough, and one is the answer."""
    trials = Trials(lambda left: {3, 90} <= left or {40, 41} <= left)
    result = ddmin(range(100), trials.first)
    assert result.items in {(3, 90), (40, 41)}


def test_what_is_left_is_smallest_where_items_disturb_each_other() -> None:
    """It shows with an odd number of items only: no single one can be left out of the answer."""
    trials = Trials(lambda left: {4, 9} <= left and len(left) % 2 == 1)
    result = ddmin(range(15), trials.first)
    assert {4, 9} <= set(result.items)
    assert result.smallest
    for item in result.items:
        rest = set(result.items) - {item}
        assert not ({4, 9} <= rest and len(rest) % 2 == 1)


def test_all_are_needed() -> None:
    trials = Trials(lambda left: len(left) == 16)
    assert ddmin(range(16), trials.first).items == tuple(range(16))


def test_stopped_it_answers_with_what_it_has() -> None:
    trials = Trials({7}.issubset)
    result = ddmin(range(64), trials.first, stop=lambda: len(trials.tried) >= 3)
    assert len(trials.tried) == 3
    assert 7 in result.items
    assert 1 < len(result.items) < 64
    assert not result.smallest


def test_a_flaky_one_is_never_left_without_what_it_needs() -> None:
    """A miss costs size, never truth: every set that was taken did show it."""
    chance = random.Random(1)
    trials = Trials(lambda left: {10, 20} <= left and chance.random() < 0.7)
    for _ in range(50):
        assert {10, 20} <= set(ddmin(range(40), trials.first).items)
