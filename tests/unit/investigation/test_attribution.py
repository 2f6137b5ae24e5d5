"""Whom a crash belongs to, case by case; and the highest threshold, on any boundary."""

from __future__ import annotations

import math

import pytest

from labeille.campaigns.investigation.attribution import Counts, attribute, undecided
from labeille.campaigns.investigation.reduce import runs_for
from labeille.campaigns.investigation.thresholds import (
    LADDER,
    eager_threshold,
    highest_threshold,
)
from labeille.results.triage import Attribution, Place, Repeats

OWN, OTHER = "assert:a.c|f|x:00000000", "signal:SIGSEGV|g:11111111"
EXTENSION = Place(function="crash", library="/venv/lib/python3.15/site-packages/_x.cpython-315.so")


def counted(same: int, runs: int, *, other: int = 0) -> Repeats:
    signatures = {OWN: same, OTHER: other}
    return Repeats(runs=runs, same=same, signatures={key: n for key, n in signatures.items() if n})


@pytest.mark.parametrize(
    ("found", "without", "place", "expected"),
    [
        (counted(5, 5), counted(0, 5), None, Attribution.JIT),
        (counted(4, 5), counted(0, 5), None, Attribution.JIT),
        (counted(5, 5), counted(0, 5), EXTENSION, Attribution.JIT),  # it needs the JIT all the same
        (counted(3, 5), counted(0, 5), None, Attribution.UNCLEAR),  # p = 0.08
        (counted(6, 10), counted(0, 10), None, Attribution.JIT),  # p = 0.005
        (counted(1, 1), counted(0, 1), None, Attribution.UNCLEAR),
        (counted(5, 5), counted(5, 5), None, Attribution.INTERPRETER),
        (counted(5, 5), counted(1, 5), None, Attribution.INTERPRETER),
        (counted(5, 5), counted(5, 5), EXTENSION, Attribution.EXTENSION),
        (counted(5, 5), counted(0, 5, other=5), None, Attribution.UNCLEAR),
        (counted(0, 5), counted(0, 5), None, Attribution.UNCLEAR),
        (counted(0, 5, other=5), counted(0, 5), EXTENSION, Attribution.UNCLEAR),
        (counted(5, 5), None, None, Attribution.UNCLEAR),
    ],
)
def test_with_the_jit_on(
    found: Repeats, without: Repeats | None, place: Place | None, expected: Attribution
) -> None:
    verdict = attribute(Counts(with_jit=found, jit_on=True, without_jit=without, crashed_in=place))
    assert verdict.attribution is expected
    assert str(found.runs) in verdict.reason


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (None, Attribution.INTERPRETER),
        (EXTENSION, Attribution.EXTENSION),
        (Place(function="_PyEval_EvalFrameDefault", library="python"), Attribution.INTERPRETER),
        (Place(library="/usr/lib/libpython3.15.so.1.0"), Attribution.INTERPRETER),
        (Place(library="/lib/x86_64-linux-gnu/libc.so.6"), Attribution.INTERPRETER),
        (Place(library="/p/lib/python3.15/lib-dynload/_ctypes.x.so"), Attribution.INTERPRETER),
        (Place(library="/usr/lib/x86_64-linux-gnu/libxml2.so.2.9"), Attribution.EXTENSION),
        (Place(function=None, library=None), Attribution.INTERPRETER),
    ],
)
def test_with_the_jit_off(place: Place | None, expected: Attribution) -> None:
    counts = Counts(with_jit=counted(2, 2), jit_on=False, crashed_in=place)
    assert attribute(counts).attribution is expected


@pytest.mark.parametrize(
    ("found", "without", "expected"),
    [
        (counted(3, 5), counted(0, 5), True),
        (counted(5, 5), counted(0, 5), False),
        (counted(5, 5), counted(1, 5), False),
        (counted(0, 5), counted(0, 5), False),
    ],
)
def test_when_more_runs_would_help(found: Repeats, without: Repeats, expected: bool) -> None:
    assert undecided(found, without) is expected


@pytest.mark.parametrize("start", [1, 63, 4096, 8000])
@pytest.mark.parametrize("boundary", [0, 1, 2, 3, 64, 1000, 4096, 9999])
def test_the_highest_threshold(start: int, boundary: int) -> None:
    tried: list[int] = []

    def shows(threshold: int) -> bool:
        tried.append(threshold)
        return threshold <= boundary

    highest = highest_threshold(start, shows)
    assert highest == max([start, *(rung for rung in LADDER if start < rung <= boundary)])
    assert len(tried) == len(set(tried)) <= math.ceil(math.log2(len(LADDER) + 1))


@pytest.mark.parametrize(
    ("condition", "threshold"),
    [("jit-eager", 1), ("jit-eager:63", 63), ("jit", None), ("jit-stress", None), ("gil", None)],
)
def test_eager_conditions(condition: str, threshold: int | None) -> None:
    assert eager_threshold(condition) == threshold


@pytest.mark.parametrize(
    ("same", "runs", "tries"), [(3, 3, 1), (2, 3, 5), (1, 2, 7), (1, 20, 10), (19, 20, 2)]
)
def test_how_often_a_candidate_is_tried(same: int, runs: int, tries: int) -> None:
    """So that a set with the suite's own rate is missed in one of a hundred cases, or ten times."""
    assert runs_for(counted(same, runs)) == tries
