"""Durations are compared beyond what a machine and a suite do by themselves."""

from __future__ import annotations

import pytest

from labeille.analysis.timing import TELLING_PAIRS, compare_timings
from labeille.results.model import Record, Status, TestCounts


def record(package: str, seconds: float, status: Status = Status.PASS, tests: int = 10) -> Record:
    counts = TestCounts(passed=tests, total=tests)
    return Record(package=package, status=status, duration_seconds=seconds, tests=counts)


def changes(before: float, after: float, *repeats: float) -> float | None:
    """The ratio of one package's change, None for none."""
    pair = (record("p", before), record("p", after))
    found = compare_timings([pair], {"p": repeats}).changes
    return found[0].ratio if found else None


@pytest.mark.parametrize(
    ("before", "after", "repeats", "ratio"),
    [
        (10, 20, (), 2.0),
        (20, 10, (), 0.5),
        (10, 14, (), None),  # not by half
        (1, 2.9, (), None),  # less than two seconds
        (4, 6.1, (), 1.525),
        (10, 12.5, (10.1, 9.9), 1.25),  # a steady suite
        (10, 12.5, (10.1,), None),  # too few to call it steady
        (10, 20, (19, 30, 8), None),  # one that varies by itself
        (10, 30, (11, 9, 10), 3.0),
        (10, 11, (10, 10, 10), None),  # steady, yet less than a fifth
        (2, 2.6, (2, 2, 2), None),  # steady, yet less than a second
        (10, 7, (10, 10.2, 9.9), 7 / 10),
    ],
)
def test_beyond_noise(
    before: float, after: float, repeats: tuple[float, ...], ratio: float | None
) -> None:
    assert changes(before, after, *repeats) == (None if ratio is None else pytest.approx(ratio))


@pytest.mark.parametrize(
    ("factor", "own", "ratio"),
    [
        (1.0, 2.0, 2.0),
        (2.0, 2.0, None),  # the whole run is as slow
        (2.0, 4.0, 2.0),
        (0.5, 0.5, None),
        (0.5, 1.0, None),  # slower than the others, and yet not slower
        (0.5, 2.0, 2.0),
        (2.0, 1.0, None),
    ],
)
def test_what_slows_the_whole_run_is_taken_out(
    factor: float, own: float, ratio: float | None
) -> None:
    pairs = [(record(f"p{n}", 10), record(f"p{n}", 10 * factor)) for n in range(TELLING_PAIRS)]
    pairs.append((record("own", 10), record("own", 10 * own)))
    found = compare_timings(pairs, {})
    assert found.run_ratio == pytest.approx(factor)
    ratios = {timing.package: timing.ratio for timing in found.changes}
    assert ratios == ({} if ratio is None else {"own": pytest.approx(ratio)})


def test_a_few_suites_do_not_tell_how_fast_a_run_was() -> None:
    pairs = [(record(f"p{n}", 10), record(f"p{n}", 20)) for n in range(TELLING_PAIRS - 1)]
    pairs += [(record(f"q{n}", 0.01), record(f"q{n}", 0.1)) for n in range(TELLING_PAIRS)]
    assert compare_timings(pairs, {}).run_ratio == 1.0


@pytest.mark.parametrize(
    "after",
    [
        record("p", 100, Status.CRASH),
        record("p", 100, Status.TIMEOUT),
        record("p", 0),
        record("p", 100, tests=5),
    ],
)
def test_only_whole_suites_are_compared(after: Record) -> None:
    found = compare_timings([(record("p", 10), after)], {})
    assert (found.changes, found.compared) == ((), 0)


def test_the_largest_factor_comes_first() -> None:
    seconds = {"a": 25.0, "b": 2.0, "c": 100.0}
    pairs = [(record(name, 10), record(name, after)) for name, after in seconds.items()]
    assert [timing.package for timing in compare_timings(pairs, {}).changes] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("before", "after", "only_waited"),
    [(3.0, 3.2, True), (3.0, 6.0, False), (6.0, 3.0, False), (None, 3.0, False), (3.0, 0, False)],
)
def test_cpu_time_tells_work_from_waiting(
    before: float | None, after: float | None, only_waited: bool
) -> None:
    then = Record(package="p", status=Status.PASS, duration_seconds=10, cpu_seconds=before)
    now = Record(package="p", status=Status.PASS, duration_seconds=20, cpu_seconds=after)
    (timing,) = compare_timings([(then, now)], {}).changes
    assert timing.only_waited is only_waited
