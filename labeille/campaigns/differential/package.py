"""One package of a differential: its trials, the verdict on each test, and what is confirmed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from labeille.campaigns.differential.command import repeat_command
from labeille.campaigns.differential.confirm import Answer, confirm
from labeille.campaigns.differential.judge import candidates_of, collected_files, judge_suites
from labeille.campaigns.differential.outcomes import fill_collected
from labeille.campaigns.differential.slots import work_off
from labeille.campaigns.differential.trials import folder_name
from labeille.results.differential import (
    Differential,
    DifferentialVerdict,
    Finding,
    Scope,
    gravest,
)
from labeille.results.model import Status
from labeille.suites.narrow import narrow_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeille.campaigns.differential.confirm import Candidate, Confirmation
    from labeille.campaigns.differential.outcomes import SuiteRun
    from labeille.campaigns.differential.plan import DifferentialPlan
    from labeille.campaigns.differential.slots import Slots
    from labeille.campaigns.differential.trials import Ran, Trials
    from labeille.results.model import Record
    from labeille.suites.model import Invocation
    from labeille.targets.model import Condition

#: Which trial's record stands for a condition: that of the gravest one.
_GRAVE = (Status.CRASH, Status.TIMEOUT, Status.FAIL, Status.ERROR, Status.PASS)


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A candidate that further runs contradicted: it is flaky; ``told`` says how they did."""

    test: str
    verdict: DifferentialVerdict
    told: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One package's result: its line, and a record for each condition.

    ``differential`` is None where there is nothing to compare: the package could not be had, or
    every trial under one condition was ended from outside. ``trials`` counts all, those of the
    confirmations too.
    """

    package: str
    records: tuple[Record, ...]
    differential: Differential | None = None
    dropped: tuple[Dropped, ...] = ()
    trials: int = 0


@dataclass(frozen=True, kw_only=True)
class PackageTest:
    """How one prepared package is compared; ``heard`` gets each trial, from several threads."""

    plan: DifferentialPlan
    trials: Trials
    slots: Slots
    heard: Callable[[Ran, str], None]
    _ran: dict[tuple[str, int], Ran] = field(init=False, default_factory=dict)
    _again: list[str] = field(init=False, default_factory=list)  # folders of further trials

    def run(self) -> Compared:
        """All trials, and what they come to. Raises Interrupted."""
        conditions = self.plan.conditions
        rounds = conditions.rounds(self.plan.repeat)
        tasks = [partial(self._try, condition, number) for condition, number in rounds]
        work_off(tasks, self.slots, self.trials.cancel)
        suites = self._suites()
        records = tuple(self._record(name) for name in conditions.names)
        if not all(any(suite.observations for suite in suites[name]) for name in conditions.names):
            return Compared(package=self.trials.name, records=records, trials=len(tasks))
        verdicts, findings, dropped = self._judge(suites)
        line = Differential(
            package=self.trials.name,
            conditions=conditions.names,
            repeat=self.plan.repeat,
            verdict=gravest(verdicts.values()),
            tests={t: v for t, v in verdicts.items() if v is not DifferentialVerdict.SAME},
            executors={name: fewest_executors(suites[name]) for name in conditions.names},
            findings=findings,
        )
        return Compared(
            package=self.trials.name,
            records=records,
            differential=line,
            dropped=dropped,
            trials=len(tasks) + len(self._again),
        )

    def _judge(
        self, suites: Mapping[str, Sequence[SuiteRun]]
    ) -> tuple[dict[str, DifferentialVerdict], tuple[Finding, ...], tuple[Dropped, ...]]:
        """The verdict on each test, findings and what was taken for one at first."""
        judged = judge_suites(suites, self.plan.conditions.without)
        verdicts = {test: judgement.verdict for test, judgement in judged.items()}
        candidates = candidates_of(judged, suites, self.plan.conditions.without)
        files = collected_files(suites)

        def run_again(scope: Scope, tests: Sequence[str], condition: str | None) -> SuiteRun | None:
            suite = self._run_again(scope, tests, condition)
            return None if suite is None else fill_collected([suite], files)[0]

        answers = confirm(candidates, run_again)
        findings, dropped = [], []
        for candidate in candidates:
            answer = answers[candidate.test]
            if answer.answer is Answer.DROPPED:
                verdicts[candidate.test] = DifferentialVerdict.FLAKY
                verdict = candidate.judgement.verdict
                dropped.append(Dropped(test=candidate.test, verdict=verdict, told=answer.told))
            else:
                findings.append(self._finding(candidate, answer))
        return verdicts, tuple(findings), tuple(dropped)

    # Trials

    def _try(self, condition: Condition, number: int) -> None:
        ran = self.trials.run_one(condition, f"{folder_name(condition)}/{number}")
        self._ran[condition.name, number] = ran
        self.heard(ran, f"{number} of {self.plan.repeat}")

    def _suites(self) -> dict[str, list[SuiteRun]]:
        """The trials by condition, in the order of their repeats."""
        keys = sorted(self._ran, key=lambda key: key[1])
        filled = fill_collected([self._ran[key].suite for key in keys])
        suites: dict[str, list[SuiteRun]] = {name: [] for name in self.plan.conditions.names}
        for (name, _), suite in zip(keys, filled, strict=True):
            suites[name].append(suite)
        return suites

    def _record(self, condition: str) -> Record:
        rans = [self._ran[condition, number + 1] for number in range(self.plan.repeat)]
        return self.trials.record(min(rans, key=lambda ran: _GRAVE.index(ran.verdict.status)))

    # Confirmation

    def _run_again(
        self, scope: Scope, tests: Sequence[str], condition: str | None
    ) -> SuiteRun | None:
        command = None
        if scope is not Scope.SUITE:
            command = self._narrowed(tests)
            if command is None:
                return None
        wanted = self.plan.conditions.named(condition)
        folder = f"confirm/{len(self._again) + 1}-{scope}-{folder_name(wanted)}"
        self._again.append(folder)
        with self.slots.hold():
            ran = self.trials.run_one(wanted, folder, command)
        what = scope.value if scope is Scope.SUITE else f"{scope} {' '.join(tests)}"
        self.heard(ran, f"to confirm, {what}")
        return ran.suite

    def _narrowed(self, tests: Sequence[str]) -> str | None:
        return narrow_command(self.trials.command, tests, self._invocation())

    def _invocation(self) -> Invocation | None:
        found = (ran.trial.log.invocation for ran in self._ran.values())
        return next((invocation for invocation in found if invocation is not None), None)

    def _finding(self, candidate: Candidate, answer: Confirmation) -> Finding:
        narrowed = None
        if answer.scope is not Scope.SUITE:
            test = candidate.test if answer.scope is Scope.TEST else candidate.file
            narrowed = self._narrowed([test])
        wishes = self.plan.campaign.wishes
        failure = answer.failure or candidate.failure
        said = failure.text if failure else None
        if said and candidate.base is not None:
            said += f"; without the JIT: {candidate.base.text}"
        return Finding(
            test=candidate.test,
            verdict=candidate.judgement.verdict,
            confirmed=answer.answer is Answer.CONFIRMED,
            scope=answer.scope,
            command=repeat_command(wishes, self.trials, candidate.condition, narrowed),
            exception=said,
        )


def fewest_executors(runs: Sequence[SuiteRun]) -> int | None:
    """The fewest executors that a repeat ended with, None where none could tell."""
    return min((run.executors for run in runs if run.executors is not None), default=None)
