"""Finding and loading free-threaded runs, also torn and unfinished ones, and the original's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ft_runs
import msgspec
import pytest

from labeille.analysis.freethreading.rates import package_rate
from labeille.analysis.freethreading.runs import load_run
from labeille.analysis.freethreading.tallies import tallies
from labeille.errors import UsageError
from labeille.results.freethreading import Breakage, Category


def started(stamp: str) -> Any:
    return msgspec.structs.replace(ft_runs.META, started_at=stamp)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Three runs; by start time they are b, c, a."""
    folder = tmp_path / "results"
    for name, stamp in (("ft_a", "2026-11-03"), ("ft_b", "2026-11-01"), ("ft_c", "2026-11-02")):
        ft_runs.write_run(folder, name, [ft_runs.fine()], meta=started(f"{stamp}T00:00:00+00:00"))
    hunt = folder / "run_z"
    hunt.mkdir()
    (hunt / "run_meta.json").write_text('{"run_id": "run_z", "started_at": "2026-12-01"}')
    (hunt / "results.jsonl").write_text("")
    return folder


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ft_b", "ft_b"),
        ("{results}/ft_b", "ft_b"),
        ("{results}/ft_b/", "ft_b"),
        ("{results}/ft_b/ft_results.jsonl", "ft_b"),
        ("latest", "ft_a"),
        ("latest~1", "ft_c"),
        ("ft_*", "ft_a"),
        ("ft_[bc]", "ft_c"),
        ("{results}/ft_[bc]", "ft_c"),
        ("{results}/*", "ft_a"),
        ("{results}/ft_[bc]/ft_meta.json", "ft_c"),
        ("{results}", "ft_a"),
    ],
)
def test_what_is_named(results: Path, text: str, found: str) -> None:
    assert load_run(results, text.format(results=results)).run_id == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ft_nope", "there is no run 'ft_nope'"),
        ("nope_*", "fits 'nope_*'"),
        ("run_z", "run_z is a hunt run"),
        ("run_*", "fits 'run_*'"),
        ("", "there is no run ''"),
        ("a\0b", "there is no run"),
        ("{results}/..", "there is no run"),
        ("latest~7", "only 3"),
    ],
)
def test_what_is_not_there(results: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        load_run(results, text.format(results=results))
    assert says in str(error.value)
    assert error.value.hint


def test_a_killed_run(tmp_path: Path) -> None:
    """It has no end, half a line, and fewer packages than it was to test."""
    folder = ft_runs.write_run(tmp_path, "ft_torn", ft_runs.everything()[:3], planned=9)
    with (folder / "ft_results.jsonl").open("ab") as file:
        file.write(b'{"package": "half", "categ')
    run = load_run(tmp_path, "ft_torn")
    assert list(run.records) == ["racy", "broken", "crashing"]
    assert (run.planned, run.unfinished, run.lines.unreadable) == (9, True, 1)


def test_a_run_that_has_only_begun(tmp_path: Path) -> None:
    folder = ft_runs.write_run(tmp_path, "ft_new", [], planned=4)
    (folder / "ft_results.jsonl").unlink()
    run = load_run(tmp_path, "ft_new")
    assert (run.records, run.planned, run.unfinished) == ({}, 4, True)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"packages_total": "many"}'])
def test_damaged_metadata_takes_no_records_away(tmp_path: Path, content: bytes) -> None:
    folder = ft_runs.write_run(tmp_path, "ft_x", [ft_runs.racy()])
    (folder / "ft_meta.json").write_bytes(content)
    run = load_run(tmp_path, "ft_x")
    assert list(run.records) == ["racy"]
    assert run.planned == 1


def test_the_last_record_of_a_package_counts(tmp_path: Path) -> None:
    again = msgspec.structs.replace(ft_runs.fine(), package="racy")
    ft_runs.write_run(tmp_path, "ft_x", [ft_runs.racy(), ft_runs.broken(), again])
    run = load_run(tmp_path, "ft_x")
    assert {name: record.category for name, record in run.records.items()} == {
        "racy": Category.COMPATIBLE,
        "broken": Category.INCOMPATIBLE,
    }


# A run in the original's format: its keys alone, no ids of ours, and categories of its own.
ORIGINAL_META = {
    "run_id": "ft_20260301_101500",
    "timestamp": "2026-03-01T10:15:00",
    "system_profile": {"hostname": "old"},
    "python_profile": {"version": "3.14.0", "gil_disabled": True},
    "config": {"iterations": 4, "compare_with_gil": True},
    "cli_args": ["ft", "run"],
    "packages_total": 3,
    "packages_completed": 3,
    "total_iterations": 8,
    "total_duration_s": 12.5,
}


def original_iteration(index: int, status: str, **results: str) -> dict[str, Any]:
    return {
        "index": index,
        "status": status,
        "exit_code": 0 if status == "pass" else 1,
        "duration_s": 1.5,
        "crash_signal": None,
        "crash_signature": None,
        "tsan_warnings": [],
        "output_stalled": False,
        "last_output_line": "",
        "stderr_tail": "",
        "test_results": {f"tests/test_a.py::{name}": result for name, result in results.items()},
        "tests_passed": None,
    }


ORIGINAL_RECORDS: list[dict[str, Any]] = [
    {
        "package": "old-racy",
        "category": "intermittent",
        "iterations_completed": 4,
        "pass_count": 2,
        "fail_count": 2,
        "pass_rate": 0.5,
        "flaky_tests": {"tests/test_a.py::test_x": 2},
        "sdist_tag_matched": None,
        "ft_wheel_found": False,
        "iterations": [
            original_iteration(0, "pass", test_x="PASSED", test_y="PASSED"),
            original_iteration(1, "fail", test_x="FAILED", test_y="PASSED"),
            original_iteration(2, "fail", test_x="ERROR", test_y="PASSED"),
            original_iteration(3, "pass", test_x="PASSED", test_y="PASSED"),
        ],
        "gil_enabled_pass_rate": 1.0,
        "gil_enabled_iterations": [
            original_iteration(0, "pass", test_x="PASSED", test_y="PASSED"),
        ],
        "extension_compat": {
            "package": "old-racy",
            "is_pure_python": False,
            "extensions": [
                {"module_name": "old_racy._c", "is_extension": True, "triggered_gil_fallback": True}
            ],
            "gil_fallback_active": True,
            "all_extensions_compatible": False,
            "import_ok": True,
            "import_error": None,
            "probe_error": None,
        },
    },
    {
        "package": "old-flaky",
        "category": "intermittent",
        "iterations_completed": 4,
        "pass_count": 1,
        "fail_count": 3,
        "flaky_tests": {"tests/test_b.py::test_z": 3},
    },
    {"package": "old-wheel", "category": "compatible_by_wheel", "ft_wheel_found": True},
]


@pytest.fixture
def original(tmp_path: Path) -> Path:
    folder = tmp_path / "ft_20260301_101500"
    folder.mkdir()
    (folder / "ft_meta.json").write_text(json.dumps(ORIGINAL_META))
    lines = "".join(json.dumps(record) + "\n" for record in ORIGINAL_RECORDS)
    (folder / "ft_results.jsonl").write_text(lines)
    return tmp_path


def test_a_run_by_the_original_loads(original: Path) -> None:
    run = load_run(original, "ft_2026*")
    assert run.lines.unreadable == 0
    assert not run.unfinished
    assert run.stored.started.isoformat() == "2026-03-01T10:15:00+00:00"
    assert {name: record.category for name, record in run.records.items()} == {
        "old-racy": Category.INTERMITTENT,
        "old-flaky": Category.INTERMITTENT,
        "old-wheel": Category.UNKNOWN,  # it was not run: that there is a wheel is no verdict
    }


def test_tests_of_the_original_are_counted_from_its_iterations(original: Path) -> None:
    run = load_run(original, "latest")
    record = run.records["old-racy"]
    (tally,) = tallies(record).values()
    assert (tally.passes, tally.runs, tally.gil_passes, tally.gil_runs) == (2, 4, 1, 1)
    assert tally.breakage is Breakage.UNDECIDED
    assert package_rate(record).failures == 2


def test_where_it_has_no_iterations_its_flaky_tests_count(original: Path) -> None:
    record = load_run(original, "latest").records["old-flaky"]
    (tally,) = tallies(record).values()
    assert (tally.passes, tally.runs) == (1, 4)
    rate = package_rate(record)
    assert (rate.failures, rate.runs) == (3, 4)
