"""How a bisection looks: while it goes on, and what it found."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING, TextIO

from labeille.campaigns.bisect.criterion import ANOTHER_CRASH
from labeille.campaigns.bisect.ends import outcome_text
from labeille.campaigns.bisect.plan import DEFAULT_CONDITION
from labeille.campaigns.bisect.subjects import condition_for
from labeille.reports.showable import shown_line
from labeille.reports.words import Verbosity, target_text
from labeille.results.bisection import BISECT_FILE, BisectKind, BisectVerdict

if TYPE_CHECKING:
    from labeille.campaigns.bisect.lineage import Lineage
    from labeille.campaigns.bisect.plan import BisectPlan
    from labeille.pipeline.trial import Prepared
    from labeille.results.bisection import Bisection, BisectStep, LookedFor

_SHORT = 12
#: Candidates that are listed; of more, the first and the last.
_SHOWN_CANDIDATES = 40
#: Characters of what a step showed: two signatures' length, and a test's id.
_LINE = 300
_NOUNS = {
    BisectKind.COMMITS: ("commit", "commits"),
    BisectKind.RELEASES: ("release", "releases"),
    BisectKind.TARGETS: ("interpreter", "interpreters"),
}


class BisectProgress:
    """A line for each thing that happens, on ``stream``."""

    def __init__(self, plan: BisectPlan, verbosity: Verbosity, stream: TextIO) -> None:
        self._plan = plan
        self._verbosity = verbosity
        self._stream = stream
        known = plan.notebook.bisection
        self._times = [step.seconds for step in known.steps]
        self._end_time = known.ends[-1].seconds if known.ends else None
        self._lineage: Lineage | None = None
        self._wanted: LookedFor | None = None

    def opened(self, lineage: Lineage) -> None:
        """Say what is gone through, once it is there."""
        self._lineage = lineage
        plan, known = self._plan, self._plan.notebook.bisection
        question = plan.question
        on = (
            f"{len(plan.targets)} interpreters"
            if plan.targets
            else target_text(plan.campaign.target)
        )
        under = question.condition or ("jit or nojit" if plan.targets else DEFAULT_CONDITION)
        places = plan.campaign.wishes.places
        self._print(
            f"{question.package} on {on} under {under}; environments in {places.venvs_dir}; "
            f"run {plan.run.path}"
        )
        if known.steps or known.ends:
            self._print(f"gone on with, {len(known.steps)} steps are done")

    def preparing(self, item: str) -> None:
        """Say it to who wants to know more."""
        if self._verbosity >= Verbosity.VERBOSE:
            self._print(f"  {self._shown(item)}: preparing")

    def testing(self, item: str, prepared: Prepared) -> None:
        """The same, with the environment."""
        if self._verbosity >= Verbosity.VERBOSE:
            environment = prepared.environment
            how = "reused" if environment.reused else f"built by {environment.backend}"
            self._print(f"  {self._shown(item)}: testing in {environment.path} ({how})")

    def end_checked(self, step: BisectStep, *, is_bad_end: bool) -> None:
        """An end, with what it showed."""
        self._end_time = step.seconds
        which = "bad end" if is_bad_end else "good end"
        self._print(f"{which} {self._step_text(step)}")

    def begins(self, wanted: LookedFor, commits: int) -> None:
        """How much there is to search, and for what."""
        self._wanted = wanted
        what = (
            str(wanted.status)
            if wanted.signature is None
            else f"{wanted.status} {wanted.signature}"
        )
        self._print(
            f"looking for {what} in {counted(commits, self._plan.question.kind)}: "
            f"{self._about(commits)}"
        )

    def step_begins(self, item: str, number: int, left: int) -> None:
        """What is tried now, and how long all of it may take."""
        if self._verbosity >= Verbosity.VERBOSE:
            self._print(
                f"step {number}: {self._shown(item)} {self._subject(item)}; {self._left(left)}"
            )

    def confirmed(self, before: BisectStep, after: BisectStep) -> None:
        """What the commit before the answer showed when it was tried again."""
        again = "good again" if after.verdict is BisectVerdict.GOOD else "bad after all"
        seconds = after.seconds - before.seconds
        trials = f"bad in {after.bad_trials} of {after.trials} trials"
        self._print(f"{self._shown(after.commit)} {again}: {trials}, {seconds:.1f} s more")

    def step_ended(self, step: BisectStep, number: int, left: int) -> None:
        """A step's verdict, and what is left."""
        self._times.append(step.seconds)
        self._print(f"[{number}] {self._step_text(step)}; {self._left(left)}")

    def _step_text(self, step: BisectStep) -> str:
        what = shown_line(outcome_text(step, self._wanted), _LINE)
        text = f"{self._shown(step.commit)} {step.verdict}: {what}"
        if step.trials > 1:
            text += f", bad in {step.bad_trials} of {step.trials} trials"
        return f"{text}, {step.seconds:.1f} s"

    def _left(self, candidates: int) -> str:
        steps = steps_left(candidates)
        if not steps:
            return "nothing left to try" if candidates == 1 else f"{candidates} left"
        return f"{counted(candidates, self._plan.question.kind)} left, {self._about(candidates)}"

    def _about(self, candidates: int) -> str:
        """The steps that so many candidates take, and the time, by what the last steps took."""
        steps = steps_left(candidates)
        text = f"about {steps} step{'' if steps == 1 else 's'}"
        times = self._times or ([] if self._end_time is None else [self._end_time])
        return f"{text}, {_duration(steps * sum(times) / len(times))}" if times else text

    def _shown(self, item: str) -> str:
        return item[:_SHORT] if self._plan.question.kind is BisectKind.COMMITS else item

    def _subject(self, item: str) -> str:
        subject = self._lineage.describe(item).subject if self._lineage else None
        return shown_line(subject or "", 60)

    def _print(self, line: str) -> None:
        if self._verbosity > Verbosity.QUIET:
            print(line, file=self._stream, flush=True)


def steps_left(candidates: int) -> int:
    """How many more items have to be told, if all can be."""
    return math.ceil(math.log2(candidates)) if candidates > 1 else 0


def counted(number: int, kind: BisectKind) -> str:
    """A number of items, with their noun."""
    one, many = _NOUNS[kind]
    return f"{number} {one if number == 1 else many}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


# What was found


def found_text(plan: BisectPlan, bisection: Bisection, lineage: Lineage) -> str:
    """The answer, and what it rests on."""
    blocks = [_answer(bisection, lineage)]
    if bisection.confidence is not None:
        blocks.append(_confidence_text(bisection))
    brought = _brought_the_test(bisection)
    if brought:
        blocks.append(brought)
    blocks.append(_steps_text(bisection))
    if bisection.first_bad is not None:
        blocks.append(f"repeat: {repeat_command(plan, bisection)}")
    if bisection.note:
        blocks.append(bisection.note)
    blocks.append(f"results: {plan.run.path}")
    return "\n\n".join(blocks)


def _answer(bisection: Bisection, lineage: Lineage) -> str:
    kind = bisection.question.kind
    if bisection.first_bad is not None:
        lines = [f"first bad {_NOUNS[kind][0]}: {bisection.first_bad}"]
        for name in ("author", "date", "subject"):
            value = getattr(bisection, name)
            if value:
                lines.append(f"  {name + ':':<8} {shown_line(value)}")
        return "\n".join(lines)
    skipped = {
        step.commit: step.reason or str(step.status)
        for step in bisection.steps
        if step.verdict is BisectVerdict.SKIP
    }
    untold = sum(item in skipped for item in bisection.candidates)
    among = f"{len(bisection.candidates)}, {untold} of which could not be told"
    lines = [f"the first bad {_NOUNS[kind][0]} is one of these {among}:"]
    if any(reason.startswith(ANOTHER_CRASH) for reason in skipped.values()):
        lines[0] = f"{lines[0]} (with --status crash any crash would count as bad)"
    ends = len(bisection.candidates) - _SHOWN_CANDIDATES // 2
    for at, item in enumerate(bisection.candidates):
        if _SHOWN_CANDIDATES // 2 <= at < ends:
            continue
        if at == ends and ends > _SHOWN_CANDIDATES // 2:
            lines.append(f"  … {ends - _SHOWN_CANDIDATES // 2} more, all of them in {BISECT_FILE}")
        subject = lineage.describe(item).subject or ""
        why = f"skipped: {shown_line(skipped[item])}" if item in skipped else "bad"
        lines.append(f"  {item} {shown_line(subject, 60)} ({why})")
    return "\n".join(lines)


def _confidence_text(bisection: Bisection) -> str:
    assert bisection.confidence is not None
    noun = _NOUNS[bisection.question.kind][0]
    return (
        f"confidence {_sure(bisection.confidence)}: a bad {noun} passes as many trials as the good "
        f"ones next to the answer did with a chance of {_unlikely(bisection.miss or 0)}, by how "
        "often the bad ones failed theirs"
    )


def _sure(chance: float) -> str:
    """A chance near one, never as more than it is."""
    return "over 99.99%" if chance > 0.9999 else f"{math.floor(chance * 10_000) / 10_000:.2%}"


def _unlikely(chance: float) -> str:
    """A chance near nothing, never as less than it is."""
    return "under 0.01%" if chance < 0.0001 else f"{math.ceil(chance * 10_000) / 10_000:.2%}"


def _brought_the_test(bisection: Bisection) -> str | None:
    """A word of warning where the first bad commit is the one that brought the test."""
    wanted = bisection.looked_for
    good = [
        step for step in (*bisection.ends, *bisection.steps) if step.verdict is BisectVerdict.GOOD
    ]
    if bisection.first_bad is None or wanted is None or wanted.seen_in is None or not good:
        return None
    first = [
        step for step in (*bisection.ends, *bisection.steps) if step.commit == bisection.first_bad
    ]
    if any(step.running_test != wanted.seen_in for step in first):
        return None
    if not all(step.reason == f"without {wanted.seen_in}" for step in good):
        return None
    return (
        f"no good {_NOUNS[bisection.question.kind][0]} has {wanted.seen_in}, in which the bad end "
        "ended: it may be the test that is new, and the bug older. A --test-command that needs no "
        "file of the tree would tell"
    )


def _steps_text(bisection: Bisection) -> str:
    verdicts = [step.verdict for step in bisection.steps]
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in BisectVerdict if v in verdicts)
    number = len(bisection.steps)
    seconds = sum(step.seconds for step in (*bisection.steps, *bisection.ends))
    reused = sum(step.reused for step in bisection.steps)
    text = f"{number} step{'' if number == 1 else 's'}"
    if counts:
        text += f" ({counts})"
    text += (
        f" over {counted(bisection.commits or 0, bisection.question.kind)}, {_duration(seconds)}"
    )
    return f"{text}; {reused} in an environment that stood already" if reused else text


def repeat_command(plan: BisectPlan, bisection: Bisection) -> str:
    """The command line that runs the first bad item again as it was run."""
    question, wishes = bisection.question, plan.campaign.wishes
    python, revision = bisection.target_python, bisection.first_bad
    source = "sdist" if question.kind is BisectKind.RELEASES else "git"
    condition = question.condition or DEFAULT_CONDITION
    if question.kind is BisectKind.TARGETS and bisection.first_bad is not None:
        python, revision, source = bisection.first_bad, question.revision, "auto"
        condition = question.condition or condition_for(plan.targets[python])
    what = f"{question.package}@{revision}" if revision else question.package
    words = ["labeille", "run", "--packages", what, "--source", source]
    words += ["--target-python", python, "--condition", condition]
    for name, value in question.env.items():
        words += ["--env", f"{name}={value}"]
    if wishes.registry_dir is not None:
        words += ["--registry-dir", str(wishes.registry_dir.absolute())]
    if question.package in wishes.repo_overrides:
        override = wishes.repo_overrides[question.package]
        words += ["--repo-override", f"{question.package}={override}"]
    for requirement in question.extra_deps:
        words += ["--extra-deps", requirement]
    if bisection.command is not None:
        words += ["--test-command-override", bisection.command]
    return shlex.join(words)
