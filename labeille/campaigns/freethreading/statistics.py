"""What a few runs say of a rate: exact intervals, runs needed, and exact tests of two counts."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: What an interval covers, and what a difference has to be beyond to be called one.
CONFIDENCE = 0.95
#: The chance with which as many runs as ``runs_to_catch`` says show a failure at least once.
CATCH = 0.99

# Enough for a double: each step halves what is left of 0 to 1.
_BISECTIONS = 60
# Two tables count as equally likely although the order of rounding differs.
_ROUNDING = 1 + 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of a rate, 0 to 1."""

    low: float
    high: float


@functools.lru_cache(maxsize=4096)  # a table asks for the same few again and again
def rate_interval(hits: int, runs: int, *, confidence: float = CONFIDENCE) -> Interval:
    """The Clopper-Pearson interval of a rate of which ``hits`` of ``runs`` are known.

    Exact, so it covers the true rate with at least ``confidence`` for every number of runs; the
    price is that it is wider than Wilson's. C. J. Clopper, E. S. Pearson: The use of confidence or
    fiducial limits illustrated in the case of the binomial, Biometrika 26 (1934), 404-413. Without
    runs it is 0 to 1.
    """
    if not 0 <= hits <= runs:
        raise ValueError(f"{hits} of {runs} is no count")
    half = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _solve(lambda rate: _at_least(hits, runs, rate) - half)
    high = 1.0 if hits == runs else _solve(lambda rate: half - _at_most(hits, runs, rate))
    return Interval(low, high)


def runs_to_catch(rate: float, *, chance: float = CATCH) -> int | None:
    """How many runs show at least once, with ``chance``, what has this rate; None for a rate of 0.

    1 - (1 - rate) ** n >= chance, solved for the smallest n.
    """
    if rate <= 0:
        return None
    if rate >= 1:
        return 1
    # Rounded first: a rate of 0.9 needs two runs, not the 2.0000000000000004 of the division.
    return math.ceil(round(math.log(1 - chance) / math.log1p(-rate), 9))


def more_hits(hits: int, runs: int, other_hits: int, other_runs: int) -> float:
    """Fisher's exact test, one-sided: the chance of so many hits more than the other, or of more.

    That is where both have one rate, given how many hits there are in all. 1 where either has no
    runs. R. A. Fisher: Statistical Methods for Research Workers (1934), section 21.02; the sum of
    the hypergeometric distribution's upper tail.
    """
    every = _tables(hits, runs, other_hits, other_runs)
    return min(1.0, math.fsum(chance for count, chance in every.items() if count >= hits))


def different_rates(hits: int, runs: int, other_hits: int, other_runs: int) -> float:
    """Fisher's exact test, two-sided: the chance of what is as unlikely as this, or unlikelier."""
    every = _tables(hits, runs, other_hits, other_runs)
    own = every[hits] * _ROUNDING
    return min(1.0, math.fsum(chance for chance in every.values() if chance <= own))


def _tables(hits: int, runs: int, other_hits: int, other_runs: int) -> dict[int, float]:
    """The chance of each number of first hits that the sums allow (hypergeometric)."""
    if not (0 <= hits <= runs and 0 <= other_hits <= other_runs):
        raise ValueError(f"{hits} of {runs}, {other_hits} of {other_runs} are no counts")
    both = hits + other_hits
    ways = math.comb(runs + other_runs, both)
    return {
        count: math.comb(runs, count) * math.comb(other_runs, both - count) / ways
        for count in range(max(0, both - other_runs), min(both, runs) + 1)
    }


def _at_least(hits: int, runs: int, rate: float) -> float:
    """The chance of this many hits or more."""
    return math.fsum(_binomial(count, runs, rate) for count in range(hits, runs + 1))


def _at_most(hits: int, runs: int, rate: float) -> float:
    return math.fsum(_binomial(count, runs, rate) for count in range(hits + 1))


def _binomial(count: int, runs: int, rate: float) -> float:
    """By logarithms: the number of ways alone is beyond a double from 1,030 runs on."""
    ways = math.lgamma(runs + 1) - math.lgamma(count + 1) - math.lgamma(runs - count + 1)
    return math.exp(ways + count * math.log(rate) + (runs - count) * math.log1p(-rate))


def _solve(rising: Callable[[float], float]) -> float:
    """The rate at which a function that rises with it is 0."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
