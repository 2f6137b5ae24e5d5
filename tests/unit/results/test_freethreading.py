"""Lines and metadata of free-threaded runs load, the original's among them, and come back."""

from __future__ import annotations

import msgspec
import pytest

from labeille.results.freethreading import (
    Category,
    FreeThreadedMeta,
    FreeThreadedRecord,
    Iteration,
    IterationStatus,
    Series,
    StackFrame,
    ThreadStack,
    iteration_folder,
)
from labeille.results.model import TestCounts, TimeoutKind

ORIGINAL = {
    "package": "numpy",
    "category": "intermittent",
    "iterations": [
        {
            "index": 0,
            "status": "pass",
            "exit_code": 0,
            "duration_s": 10.0,
            "crash_signal": None,
            "crash_signature": None,
            "tsan_warnings": [],
            "output_stalled": False,
            "last_output_line": "",
            "stderr_tail": "",
            "test_results": {"t::a": "PASSED", "t::b": "FAILED", "t::c": "ERROR"},
            "tests_passed": 1,
            "tests_failed": None,
            "tests_errored": None,
            "tests_skipped": None,
        },
        {"index": 1, "status": "crash", "exit_code": -11, "crash_signal": "SIGSEGV"},
    ],
    "pass_rate": 0.5,
    "extension_compat": {
        "package": "numpy",
        "is_pure_python": False,
        "extensions": [{"module_name": "m", "is_extension": True, "triggered_gil_fallback": True}],
        "gil_fallback_active": True,
        "source_scan": {"files_scanned": 3, "files_with_mod_gil": 0, "declarations": []},
    },
    "flaky_tests": {"t::b": 3},
    "a_key_of_tomorrow": 1,
}


def test_a_line_of_the_original_loads() -> None:
    record = msgspec.json.decode(msgspec.json.encode(ORIGINAL), type=FreeThreadedRecord)
    assert record.category is Category.INTERMITTENT
    first, second = record.iterations
    assert first.failing == ("t::b", "t::c")
    assert first.counts == TestCounts(passed=1, total=1)
    assert second.counts is None
    assert second.status is IterationStatus.CRASH
    assert record.extension_compat is not None
    assert record.extension_compat.gil_fallback_active


def test_a_bare_line_and_bare_metadata_load() -> None:
    record = msgspec.json.decode(b'{"package": "a"}', type=FreeThreadedRecord)
    assert record.category is Category.UNKNOWN
    meta = msgspec.json.decode(
        b'{"run_id": "ft_1", "timestamp": "2026-01-01", "config": {"iterations": 10}}',
        type=FreeThreadedMeta,
    )
    assert meta.config == {"iterations": 10}


def test_a_record_comes_back() -> None:
    record = FreeThreadedRecord(
        package="a",
        category=Category.DEADLOCK,
        iterations=(
            Iteration(
                status=IterationStatus.DEADLOCK,
                timeout_kind=TimeoutKind.STALL,
                failed_tests={"t::a": "AssertionError"},
                stacks=(ThreadStack(thread="0x1", frames=(StackFrame(file="t.py", line=3),)),),
            ),
        ),
    )
    line = msgspec.json.encode(record)
    assert msgspec.json.decode(line, type=FreeThreadedRecord) == record


@pytest.mark.parametrize(
    ("series", "name"), [(Series.PLAIN, "3"), (Series.GIL, "gil-3"), (Series.STRESS, "stress-3")]
)
def test_each_iteration_has_a_folder_of_its_own(series: Series, name: str) -> None:
    assert str(iteration_folder(series, 3)) == name
