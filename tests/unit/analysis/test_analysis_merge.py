"""Runs become one: nothing is lost, nothing is doubled, and what belongs apart stays apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stored_runs import crashed, ours, write_original, write_run

from labeille.analysis.merge import merge_runs
from labeille.analysis.runs import find_run, list_runs
from labeille.errors import LabeilleError, ResultsError, UsageError
from labeille.results.directory import RunDirectory

DAYS = ("2026-11-20T10:00:00+00:00", "2026-11-21T10:00:00+00:00")


def shards(root: Path) -> tuple[Path, Path]:
    """Two parts of a hunt under one id, with everything that runs leave."""
    one = write_run(
        root / "s1", "run", DAYS[1], [ours("a", "error"), ours("a", "pass"), crashed("b")]
    )
    two = write_run(root / "s2", "run", DAYS[0], [ours("c", "fail")], hostname="builder-8")
    with (one / "results.jsonl").open("a") as file:
        file.write('{"package": "torn", "sta')
    for run, packages in ((one, "ab"), (two, "cb")):
        for package in packages:
            log = run / "logs" / package
            log.mkdir(parents=True)
            (log / "stdout.log").write_text(f"{package} in {run.parent.name}")
        (run / "run.log").write_text(f"log of {run.parent.name}\n")
        (run / ".owner.lock").touch()
        (run / "triage.json").write_text("{}")
    (one / "crashes").mkdir()
    (one / "crashes" / "b.txt").write_text("evidence")
    (one / "logs" / "a" / "leads-out").symlink_to("/etc/hostname")
    return one, two


def lines(*folders: Path) -> list[str]:
    return sorted(line for f in folders for line in (f / "results.jsonl").read_text().splitlines())


def test_no_line_is_lost(tmp_path: Path) -> None:
    one, two = shards(tmp_path)
    merged = merge_runs([str(one), str(two)], tmp_path / "results", "all")
    assert merged.path == tmp_path / "results" / "all"
    assert (merged.lines, merged.left_out) == (5, ("triage.json",))
    assert lines(merged.path) == lines(one, two)
    run = find_run(tmp_path / "results", "latest")
    assert {name: record.status.value for name, record in run.records.items()} == {
        "a": "pass",
        "b": "crash",
        "c": "fail",
    }
    assert run.lines.unreadable == 1


def test_logs_and_evidence_come_along(tmp_path: Path) -> None:
    one, two = shards(tmp_path)
    path = merge_runs([str(one), str(two)], tmp_path / "results", "all").path
    logs = {log.parent.name: log.read_text() for log in path.glob("logs/*/stdout.log")}
    assert logs == {"a": "a in s1", "b": "b in s1", "c": "c in s2"}  # of b, its record's
    assert (path / "crashes" / "b.txt").read_text() == "evidence"
    assert sorted((path / "run.log").read_text().splitlines()) == ["log of s1", "log of s2"]
    assert (path / "logs" / "a" / "leads-out").is_symlink()
    assert not list(path.glob(".*"))


def test_the_metadata_of_both(tmp_path: Path) -> None:
    one, two = shards(tmp_path)
    (two / "run_meta.json").write_text(
        json.dumps(json.loads((two / "run_meta.json").read_text()) | {"unknown": 1, "packages": 1})
    )
    path = merge_runs([str(one), str(two)], tmp_path / "results", "all").path
    meta = json.loads((path / "run_meta.json").read_text())
    assert meta["run_id"] == "all"
    assert (meta["started_at"], meta["finished_at"]) == (DAYS[0], "2026-11-21T10:10:00+00:00")
    assert meta["hostname"] == "builder-8, builder-7"
    assert meta["packages"] == 4  # three were selected in the first, by its own words
    assert (meta["unknown"], meta["merged_from"]) == (1, ["run", "run"])
    assert meta["target_id"] == "d1b106c968d0"


def test_folders_with_runs_are_taken_for_those(tmp_path: Path) -> None:
    shards(tmp_path)
    merged = merge_runs([str(tmp_path / "s1"), str(tmp_path / "s2")], tmp_path / "results", None)
    assert merged.path.name.startswith("merged_")
    assert len(find_run(tmp_path / "results", "latest").records) == 3


def meta_of(run: Path, **fields: Any) -> None:
    path = run / "run_meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target_id": "0123456789ab"}, "have another target"),
        ({"condition": "nojit"}, "have another condition: jit and nojit|nojit and jit"),
    ],
)
def test_what_belongs_apart(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    one, two = shards(tmp_path)
    meta_of(two, **change)
    with pytest.raises(UsageError, match=message):
        merge_runs([str(one), str(two)], tmp_path / "results", "all")
    assert not (tmp_path / "results").exists()


def test_a_package_in_two_runs_is_refused(tmp_path: Path) -> None:
    one = write_run(tmp_path, "one", DAYS[0], [ours("a", "pass"), ours("Zope.Event", "pass")])
    two = write_run(tmp_path, "two", DAYS[1], [ours("b", "pass"), ours("zope-event", "error")])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=r"1 package is in two runs: zope-event, in .*one and in"):
        merge_runs([str(one), str(two)], tmp_path / "results", "all")
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize(
    ("texts", "run_id", "error", "message"),
    [
        (["s1/run", "s1/run"], "all", UsageError, "is named twice"),
        (["s1", "s1/run"], "all", UsageError, "is named twice"),
        (["s1", "nothing"], "all", UsageError, "there is no run"),
        (["s1", "s2"], "taken", ResultsError, "there is .*taken already"),
        (["s1", "s2"], "../x", UsageError, "is not a run id"),
        (["s1", "ft"], "all", UsageError, "is a hunt run and .* a free-threaded run"),
    ],
)
def test_what_cannot_be_merged(
    tmp_path: Path, texts: list[str], run_id: str, error: type[LabeilleError], message: str
) -> None:
    shards(tmp_path)
    (tmp_path / "results" / "taken").mkdir(parents=True)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "ft" / "ft_1").mkdir(parents=True)
    (tmp_path / "ft" / "ft_1" / "ft_results.jsonl").touch()
    with pytest.raises(error, match=message):
        merge_runs([str(tmp_path / text) for text in texts], tmp_path / "results", run_id)
    assert list((tmp_path / "results").iterdir()) == [tmp_path / "results" / "taken"]


def test_a_run_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    shards(tmp_path)
    texts = [str(tmp_path / "s1"), str(tmp_path / "s2")]
    run = RunDirectory(tmp_path / "s1", "run")
    for held in (run.owned(), run.shared(["b"])):
        with held, pytest.raises(ResultsError, match="is being written by another process"):
            merge_runs(texts, tmp_path / "results", "all")
        assert not list((tmp_path / "results").glob("*"))
    assert merge_runs(texts, tmp_path / "results", "all").lines == 5


def test_free_threaded_runs(tmp_path: Path) -> None:
    for number, package in enumerate("ab"):
        folder = tmp_path / f"ft_{number}"
        folder.mkdir()
        meta = {"run_id": folder.name, "packages_total": 1, "timestamp": f"{DAYS[number]}"}
        (folder / "ft_meta.json").write_text(json.dumps(meta))
        (folder / "ft_results.jsonl").write_text(f'{{"package": "{package}"}}\n')
    path = merge_runs([str(tmp_path)], tmp_path / "results", "ft_all").path
    assert len((path / "ft_results.jsonl").read_text().splitlines()) == 2
    meta = json.loads((path / "ft_meta.json").read_text())
    assert (meta["packages_total"], meta["started_at"]) == (2, DAYS[0])


def test_runs_of_the_original_from_two_machines(tmp_path: Path) -> None:
    write_original(tmp_path / "in", "x", DAYS[0], [{"package": "a", "status": "pass"}])
    write_original(
        tmp_path / "in", "y", DAYS[1], [{"package": "b", "status": "pass"}], target_python="/b/py"
    )
    merged = merge_runs([str(tmp_path / "in")], tmp_path / "results", "all")
    assert merged.lines == 2
    assert len(list_runs(tmp_path / "results")) == 1
