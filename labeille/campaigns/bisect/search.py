"""The bisection itself: both ends first, then step by step to what broke it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from labeille.campaigns.bisect.confidence import confidence, miss_chance
from labeille.campaigns.bisect.ends import Ends
from labeille.results.bisection import BisectVerdict
from labeille.results.directory import timestamp

if TYPE_CHECKING:
    from labeille.campaigns.bisect.lineage import Lineage
    from labeille.campaigns.bisect.notebook import Notebook
    from labeille.campaigns.bisect.roles import Judge, Progress
    from labeille.campaigns.bisect.trials import Asked
    from labeille.campaigns.bisect.walk import Walk
    from labeille.results.bisection import Bisection, BisectStep, LookedFor


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
        self._ends = Ends(lineage, judge, notebook, asked, progress)

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
        wanted = known.looked_for or self._ends.bad(bad)
        if known.good is None or good is None:
            good = self._ends.good(good, bad, wanted)
        walk = self._lineage.walk(good, bad)
        commits = known.commits or len(walk.candidates())
        self._notebook.note(commits=commits)
        self._progress.begins(wanted, commits)
        self._go(walk, wanted)
        while self._is_refuted(walk, wanted):
            walk = self._lineage.walk(good, bad)
            self._go(walk, wanted)
        return self._conclude(walk)

    def _go(self, walk: Walk, wanted: LookedFor) -> None:
        """Mark what is known, and go on from there to where nothing is left to judge."""
        steps = self._notebook.bisection.steps
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

    def _is_refuted(self, walk: Walk, wanted: LookedFor) -> bool:
        """Try the good items next to the answer of a flaky bug once more, each as often as before.

        Whichever bad item had passed for a good one, the last of them stands there: from it on, all
        that were judged are bad. Returns whether one is bad after all; raises BisectError where it
        is the good end.
        """
        candidates, repeat = walk.candidates(), self._asked.repeat
        if repeat == 1 or len(candidates) > 1:
            return False
        for item in walk.before(candidates[0]):
            step = self._notebook.judged.get(item)
            if step is None or step.verdict is not BisectVerdict.GOOD or step.good_trials > repeat:
                continue
            again = _together(step, self._judge.judge(item, wanted, repeat=repeat))
            self._progress.confirmed(step, again)
            if again.verdict is not BisectVerdict.BAD:
                self._notebook.replace(again)
                continue
            if item == self._notebook.bisection.good:
                raise self._ends.not_good(item, again)
            self._notebook.replace(again)
            return True
        return False

    def _conclude(self, walk: Walk) -> Bisection:
        candidates = walk.candidates()
        first_bad = candidates[0] if len(candidates) == 1 else None
        changes: dict[str, object] = {"first_bad": first_bad, "finished_at": timestamp()}
        if first_bad is None:
            changes["candidates"] = candidates
        else:
            told = self._lineage.describe(first_bad)
            changes |= {"author": told.author, "date": told.date, "subject": told.subject}
        if self._asked.repeat > 1:
            changes |= self._sureness(walk, first_bad)
        return self._notebook.note(**changes)

    def _sureness(self, walk: Walk, first_bad: str | None) -> dict[str, object]:
        """By the good items that the answer stands behind; by all of them where not all are known.

        A merge's parent may be known as good only by what lies before it.
        """
        judged = self._notebook.judged
        good = [step for step in judged.values() if step.verdict is BisectVerdict.GOOD]
        if first_bad is not None:
            before = walk.before(first_bad)
            next_to_it = [step for step in good if step.commit in before]
            if len(next_to_it) == len(before):
                good = next_to_it
        trials = min(step.good_trials for step in good)
        return {
            "confidence": round(confidence(judged.values(), good), 6),
            "miss": round(miss_chance(judged.values(), trials), 6),
        }


def _together(before: BisectStep, after: BisectStep) -> BisectStep:
    """One step of two that were made of one good item: bad if the second one is."""
    told = after if after.verdict is BisectVerdict.BAD else before
    return msgspec.structs.replace(
        told,
        trials=before.trials + after.trials,
        bad_trials=before.bad_trials + after.bad_trials,
        good_trials=before.good_trials + after.good_trials,
        seconds=round(before.seconds + after.seconds, 3),
        install_seconds=before.install_seconds,
        reused=before.reused,
    )
