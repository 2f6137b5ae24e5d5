"""The verdict on one test, over every pair of behaviours and the cases between."""

from __future__ import annotations

import itertools

import pytest

from labeille.campaigns.differential.outcomes import Failure, Observation, Seen
from labeille.campaigns.differential.verdict import Behaviour, behaviour, judge_test
from labeille.results.differential import DifferentialVerdict as V
from labeille.results.differential import gravest

WAYS = {
    "p": Observation(seen=Seen.PASSED, seconds=0.1),
    "s": Observation(seen=Seen.SKIPPED),
    "f": Observation(seen=Seen.FAILED, failure=Failure(("ValueError", "a.py:f"), "ValueError: 1")),
    "g": Observation(seen=Seen.FAILED, failure=Failure(("ValueError", "b.py:g"), "ValueError: 1")),
    "e": Observation(seen=Seen.FAILED, failure=Failure(("KeyError", "a.py:f"), "KeyError: 2")),
    "h": Observation(seen=Seen.HUNG, failure=Failure(("hang",), "no sign of life")),
    "c": Observation(seen=Seen.CRASHED, failure=Failure(("assert:x",), "assert:x")),
    "d": Observation(seen=Seen.CRASHED, failure=Failure(("assert:y",), "assert:y")),
}


def seen(letters: str) -> list[Observation]:
    return [WAYS[letter] for letter in letters]


def judge(without: str, *with_jit: str) -> tuple[str, str | None]:
    conditions = {f"jit-{number}": seen(letters) for number, letters in enumerate(with_jit)}
    judgement = judge_test([seen(without)], conditions)
    return judgement.verdict.value, judgement.condition


@pytest.mark.parametrize(
    ("without", "with_jit", "verdict"),
    [
        # one condition with the JIT
        ("pp", "pp", "same"),
        ("pp", "ff", "jit_failure"),
        ("pp", "fe", "jit_failure"),
        ("pp", "cc", "jit_crash"),
        ("pp", "cd", "jit_crash"),
        ("pp", "hh", "jit_hang"),
        ("pp", "fh", "jit_hang"),
        ("pp", "hc", "jit_crash"),
        ("pp", "ss", "same"),
        ("ss", "ss", "same"),
        ("ss", "pp", "same"),
        ("ss", "ff", "broken"),
        ("ff", "ss", "broken"),
        ("ff", "pp", "fixed_by_jit"),
        ("cc", "pp", "fixed_by_jit"),
        ("ff", "ff", "broken"),
        ("cc", "cc", "broken"),
        ("hh", "hh", "broken"),
        # it fails everywhere, and in another way
        ("ff", "ee", "jit_failure"),
        ("ff", "gg", "jit_failure"),
        ("ff", "eg", "broken"),
        ("fe", "gg", "broken"),
        ("ff", "fe", "broken"),
        ("ff", "cc", "jit_crash"),
        ("ff", "hh", "jit_hang"),
        ("hh", "cc", "jit_crash"),
        ("cc", "ff", "broken"),
        ("cc", "dd", "broken"),
        # it differs within one condition
        ("pf", "ff", "flaky"),
        ("fp", "pp", "flaky"),
        ("pp", "pf", "flaky"),
        ("pp", "pc", "flaky"),
        ("pp", "sf", "flaky"),
        ("ps", "pp", "flaky"),
        ("ppp", "ffp", "flaky"),
        # only what both sides saw is compared
        ("", "ff", "same"),
        ("pp", "", "same"),
        ("p", "cf", "jit_crash"),
        ("pp", "c", "jit_crash"),
    ],
)
def test_one_condition(without: str, with_jit: str, verdict: str) -> None:
    assert judge(without, with_jit)[0] == verdict


@pytest.mark.parametrize(
    ("without", "with_jit", "verdict", "condition"),
    [
        ("pp", ("pp", "ff"), "jit_failure", "jit-1"),
        ("pp", ("ff", "ff"), "jit_failure", "jit-0"),
        ("pp", ("ff", "cc"), "jit_crash", "jit-1"),
        ("pp", ("pf", "ff"), "flaky", None),
        ("pp", ("ff", "pf"), "flaky", None),
        ("ff", ("pp", "ff"), "fixed_by_jit", "jit-0"),
        ("ff", ("ff", "ee"), "jit_failure", "jit-1"),
        ("pp", ("", "ff"), "jit_failure", "jit-1"),
        ("pp", ("pp", ""), "same", None),
    ],
)
def test_several_conditions(
    without: str, with_jit: tuple[str, ...], verdict: str, condition: str | None
) -> None:
    assert judge(without, *with_jit) == (verdict, condition)


def test_several_conditions_without_the_jit() -> None:
    assert judge_test([seen("pp"), seen("ff")], {"jit": seen("ff")}).verdict is V.FLAKY
    assert judge_test([seen("pp"), []], {"jit": seen("ff")}).verdict is V.JIT_FAILURE


@pytest.mark.parametrize(
    ("without", "with_jit", "verdict"),
    [
        ((0.1, 0.1), (1.0, 1.2), "jit_slowdown"),
        ((0.2, 0.2), (1.0, 1.0), "jit_slowdown"),
        ((0.1, 0.1), (0.9, 5.0), "same"),
        ((0.1, 0.3), (1.2, 1.4), "same"),
        ((2.0, 2.0), (9.9, 30.0), "same"),
        ((2.0, 2.0), (10.0, 30.0), "jit_slowdown"),
        ((0.0, 0.0), (1.0, 1.0), "jit_slowdown"),
        ((5.0, 5.0), (0.1, 0.1), "same"),
    ],
)
def test_slowdowns(without: tuple[float, ...], with_jit: tuple[float, ...], verdict: str) -> None:
    def passed(seconds: tuple[float, ...]) -> list[Observation]:
        return [Observation(seen=Seen.PASSED, seconds=each) for each in seconds]

    assert judge_test([passed(without)], {"jit": passed(with_jit)}).verdict.value == verdict


def test_it_is_defined_everywhere() -> None:
    """Every pair of what two repeats of either side can be has a verdict."""
    every = ["".join(pair) for pair in itertools.product("psfhc", repeat=2)]
    assert {behaviour(seen(letters)) for letters in every} == set(Behaviour)
    found = {judge(without, with_jit)[0] for without in every for with_jit in every}
    assert found == {v.value for v in V} - {"jit_slowdown"}
    for without, with_jit in itertools.product(every, repeat=2):
        finding = V(judge(without, with_jit)[0]).is_finding
        assert not finding or set(with_jit) <= set("fhc"), (without, with_jit)


def test_the_gravest() -> None:
    assert gravest([]) is V.SAME
    assert gravest([V.FLAKY, V.JIT_HANG, V.BROKEN]) is V.JIT_HANG
    assert gravest([V.BROKEN, V.FIXED_BY_JIT, V.SAME]) is V.FIXED_BY_JIT
    assert gravest([V.FIXED_BY_JIT, V.FLAKY]) is V.FLAKY
