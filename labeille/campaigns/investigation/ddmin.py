"""Delta debugging: the part of a sequence without which something no longer shows.

After A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (IEEE TSE
28(2), 2002), by complements alone: of hundreds of tests a few are needed, and leaving out a half, a
quarter, an eighth … finds them. Where ``m`` of ``n`` items are needed, whatever else is there, it
takes about ``2 · m · log2(n)`` trials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Minimised(Generic[Item]):
    """What is left, in the order given; ``smallest``: without any one of them it does not show."""

    items: tuple[Item, ...]
    smallest: bool


def ddmin(
    items: Sequence[Item],
    first: Callable[[Sequence[tuple[Item, ...]]], int | None],
    *,
    width: int = 1,
    stop: Callable[[], bool] = lambda: False,
) -> Minimised[Item]:
    """Leave out of ``items``, with all of which it shows, whatever is not needed.

    ``first`` tries up to ``width`` candidates, at the same time if it likes, and returns the index
    of the first one with which it still shows, None where it does with none. No candidate is tried
    twice. Once ``stop`` says so, what is left by then is the answer.
    """
    kept = tuple(items)
    dead: set[tuple[Item, ...]] = set()
    if not kept:
        return Minimised(items=kept, smallest=True)
    if not stop() and first([()]) == 0:
        return Minimised(items=(), smallest=True)
    size = (len(kept) + 1) // 2
    while True:
        before = kept
        at = 0
        while at < len(kept):
            if stop():
                return Minimised(items=kept, smallest=False)
            starts = range(at, len(kept), size)
            untried = [
                (start, candidate)
                for start in starts
                if (candidate := kept[:start] + kept[start + size :]) and candidate not in dead
            ][:width]
            if not untried:
                break
            index = first([candidate for _, candidate in untried])
            dead.update(candidate for _, candidate in untried[:index])
            if index is None:
                at = untried[-1][0] + size
            else:
                at, kept = untried[index]
        if size == 1 and kept == before:
            return Minimised(items=kept, smallest=True)
        size = max(1, min(size // 2, (len(kept) + 1) // 2))
