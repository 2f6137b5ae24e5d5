"""Free-threaded runs that nobody ran, as they lie on disk: a package for each thing to be read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.campaigns.freethreading.odds import judge
from labeille.results.extension_compat import (
    ExtensionCompat,
    ExtensionModule,
    ExtensionOrigin,
    GilDeclaration,
    GilUse,
    SourceScan,
    WheelSupport,
)
from labeille.results.freethreading import (
    META_FILE,
    RECORDS_FILE,
    Activity,
    Breakage,
    Category,
    FailureDetail,
    FreeThreadedMeta,
    FreeThreadedRecord,
    Iteration,
    IterationStatus,
    StackFrame,
    TestTally,
    ThreadStack,
    TsanAccess,
    TsanReport,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PASS, FAIL = IterationStatus.PASS, IterationStatus.FAIL
CRASH, DEADLOCK = IterationStatus.CRASH, IterationStatus.DEADLOCK

COUNTER = "tests/test_counter.py::test_increments"
CACHE = "tests/test_cache.py::test_get[a b-1]"

META = FreeThreadedMeta(
    run_id="",
    started_at="2026-11-21T10:00:00+00:00",
    finished_at="2026-11-21T10:20:00+00:00",
    config={"iterations": 10, "compare_with_gil": True, "stress_threads": None, "tsan": False},
    packages_total=0,
    target_python="/opt/python/3.13t/bin/python3.13t",
    target_id="0123456789ab",
    target={"version": "3.13.5", "free_threaded": True},
    hostname="builder",
    platform="Linux-6.1",
)


def write_run(
    results: Path,
    run_id: str,
    records: Iterable[FreeThreadedRecord],
    *,
    meta: FreeThreadedMeta = META,
    planned: int | None = None,
) -> Path:
    """Write a run's files and return its folder; ``planned`` packages make it an unfinished one."""
    folder = results / run_id
    folder.mkdir(parents=True)
    lines = list(records)
    meta = msgspec.structs.replace(
        meta,
        run_id=run_id,
        packages_total=planned or len(lines),
        finished_at=None if planned else meta.finished_at,
    )
    (folder / META_FILE).write_bytes(msgspec.json.encode(meta))
    content = b"".join(msgspec.json.encode(record) + b"\n" for record in lines)
    (folder / RECORDS_FILE).write_bytes(content)
    return folder


def iterations(statuses: str, **common: object) -> tuple[Iteration, ...]:
    """Iterations by their first letters: "ppfcd"; ``common`` is for those that do not pass."""
    kinds = {"p": PASS, "f": FAIL, "c": CRASH, "d": DEADLOCK, "e": IterationStatus.ERROR}
    return tuple(
        Iteration(
            index=index,
            status=kinds[letter],
            duration_s=1.0,
            **({} if letter == "p" else common),  # type: ignore[arg-type]
        )
        for index, letter in enumerate(statuses)
    )


def counted(record: FreeThreadedRecord) -> FreeThreadedRecord:
    """A record with the numbers that its iterations give."""
    counts = Counter(iteration.status for iteration in record.iterations)
    completed = counts.total() - counts[IterationStatus.ERROR]
    return msgspec.structs.replace(
        record,
        iterations_completed=completed,
        pass_count=counts[PASS],
        fail_count=counts[FAIL],
        crash_count=counts[CRASH],
        deadlock_count=counts[DEADLOCK],
        error_count=counts[IterationStatus.ERROR],
        pass_rate=counts[PASS] / completed if completed else 0.0,
    )


def failing(
    name: str, ways: Sequence[str | None], details: FailureDetail | None = None
) -> tuple[Iteration, ...]:
    """Iterations in which a test fails in these ways, None where all passes."""
    return tuple(
        Iteration(
            index=index,
            status=PASS if way is None else FAIL,
            duration_s=1.0,
            failed_tests={} if way is None else {name: way},
            failure_details={name: details} if details and way is not None else {},
        )
        for index, way in enumerate(ways)
    )


def racy() -> FreeThreadedRecord:
    """A counter that loses increments in four of ten iterations, and never with the GIL."""
    lost = "AssertionError: assert N == N"
    ways = (None, lost, None, lost, None, None, "KeyError: 'x'", None, lost, None)
    detail = FailureDetail(message="", position=3, previous="tests/test_a.py::test_before")
    tally = TestTally(passes=6, runs=10, gil_passes=10, gil_runs=10)
    return counted(
        FreeThreadedRecord(
            package="racy",
            category=Category.INTERMITTENT,
            package_version="1.0",
            install_from="sdist",
            sdist_version="1.0",
            iterations=failing(COUNTER, ways, detail),
            flaky_tests={COUNTER: 4},
            failure_signatures=(lost, "KeyError: 'x'"),
            tests={COUNTER: judge(tally)},
            gil_enabled_pass_rate=1.0,
            gil_enabled_iterations=iterations("pppppppppp"),
            breakage=Breakage.FREE_THREADING,
            breakage_p_value=0.043344,
        )
    )


def broken() -> FreeThreadedRecord:
    """What fails with the GIL just as well."""
    tally = TestTally(passes=0, runs=10, gil_passes=0, gil_runs=10)
    return counted(
        FreeThreadedRecord(
            package="broken",
            category=Category.INCOMPATIBLE,
            package_version="2.1",
            iterations=failing(CACHE, ["TypeError: no"] * 10),
            tests={CACHE: judge(tally)},
            gil_enabled_pass_rate=0.0,
            gil_enabled_iterations=iterations("ffffffffff"),
            breakage=Breakage.PRE_EXISTING,
            breakage_p_value=1.0,
        )
    )


def crashing() -> FreeThreadedRecord:
    """Three crashes with two signatures, in one test."""
    first, second = "signal:SIGSEGV|dict_get:11112222", "signal:SIGABRT|free_it:33334444"
    plain = iterations("pcpccppppp", running_test=COUNTER, crash_signature=first)
    other = msgspec.structs.replace(plain[4], crash_signature=second)
    tally = TestTally(passes=7, runs=10)
    return counted(
        FreeThreadedRecord(
            package="crashing",
            category=Category.CRASH,
            commit="0123456789abcdef",
            iterations=(*plain[:4], other, *plain[5:]),
            tests={COUNTER: tally},
            failure_signatures=(first, second),
        )
    )


STACKS = (
    ThreadStack(
        thread="0x00007f01",
        current=True,
        frames=(
            StackFrame(file="/work/stuck/locks.py", line=12, function="take_b"),
            StackFrame(file="/work/tests/test_locks.py", line=8, function="test_two_locks"),
        ),
    ),
    ThreadStack(
        thread="0x00007f02",
        frames=(StackFrame(file="/work/stuck/locks.py", line=18, function="take_a"),),
    ),
)


def stuck() -> FreeThreadedRecord:
    """A lock inversion that hangs in two iterations, at the same lines."""
    hung = {
        "running_test": "tests/test_locks.py::test_two_locks",
        "stacks": STACKS,
        "output_stalled": True,
        "activity": Activity.BLOCKED,
    }
    return counted(
        FreeThreadedRecord(
            package="stuck",
            category=Category.DEADLOCK,
            package_version="0.3",
            iterations=iterations("pdpdpppppp", **hung),
            tests={"tests/test_locks.py::test_two_locks": TestTally(passes=8, runs=10)},
        )
    )


def leaning() -> FreeThreadedRecord:
    """All passes, and importing it turns the GIL on."""
    modules = (
        ExtensionModule(
            module_name="leaning._speed",
            triggered_gil_fallback=True,
            distribution="leaning",
            file="leaning/_speed.cpython-313t-x86_64-linux-gnu.so",
            gil=GilUse.USED,
            evidence="the GIL came on when it was loaded",
        ),
        ExtensionModule(
            module_name="dep._core",
            origin=ExtensionOrigin.DEPENDENCY,
            distribution="dep",
            gil=GilUse.USED,
            evidence="its definition has no Py_mod_gil, which asks for the GIL",
        ),
        ExtensionModule(
            module_name="leaning._fine",
            distribution="leaning",
            gil=GilUse.NOT_USED,
            evidence="its definition has Py_MOD_GIL_NOT_USED",
        ),
    )
    declaration = GilDeclaration(
        file="src/_fine.c",
        line_number=40,
        line_text="{Py_mod_gil, Py_MOD_GIL_NOT_USED},",
        is_not_used=True,
        language="c",
    )
    return counted(
        FreeThreadedRecord(
            package="leaning",
            category=Category.COMPATIBLE_GIL_FALLBACK,
            package_version="3.2",
            iterations=iterations("pppppppppp"),
            extension_compat=ExtensionCompat(
                package="leaning",
                is_pure_python=False,
                extensions=modules,
                gil_fallback_active=True,
                all_extensions_compatible=False,
                source_scan=SourceScan(
                    files_scanned=3,
                    files_with_mod_gil=1,
                    declarations=(declaration,),
                    languages=("c",),
                ),
                wheels=WheelSupport(version="3.2", abi3=("cp39-abi3",)),
            ),
        )
    )


def fine() -> FreeThreadedRecord:
    return counted(
        FreeThreadedRecord(
            package="fine",
            category=Category.COMPATIBLE,
            package_version="1.1",
            iterations=iterations("pppppppppp"),
            extension_compat=ExtensionCompat(
                package="fine", wheels=WheelSupport(version="1.1", pure=True)
            ),
        )
    )


def reported() -> FreeThreadedRecord:
    """All passes, and ThreadSanitizer has something to say."""
    report = TsanReport(
        key="sanitizer:ThreadSanitizer|data race|peek|w1:d72eaff7",
        type="data race",
        functions=("peek", "w1"),
        accesses=(
            TsanAccess(
                what="read",
                size=8,
                thread="thread T2",
                function="peek",
                stack=("peek src/race.c:8", "w2 src/race.c:10"),
            ),
            TsanAccess(
                what="previous write",
                size=8,
                thread="thread T1",
                function="w1",
                stack=("w1 src/race.c:9",),
            ),
        ),
        location="heap block of size 72 allocated by main thread",
        iterations=(0, 2, 3),
        count=7,
    )
    return counted(
        FreeThreadedRecord(
            package="reported",
            category=Category.TSAN_WARNINGS,
            package_version="1.4",
            iterations=iterations("pppp"),
            tsan_reports=(report,),
            tsan_warning_types=("data race",),
            tsan_warning_iterations=3,
        )
    )


def uninstallable() -> FreeThreadedRecord:
    return FreeThreadedRecord(
        package="uninstallable",
        category=Category.INSTALL_FAILURE,
        install_ok=False,
        install_error="the install command (uv) exited with 1: error: no such header",
        phase="install",
    )


def everything() -> list[FreeThreadedRecord]:
    """A package for each of these."""
    return [
        *(racy(), broken(), crashing(), stuck(), leaning(), fine(), reported()),
        uninstallable(),
    ]
