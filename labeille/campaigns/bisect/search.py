"""The bisection itself: both ends first, then step by step to what broke it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from labeille.campaigns.bisect.confidence import confidence, miss_chance
from labeille.campaigns.bisect.errors import BisectError
from labeille.results.bisection import BisectVerdict, write_bisection
from labeille.results.directory import timestamp
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labeille.campaigns.bisect.lineage import Lineage
    from labeille.campaigns.bisect.trials import Asked
    from labeille.campaigns.bisect.walk import Walk
    from labeille.results.bisection import Bisection, BisectStep, LookedFor
    from labeille.results.directory import RunDirectory

#: Where no good end is named, so many of the newest tags are tried one by one; behind them the
#: distance doubles, so that no history takes hundreds of trials.
_ONE_BY_ONE = 4


class Progress(Protocol):
    """Who wants to know how a bisection goes."""

    def end_checked(self, step: BisectStep, *, is_bad_end: bool) -> None:
        """One of the ends, or what might be the good one, was tried."""

    def begins(self, wanted: LookedFor, commits: int) -> None:
        """Both ends are what they should be, with ``commits`` to search, the bad end included."""

    def step_begins(self, item: str, number: int, left: int) -> None:
        """A step is begun; ``left`` items may be the first bad one."""

    def step_ended(self, step: BisectStep, number: int, left: int) -> None:
        """A step has its verdict, and the verdict is on disk; ``left`` are left now."""


class Judge(Protocol):
    """What tells good items from bad ones; ``trials.Bench`` does it by trials."""

    @property
    def command(self) -> str | None:
        """The test command, None as long as it is the package's own."""

    def use_command(self, command: str | None) -> None:
        """Run this instead of the package's test command from now on."""

    def learn(self, item: str, asked: Asked) -> tuple[LookedFor | None, BisectStep]:
        """Try the bad end: what is looked for, None where it does not show it, and its step."""

    def judge(self, item: str, wanted: LookedFor, *, repeat: int) -> BisectStep:
        """Judge an item by up to ``repeat`` trials: it is bad if any shows what is looked for."""


class Notebook:
    """A bisection's state, which is on disk at any moment."""

    def __init__(self, run: RunDirectory, bisection: Bisection) -> None:
        self._run = run
        self._bisection = bisection

    @property
    def bisection(self) -> Bisection:
        """What is known by now."""
        return self._bisection

    def note(self, **changes: object) -> Bisection:
        """Change fields, and put all of it on disk. Raises ResultsError."""
        self._bisection = msgspec.structs.replace(self._bisection, **changes)
        write_bisection(self._run, self._bisection)
        return self._bisection


class Search:
    """One bisection over a lineage.

    A notebook that has steps already is gone on with: nothing that it knows is tried again.
    """

    def __init__(
        self, lineage: Lineage, judge: Judge, notebook: Notebook, asked: Asked, progress: Progress
    ) -> None:
        self._lineage = lineage
        self._judge = judge
        self._notebook = notebook
        self._asked = asked
        self._progress = progress

    def run(self) -> Bisection:
        """Find the first bad item, or as few candidates as skipped ones leave.

        Raises BisectError where the ends are not what they should be; Interrupted.
        """
        known = self._notebook.bisection
        good_text, bad_text = known.question.good, known.question.bad
        bad = known.bad or (
            self._lineage.newest() if bad_text is None else self._lineage.resolve(bad_text)
        )
        good = known.good
        if good is None and good_text is not None:
            good = self._lineage.resolve(good_text)
        if good is not None:
            self._lineage.walk(good, bad)  # an order that makes no sense costs no trial
        self._judge.use_command(known.command or self._judge.command)
        wanted = known.looked_for or self._check_bad(bad)
        if known.good is None:
            good = self._check_good(good, bad, wanted)
        assert good is not None
        walk = self._lineage.walk(good, bad)
        self._go(walk, wanted)
        return self._conclude(walk)

    # The ends

    def _check_bad(self, bad: str) -> LookedFor:
        wanted, step = self._judge.learn(bad, self._asked)
        self._progress.end_checked(step, is_bad_end=True)
        if wanted is None:
            raise self._not_bad(bad, step)
        self._notebook.note(bad=bad, looked_for=wanted, command=self._judge.command, ends=(step,))
        return wanted

    def _check_good(self, good: str | None, bad: str, wanted: LookedFor) -> str:
        known = {step.commit: step for step in self._notebook.bisection.ends}
        if good is not None:
            step = known.get(good) or self._check_end(good, wanted)
            if step.verdict is not BisectVerdict.GOOD:
                raise self._not_good(good, step)
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

    def _not_good(self, good: str, step: BisectStep) -> BisectError:
        shown, what = self._lineage.describe(good).shown, outcome_text(step)
        if step.verdict is BisectVerdict.SKIP:
            return BisectError(
                f"the good end, {shown}, cannot be told: {what}",
                hint="name another one with --good",
            )
        return BisectError(
            f"the good end, {shown}, is bad: {what}", hint="name an older one with --good"
        )

    # Between them

    def _go(self, walk: Walk, wanted: LookedFor) -> None:
        steps = self._notebook.bisection.steps
        commits = self._notebook.bisection.commits or len(walk.candidates())
        self._notebook.note(commits=commits)
        self._progress.begins(wanted, commits)
        for step in steps:
            walk.mark(step.commit, step.verdict)
        number = len(steps)
        while (item := walk.next()) is not None:
            number += 1
            self._progress.step_begins(item, number, len(walk.candidates()))
            step = self._judge.judge(item, wanted, repeat=self._asked.repeat)
            self._notebook.note(steps=(*self._notebook.bisection.steps, step))
            walk.mark(item, step.verdict)
            self._progress.step_ended(step, number, len(walk.candidates()))

    def _conclude(self, walk: Walk) -> Bisection:
        candidates = walk.candidates()
        known = self._notebook.bisection
        first_bad = candidates[0] if len(candidates) == 1 else None
        changes: dict[str, object] = {"first_bad": first_bad, "finished_at": timestamp()}
        if first_bad is None:
            changes["candidates"] = candidates
        else:
            told = self._lineage.describe(first_bad)
            changes |= {"author": told.author, "date": told.date, "subject": told.subject}
        if self._asked.repeat > 1:
            judged = (*known.ends, *known.steps)
            changes |= {
                "confidence": round(confidence(judged), 6),
                "miss": round(miss_chance(judged, self._asked.repeat), 6),
            }
        return self._notebook.note(**changes)


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
