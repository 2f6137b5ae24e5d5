"""Checks both ends of a bisection, and finds a good one where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.campaigns.bisect.errors import BisectError
from labeille.results.bisection import BisectVerdict
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labeille.campaigns.bisect.lineage import Lineage
    from labeille.campaigns.bisect.notebook import Notebook
    from labeille.campaigns.bisect.roles import Judge, Progress
    from labeille.campaigns.bisect.trials import Asked
    from labeille.results.bisection import BisectStep, LookedFor

#: Where no good end is named, so many of the newest tags are tried one by one; behind them the
#: distance doubles, so that no history takes hundreds of trials.
_ONE_BY_ONE = 4


class Ends:
    """The ends of one bisection; what is found out about them is noted at once."""

    def __init__(
        self, lineage: Lineage, judge: Judge, notebook: Notebook, asked: Asked, progress: Progress
    ) -> None:
        self._lineage = lineage
        self._judge = judge
        self._notebook = notebook
        self._asked = asked
        self._progress = progress

    def bad(self, bad: str) -> LookedFor:
        """What is looked for, as the bad end shows it. Raises BisectError where it does not."""
        wanted, step = self._judge.learn(bad, self._asked)
        self._progress.end_checked(step, is_bad_end=True)
        if wanted is None:
            raise self._not_bad(bad, step)
        self._notebook.note(bad=bad, looked_for=wanted, command=self._judge.command, ends=(step,))
        return wanted

    def good(self, good: str | None, bad: str, wanted: LookedFor) -> str:
        """The good end: the one that is named, else the first of those that may be good that is.

        Raises BisectError where none is.
        """
        known = self._notebook.judged
        if good is not None:
            step = known.get(good) or self._check_end(good, wanted)
            if step.verdict is not BisectVerdict.GOOD:
                raise self.not_good(good, step)
            self._notebook.note(good=good)
            return good
        for item in _thinned(self._lineage.perhaps_good(bad)):
            step = known.get(item) or self._check_end(item, wanted)
            if step.verdict is BisectVerdict.GOOD:
                self._notebook.note(good=item)
                return item
        where, what = self._lineage.describe(bad).shown, self._lineage.landmarks
        tried = len(self._notebook.bisection.ends) - 1
        raise BisectError(
            f"none of the {what} before {where} is good: {tried} tried"
            if tried
            else f"there are no {what} before {where} of which one might be good",
            hint="name a good end with --good",
        )

    def _check_end(self, item: str, wanted: LookedFor) -> BisectStep:
        step = self._judge.judge(item, wanted, repeat=self._asked.repeat)
        self._notebook.note(ends=(*self._notebook.bisection.ends, step))
        self._progress.end_checked(step, is_bad_end=False)
        return step

    def _not_bad(self, bad: str, step: BisectStep) -> BisectError:
        shown, what = self._lineage.describe(bad).shown, outcome_text(step)
        if step.verdict is BisectVerdict.SKIP:
            return BisectError(
                f"the bad end, {shown}, does not show what is looked for: {what}",
                hint="name a revision that does with --bad, or look for what it shows: --status, "
                "--crash-signature",
            )
        flaky = "; a flaky bug may need --repeat" if self._asked.repeat == 1 else ""
        return BisectError(
            f"the bad end, {shown}, is good: {what}", hint=f"name a bad one with --bad{flaky}"
        )

    def not_good(self, good: str, step: BisectStep) -> BisectError:
        """What is wrong with a good end."""
        shown, what = self._lineage.describe(good).shown, outcome_text(step)
        if step.verdict is BisectVerdict.SKIP:
            return BisectError(
                f"the good end, {shown}, cannot be told: {what}",
                hint="name another one with --good",
            )
        return BisectError(
            f"the good end, {shown}, is bad: {what}", hint="name an older one with --good"
        )


def outcome_text(step: BisectStep, wanted: LookedFor | None = None) -> str:
    """What an item showed, in a few words; a signature that is looked for need not be said."""
    words = [str(step.status or Status.ERROR)]
    known = wanted is not None and wanted.signature == step.signature
    if step.signature and not known:
        words.append(step.signature)
    if step.running_test:
        words.append(f"in {step.running_test}")
    passed = step.verdict is BisectVerdict.GOOD and step.status is Status.PASS
    if step.reason and not passed and (not step.signature or step.signature not in step.reason):
        words.append(f"({step.reason})")
    return " ".join(words)


def _thinned(items: Sequence[str]) -> Iterator[str]:
    """The first few items, then ever fewer."""
    at, stride = 0, 1
    while at < len(items):
        yield items[at]
        if at + 1 >= _ONE_BY_ONE:
            stride *= 2
        at += stride
