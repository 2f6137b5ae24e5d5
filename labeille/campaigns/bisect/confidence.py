"""How sure a bisection of a flaky bug is, by how often the bug came where it is known to be.

With a rate p of bad trials, a bad commit passes K trials with a chance of (1 - p)^K. The rate is
not known, only that c of c + f trials of bad commits were bad; with no rate likelier than another
beforehand (Laplace's rule), that chance comes to B(c + 1, f + 1 + K) / B(c + 1, f + 1).
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from labeille.results.bisection import BisectVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.results.bisection import BisectStep


def miss_chance(steps: Iterable[BisectStep], trials: int) -> float:
    """The chance that a bad commit passes so many trials, by what the bad steps showed."""
    bad = [step for step in steps if step.verdict is BisectVerdict.BAD]
    shown = sum(step.bad_trials for step in bad)
    passed = sum(step.good_trials for step in bad)
    return prod((passed + 1 + i) / (shown + passed + 2 + i) for i in range(trials))


def confidence(steps: Iterable[BisectStep], resting_on: Iterable[BisectStep]) -> float:
    """The chance that no good step that an answer rests on was a bad item that passed its trials.

    Whatever broke an item broke all behind it: that the one before the answer is good is enough.
    """
    steps = tuple(steps)
    return prod(1 - miss_chance(steps, step.good_trials) for step in resting_on)
