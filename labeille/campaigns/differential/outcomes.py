"""What one trial says of each test: the observations that a differential compares."""

from __future__ import annotations

import enum
import signal
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from labeille.crashes.evidence import read_crash
from labeille.pipeline.verdict import evidence_text
from labeille.results.differential import WHOLE_SUITE
from labeille.results.model import Status
from labeille.suites.model import TestOutcome
from labeille.suites.summary import failed_unittests
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeille.pipeline.trial import Trial
    from labeille.pipeline.verdict import Verdict
    from labeille.suites.model import TestResult


class Seen(enum.IntEnum):
    """How a test ended in one trial, the worst last."""

    PASSED = 0  # expected failures too, as in pytest's exit code
    SKIPPED = 1
    FAILED = 2  # also in set-up, tear-down and collection
    HUNG = 3
    CRASHED = 4

    @property
    def is_bad(self) -> bool:
        return self >= Seen.FAILED


@dataclass(frozen=True)
class Failure:
    """In what way a test failed. ``identity`` is the same for the same way, ``text`` for people.

    The identity is the exception's type and the frame that raised it, or a crash's signature: no
    value and no line, which may differ between trials that fail in the same way.
    """

    identity: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One test in one trial; ``seconds`` is over set-up, call and tear-down."""

    seen: Seen
    seconds: float = 0.0
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class SuiteRun:
    """One trial as the comparison sees it: an observation of each test that had its say.

    Of a test that is missing nothing is known: it was not reached, or is not there. What belongs
    to no test is an observation of WHOLE_SUITE. ``uncollected`` are the files that could not be
    collected; ``collected`` says that all the others were. ``executors`` is None where the suite
    could not tell.
    """

    status: Status
    observations: Mapping[str, Observation] = field(default_factory=dict)
    uncollected: frozenset[str] = frozenset()
    collected: bool = False
    executors: int | None = None

    @property
    def end(self) -> Seen | None:
        """How the suite as a whole came to an early end: CRASHED, HUNG or not at all."""
        return {Status.CRASH: Seen.CRASHED, Status.TIMEOUT: Seen.HUNG}.get(self.status)


def observe(trial: Trial, verdict: Verdict) -> SuiteRun:
    """What a trial says of its tests; what it died of counts for the test that was running."""
    log = trial.log
    ended = _early_end(trial, verdict)
    found: dict[str, Observation] = {}
    for result in (*log.collect_errors, *log.results):
        observation = _observation(result)
        known = found.get(result.id)
        found[result.id] = observation if known is None else max(known, observation, key=_badness)
    uncollected = {result.id for result in log.collect_errors}
    if ended is not None:
        if log.collecting and log.collecting_path:
            uncollected.add(log.collecting_path)
        died = log.running_test or (log.collecting and log.collecting_path) or WHOLE_SUITE
        found[died] = ended
    elif verdict.status is not Status.ERROR:
        found[WHOLE_SUITE] = _whole(trial, verdict, explained=any(map(_is_bad, found.values())))
    return SuiteRun(
        status=verdict.status,
        observations=found,
        uncollected=frozenset(uncollected),
        collected=not log.collecting and (log.finished or bool(log.results or log.running_test)),
        executors=log.jit.executors if log.jit else None,
    )


def fill_collected(runs: Sequence[SuiteRun], files: frozenset[str] = frozenset()) -> list[SuiteRun]:
    """The runs, with a pass for each file that others could not collect, where a run could.

    A file that fails to be collected hides its tests, and where it is collected it is no test.
    ``files`` are further ones.
    """
    files = files.union(*(run.uncollected for run in runs))
    passed = Observation(seen=Seen.PASSED)
    return [
        replace(run, observations={**dict.fromkeys(files, passed), **run.observations})
        if run.collected and files
        else run
        for run in runs
    ]


def _badness(observation: Observation) -> Seen:
    return observation.seen


def _is_bad(observation: Observation) -> bool:
    return observation.seen.is_bad


_SEEN = {
    TestOutcome.PASSED: Seen.PASSED,
    TestOutcome.SKIPPED: Seen.SKIPPED,
    TestOutcome.FAILED: Seen.FAILED,
    TestOutcome.ERROR: Seen.FAILED,
}


def _observation(result: TestResult) -> Observation:
    seen = _SEEN[result.outcome]
    failure = None
    if seen is Seen.FAILED:
        said = result.message or result.exception or result.outcome.value
        if result.exception is None:
            failure = Failure((said,), said)
        else:
            failure = Failure((result.exception, result.frame or ""), said + _place(result))
    return Observation(seen=seen, seconds=result.duration, failure=failure)


def _place(result: TestResult) -> str:
    if result.frame is None:
        return ""
    path, _, function = result.frame.rpartition(":")
    return f" ({path}:{result.line} in {function})"


def _early_end(trial: Trial, verdict: Verdict) -> Observation | None:
    """What ended the suite before its end, or right behind it; None where nothing did."""
    log, outcome = trial.log, trial.outcome
    if verdict.crash is not None:
        signature = verdict.crash.signature
        return Observation(seen=Seen.CRASHED, failure=Failure((signature,), signature))
    if verdict.status is Status.TIMEOUT:
        return Observation(seen=Seen.HUNG, failure=Failure(("hang",), _hang_text(trial, verdict)))
    if outcome.ending is Ending.MEMORY:
        said = verdict.reason or "out of memory"
        return Observation(seen=Seen.FAILED, failure=Failure(("memory",), said))
    if verdict.status is Status.ERROR or log.pid is None:
        return None
    if log.finished and log.running_test is None:
        return None
    said = f"the suite ended in the middle, with exit code {outcome.exit_code}"
    return Observation(seen=Seen.FAILED, failure=Failure(("end", str(outcome.exit_code)), said))


def _hang_text(trial: Trial, verdict: Verdict) -> str:
    """The reason, and where the SIGABRT that ended it found it."""
    stack = read_crash(evidence_text(trial.outcome), exit_code=-signal.SIGABRT)
    where = f" at {stack.python_top}" if stack and stack.python_top else ""
    return f"{verdict.reason or 'hang'}{where}"


def _whole(trial: Trial, verdict: Verdict, *, explained: bool) -> Observation:
    """The suite as one test: it fails where its exit code does and no test of it explains that."""
    seconds = trial.outcome.duration_seconds
    if verdict.status is Status.PASS or explained:
        return Observation(seen=Seen.PASSED, seconds=seconds)
    failed = failed_unittests(evidence_text(trial.outcome)) if trial.log.pid is None else ()
    said = verdict.reason or f"exit code {trial.outcome.exit_code}"
    if failed:
        said = f"{len(failed)} failed: {', '.join(failed[:3])}{' …' if failed[3:] else ''}"
    identity = tuple(sorted(failed)) or (str(trial.outcome.exit_code),)
    return Observation(seen=Seen.FAILED, seconds=seconds, failure=Failure(identity, said))
