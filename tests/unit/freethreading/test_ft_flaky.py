"""What is said of failing tests: where, in how many ways, and whether the GIL matters."""

from __future__ import annotations

import ft_runs
import msgspec
import pytest
from ft_runs import counted, failing, iterations

from labeille.analysis.freethreading.flaky import (
    Cluster,
    FlakyPackage,
    Sameness,
    flaky_packages,
)
from labeille.results.freethreading import (
    Breakage,
    Category,
    FailureDetail,
    FreeThreadedRecord,
    Iteration,
    IterationStatus,
    StackFrame,
    ThreadStack,
)

FAIL, PASS = IterationStatus.FAIL, IterationStatus.PASS


def flaky(record: FreeThreadedRecord) -> FlakyPackage:
    (found,) = flaky_packages([record])
    return found


def package(*failed: tuple[str, ...], passes: int = 2) -> FreeThreadedRecord:
    """A record with an iteration for each group of tests that fail together."""
    bad = [
        Iteration(index=index, status=FAIL, failed_tests=dict.fromkeys(names, "failed"))
        for index, names in enumerate(failed)
    ]
    good = [Iteration(index=len(bad) + index, status=PASS) for index in range(passes)]
    return counted(FreeThreadedRecord(package="demo", iterations=(*bad, *good)))


@pytest.mark.parametrize(
    ("groups", "cluster"),
    [
        ([("a",), ("a",), ("a",)], Cluster.ONE_TEST),
        ([("a", "b"), ("b", "a")], Cluster.TOGETHER),
        ([("a", "b"), ("a", "c"), ("a",)], Cluster.SHARED),
        ([("a",), ("b",)], Cluster.SPREAD),
        ([("a", "b"), ("c",)], Cluster.SPREAD),
        ([(), ()], Cluster.NONE),
        ([("a",), ()], Cluster.ONE_TEST),
    ],
)
def test_where_failures_fall(groups: list[tuple[str, ...]], cluster: Cluster) -> None:
    assert flaky(package(*groups)).cluster is cluster


@pytest.mark.parametrize(
    ("ways", "manner", "counts"),
    [
        (["x", None, "x"], Sameness.SAME, (("x", 2),)),
        (["x", "y", "x"], Sameness.VARIED, (("x", 2), ("y", 1))),
        (["x", None, None], Sameness.ONCE, (("x", 1),)),
    ],
)
def test_ways_of_failing(
    ways: list[str | None], manner: Sameness, counts: tuple[tuple[str, int], ...]
) -> None:
    record = counted(FreeThreadedRecord(package="demo", iterations=failing("t", ways)))
    (test,) = flaky(record).tests
    assert (test.manner, test.ways) == (manner, counts)
    assert test.rate.failures == sum(count for _, count in counts)
    assert test.rate.runs == 3


def test_place_and_thread() -> None:
    detail = FailureDetail(position=4, previous="t3", thread="Thread-N (worker)")
    same = flaky(
        counted(FreeThreadedRecord(package="demo", iterations=failing("t", ["x"] * 3, detail)))
    ).tests[0]
    assert (same.order, same.places) == (Sameness.SAME, (("t3", 3),))
    assert same.threads == (("Thread-N (worker)", 3),)
    moved = [
        Iteration(
            index=index,
            status=FAIL,
            failed_tests={"t": "x"},
            failure_details={"t": FailureDetail(position=index, previous=previous)},
        )
        for index, previous in enumerate([None, "t0", "t7"])
    ]
    varied = flaky(counted(FreeThreadedRecord(package="demo", iterations=tuple(moved)))).tests[0]
    assert varied.order is Sameness.VARIED
    assert {name for name, _ in varied.places} == {"the first test", "t0", "t7"}


def test_crash_signatures_agree_or_not() -> None:
    agree = counted(
        FreeThreadedRecord(package="a", iterations=iterations("pcc", crash_signature="s"))
    )
    assert flaky(agree).crashes_agree is Sameness.SAME
    assert flaky(ft_runs.crashing()).crashes_agree is Sameness.VARIED
    (test,) = flaky(ft_runs.crashing()).tests
    assert test.endings == (("crash", 3),)
    assert test.name == ft_runs.COUNTER


def test_hangs_agree_whichever_thread_is_told_first() -> None:
    found = flaky(ft_runs.stuck())
    assert found.deadlocks == (("locks.py:take_a | locks.py:take_b", 2),)
    assert found.deadlocks_agree is Sameness.SAME
    record = ft_runs.stuck()
    first, second = (i for i in record.iterations if i.stacks)
    turned = msgspec.structs.replace(second, stacks=tuple(reversed(second.stacks)))
    elsewhere = ThreadStack(thread="1", frames=(StackFrame(file="x.py", line=1, function="f"),))
    moved = msgspec.structs.replace(second, stacks=(elsewhere,))
    for last, same in ((turned, Sameness.SAME), (moved, Sameness.VARIED)):
        changed = msgspec.structs.replace(record, iterations=(first, last))
        assert flaky(changed).deadlocks_agree is same


def test_what_only_free_threading_breaks() -> None:
    assert [test.name for test in flaky(ft_runs.racy()).only_free_threading] == [ft_runs.COUNTER]
    assert flaky(ft_runs.broken()).only_free_threading == ()
    assert flaky(ft_runs.broken()).tests[0].tally.breakage is Breakage.PRE_EXISTING


def test_what_fails_with_the_gil_alone_is_another_story() -> None:
    """A test that never failed without the GIL is not listed."""
    plain = iterations("fp")
    gil = [Iteration(index=0, status=FAIL, failed_tests={"only-gil": "x"})]
    record = counted(
        FreeThreadedRecord(package="d", iterations=plain, gil_enabled_iterations=tuple(gil))
    )
    assert flaky(record).tests == ()


def test_iterations_that_say_nothing_do_not_count() -> None:
    record = counted(FreeThreadedRecord(package="d", iterations=iterations("ppfe")))
    assert (flaky(record).rate.failures, flaky(record).rate.runs) == (1, 3)


def test_stress_is_told_apart() -> None:
    stress = [
        Iteration(index=0, status=FAIL, failed_tests={"t": "x"}),
        Iteration(index=1, status=PASS),
    ]
    record = msgspec.structs.replace(
        ft_runs.fine(), stress_threads=4, stress_iterations=tuple(stress), stress_pass_rate=0.5
    )
    found = flaky(record)
    assert found.rate.failures == 0
    assert found.stress is not None
    assert (found.stress.failures, found.stress.runs) == (1, 2)
    (test,) = found.stress_tests
    assert (test.name, test.rate.failures, test.ways) == ("t", 1, (("x", 1),))


def test_order_of_packages() -> None:
    """Intermittent ones first, the most frequent first; what passes is left out."""
    found = flaky_packages(ft_runs.everything())
    assert [each.name for each in found] == ["racy", "crashing", "stuck", "broken", "reported"]


def test_unknown_categories_do_no_harm() -> None:
    assert flaky_packages([FreeThreadedRecord(package="x", category=Category.UNKNOWN)]) == []


def test_failures_that_name_no_test_have_their_reasons() -> None:
    failed = iterations("ff", exit_code=3, last_output_line="Traceback")
    told = iterations("f", reason="pytest had an internal error (exit 3)", exit_code=3)
    crashed = iterations("c", crash_signature="s")
    record = counted(FreeThreadedRecord(package="d", iterations=(*failed, *told, *crashed)))
    assert flaky(record).reasons == (
        ("exit code 3: Traceback", 2),
        ("pytest had an internal error (exit 3)", 1),
    )
