"""The latest compilation at which a crash found with an eager JIT still comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Thresholds that are tried; 4096 is about what CPython's own are (pycore_backoff.h).
LADDER = tuple(2**power for power in range(13))

_EAGER = "jit-eager"


def eager_threshold(condition: str) -> int | None:
    """N of the condition ``jit-eager:N``, 1 for ``jit-eager``, None for any other one."""
    name, colon, argument = condition.partition(":")
    if name != _EAGER:
        return None
    return int(argument) if colon else 1


def highest_threshold(start: int, shows: Callable[[int], bool]) -> int:
    """The highest threshold at which it shows, from ``start``, at which it does, upwards.

    By bisection over the ladder, as if it showed up to one rung and not above; the rungs that were
    tried tell how far that was seen.
    """
    above = [threshold for threshold in LADDER if threshold > start]
    known, low, high = start, 0, len(above)
    while low < high:
        middle = (low + high) // 2
        if shows(above[middle]):
            known, low = above[middle], middle + 1
        else:
            high = middle
    return known
