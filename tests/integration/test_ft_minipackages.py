"""Free threading: every category by a tiny package that really is so, on the real target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ftbatch import STALL_THRESHOLD, FtBatch, read_ft_meta, run_ft_batch, write_ft_registry

from labeille.results.freethreading import (
    Activity,
    Breakage,
    Category,
    Iteration,
    IterationStatus,
    ThreadStack,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.target("free-threaded")]

COMPARED = (
    "compatible",
    "fails-anyway",
    "fails-without-gil",
    "leans-on-gil",
    "declares-no-gil",
    "wants-gil",
    "install-failure",
    "import-failure",
)
#: With few iterations: each costs the threshold, or the limit.
SLOW = ("locks-inverted", "spins", "prints-on", "gets-killed")
#: Seconds that a stall may cost beyond the threshold.
STALL_COST = 3.0


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, free_threaded_python: Path) -> FtBatch:
    root = tmp_path_factory.mktemp("ft")
    write_ft_registry(COMPARED, root)
    options = ("--iterations", "5", "--compare-with-gil")
    return run_ft_batch(root, "compared", free_threaded_python, *options)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory, free_threaded_python: Path) -> FtBatch:
    root = tmp_path_factory.mktemp("ft-slow")
    write_ft_registry(SLOW, root)
    return run_ft_batch(
        root,
        "slow",
        free_threaded_python,
        "--iterations",
        "2",
        "--stall-threshold",
        str(STALL_THRESHOLD),
    )


@pytest.fixture(scope="module")
def races(tmp_path_factory: pytest.TempPathFactory, free_threaded_python: Path) -> FtBatch:
    root = tmp_path_factory.mktemp("ft-races")
    write_ft_registry(("races",), root)
    return run_ft_batch(root, "races", free_threaded_python, "--iterations", "14")


@pytest.fixture(scope="module")
def stressed(tmp_path_factory: pytest.TempPathFactory, free_threaded_python: Path) -> FtBatch:
    root = tmp_path_factory.mktemp("ft-stress")
    write_ft_registry(("unsafe-tests",), root)
    options = ("--iterations", "2", "--stress-threads", "8")
    return run_ft_batch(root, "stressed", free_threaded_python, *options)


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory, free_threaded_python: Path) -> FtBatch:
    root = tmp_path_factory.mktemp("ft-decided")
    write_ft_registry(("compatible", "locks-inverted"), root)
    options = ("--iterations", "3", "--compare-with-gil", "--until-decided", "--stall-threshold")
    return run_ft_batch(root, "decided", free_threaded_python, *options, str(STALL_THRESHOLD))


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("compatible", Category.COMPATIBLE),
        ("fails-anyway", Category.INCOMPATIBLE),
        ("fails-without-gil", Category.INCOMPATIBLE),
        ("leans-on-gil", Category.CRASH),
        ("declares-no-gil", Category.COMPATIBLE),
        ("wants-gil", Category.COMPATIBLE_GIL_FALLBACK),
        ("install-failure", Category.INSTALL_FAILURE),
        ("import-failure", Category.IMPORT_FAILURE),
    ],
)
def test_categories(compared: FtBatch, name: str, category: Category) -> None:
    assert compared[name].category is category, compared.output


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("locks-inverted", Category.DEADLOCK),
        ("spins", Category.DEADLOCK),
        ("prints-on", Category.INCOMPATIBLE),
        ("gets-killed", Category.UNKNOWN),
    ],
)
def test_categories_that_take_time(slow: FtBatch, name: str, category: Category) -> None:
    assert slow[name].category is category, slow.output


@pytest.mark.parametrize(
    ("name", "activity", "test", "functions"),
    [
        (
            "locks-inverted",
            Activity.BLOCKED,
            "tests/test_locks_inverted.py::test_transfers_both_ways",
            ["take_second", "take_second", "test_transfers_both_ways"],
        ),
        ("spins", Activity.SPINNING, "tests/test_spins.py::test_waits", ["test_waits", "wait_for"]),
    ],
)
def test_a_deadlock_says_where_each_thread_stood(
    slow: FtBatch, name: str, activity: Activity, test: str, functions: list[str]
) -> None:
    record = slow[name]
    assert record.deadlock_count == record.iterations_completed == 2
    assert record.timeout_count == record.crash_count == 0
    for iteration in record.iterations:
        assert iteration.status is IterationStatus.DEADLOCK
        assert iteration.output_stalled
        assert iteration.activity is activity
        assert STALL_THRESHOLD <= silence(slow, iteration) <= STALL_THRESHOLD + STALL_COST
        assert iteration.running_test == test
        assert sorted(own_function(stack) for stack in iteration.stacks) == functions


def silence(batch: FtBatch, iteration: Iteration) -> float:
    """Seconds from a stalled iteration's last sign of life to the end of its last process."""
    folder = batch.run_dir / (iteration.logs or "")
    last_event = (folder / "tests.jsonl").stat().st_mtime
    return (folder / "stderr.log").stat().st_mtime - last_event


def own_function(stack: ThreadStack) -> str:
    """The innermost function of a thread's stack that is the mini package's or its test's."""
    return next(
        frame.function for frame in stack.frames if "mini_" in frame.file or "test_" in frame.file
    )


def test_what_still_prints_is_a_timeout(slow: FtBatch) -> None:
    record = slow["prints-on"]
    assert (record.timeout_count, record.deadlock_count) == (2, 0)
    assert record.iterations[0].last_output_line


def test_nothing_is_left(slow: FtBatch, compared: FtBatch, races: FtBatch) -> None:
    for batch in (slow, compared, races):
        assert batch.survivors == []
        assert list((batch.root / "tmp").iterdir()) == []


def test_a_package_ends_once_it_is_decided(decided: FtBatch) -> None:
    hanging, passing = decided["locks-inverted"], decided["compatible"]
    assert hanging.category is Category.DEADLOCK, decided.output
    assert (hanging.iterations_completed, hanging.iterations_planned) == (1, 3)
    assert hanging.stopped_early == "decided after 1 of 3 iterations"
    # A pass may still be followed by anything else; but what never failed is broken by nothing.
    assert (passing.category, passing.iterations_completed) == (Category.COMPATIBLE, 3)
    assert passing.gil_enabled_iterations == ()
    assert passing.breakage is Breakage.NONE


def test_the_first_pass_can_be_enough(compared: FtBatch, free_threaded_python: Path) -> None:
    """In the folder of ``compared``: its environments serve again."""
    options = ("--iterations", "4", "--stop-on-first-pass", "--no-detect-extensions")
    packages = ("--packages", "mini-compatible,mini-fails-anyway")
    batch = run_ft_batch(compared.root, "first", free_threaded_python, *options, *packages)
    assert batch["compatible"].iterations_completed == 1, batch.output
    assert batch["compatible"].stopped_early == "stopped at the first pass"
    assert batch["compatible"].extension_compat is None
    assert batch["fails-anyway"].iterations_completed == 4
    assert batch["fails-anyway"].stopped_early is None


def test_a_run_is_gone_on_with_in_its_own_manner(
    compared: FtBatch, free_threaded_python: Path
) -> None:
    refused = run_ft_batch(
        compared.root, "compared", free_threaded_python, "--iterations", "2", "--skip-completed"
    )
    assert refused.exit_code == 2
    assert "run compared was begun with --iterations 5, not 2" in refused.output


def test_stress_is_told_apart(stressed: FtBatch) -> None:
    record = stressed["unsafe-tests"]
    assert record.category is Category.COMPATIBLE, stressed.output
    assert (record.pass_count, record.iterations_completed) == (2, 2)
    assert record.stress_threads == 8
    assert record.stress_pass_rate == 0.0
    for iteration in record.stress_iterations:
        assert iteration.threads == 8
        assert list(iteration.failed_tests) == ["tests/test_unsafe_tests.py::test_joins"]
    assert {iteration.threads for iteration in record.iterations} == {None}


def test_a_race_shows_in_some_iterations(races: FtBatch) -> None:
    record = races["races"]
    assert record.category is Category.INTERMITTENT, races.output
    assert record.iterations_completed == 14
    (name,) = record.flaky_tests
    assert name == "tests/test_races.py::test_one_seat_is_taken_once"
    assert record.flaky_tests[name] == record.fail_count == 14 - record.pass_count
    assert record.failure_signatures == ("AssertionError: assert N == N",)


@pytest.mark.parametrize(
    ("name", "breakage"),
    [
        ("compatible", Breakage.NONE),
        ("fails-anyway", Breakage.PRE_EXISTING),
        ("fails-without-gil", Breakage.FREE_THREADING),
        ("leans-on-gil", Breakage.FREE_THREADING),
        ("install-failure", None),
    ],
)
def test_what_free_threading_breaks(
    compared: FtBatch, name: str, breakage: Breakage | None
) -> None:
    assert compared[name].breakage is breakage


def test_each_test_is_told_apart(compared: FtBatch) -> None:
    tests = compared["fails-without-gil"].tests
    module = "tests/test_fails_without_gil.py"
    assert {name: tally.breakage for name, tally in tests.items()} == {
        f"{module}::test_is_guarded": Breakage.FREE_THREADING,
        f"{module}::test_doubles": Breakage.PRE_EXISTING,
    }
    tally = tests[f"{module}::test_is_guarded"]
    assert (tally.passes, tally.runs, tally.gil_passes, tally.gil_runs) == (0, 5, 5, 5)


def test_a_crash_without_the_gil_alone(compared: FtBatch) -> None:
    record = compared["leans-on-gil"]
    assert record.crash_count >= 4  # with fewer, chance would explain them
    assert record.gil_enabled_pass_rate == 1.0
    for iteration in record.iterations:
        if iteration.status is IterationStatus.PASS:
            continue
        assert iteration.crash_signal == "SIGSEGV"
        assert iteration.crash_signature in record.failure_signatures
        assert iteration.running_test == "tests/test_leans_on_gil.py::test_in_threads"
        evidence = compared.run_dir / "crashes" / record.package / f"{iteration.index}.txt"
        assert "in test_in_threads" in evidence.read_text()


def test_failures_before_the_suite_say_why(compared: FtBatch) -> None:
    install, imported = compared["install-failure"], compared["import-failure"]
    assert (install.install_ok, install.phase) == (False, "install")
    assert "no compiler for it" in (install.install_error or "")
    assert (imported.install_ok, imported.import_ok, imported.phase) == (True, False, "import")
    assert "mini_that_is_nowhere" in (imported.import_error or "")


def test_metadata_says_what_was_run(compared: FtBatch) -> None:
    meta = read_ft_meta(compared.run_dir)
    assert meta["packages_completed"] == meta["packages_total"] == len(COMPARED)
    assert meta["finished_at"]
    config = meta["config"]
    assert isinstance(config, dict)
    assert (config["iterations"], config["compare_with_gil"]) == (5, True)


def test_exit_codes(compared: FtBatch, slow: FtBatch, races: FtBatch) -> None:
    assert [batch.exit_code for batch in (compared, slow, races)] == [1, 1, 0]
