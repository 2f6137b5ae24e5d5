"""All trials of a package: every test's verdict, what is to be confirmed, and how it is told."""

from __future__ import annotations

from labeille.campaigns.differential.judge import candidates_of, collected_files, judge_suites
from labeille.campaigns.differential.outcomes import Failure, Observation, Seen, SuiteRun
from labeille.campaigns.differential.package import fewest_executors
from labeille.results.differential import WHOLE_SUITE
from labeille.results.model import Status

PASSED = Observation(seen=Seen.PASSED, seconds=0.1)
SLOW = Observation(seen=Seen.PASSED, seconds=9.0)
FAILED = Observation(seen=Seen.FAILED, failure=Failure(("ValueError",), "ValueError: 1"))
OTHERWISE = Observation(seen=Seen.FAILED, failure=Failure(("KeyError",), "KeyError: 1"))
CRASHED = Observation(seen=Seen.CRASHED, failure=Failure(("x",), "assert:x"))


def run(**observations: Observation) -> SuiteRun:
    return SuiteRun(status=Status.PASS, observations=observations)


def verdicts(suites: dict[str, list[SuiteRun]]) -> dict[str, str]:
    judged = judge_suites(suites, {"nojit"})
    return {test: judgement.verdict.value for test, judgement in judged.items()}


def test_every_test_is_judged() -> None:
    suites = {
        "nojit": [run(a=PASSED, b=PASSED, c=PASSED)] * 2,
        "jit": [run(a=PASSED, b=FAILED, d=PASSED)] * 2,
    }
    assert verdicts(suites) == {"a": "same", "b": "jit_failure", "c": "same", "d": "same"}


def test_what_a_dead_suite_did_not_reach_is_not_compared() -> None:
    suites = {
        "nojit": [run(a=PASSED, b=PASSED, c=PASSED), run(a=PASSED, b=PASSED, c=FAILED)],
        "jit": [run(a=PASSED, b=CRASHED)] * 2,
    }
    assert verdicts(suites) == {"a": "same", "b": "jit_crash", "c": "same"}


def test_one_repeat_that_died_leaves_the_other_to_compare() -> None:
    suites = {
        "nojit": [run(a=PASSED, b=PASSED)] * 2,
        "jit": [run(a=CRASHED), run(a=CRASHED, b=FAILED)],
    }
    assert verdicts(suites) == {"a": "jit_crash", "b": "jit_failure"}


def test_a_suite_is_not_slow_beside_a_test_that_is() -> None:
    suites = {
        "nojit": [run(a=PASSED, **{WHOLE_SUITE: PASSED})] * 2,
        "jit": [run(a=SLOW, **{WHOLE_SUITE: SLOW})] * 2,
    }
    assert verdicts(suites) == {"a": "jit_slowdown", WHOLE_SUITE: "same"}
    many = {
        "nojit": [run(a=PASSED, **{WHOLE_SUITE: PASSED})] * 2,
        "jit": [run(a=PASSED, **{WHOLE_SUITE: SLOW})] * 2,
    }
    assert verdicts(many) == {"a": "same", WHOLE_SUITE: "jit_slowdown"}


def test_candidates() -> None:
    suites = {
        "nojit": [run(a=PASSED, b=PASSED, c=PASSED, d=FAILED, e=PASSED)] * 2,
        "jit": [run(a=SLOW, b=FAILED, c=CRASHED, d=OTHERWISE, e=PASSED)] * 2,
    }
    found = candidates_of(judge_suites(suites, {"nojit"}), suites, {"nojit"})
    told = [
        (each.test, each.judgement.verdict.value, each.failure and each.failure.text, each.base)
        for each in found
    ]
    assert told == [
        ("c", "jit_crash", "assert:x", None),
        ("b", "jit_failure", "ValueError: 1", None),
        ("d", "jit_failure", "KeyError: 1", FAILED.failure),
        ("a", "jit_slowdown", "9.0 s with the JIT, 0.10 s without", None),
    ]


def test_executors() -> None:
    def runs(*counts: int | None) -> list[SuiteRun]:
        return [SuiteRun(status=Status.PASS, executors=count) for count in counts]

    assert fewest_executors(runs(7, 5)) == 5
    assert fewest_executors(runs(7, None)) == 7
    assert fewest_executors(runs(0, 7)) == 0
    assert fewest_executors(runs(None)) is None


def test_files_that_could_not_be_collected() -> None:
    bad = SuiteRun(status=Status.FAIL, uncollected=frozenset({"a.py"}))
    assert collected_files({"nojit": [run()], "jit": [bad]}) == {"a.py"}
