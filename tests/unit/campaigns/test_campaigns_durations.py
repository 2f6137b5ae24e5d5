"""The last known durations, from the newest runs' records."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from labeille.campaigns.durations import RUNS_LOOKED_AT, last_durations

if TYPE_CHECKING:
    from pathlib import Path


def write_run(results: Path, name: str, age: int, *lines: object) -> None:
    path = results / name / "results.jsonl"
    path.parent.mkdir(parents=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n")
    os.utime(path, (1e9 - age, 1e9 - age))


def took(package: str, seconds: float) -> dict[str, object]:
    return {"package": package, "status": "pass", "duration_seconds": seconds}


def test_no_results_no_durations(tmp_path: Path) -> None:
    assert last_durations(tmp_path / "missing") == {}
    write_run(tmp_path, "empty", 0)
    assert last_durations(tmp_path) == {}


def test_the_newest_run_counts_and_in_it_the_last_record(tmp_path: Path) -> None:
    write_run(tmp_path, "a-newest", 1, took("a", 3), took("b", 4), took("a", 5))
    write_run(tmp_path, "z-older", 2, took("a", 1), took("c", 2))
    assert last_durations(tmp_path) == {"a": 5, "b": 4, "c": 2}


def test_what_never_got_to_its_suite_says_nothing(tmp_path: Path) -> None:
    write_run(tmp_path, "newest", 1, took("a", 0), {"package": "b", "status": "clone_error"})
    write_run(tmp_path, "older", 2, took("a", 7))
    assert last_durations(tmp_path) == {"a": 7}


def test_damaged_lines_are_read_over(tmp_path: Path) -> None:
    lines = ("not json", took("a", 1), '{"package": "b", "duration_', "", "[]", took("c", 2))
    write_run(tmp_path, "run", 1, *lines)
    assert last_durations(tmp_path) == {"a": 1, "c": 2}


def test_old_runs_are_not_read(tmp_path: Path) -> None:
    for age in range(RUNS_LOOKED_AT + 2):
        write_run(tmp_path, f"run-{age}", age, took(f"package-{age}", 1))
    assert set(last_durations(tmp_path)) == {f"package-{age}" for age in range(RUNS_LOOKED_AT)}
