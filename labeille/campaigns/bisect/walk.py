"""How a bisection goes through a history: which commit is next, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.bisect.errors import BisectError
from labeille.results.bisection import BisectVerdict
from labeille.sources.git_bisect import GitBisect

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from labeille.sources.history import History


class Walk(Protocol):
    """A history between a good and a bad end, as far as it is known.

    An item is whatever names a commit there.
    """

    def next(self) -> str | None:
        """The item that is to be judged next; None when nothing is left that could be told."""

    def mark(self, item: str, verdict: BisectVerdict) -> None:
        """Take an item's verdict, in whichever order they come."""

    def candidates(self) -> tuple[str, ...]:
        """What may be the first bad item by now, oldest first; the last one is known as bad."""

    def before(self, item: str) -> tuple[str, ...]:
        """The items that an item stands directly behind."""


class ListWalk:
    """A history that is a plain list, oldest first: releases, interpreters.

    ``items`` are those behind the ``good`` end, up to the bad end.
    """

    def __init__(self, good: str, items: Sequence[str]) -> None:
        self._good = good
        self._items = tuple(items)
        self._first, self._last = 0, len(items) - 1  # of the candidates
        self._skips = _Skips()

    def next(self) -> str | None:
        """The one in the middle, or one about there that is not known as untold."""
        return self._skips.choose(self._by_worth())

    def mark(self, item: str, verdict: BisectVerdict) -> None:
        """Whatever stands before a good item is good, and whatever behind a bad one is bad."""
        at = self._items.index(item)
        if verdict is BisectVerdict.GOOD:
            self._first = max(self._first, at + 1)
        elif verdict is BisectVerdict.BAD:
            self._last = min(self._last, at)
        self._skips.note(item, verdict)

    def candidates(self) -> tuple[str, ...]:
        """The items between the last good and the first bad one."""
        return self._items[self._first : self._last + 1]

    def before(self, item: str) -> tuple[str, ...]:
        """The one before it; before the first of them stands the good end."""
        at = self._items.index(item)
        return (self._items[at - 1] if at else self._good,)

    def _by_worth(self) -> list[str]:
        first, last = self._first, self._last
        middle_first = sorted(
            range(first, last), key=lambda at: min(at - first + 1, last - at), reverse=True
        )
        return [self._items[at] for at in middle_first]


class GitWalk:
    """A history in git, with its merges: ``git bisect`` says which commits matter.

    Where the good end does not lie behind the bad one, what both have in common is judged first, as
    git wants it.
    """

    def __init__(self, history: History, *, good: str, bad: str) -> None:
        self._history = history
        self._bisect = GitBisect(history, good=good, bad=bad)
        self._open_bases = [base for base in history.merge_bases(good, bad) if base != good]
        self._good = good
        self._candidates = self._bisect.candidates()
        self._skips = _Skips()

    def next(self) -> str | None:
        """What git asks for; near skipped commits, one that tells more than git's guess.

        git goes on anywhere then, at random, and may need many more steps.
        """
        if self._open_bases:
            return self._open_bases[0]
        candidates = self._candidates
        if len(candidates) == 1:
            return None
        wanted = self._bisect.suggested()
        if wanted in candidates and not self._skips.among(candidates):
            return wanted
        bad = candidates[-1]
        return self._skips.choose([item for item in self._bisect.by_worth() if item != bad])

    def mark(self, item: str, verdict: BisectVerdict) -> None:
        """Tell git. Raises BisectError where the bug is older than both ends."""
        match verdict:
            case BisectVerdict.GOOD:
                self._bisect.mark_good(item)
            case BisectVerdict.BAD:
                if item in self._open_bases:
                    raise _mended(self._history, item, self._good)
                self._bisect.mark_bad(item)
            case BisectVerdict.SKIP:
                self._bisect.skip(item)
        self._open_bases = [base for base in self._open_bases if base != item]
        self._candidates = self._bisect.candidates()
        self._skips.note(item, verdict)

    def candidates(self) -> tuple[str, ...]:
        """The commits that the first bad one has and no good one."""
        return self._candidates

    def before(self, item: str) -> tuple[str, ...]:
        """Its parents."""
        return self._history.parents(item)


def _mended(history: History, base: str, good: str) -> BisectError:
    info = history.info(base)
    return BisectError(
        f"{base[:12]} ({info.subject}), where both ends part, is bad already: it was mended on the "
        f"way to the good end, {good[:12]}",
        hint="name a good end that lies behind the bad one",
    )


class _Skips:
    """What could not be told, and where to look instead.

    Commits that do not build come in runs. So with each skip in a row the next one is looked for
    twice as far from the middle: it costs at most a step, which the skip has paid for, and leaves
    a run of any length quickly (a search of n items takes log2(n) + 1 steps and the skips at most;
    tests/unit/campaigns/test_bisect_walk.py tries all small cases).
    """

    def __init__(self) -> None:
        self._skipped: set[str] = set()
        self._in_a_row = 0

    def note(self, item: str, verdict: BisectVerdict) -> None:
        """Take an item's verdict."""
        if verdict is BisectVerdict.SKIP:
            self._skipped.add(item)
            self._in_a_row += 1
        else:
            self._in_a_row = 0

    def among(self, items: Collection[str]) -> bool:
        """Whether one of the items was skipped."""
        return not self._skipped.isdisjoint(items)

    def choose(self, by_worth: Sequence[str]) -> str | None:
        """The item to go on with, of those that are given with the most telling ones first."""
        open_items = [item for item in by_worth if item not in self._skipped]
        if not open_items:
            return None
        away = 2 ** (self._in_a_row - 1) if self._in_a_row else 0
        return open_items[min(away, (len(open_items) - 1) // 2)]
