"""Confirms findings: more runs of each side, of the test, its file and the whole suite."""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, assert_never

from labeille.campaigns.differential.outcomes import Seen
from labeille.campaigns.differential.verdict import is_slower, slowness
from labeille.results.differential import WHOLE_SUITE, DifferentialVerdict, Scope
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labeille.campaigns.differential.outcomes import Failure, Observation, SuiteRun
    from labeille.campaigns.differential.verdict import Judgement

#: The order of three runs of each side, those with the JIT as True: in no regular change, so that
#: what fails every second or third time it is run does not fall in with it.
ORDER = (True, False, False, True, False, True)

#: How many tests of a package are run by themselves, and then how many files. What has one cause
#: often fails many tests; the others are confirmed together, in a run of their file or the suite.
MOST_ALONE = 10


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A test that came out worse with the JIT, in every repeat.

    ``failure`` is how it failed with it, ``base`` how it fails without, where it does.
    """

    test: str
    judgement: Judgement
    failure: Failure | None = None
    base: Failure | None = None

    @property
    def condition(self) -> str:
        assert self.judgement.condition is not None
        return self.judgement.condition

    @property
    def file(self) -> str:
        return self.test.partition("::")[0]


class Answer(enum.Enum):
    """What the further runs say of a candidate."""

    CONFIRMED = "confirmed"
    DROPPED = "dropped"  # they contradict it: the test is flaky
    UNDECIDED = "undecided"  # they ended in ways that say nothing of it


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """The answer, the scope at which it was found, and how the test failed there."""

    answer: Answer
    scope: Scope
    failure: Failure | None = None
    told: str = ""


class Runner(Protocol):
    """Runs a package's suite, or some of it, once more."""

    def __call__(
        self, scope: Scope, tests: Sequence[str], condition: str | None, /
    ) -> SuiteRun | None:
        """One run of ``tests`` under a condition, None for the one without the JIT.

        At the scope of the suite, ``tests`` are not looked at. None where the test command cannot
        be narrowed to them.
        """


def confirm(candidates: Sequence[Candidate], run: Runner) -> dict[str, Confirmation]:
    """Find for each candidate the smallest scope at which three runs of each side show it."""
    answers: dict[str, Confirmation] = {}
    for scope in Scope:
        open_ = [candidate for candidate in candidates if candidate.test not in answers]
        for group in _groups(scope, open_):
            answers |= _confirm_group(scope, group, run)
    return answers


def _groups(scope: Scope, candidates: Iterable[Candidate]) -> Iterator[list[Candidate]]:
    """Candidates that one set of runs decides."""
    groups: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        match scope:
            case Scope.TEST:
                key = candidate.test
                possible = "::" in candidate.test
            case Scope.FILE:
                key = candidate.file
                possible = candidate.test != WHOLE_SUITE
            case Scope.SUITE:
                key, possible = "", True
            case unreachable:
                assert_never(unreachable)
        if possible:
            groups[candidate.condition, key].append(candidate)
    yield from list(groups.values())[: None if scope is Scope.SUITE else MOST_ALONE]


def _confirm_group(scope: Scope, group: list[Candidate], run: Runner) -> dict[str, Confirmation]:
    """Three runs of each side for candidates of one condition; empty where they decide nothing."""
    trackers = [_Tracker(candidate) for candidate in group]
    tests = [group[0].test if scope is Scope.TEST else group[0].file]
    for number, with_jit in enumerate(ORDER + ORDER):
        once = number == len(ORDER)
        if once and (scope is Scope.SUITE or not any(tracker.wants_more() for tracker in trackers)):
            break
        suite = run(scope, tests, group[0].condition if with_jit else None)
        if suite is None:
            return {}
        for tracker in trackers:
            tracker.note(suite, with_jit=with_jit)
        if all(tracker.is_over(scope) for tracker in trackers):
            break
    answers = ((tracker.candidate.test, tracker.answer(scope)) for tracker in trackers)
    return {test: answer for test, answer in answers if answer is not None}


@dataclass
class _Tracker:
    """What the runs at one scope have said of one candidate: True for it, None for nothing."""

    candidate: Candidate
    with_jit: list[bool | None] = field(default_factory=list)
    without: list[bool | None] = field(default_factory=list)
    observed: list[Observation] = field(default_factory=list)
    base: list[Observation] = field(default_factory=list)

    def note(self, suite: SuiteRun, *, with_jit: bool) -> None:
        seen = suite.observations.get(self.candidate.test)
        if seen is not None:
            (self.observed if with_jit else self.base).append(seen)
        if with_jit:
            self.with_jit.append(_shows(self.candidate, suite))
        else:
            self.without.append(_is_fine(self.candidate, suite))

    @property
    def _contradicted(self) -> bool:
        return False in self.with_jit or False in self.without or self._is_not_slower

    @property
    def _is_not_slower(self) -> bool:
        slowdown = self.candidate.judgement.verdict is DifferentialVerdict.JIT_SLOWDOWN
        both = bool(self.observed and self.base)
        return slowdown and both and not is_slower(self.base, self.observed)

    @property
    def _is_flaky(self) -> bool:
        """Whether the same thing came out in two ways without the JIT, which is not to blame then.

        With it, it may: what a faulty trace does can depend on more than on what is run.
        """
        return {True, False} <= set(self.without)

    def is_over(self, scope: Scope) -> bool:
        """Whether further runs at this scope can change nothing."""
        decides = scope is Scope.SUITE or self.candidate.judgement.verdict in _DEATHS
        return self._is_flaky or (decides and self._contradicted)

    def wants_more(self) -> bool:
        """Whether it is shown, and could be by chance.

        A test that fails every second time shows in three runs of each side, as a finding would, in
        one case of 64. Crashes and hangs have no such chance in them, and take longer.
        """
        return self.candidate.judgement.verdict not in _DEATHS and self._is_shown

    @property
    def _is_shown(self) -> bool:
        said = (*self.with_jit, *self.without)
        return not self._contradicted and None not in said

    def answer(self, scope: Scope) -> Confirmation | None:
        """What these runs decide, None where a larger scope has to."""
        if self._is_shown:
            failures = [o.failure for o in self.observed if o.failure is not None]
            failure = failures[0] if failures else self.candidate.failure
            return Confirmation(answer=Answer.CONFIRMED, scope=scope, failure=failure)
        if self._is_flaky or (scope is Scope.SUITE and self._contradicted):
            return Confirmation(answer=Answer.DROPPED, scope=scope, told=self._told())
        if scope is Scope.SUITE:
            return Confirmation(answer=Answer.UNDECIDED, scope=scope, told=self._told())
        return None

    def _told(self) -> str:
        slowdown = self.candidate.judgement.verdict is DifferentialVerdict.JIT_SLOWDOWN
        if slowdown and self.observed and self.base:
            return f"{slowness(self.base, self.observed)}, in further runs"
        return (
            f"seen in {self.with_jit.count(True)} of {len(self.with_jit)} further runs with the "
            f"JIT, fine in {self.without.count(True)} of {len(self.without)} without"
        )


def _shows(candidate: Candidate, suite: SuiteRun) -> bool | None:
    """Whether a run with the JIT shows what the candidate is for; None if it cannot tell."""
    how = _DEATHS.get(candidate.judgement.verdict)
    if how is not None:
        return None if suite.status is Status.ERROR else suite.end is how
    seen = suite.observations.get(candidate.test)
    if seen is None:
        return None
    if candidate.judgement.verdict is DifferentialVerdict.JIT_SLOWDOWN:
        return seen.seen is Seen.PASSED
    return seen.seen.is_bad and not _is_way_of(candidate.base, seen)


def _is_fine(candidate: Candidate, suite: SuiteRun) -> bool | None:
    """Whether a run without the JIT is as all of them were; None if it cannot tell."""
    how = _DEATHS.get(candidate.judgement.verdict)
    if how is not None:
        return None if suite.status is Status.ERROR else suite.end is not how
    seen = suite.observations.get(candidate.test)
    if seen is None:
        return None
    return seen.seen is Seen.PASSED if candidate.base is None else _is_way_of(candidate.base, seen)


#: Verdicts that a whole run has by how it ended, whatever test ran then: memory that is damaged in
#: one place is stumbled over in another.
_DEATHS = {
    DifferentialVerdict.JIT_CRASH: Seen.CRASHED,
    DifferentialVerdict.JIT_HANG: Seen.HUNG,
}


def _is_way_of(base: Failure | None, seen: Observation) -> bool:
    return base is not None and seen.failure is not None and seen.failure.identity == base.identity
