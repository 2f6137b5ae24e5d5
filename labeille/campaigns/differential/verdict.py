"""The verdict on one test, from what was seen of it under each condition: one pure function."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from labeille.campaigns.differential.outcomes import Failure, Observation, Seen
from labeille.results.differential import DifferentialVerdict, gravest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A test is slower with the JIT that takes so many times as long, and so many seconds at least.
SLOWDOWN_FACTOR = 5.0
SLOWDOWN_SECONDS = 1.0


class Behaviour(enum.Enum):
    """What a test does under one condition, over its repeats."""

    PASSES = "passes"
    SKIPS = "skips"
    FAILS = "fails"  # or hangs, or crashes: every time
    VARIES = "varies"


@dataclass(frozen=True)
class Judgement:
    """A verdict, and the condition with the JIT that it is for: the first that shows it.

    ``condition`` is None for what is not of one condition: same, flaky.
    """

    verdict: DifferentialVerdict
    condition: str | None = None


SAME = Judgement(DifferentialVerdict.SAME)
FLAKY = Judgement(DifferentialVerdict.FLAKY)


def judge_test(
    without: Sequence[Sequence[Observation]], with_jit: Mapping[str, Sequence[Observation]]
) -> Judgement:
    """The verdict on one test.

    ``without`` has the test's observations for each condition without the JIT, ``with_jit`` those
    for each condition with it, by name. Only where both sides saw the test it is compared. One that
    differs within one condition is flaky, whatever else there is: it says nothing of the JIT.
    """
    base = [repeats for repeats in without if repeats]
    tried = {name: repeats for name, repeats in with_jit.items() if repeats}
    if not base or not tried:
        return SAME
    together = [observation for repeats in base for observation in repeats]
    sides = [together, *tried.values()]
    if any(behaviour(repeats) is Behaviour.VARIES for repeats in sides):
        return FLAKY
    verdicts = {name: compare(together, repeats) for name, repeats in tried.items()}
    verdict = gravest(verdicts.values())
    if verdict is DifferentialVerdict.SAME:
        return SAME
    return Judgement(verdict, next(name for name, own in verdicts.items() if own is verdict))


def behaviour(repeats: Sequence[Observation]) -> Behaviour:
    """What one condition's repeats have in common."""
    if all(observation.seen.is_bad for observation in repeats):
        return Behaviour.FAILS
    seen = {observation.seen for observation in repeats}
    if seen == {Seen.PASSED}:
        return Behaviour.PASSES
    if seen == {Seen.SKIPPED}:
        return Behaviour.SKIPS
    return Behaviour.VARIES


def compare(without: Sequence[Observation], with_jit: Sequence[Observation]) -> DifferentialVerdict:
    """One test without the JIT and with it, seen at least once on either side."""
    after = behaviour(with_jit)
    match behaviour(without):
        case Behaviour.PASSES:
            return _from_passing(after, without, with_jit)
        case Behaviour.FAILS:
            return _from_failing(after, without, with_jit)
        case Behaviour.SKIPS:
            return _from_skipping(after)
        case Behaviour.VARIES:
            return DifferentialVerdict.FLAKY
        case unreachable:
            assert_never(unreachable)


def _from_passing(
    after: Behaviour, without: Sequence[Observation], with_jit: Sequence[Observation]
) -> DifferentialVerdict:
    match after:
        case Behaviour.PASSES if is_slower(without, with_jit):
            return DifferentialVerdict.JIT_SLOWDOWN
        case Behaviour.PASSES | Behaviour.SKIPS:
            return DifferentialVerdict.SAME
        case Behaviour.FAILS:
            return _WORST[worst(with_jit)]
        case Behaviour.VARIES:
            return DifferentialVerdict.FLAKY
        case unreachable:
            assert_never(unreachable)


def _from_failing(
    after: Behaviour, without: Sequence[Observation], with_jit: Sequence[Observation]
) -> DifferentialVerdict:
    match after:
        case Behaviour.PASSES:
            return DifferentialVerdict.FIXED_BY_JIT
        case Behaviour.FAILS:
            return _compare_failures(without, with_jit)
        case Behaviour.SKIPS:  # it fails wherever it runs
            return DifferentialVerdict.BROKEN
        case Behaviour.VARIES:
            return DifferentialVerdict.FLAKY
        case unreachable:
            assert_never(unreachable)


def _from_skipping(after: Behaviour) -> DifferentialVerdict:
    """Where a test runs with the JIT alone, there is nothing to compare it to."""
    match after:
        case Behaviour.PASSES | Behaviour.SKIPS:
            return DifferentialVerdict.SAME
        case Behaviour.FAILS:
            return DifferentialVerdict.BROKEN
        case Behaviour.VARIES:
            return DifferentialVerdict.FLAKY
        case unreachable:
            assert_never(unreachable)


_WORST = {
    Seen.CRASHED: DifferentialVerdict.JIT_CRASH,
    Seen.HUNG: DifferentialVerdict.JIT_HANG,
    Seen.FAILED: DifferentialVerdict.JIT_FAILURE,
}


def worst(repeats: Sequence[Observation]) -> Seen:
    """The worst that a condition's repeats saw."""
    return max(observation.seen for observation in repeats)


def is_slower(without: Sequence[Observation], with_jit: Sequence[Observation]) -> bool:
    """Whether the fastest with the JIT is far slower than the slowest without it."""
    fastest, slowest = _nearest(without, with_jit)
    return fastest >= SLOWDOWN_SECONDS and fastest >= SLOWDOWN_FACTOR * slowest


def slowness(without: Sequence[Observation], with_jit: Sequence[Observation]) -> str:
    """How much slower it is with the JIT at least, in words."""
    fastest, slowest = _nearest(without, with_jit)
    return f"{fastest:.1f} s with the JIT, {slowest:.2f} s without"


def _nearest(
    without: Sequence[Observation], with_jit: Sequence[Observation]
) -> tuple[float, float]:
    """Seconds of the fastest with the JIT, and of the slowest without."""
    return min(each.seconds for each in with_jit), max(each.seconds for each in without)


def way(repeats: Sequence[Observation]) -> Failure | None:
    """The one way in which all repeats failed, None where they differ."""
    failures = [observation.failure for observation in repeats]
    identities = {failure.identity for failure in failures if failure is not None}
    return failures[0] if len(identities) == 1 and None not in failures else None


def _compare_failures(
    without: Sequence[Observation], with_jit: Sequence[Observation]
) -> DifferentialVerdict:
    """Of a test that fails on both sides: whether it does so in another way with the JIT.

    Another exception, every time, from where there always was one: that is no weaker a sign than a
    failure where there was none.
    """
    before, after = worst(without), worst(with_jit)
    if after > before:
        return _WORST[after]
    one, other = way(without), way(with_jit)
    differs = one is not None and other is not None and one.identity != other.identity
    if before is after is Seen.FAILED and differs:
        return DifferentialVerdict.JIT_FAILURE
    return DifferentialVerdict.BROKEN
