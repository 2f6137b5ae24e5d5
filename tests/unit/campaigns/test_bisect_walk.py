"""The way through a history: the right answer, in no more steps than it may take."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import pytest
from git_graphs import linear, make_history

from labeille.campaigns.bisect.errors import BisectError
from labeille.campaigns.bisect.walk import GitWalk, ListWalk, Walk
from labeille.results.bisection import BisectVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

GOOD, BAD, SKIP = BisectVerdict.GOOD, BisectVerdict.BAD, BisectVerdict.SKIP


def go(walk: Walk, judge: Callable[[str], BisectVerdict]) -> dict[str, BisectVerdict]:
    """Follow a walk to its end; the verdicts in the order in which they were asked for."""
    told: dict[str, BisectVerdict] = {}
    while (item := walk.next()) is not None:
        assert item not in told, "asked for twice"
        told[item] = judge(item)
        walk.mark(item, told[item])
    return told


def assert_bound(told: dict[str, BisectVerdict], candidates: int) -> None:
    skips = sum(verdict is SKIP for verdict in told.values())
    assert len(told) <= math.log2(candidates) + 2 + skips


def right_answer(count: int, first_bad: int, skipped: Collection[int]) -> list[int]:
    """What is left when every item that can be told is told."""
    bad = min(at for at in range(first_bad, count) if at not in skipped)
    good = max((at for at in range(first_bad) if at not in skipped), default=-1)
    return list(range(good + 1, bad + 1))


@pytest.mark.parametrize("count", range(1, 9))
def test_every_short_list(count: int) -> None:
    """Every place of the first bad item, with every set of items that cannot be told."""
    for first_bad, untold in product(range(count), product((False, True), repeat=count - 1)):
        skipped = {at for at, is_untold in enumerate(untold) if is_untold}
        walk = ListWalk("good", [str(at) for at in range(count)])

        def judge(
            item: str, first_bad: int = first_bad, skipped: set[int] = skipped
        ) -> BisectVerdict:
            if int(item) in skipped:
                return SKIP
            return BAD if int(item) >= first_bad else GOOD

        told = go(walk, judge)
        assert [int(item) for item in walk.candidates()] == right_answer(count, first_bad, skipped)
        assert_bound(told, count)


@pytest.mark.parametrize("count", [100, 200, 1000])
@pytest.mark.parametrize("run", [5, 40, 90])
def test_runs_of_untold_items(count: int, run: int) -> None:
    for first_bad in range(run, count, count // 12):
        for start in (first_bad - run, first_bad - run // 2, first_bad):
            skipped = set(range(start, min(start + run, count - 1)))
            walk = ListWalk("good", [str(at) for at in range(count)])
            told = go(
                walk,
                lambda item, first_bad=first_bad, skipped=skipped: (  # type: ignore[misc]
                    SKIP if int(item) in skipped else BAD if int(item) >= first_bad else GOOD
                ),
            )
            left = [int(item) for item in walk.candidates()]
            assert left == right_answer(count, first_bad, skipped)
            assert_bound(told, count)


def test_a_run_far_from_the_answer_is_left_quickly() -> None:
    """60 of 200 that do not build, around the middle; the first bad one is beyond."""
    walk = ListWalk("good", [str(at) for at in range(200)])
    told = go(
        walk,
        lambda item: SKIP if 70 <= int(item) < 130 else BAD if int(item) >= 190 else GOOD,
    )
    assert walk.candidates() == ("190",)
    assert sum(verdict is SKIP for verdict in told.values()) <= 7


def test_marks_in_any_order() -> None:
    """A search that is gone on with marks what it knows, not in the order that it would ask."""
    walk = ListWalk("good", ["a", "b", "c", "d", "e"])
    for item, verdict in (("d", BAD), ("a", GOOD), ("c", SKIP), ("b", GOOD)):
        walk.mark(item, verdict)
    assert walk.candidates() == ("c", "d")
    assert walk.next() is None


# git


@pytest.mark.parametrize(("count", "first_bad"), [(2, 1), (3, 1), (3, 2), (201, 77)])
def test_a_linear_history(tmp_path: Path, count: int, first_bad: int) -> None:
    history, names = make_history(tmp_path, linear(count))
    order = {commit: at for at, commit in enumerate(names.values())}
    walk = GitWalk(history, good=names["c0"], bad=names[f"c{count - 1}"])
    told = go(walk, lambda item: BAD if order[item] >= first_bad else GOOD)
    assert walk.candidates() == (names[f"c{first_bad}"],)
    assert_bound(told, count - 1)


def test_unbuildable_commits_in_git(tmp_path: Path) -> None:
    history, names = make_history(tmp_path, linear(21))
    order = {commit: at for at, commit in enumerate(names.values())}
    walk = GitWalk(history, good=names["c0"], bad=names["c20"])
    told = go(
        walk,
        lambda item: SKIP if 9 <= order[item] <= 12 else BAD if order[item] >= 11 else GOOD,
    )
    assert [order[item] for item in walk.candidates()] == [9, 10, 11, 12, 13]
    assert_bound(told, 20)


#      b1 - b2 - b3
#     /            \
#  m0 - m1 - m2 - m3 - m4 - m5      m4 merges b3
BRANCHY = {
    "m0": [],
    "m1": ["m0"],
    "b1": ["m0"],
    "b2": ["b1"],
    "b3": ["b2"],
    "m2": ["m1"],
    "m3": ["m2"],
    "m4": ["m3", "b3"],
    "m5": ["m4"],
}


@pytest.mark.parametrize(
    ("first_bad", "bad"),
    [
        ("b2", {"b2", "b3", "m4", "m5"}),  # on the side branch
        ("m2", {"m2", "m3", "m4", "m5"}),  # beside it
        ("m4", {"m4", "m5"}),  # by the merge alone, whose parents are both good
        ("m5", {"m5"}),
    ],
)
def test_a_merge(tmp_path: Path, first_bad: str, bad: set[str]) -> None:
    history, names = make_history(tmp_path, BRANCHY)
    shown = {commit: name for name, commit in names.items()}
    walk = GitWalk(history, good=names["m0"], bad=names["m5"])
    told = go(walk, lambda item: BAD if shown[item] in bad else GOOD)
    assert [shown[item] for item in walk.candidates()] == [first_bad]
    assert_bound(told, len(BRANCHY) - 1)


def test_a_side_branch_older_than_the_good_end(tmp_path: Path) -> None:
    """It forks before the good end: its commits lie between, and are not to be blamed."""
    history, names = make_history(tmp_path, BRANCHY)
    shown = {commit: name for name, commit in names.items()}
    walk = GitWalk(history, good=names["m1"], bad=names["m5"])
    go(walk, lambda item: BAD if shown[item] in {"m3", "m4", "m5"} else GOOD)
    assert [shown[item] for item in walk.candidates()] == ["m3"]


def test_ends_on_two_branches(tmp_path: Path) -> None:
    """What they have in common is judged first, once."""
    history, names = make_history(tmp_path, BRANCHY)
    shown = {commit: name for name, commit in names.items()}
    walk = GitWalk(history, good=names["b3"], bad=names["m3"])
    told = go(walk, lambda item: BAD if shown[item] in {"m2", "m3"} else GOOD)
    assert shown[next(iter(told))] == "m0"
    assert [shown[item] for item in walk.candidates()] == ["m2"]


def test_a_bug_that_was_mended_on_the_way_to_the_good_end(tmp_path: Path) -> None:
    history, names = make_history(tmp_path, BRANCHY)
    walk = GitWalk(history, good=names["b3"], bad=names["m3"])
    with pytest.raises(BisectError, match="is bad already: it was mended on the way"):
        go(walk, lambda _: BAD)


def test_a_search_in_git_is_gone_on_with(tmp_path: Path) -> None:
    """The marks of a killed one, set again."""
    history, names = make_history(tmp_path, linear(17))
    order = {commit: at for at, commit in enumerate(names.values())}
    ends = {"good": names["c0"], "bad": names["c16"]}

    def judge(item: str) -> BisectVerdict:
        return SKIP if order[item] == 8 else BAD if order[item] >= 6 else GOOD

    whole = go(GitWalk(history, **ends), judge)
    first_half = dict(list(whole.items())[: len(whole) // 2])
    again = GitWalk(history, **ends)
    for item, verdict in first_half.items():
        again.mark(item, verdict)
    rest = go(again, judge)
    assert again.candidates() == (names["c6"],)
    assert not rest.keys() & first_half.keys()
    assert len(rest) + len(first_half) == len(whole)
