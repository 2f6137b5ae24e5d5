"""From all trials of one package to a verdict on each of its tests, and what is to be confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.campaigns.differential.confirm import Candidate
from labeille.campaigns.differential.outcomes import Failure
from labeille.campaigns.differential.verdict import SAME, Judgement, judge_test, slowness, way
from labeille.results.differential import WHOLE_SUITE, DifferentialVerdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from labeille.campaigns.differential.outcomes import Observation, SuiteRun


def judge_suites(
    suites: Mapping[str, Sequence[SuiteRun]], without: Collection[str]
) -> dict[str, Judgement]:
    """The verdict on every test that any trial saw, in the order of the first that did.

    ``suites`` are the trials by condition, ``without`` the conditions that have the JIT off. The
    suite as a whole is not called slow for a test that is.
    """
    tests = dict.fromkeys(
        test for runs in suites.values() for run in runs for test in run.observations
    )
    judged = {
        test: judge_test(
            [observations(test, runs) for name, runs in suites.items() if name in without],
            {
                name: observations(test, runs)
                for name, runs in suites.items()
                if name not in without
            },
        )
        for test in tests
    }
    slow = [t for t, j in judged.items() if j.verdict is DifferentialVerdict.JIT_SLOWDOWN]
    if WHOLE_SUITE in slow and len(slow) > 1:
        judged[WHOLE_SUITE] = SAME
    return judged


def observations(test: str, runs: Sequence[SuiteRun]) -> list[Observation]:
    """What the trials saw of a test, those that saw something."""
    seen = (run.observations.get(test) for run in runs)
    return [observation for observation in seen if observation is not None]


def collected_files(suites: Mapping[str, Sequence[SuiteRun]]) -> frozenset[str]:
    """The files that some trial could not collect."""
    return frozenset().union(*(run.uncollected for runs in suites.values() for run in runs))


def candidates_of(
    judged: Mapping[str, Judgement],
    suites: Mapping[str, Sequence[SuiteRun]],
    without: Collection[str],
) -> list[Candidate]:
    """What came out worse with the JIT, the gravest first."""
    found = []
    for test, judgement in judged.items():
        if not judgement.verdict.is_finding or judgement.condition is None:
            continue
        seen = observations(test, suites[judgement.condition])
        base = [o for name in without for o in observations(test, suites[name])]
        found.append(
            Candidate(test=test, judgement=judgement, failure=_failure(seen, base), base=way(base))
        )
    grave = list(DifferentialVerdict)
    return sorted(found, key=lambda candidate: grave.index(candidate.judgement.verdict))


def _failure(seen: Sequence[Observation], base: Sequence[Observation]) -> Failure:
    """How a candidate failed, the gravest way; of one that is only slow, how slow it is."""
    worst = max(seen, key=lambda observation: observation.seen)
    if worst.failure is not None:
        return worst.failure
    return Failure(("slow",), slowness(base, seen))
