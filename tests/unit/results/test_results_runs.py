"""Runs by the names that people give them, in the order they were begun."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from labeille.errors import ResultsError
from labeille.results.runs import find_run, stored_runs


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Three runs whose names and file times are in another order than their beginnings."""
    for run_id, started, records in (
        ("b", "2026-01-02T00:00:00+00:00", '{"package": "click", "status": "crash"}\n{"torn'),
        ("z", "2026-01-01T23:00:00", ""),  # without a zone, as the original wrote it
        ("a", "2026-01-02T01:30:00+01:00", ""),
    ):
        folder = tmp_path / "results" / run_id
        folder.mkdir(parents=True)
        (folder / "run_meta.json").write_text(json.dumps({"run_id": run_id, "started_at": started}))
        (folder / "results.jsonl").write_text(records)
    (tmp_path / "results" / "notes").mkdir()
    return tmp_path / "results"


@pytest.mark.parametrize(
    ("text", "run_id"),
    [("latest", "a"), ("latest~0", "a"), ("latest~1", "b"), ("latest~2", "z"), ("b", "b")],
)
def test_a_run_by_its_name(results: Path, text: str, run_id: str) -> None:
    assert find_run(text, results).run_id == run_id


def test_a_run_by_its_path(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in (str(results / "z"), "results/z", "results/b/../z", "./results/z/"):
        assert find_run(text, tmp_path / "elsewhere").path == results / "z"


@pytest.mark.parametrize("text", ["latest~3", "c", "", "notes", "../results", "latest~x"])
def test_no_such_run(results: Path, text: str) -> None:
    with pytest.raises(ResultsError) as caught:
        find_run(text, results)
    assert caught.value.hint


def test_no_runs_at_all(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="there is no run in"):
        find_run("latest", tmp_path / "nowhere")


def test_what_a_run_holds(results: Path) -> None:
    run = find_run("b", results)
    assert run.meta.started_at == "2026-01-02T00:00:00+00:00"
    assert [record.package for record in run.records] == ["click"]
    assert run.last_records["click"].status == "crash"


def test_a_run_without_metadata_counts_by_its_time(results: Path) -> None:
    """The process was killed, or the file was lost."""
    folder = results / "killed"
    folder.mkdir()
    (folder / "results.jsonl").touch()
    os.utime(folder, (0, 0))
    runs = stored_runs(results)
    assert [run.run_id for run in runs] == ["killed", "z", "b", "a"]
    assert runs[0].meta.run_id == "killed"
