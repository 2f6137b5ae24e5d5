"""Runs are found by id, path and start time, whoever wrote them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from labeille.analysis.runs import find_run, list_runs, parse_time, read_run
from labeille.errors import UsageError
from labeille.results.kinds import RunKind
from labeille.results.model import Status


def write_run(
    root: Path,
    name: str,
    started: str | None = None,
    *,
    meta: str = "run_meta.json",
    lines: str = "results.jsonl",
    records: list[dict[str, object]] | None = None,
) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    if started is not None:
        (folder / meta).write_text(json.dumps({"run_id": name, "started_at": started}))
    if records is not None:
        (folder / lines).write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Named against the order of their starts, of all kinds, and with other things among them."""
    root = tmp_path / "results"
    write_run(root, "z", "2026-01-01T00:00:00+00:00", records=[{"package": "a", "status": "pass"}])
    write_run(root, "m", "2026-01-02T00:30:00+02:00", records=[])
    write_run(root, "a", "2026-01-02T00:00:00Z", records=[])
    write_run(root, "ft_1", "2026-01-05T00:00:00Z", meta="ft_meta.json", lines="ft_results.jsonl",
              records=[{"package": "a", "category": "crash"}])  # fmt: skip
    write_run(root, "diff_1", "2026-01-06T00:00:00Z", lines="differential.jsonl", records=[])
    write_run(root, "diff_2", "2026-01-07T00:00:00Z")
    (root / "bisect_1").mkdir()
    (root / "bisect_1" / "bisect.json").write_text("{}")
    (root / "notes.txt").write_text("nothing")
    return root


HUNT = (RunKind.HUNT,)


@pytest.mark.parametrize(
    ("text", "kinds", "run_id"),
    [
        ("latest", HUNT, "a"),
        ("latest~0", HUNT, "a"),
        ("latest~1", HUNT, "m"),
        ("latest~2", HUNT, "z"),
        ("z", HUNT, "z"),
        ("latest", None, "diff_2"),
        ("latest~2", None, "ft_1"),
        ("latest", (RunKind.FREE_THREADED,), "ft_1"),
        ("ft_1", None, "ft_1"),
    ],
)
def test_a_run_is_found(
    results: Path, text: str, kinds: tuple[RunKind, ...] | None, run_id: str
) -> None:
    assert find_run(results, text, kinds=kinds).run_id == run_id


def test_a_run_is_found_by_a_path(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    for text in (str(results / "z"), f"{results}/z/", str(results / "z" / "results.jsonl")):
        run = find_run(elsewhere, text)
        assert (run.run_id, run.path) == ("z", results / "z")
    monkeypatch.chdir(results)
    assert find_run(elsewhere, "./z").path == results / "z"
    assert find_run(elsewhere, "m").path == results / "m"


def test_an_id_goes_before_a_folder_here(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, "z", "2020-01-01T00:00:00Z")
    monkeypatch.chdir(tmp_path)
    assert find_run(results, "z").path == results / "z"
    assert find_run(results, "./z").path == tmp_path / "z"


@pytest.mark.parametrize(
    ("text", "kinds", "message", "hint"),
    [
        ("latest~3", HUNT, "there are only 3 hunt runs", "latest~2"),
        ("nix", HUNT, "there is no run 'nix'", "there are a, m, z;"),
        ("nix", None, "there is no run 'nix'", "diff_2, diff_1, ft_1, a, m and 1 more"),
        ("ft_1", HUNT, "ft_1 is a free-threaded run, not a hunt run", "labeille report ft_1"),
        ("bisect_1", None, "there is no run 'bisect_1'", "path"),
        ("latest~", None, "there is no run 'latest~'", "path"),
        ("", None, "there is no run ''", "path"),
        ("a\0b", None, "there is no run", "path"),
        ("~nobody-there/x", None, "there is no run", "path"),
        ("x" * 5000, None, "there is no run", "path"),
    ],
)
def test_a_run_that_is_not_there(
    results: Path, text: str, kinds: tuple[RunKind, ...] | None, message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        find_run(results, text, kinds=kinds)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["latest", "z"])
def test_no_runs_at_all(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"there (are no runs|is no run)") as caught:
        find_run(tmp_path / "missing", text)
    assert "--results-dir" in (caught.value.hint or "")


def test_a_run_under_two_names_counts_once(results: Path) -> None:
    (results / "a-link").symlink_to("m")
    assert [run.run_id for run in list_runs(results, HUNT)] == ["z", "m", "a"]
    assert find_run(results, "a-link").path == results / "a-link"


@pytest.mark.parametrize(
    ("name", "meta", "lines", "started"),
    [
        ("r", None, '{"package": "a", "timestamp": "2026-03-01T10:00:00"}\n', "2026-03-01T10:00"),
        ("run_20260224_101500", None, "torn{", "2026-02-24T10:15"),
        ("run_20260224_101500-77", "{", "", "2026-02-24T10:15"),
        ("run_20269924_101500", "[]", "", "2001-09-09T01:46"),
        ("r", '{"started_at": 5}', "", "2001-09-09T01:46"),
        ("r", '{"started_at": "yesterday", "run_id": "x"}', "", "2001-09-09T01:46"),
    ],
)
def test_when_a_run_started_without_good_metadata(
    tmp_path: Path, name: str, meta: str | None, lines: str, started: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    files = {"results.jsonl": lines} | ({"run_meta.json": meta} if meta is not None else {})
    for file_name, text in files.items():
        (folder / file_name).write_text(text)
        os.utime(folder / file_name, (1e9, 1e9))
    run = read_run(folder)
    assert run is not None
    assert run.started.isoformat().startswith(started)


def test_what_can_be_read_of_damaged_metadata(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "r", records=[])
    (folder / "run_meta.json").write_text(
        '{"run_id": "other", "started_at": "2026-01-01", "hostname": null, "target_python": "/p"}'
    )
    run = read_run(folder)
    assert run is not None
    assert (run.run_id, run.meta.target_python) == ("r", "/p")
    assert run.started.year == 2026
    assert "hostname" in (run.meta_problem or "")


def test_the_last_record_counts_and_damaged_lines_are_told(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "r", "2026-01-01T00:00:00Z")
    (folder / "results.jsonl").write_bytes(
        b'{"package": "a", "status": "error"}\n'
        b'{"package": "b", "status": "pass", "stderr_tail": null, "duration_seconds": "2.5",'
        b' "tests": {"passed": "many"}, "crash": {"kind": "x", "signature": "s"}}\n'
        b'{"package": "c", "status": "unheard of"}\n'
        b"\n"
        b'{"package": "a", "status": "pass", "unknown": [1]}\n'
        b'{"package": "d", "stat'
    )
    run = read_run(folder)
    assert run is not None
    assert {name: record.status for name, record in run.records.items()} == {
        "a": Status.PASS,
        "b": Status.PASS,
    }
    record = run.records["b"]
    assert (record.stderr_tail, record.duration_seconds, record.tests) == ("", 2.5, None)
    assert record.crash is not None
    assert run.lines.unreadable == 2
    assert len(run.lines.items) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T02:00:00Z", "2026-01-01T02:00:00+00:00"),
        ("2026-01-01 02:00:00.5", "2026-01-01T02:00:00.500000+00:00"),
        ("", None),
        ("soon", None),
    ],
)
def test_times(text: str, expected: str | None) -> None:
    time = parse_time(text)
    assert (time.isoformat() if time else None) == expected
