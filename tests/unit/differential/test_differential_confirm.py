"""Confirmation: which further runs are made, and what is made of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from labeille.campaigns.differential.confirm import MOST_ALONE, Answer, Candidate, confirm
from labeille.campaigns.differential.outcomes import Failure, Observation, Seen, SuiteRun
from labeille.campaigns.differential.verdict import Judgement
from labeille.results.differential import WHOLE_SUITE, DifferentialVerdict, Scope
from labeille.results.model import Status

TEST = "tests/test_a.py::test_x"
WAY = Failure(("ValueError", "a.py:f"), "ValueError: 1")
OTHER = Failure(("KeyError", "a.py:f"), "KeyError: 2")

PASSED = Observation(seen=Seen.PASSED, seconds=0.1)
SLOW = Observation(seen=Seen.PASSED, seconds=9.0)
FAILED = Observation(seen=Seen.FAILED, failure=WAY)
FAILED_OTHERWISE = Observation(seen=Seen.FAILED, failure=OTHER)

Suite = Callable[[Scope, bool], SuiteRun | None]


def candidate(verdict: str = "jit_failure", test: str = TEST, **fields: Failure) -> Candidate:
    judgement = Judgement(DifferentialVerdict(verdict), "jit")
    return Candidate(test=test, judgement=judgement, **fields)


def run_of(observation: Observation | None, status: Status = Status.PASS) -> SuiteRun:
    return SuiteRun(status=status, observations={} if observation is None else {TEST: observation})


class Bench:
    """A package whose runs come out as ``suite`` says; it keeps what was run."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.runs: list[tuple[Scope, tuple[str, ...], bool]] = []

    def __call__(
        self, scope: Scope, tests: Sequence[str], condition: str | None
    ) -> SuiteRun | None:
        suite = self.suite(scope, condition is not None)
        if suite is not None:
            self.runs.append((scope, tuple(tests), condition is not None))
        return suite

    def count(self, scope: Scope) -> tuple[int, int]:
        """Runs at a scope with the JIT, and without."""
        sides = [with_jit for at, _, with_jit in self.runs if at is scope]
        return sides.count(True), sides.count(False)


def answer(bench: Bench, one: Candidate) -> tuple[str, str]:
    found = confirm([one], bench)[one.test]
    return found.answer.value, found.scope.value


def fails_at(*scopes: Scope) -> Suite:
    """Fails with the JIT at these scopes."""
    return lambda scope, with_jit: run_of(FAILED if with_jit and scope in scopes else PASSED)


@pytest.mark.parametrize(
    ("scopes", "expected", "runs"),
    [
        ((Scope.TEST, Scope.FILE, Scope.SUITE), ("confirmed", "test"), [(6, 6), (0, 0), (0, 0)]),
        ((Scope.FILE, Scope.SUITE), ("confirmed", "file"), [(3, 3), (6, 6), (0, 0)]),
        ((Scope.SUITE,), ("confirmed", "suite"), [(3, 3), (3, 3), (3, 3)]),
        ((), ("dropped", "suite"), [(3, 3), (3, 3), (1, 0)]),
    ],
)
def test_the_smallest_scope_that_shows_it(
    scopes: tuple[Scope, ...], expected: tuple[str, str], runs: list[tuple[int, int]]
) -> None:
    bench = Bench(fails_at(*scopes))
    assert answer(bench, candidate()) == expected
    assert [bench.count(scope) for scope in Scope] == runs


def test_what_is_run_at_each_scope() -> None:
    bench = Bench(fails_at(Scope.SUITE))
    answer(bench, candidate())
    assert {(scope, tests) for scope, tests, _ in bench.runs if scope is not Scope.SUITE} == {
        (Scope.TEST, (TEST,)),
        (Scope.FILE, ("tests/test_a.py",)),
    }


def test_a_test_that_fails_without_the_jit_too_is_dropped_at_once() -> None:
    turns = iter([True, False] * 6)
    bench = Bench(lambda _, with_jit: run_of(FAILED if with_jit or next(turns) else PASSED))
    assert answer(bench, candidate()) == ("dropped", "test")
    assert bench.count(Scope.FILE) == (0, 0)


def test_fails_everywhere_when_alone() -> None:
    """It needs what others leave behind: alone it says nothing of the JIT."""
    bench = Bench(
        lambda scope, with_jit: run_of(FAILED if with_jit or scope is not Scope.SUITE else PASSED)
    )
    assert answer(bench, candidate()) == ("confirmed", "suite")


def test_a_command_that_cannot_be_narrowed() -> None:
    bench = Bench(
        lambda scope, with_jit: (
            run_of(FAILED if with_jit else PASSED) if scope is Scope.SUITE else None
        )
    )
    assert answer(bench, candidate()) == ("confirmed", "suite")


@pytest.mark.parametrize(
    ("test", "scopes"),
    [
        (WHOLE_SUITE, [Scope.SUITE]),
        ("tests/test_a.py", [Scope.FILE, Scope.SUITE]),  # a file that cannot be collected
        (TEST, [Scope.TEST, Scope.FILE, Scope.SUITE]),
    ],
)
def test_the_scopes_that_there_are(test: str, scopes: list[Scope]) -> None:
    bench = Bench(lambda _scope, _with_jit: run_of(None))
    assert answer(bench, candidate(test=test)) == ("undecided", "suite")
    assert list(dict.fromkeys(scope for scope, _, _ in bench.runs)) == scopes


def test_runs_that_say_nothing_leave_it_undecided() -> None:
    """Ended from outside, say, or by a crash before the test."""
    ended = SuiteRun(status=Status.ERROR)
    bench = Bench(lambda _, with_jit: ended if with_jit else run_of(PASSED))
    for verdict in ("jit_failure", "jit_crash", "jit_hang"):
        assert answer(bench, candidate(verdict)) == ("undecided", "suite")


@pytest.mark.parametrize(
    ("verdict", "status"), [("jit_crash", Status.CRASH), ("jit_hang", Status.TIMEOUT)]
)
def test_deaths_count_wherever_they_happen(verdict: str, status: Status) -> None:
    """Damaged memory is stumbled over in another test each time."""
    died = SuiteRun(status=status)
    bench = Bench(
        lambda scope, with_jit: died if with_jit and scope is Scope.SUITE else run_of(PASSED)
    )
    assert answer(bench, candidate(verdict)) == ("confirmed", "suite")
    # They are not asked for more runs than that, and no longer than they may be true.
    assert [bench.count(scope) for scope in Scope] == [(1, 0), (1, 0), (3, 3)]


def test_another_exception_than_without() -> None:
    one = candidate(failure=OTHER, base=WAY)
    bench = Bench(lambda _, with_jit: run_of(FAILED_OTHERWISE if with_jit else FAILED))
    assert answer(bench, one) == ("confirmed", "test")
    bench = Bench(lambda _scope, _with_jit: run_of(FAILED))
    assert answer(bench, one) == ("dropped", "suite")
    bench = Bench(lambda _, with_jit: run_of(FAILED_OTHERWISE if with_jit else PASSED))
    assert answer(bench, one)[0] == "dropped"


def test_slowdowns() -> None:
    one = candidate("jit_slowdown")
    assert answer(Bench(lambda _, j: run_of(SLOW if j else PASSED)), one) == ("confirmed", "test")
    assert answer(Bench(lambda _scope, _j: run_of(SLOW)), one) == ("dropped", "suite")
    assert answer(Bench(lambda _scope, _j: run_of(PASSED)), one) == ("dropped", "suite")


def test_what_is_told_of_what_is_dropped() -> None:
    for one, told in (
        (candidate("jit_slowdown"), "0.1 s with the JIT, 0.10 s without, in further runs"),
        (
            candidate("jit_failure"),
            "seen in 0 of 1 further runs with the JIT, fine in 0 of 0 without",
        ),
    ):
        bench = Bench(lambda _scope, _j: run_of(PASSED))
        assert confirm([one], bench)[TEST].told == told


def test_many_tests_share_runs() -> None:
    tests = [f"tests/test_{number % 3}.py::test_{number}" for number in range(60)]
    failed = dict.fromkeys(tests, FAILED)
    passed = dict.fromkeys(tests, PASSED)

    def suite(scope: Scope, with_jit: bool) -> SuiteRun:
        bad = with_jit and scope is Scope.FILE
        return SuiteRun(status=Status.FAIL, observations=failed if bad else passed)

    bench = Bench(suite)
    answers = confirm([candidate(test=test) for test in tests], bench)
    assert {each.answer for each in answers.values()} == {Answer.CONFIRMED}
    assert bench.count(Scope.TEST) == (3 * MOST_ALONE, 3 * MOST_ALONE)
    assert bench.count(Scope.FILE) == (18, 18)
    assert bench.count(Scope.SUITE) == (0, 0)


def test_each_condition_is_confirmed_by_itself() -> None:
    """A run under one condition says nothing of a candidate of another."""
    other = Candidate(
        test="tests/test_a.py::test_y",
        judgement=Judgement(DifferentialVerdict.JIT_FAILURE, "jit-eager:63"),
    )
    conditions: list[str] = []

    def run(_scope: Scope, _tests: Sequence[str], condition: str | None) -> SuiteRun:
        if condition is not None:
            conditions.append(condition)
        bad = {TEST: FAILED} if condition == "jit" else {other.test: FAILED}
        fine = {TEST: PASSED, other.test: PASSED}
        return SuiteRun(status=Status.FAIL, observations=fine if condition is None else fine | bad)

    answers = confirm([candidate(), other], run)
    assert {each.answer for each in answers.values()} == {Answer.CONFIRMED}
    assert conditions.count("jit") == conditions.count("jit-eager:63") == 6


def test_what_fails_every_second_time_is_never_confirmed() -> None:
    for period in (2, 3, 4):
        for offset in range(period):
            turn = iter(range(offset, 1000))
            bench = Bench(
                lambda _scope, _j, turn=turn, period=period: run_of(  # type: ignore[misc]
                    PASSED if next(turn) % period else FAILED
                )
            )
            assert answer(bench, candidate())[0] == "dropped", (period, offset)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
def test_chance_is_hardly_ever_confirmed(rate: float) -> None:
    """Of flaky tests that looked like a finding; three runs of each side alone confirm 1 in 64."""
    chance = random.Random(rate)
    bench = Bench(lambda _scope, _j: run_of(FAILED if chance.random() < rate else PASSED))
    confirmed = sum(answer(bench, candidate())[0] == "confirmed" for _ in range(3000))
    assert confirmed <= 15
