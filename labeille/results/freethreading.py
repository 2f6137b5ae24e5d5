"""Free-threaded runs: ft_meta.json, the lines of ft_results.jsonl, and where files lie.

Keys that the original format has are spelled as there; the ones it does not have are ours and come
behind. All but a record's ``package`` are optional, so that runs written by the original load.
"""

from __future__ import annotations

import enum
from pathlib import Path

import msgspec

from labeille.errors import ResultsError
from labeille.results.extension_compat import ExtensionCompat  # noqa: TC001 - msgspec reads it
from labeille.results.model import TestCounts, TimeoutKind

#: What run ids of free-threaded runs begin with: ``ft_<stamp>``.
RUN_PREFIX = "ft"
META_FILE = "ft_meta.json"
RECORDS_FILE = "ft_results.jsonl"


class Category(enum.StrEnum):
    """What free threading does to a package, the first that applies."""

    INSTALL_FAILURE = "install_failure"
    IMPORT_FAILURE = "import_failure"
    DEADLOCK = "deadlock"  # at least one iteration stalled
    CRASH = "crash"  # at least one iteration crashed
    TSAN_WARNINGS = "tsan_warnings"  # at least one iteration had a report of ThreadSanitizer
    COMPATIBLE_GIL_FALLBACK = "compatible_gil_fallback"  # all pass, but the GIL comes on by itself
    COMPATIBLE = "compatible"
    INCOMPATIBLE = "incompatible"  # no iteration passes
    INTERMITTENT = "intermittent"
    UNKNOWN = "unknown"  # no iteration that says anything


class IterationStatus(enum.StrEnum):
    """How one iteration ended."""

    PASS = "pass"
    FAIL = "fail"
    CRASH = "crash"
    TIMEOUT = "timeout"  # took too long, and still printed
    DEADLOCK = "deadlock"  # nothing printed for the stall threshold
    ERROR = "error"  # says nothing of the package: killed from outside, out of memory
    UNKNOWN = "unknown"


class Activity(enum.StrEnum):
    """What a stalled process did, by the CPU time that it used."""

    BLOCKED = "blocked"
    SPINNING = "spinning"


class Breakage(enum.StrEnum):
    """Whether a failure is free threading's, by the pass counts with the GIL off and on."""

    NONE = "none"  # nothing fails without the GIL
    FREE_THREADING = "free_threading"  # fails more often without the GIL than chance explains
    PRE_EXISTING = "pre_existing"  # fails with the GIL just as well
    UNDECIDED = "undecided"  # too few iterations to tell


class StackFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One line where a thread stood."""

    file: str
    line: int | None = None
    function: str = ""


class ThreadStack(msgspec.Struct, frozen=True, kw_only=True):
    """Where one thread stood, innermost frame first. ``thread`` is its id, or id and name."""

    thread: str
    current: bool = False
    frames: tuple[StackFrame, ...] = ()


class FailureDetail(msgspec.Struct, frozen=True, kw_only=True):
    """More of a failing test: its message, its place among the tests run, the test before it,
    and the thread that an exception was raised in, if it was not the main one."""

    message: str | None = None
    position: int | None = None
    previous: str | None = None
    thread: str | None = None


class Iteration(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of a package's suite. Durations are seconds; ``index`` counts from 0.

    ``exit_code`` is as ``waitpid`` gives it; ``crash_signal`` a signal's name. ``tsan_warnings``
    are the types of ThreadSanitizer's reports, ``tsan_reports`` their keys. ``test_results`` are
    the original's, by test id: PASSED, FAILED, ERROR, SKIPPED; ours keep ``failed_tests``, which
    maps ids to the signatures of their failures. ``stacks`` are where the threads stood when the
    iteration was ended, ``activity`` what a stalled one did. ``logs`` is the folder of its logs,
    from the run's.
    """

    index: int = 0
    status: IterationStatus = IterationStatus.UNKNOWN
    exit_code: int | None = None
    duration_s: float = 0.0
    crash_signal: str | None = None
    crash_signature: str | None = None
    tsan_warnings: tuple[str, ...] = ()
    output_stalled: bool = False
    last_output_line: str = ""
    stderr_tail: str = ""
    test_results: dict[str, str] = {}
    tests_passed: int | None = None
    tests_failed: int | None = None
    tests_errored: int | None = None
    tests_skipped: int | None = None
    cpu_seconds: float | None = None
    max_rss_bytes: int | None = None
    timeout_kind: TimeoutKind | None = None
    reason: str | None = None
    activity: Activity | None = None
    failed_tests: dict[str, str] = {}
    failure_details: dict[str, FailureDetail] = {}
    running_test: str | None = None
    stacks: tuple[ThreadStack, ...] = ()
    tsan_reports: tuple[str, ...] = ()
    condition: str | None = None
    threads: int | None = None  # of a stress iteration: how many run each test at once
    gil_enabled: bool | None = None  # in the test process at its end, as it says itself
    logs: str | None = None
    timestamp: str = ""

    @property
    def counts(self) -> TestCounts | None:
        """Its numbers of tests, None where it has none."""
        numbers = (self.tests_passed, self.tests_failed, self.tests_errored, self.tests_skipped)
        if all(number is None for number in numbers):
            return None
        passed, failed, error, skipped = (number or 0 for number in numbers)
        total = passed + failed + error + skipped
        return TestCounts(passed=passed, failed=failed, error=error, skipped=skipped, total=total)

    @property
    def failing(self) -> tuple[str, ...]:
        """Ids of the tests that failed or erred, also of an iteration of the original's."""
        bad = (name for name, result in self.test_results.items() if result in _BAD_RESULTS)
        return tuple(dict.fromkeys((*self.failed_tests, *bad)))


_BAD_RESULTS = frozenset({"FAILED", "ERROR", "failed", "error"})


class TestTally(msgspec.Struct, frozen=True, kw_only=True):
    """How often one test passed of how often it ran, with the GIL off and on.

    ``p_value`` is that of Fisher's exact test on the two pass counts, one-sided: the chance of so
    many more failures without the GIL where it made no difference.
    """

    __test__ = False

    passes: int = 0
    runs: int = 0
    gil_passes: int = 0
    gil_runs: int = 0
    breakage: Breakage = Breakage.UNDECIDED
    p_value: float | None = None


class TsanAccess(msgspec.Struct, frozen=True, kw_only=True):
    """One stack of a report: an access, or where a mutex was taken; its ``stack`` innermost first.

    ``what`` is ThreadSanitizer's word: "write", "previous atomic read", "mutex acquired". ``size``
    is bytes. ``thread`` is "main thread" or "thread T1". ``function`` is the innermost frame that
    is no plumbing, None where the stack could not be restored.
    """

    what: str
    size: int | None = None
    thread: str = ""
    function: str | None = None
    stack: tuple[str, ...] = ()


class TsanReport(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of ThreadSanitizer, the same over iterations by its ``key``.

    ``key`` is spelled as a crash signature is: the type ("data race") and ``functions``, which are
    the accesses' innermost real functions in alphabetical order, "?" for one without a stack.
    ``location`` says what memory it was ("heap block of size 72 allocated by main thread"),
    ``location_stack`` where that came from. ``iterations`` are the indices of those that it came up
    in, ``count`` is how often in all.
    """

    key: str
    type: str
    functions: tuple[str, ...] = ()
    accesses: tuple[TsanAccess, ...] = ()
    location: str | None = None
    location_stack: tuple[str, ...] = ()
    summary: str | None = None
    iterations: tuple[int, ...] = ()
    count: int = 1


class FreeThreadedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One package's result in one free-threaded run: a line of ft_results.jsonl.

    ``iterations_completed`` counts the iterations that say something of the package: those with
    status ``error`` are left out of it, of every other count and of ``pass_rate`` (0 to 1).
    ``timeout_count`` leaves out deadlocks. ``flaky_tests`` maps ids of tests that failed in some
    iterations and passed in others to how often they failed. ``tests`` has a tally for each test
    that failed at least once. ``gil_enabled_*`` are those of PYTHON_GIL=1, ``stress_*`` those with
    each test in several threads at once; neither counts in the plain numbers, nor in the category.
    """

    package: str
    category: Category = Category.UNKNOWN
    iterations_completed: int = 0
    pass_count: int = 0
    fail_count: int = 0
    crash_count: int = 0
    timeout_count: int = 0
    deadlock_count: int = 0
    tsan_warning_iterations: int = 0
    pass_rate: float = 0.0
    mean_duration_s: float = 0.0
    failure_signatures: tuple[str, ...] = ()
    tsan_warning_types: tuple[str, ...] = ()
    flaky_tests: dict[str, int] = {}
    install_ok: bool = True
    install_error: str | None = None
    install_duration_s: float = 0.0
    import_ok: bool = True
    import_error: str | None = None
    commit: str | None = None
    iterations: tuple[Iteration, ...] = ()
    extension_compat: ExtensionCompat | None = None
    gil_enabled_pass_rate: float | None = None
    gil_enabled_iterations: tuple[Iteration, ...] | None = None

    error_count: int = 0
    iterations_planned: int | None = None
    stopped_early: str | None = None  # why there are fewer iterations than planned
    reason: str | None = None
    breakage: Breakage | None = None  # None where the suite was not run with the GIL
    breakage_p_value: float | None = None
    tests: dict[str, TestTally] = {}
    tsan_reports: tuple[TsanReport, ...] = ()
    stress_threads: int | None = None
    stress_pass_rate: float | None = None
    stress_iterations: tuple[Iteration, ...] = ()
    stress_reason: str | None = None  # why there are no stress iterations although asked for
    phase: str | None = None  # of an install or import failure: clone, venv, install or import
    repo: str | None = None
    package_version: str | None = None
    requested_revision: str | None = None
    install_from: str | None = None
    sdist_version: str | None = None
    source_note: str | None = None
    install_command: str | None = None
    test_command: str = ""
    installed_dependencies: dict[str, str] = {}
    installer_backend: str | None = None
    env_overrides: dict[str, str] = {}
    target_id: str | None = None
    timestamp: str = ""


class FreeThreadedMeta(msgspec.Struct, frozen=True, kw_only=True):
    """ft_meta.json: what a free-threaded run was and on what. ``target`` is the whole probe.

    Times are ISO 8601 in UTC; ``finished_at`` is None while the run goes, or when it was killed.
    ``timestamp``, ``system_profile``, ``python_profile`` and ``config`` are the original's.
    ``unstable`` has sentences about the machine as --check-stability found it, None without that.
    """

    run_id: str = ""
    timestamp: str = ""
    system_profile: dict[str, object] = {}
    python_profile: dict[str, object] = {}
    config: dict[str, object] = {}
    cli_args: list[str] | dict[str, object] = []
    packages_total: int = 0
    packages_completed: int = 0
    total_iterations: int = 0
    total_duration_s: float = 0.0

    started_at: str = ""
    finished_at: str | None = None
    target_python: str = ""
    python_version: str = ""
    condition: str | None = None
    env_overrides: dict[str, str] = {}
    hostname: str = ""
    platform: str = ""
    installer: str | None = None
    labeille_version: str | None = None
    target_id: str | None = None
    target: dict[str, object] | None = None
    unstable: tuple[str, ...] | None = None


def read_meta(folder: Path) -> FreeThreadedMeta | None:
    """A run folder's ft_meta.json, None where there is none; ResultsError if it is damaged."""
    try:
        content = (folder / META_FILE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=FreeThreadedMeta)
    except msgspec.MsgspecError as error:
        raise ResultsError(
            f"{folder / META_FILE}: {error}",
            hint="move the damaged run aside, or choose another --run-id",
        ) from None


class Series(enum.StrEnum):
    """Which iterations of a package: the part of a log folder's name that tells them apart."""

    PLAIN = "nogil"
    GIL = "gil"
    STRESS = "stress"


def iteration_folder(series: Series, index: int) -> Path:
    """An iteration's folder below its package's: ``3``, ``gil-3``, ``stress-3``."""
    return Path(str(index) if series is Series.PLAIN else f"{series}-{index}")


def crash_file(package: str, logs: str) -> Path:
    """Where an iteration's crash evidence lies, from the run's folder; ``logs`` is its own."""
    return Path("crashes") / package / f"{Path(logs).name}.txt"
