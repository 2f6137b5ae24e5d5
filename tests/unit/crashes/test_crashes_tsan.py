"""ThreadSanitizer's real reports (gcc 12 and clang), and what is read off them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from labeille.crashes.evidence import read_crash
from labeille.crashes.tsan import UNKNOWN, merge_reports, read_tsan_reports

REPORTS = Path(__file__).parent / "tsan_reports"
SAMPLES = Path(__file__).parent / "samples"


def text(name: str) -> str:
    folder = REPORTS if (REPORTS / f"{name}.txt").exists() else SAMPLES
    return (folder / f"{name}.txt").read_text("utf-8")


# file, and of each finding: type, functions, what the accesses were, location, count
CASES = [
    (
        "data-race",
        [
            (
                "data race",
                ("peek", "w1"),
                ("read", "previous write"),
                "heap block of size 72 allocated by main thread",
                1,
            )
        ],
    ),
    (
        "tsan-race-clang",
        [
            (
                "data race",
                ("w1", "w2"),
                ("write", "previous write"),
                "global 'g' of size 8 (ts.clang)",
                1,
            )
        ],
    ),
    (
        "locks",
        [
            (
                "lock-order-inversion (potential deadlock)",
                ("take_ab", "take_ba"),
                ("mutex acquired", "mutex acquired"),
                None,
                1,
            )
        ],
    ),
    (
        "locks-second-stack",
        [
            (
                "lock-order-inversion (potential deadlock)",
                ("take_ab", "take_ba"),
                ("mutex acquired", "mutex previously acquired") * 2,
                None,
                1,
            )
        ],
    ),
    (
        "use-after-free",
        [("heap-use-after-free", ("drop", "use"), ("write", "previous write"), None, 1)],
    ),
    (
        "descriptor",
        [
            (
                "data race",
                ("main", "w1"),
                ("write", "previous read"),
                "file descriptor 4 created by main thread",
                1,
            )
        ],
    ),
    ("thread-leak", [("thread leak", ("main",), ("thread created",), None, 1)]),
    (
        "in-signal",
        [("signal-unsafe call inside of a signal", ("handler",), ("call",), None, 1)],
    ),
    (
        "unlock",
        [
            (
                "unlock of an unlocked mutex (or by a wrong thread)",
                ("main",),
                ("call",),
                "global 'm' of size 40 (misc)",
                1,
            )
        ],
    ),
    (
        "destroy-locked",
        [
            (
                "destroy of a locked mutex",
                ("main", "main"),
                ("call", "earlier call"),
                "global 'm' of size 40 (misc)",
                1,
            )
        ],
    ),
    (
        "cxx",
        [
            (
                "data race",
                ("demo::Cache::put", "demo::Cache::put"),
                ("read", "previous write"),
                "heap block of size 40 allocated by thread T1",
                2,
            ),
            (
                "data race",
                ("demo::add", "demo::add"),
                ("read", "previous write"),
                "global 'demo::total' of size 4 (cpp)",
                1,
            ),
            (
                "data race on vptr (ctor/dtor vs virtual call)",
                ("demo::Cache::~Cache", "operator()"),
                ("write", "previous read"),
                "heap block of size 56 allocated by main thread",
                1,
            ),
        ],
    ),
    ("segv", []),  # a crash, and no report of a race
]


@pytest.mark.parametrize(("name", "expected"), CASES, ids=[name for name, _ in CASES])
def test_real_reports(
    name: str, expected: list[tuple[str, tuple[str, ...], tuple[str, ...], str | None, int]]
) -> None:
    found = [
        (
            report.type,
            report.functions,
            tuple(access.what for access in report.accesses),
            report.location,
            report.count,
        )
        for report in read_tsan_reports(text(name))
    ]
    assert found == expected


def test_accesses_have_their_stacks() -> None:
    (report,) = read_tsan_reports(text("data-race"))
    read, write = report.accesses
    assert (read.size, read.thread, read.function) == (8, "thread T2", "peek")
    assert read.stack == ("peek /home/user/src/race.c:8", "w2 /home/user/src/race.c:10")
    assert (write.size, write.thread, write.function) == (8, "thread T1", "w1")
    assert write.stack == ("w1 /home/user/src/race.c:9",)
    assert report.summary == "data race /home/user/src/race.c:8 in peek"
    assert report.location_stack[-1] == "main /home/user/src/race.c:13"


def swapped(report: str) -> str:
    """The same race as it shows when the other thread comes first, elsewhere in memory and code."""
    swap = report.replace(" w1 ", " wX ").replace(" w2 ", " w1 ").replace(" wX ", " w2 ")
    return swap.replace("0x555555558050", "0x7f0000001234").replace("ts.c:5", "ts.c:77")


def test_the_pair_has_no_order() -> None:
    """One race is one finding, whichever access came first, at whatever address and line."""
    first = text("tsan-race-gcc")
    other = swapped(first)
    assert first != other
    (report,) = read_tsan_reports(first + other)
    assert report.count == 2
    assert report.functions == ("w1", "w2")


def test_findings_add_up_over_iterations() -> None:
    merged = merge_reports(
        msgspec.structs.replace(report, iterations=(index,))
        for index, name in enumerate(["cxx", "data-race", "cxx", "unlock", "data-race"])
        for report in read_tsan_reports(text(name))
    )
    assert [(report.functions[0], report.count, report.iterations) for report in merged] == [
        ("demo::Cache::put", 4, (0, 2)),
        ("demo::add", 2, (0, 2)),
        ("demo::Cache::~Cache", 2, (0, 2)),
        ("peek", 2, (1, 4)),
        ("main", 1, (3,)),
    ]


def test_other_types_and_functions_stay_apart() -> None:
    race = text("data-race")
    other_type = race.replace("data race", "heap-use-after-free")
    other_function = race.replace(" peek ", " look ")
    assert len(read_tsan_reports(race + other_type + other_function)) == 3


def test_an_access_without_a_stack_is_unknown() -> None:
    lines = text("data-race").splitlines()
    lines[7:8] = ["    [failed to restore the stack]"]
    (report,) = read_tsan_reports("\n".join(lines))
    assert report.functions == (UNKNOWN, "peek")
    assert report.accesses[1].function is None


def without_stack(report: str) -> str:
    """A report as it is where ThreadSanitizer's history of a thread was too short."""
    lines = report.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("  Previous write"))
    lines[at + 1 : at + 2] = ["    [failed to restore the stack]"]
    return "\n".join([*lines, ""])


def test_a_report_without_a_stack_counts_with_its_like() -> None:
    whole = text("data-race")
    (found,) = read_tsan_reports(without_stack(whole) + whole)
    assert (found.functions, found.count) == (("peek", "w1"), 2)
    assert all(access.stack for access in found.accesses)


def test_a_report_that_may_be_either_stays_by_itself() -> None:
    whole = text("data-race")
    other = whole.replace(" w1 ", " w9 ")
    found = read_tsan_reports(without_stack(whole) + whole + other)
    assert [report.functions for report in found] == [
        (UNKNOWN, "peek"),
        ("peek", "w1"),
        ("peek", "w9"),
    ]
    elsewhere = whole.replace("heap block of size 72", "heap block of size 8")
    assert len(read_tsan_reports(without_stack(whole) + elsewhere)) == 2


@pytest.mark.parametrize("kept", [2, 4, 6, 9])
def test_a_torn_report_counts_as_far_as_it_goes(kept: int) -> None:
    torn = "\n".join(text("data-race").splitlines()[:kept])
    (report,) = read_tsan_reports(torn)
    assert report.type == "data race"


@pytest.mark.parametrize("kept", [2, 4, 7, 9])
def test_a_torn_report_takes_nothing_from_the_next(kept: int) -> None:
    torn = "\n".join(text("data-race").splitlines()[:kept])
    *_, second = read_tsan_reports(torn + "\n" + text("tsan-race-gcc"))
    assert second.functions == ("w1", "w2")
    assert len(second.accesses) == 2


def test_quoted_reports_are_none() -> None:
    quoted = "".join(f"E   {line}\n" for line in text("data-race").splitlines())
    assert read_tsan_reports(quoted) == ()


def test_thread_names_and_mutexes_are_read_past() -> None:
    report = text("data-race").replace(
        "by thread T2:", "by thread T2 (mutexes: write M0, read M1):"
    )
    report = report.replace("Read of size 8", "Atomic read of size 8")
    (found,) = read_tsan_reports(report)
    assert found.accesses[0].what == "atomic read"
    assert found.accesses[0].thread == "thread T2"


@pytest.mark.parametrize(
    "frame",
    [
        "_Py_atomic_load_uint32_relaxed ./Include/cpython/pyatomic_gcc.h:367 (python3.13t+0x1)",
        "std::atomic<int>::load(std::memory_order) const atomic:510 (ext.so+0x1)",
        "memcpy <null> (libtsan.so.2+0x52bd6)",
        "__tsan_atomic32_load <null> (python3.15t+0x52bd6) (BuildId: 0123)",
        "Py_INCREF ./Include/refcount.h:272 (python3.13t+0x1)",
        "close ../../src/libsanitizer/tsan/tsan_interceptors_posix.cpp:17 (libtsan.so.2+0x4)",
    ],
)
def test_plumbing_is_no_place(frame: str) -> None:
    lines = text("data-race").splitlines()
    at = lines.index("    #0 peek /home/user/src/race.c:8 (race+0x1253)")
    lines[at : at + 2] = [f"    #0 {frame}", lines[at].replace("#0", "#1")]
    (report,) = read_tsan_reports("\n".join(lines))
    assert report.functions == ("peek", "w1")


def test_the_evaluation_loop_is_better_than_nothing() -> None:
    report = text("data-race").replace(" peek ", " _PyEval_EvalFrameDefault ")
    (found,) = read_tsan_reports(report)
    assert found.functions == ("_PyEval_EvalFrameDefault", "w1")


@pytest.mark.parametrize("name", ["data-race", "tsan-race-gcc", "tsan-race-clang", "cxx"])
def test_a_race_that_ends_a_process_has_the_same_signature(name: str) -> None:
    """A run with halt_on_error=1 and the iterations of a free-threaded run name one race alike."""
    whole = text(name)
    crash = read_crash(whole, exit_code=66)
    assert crash is not None
    assert crash.signature == read_tsan_reports(whole)[0].key


def test_sources_of_cpython_stand_by_their_folder_in_its_tree() -> None:
    report = text("data-race").replace(
        "#1 w2 /home/user/src/race.c:10", "#1 PyObject_Vectorcall /tmp/b/src/Objects/call.c:327"
    )
    (found,) = read_tsan_reports(report)
    assert found.accesses[0].stack[1] == "PyObject_Vectorcall Objects/call.c:327"
