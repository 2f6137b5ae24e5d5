"""Records are appended whole or not at all, and a torn file is repaired without loss."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from labeille.errors import ResultsError, UsageError
from labeille.results.directory import RunDirectory, new_run_id, read_records
from labeille.results.model import Crash, JitEvidence, Record, RunMeta, Status, TestCounts


def run_directory(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path / "results", "r1")
    run.create()
    return run


def record(package: str, status: Status = Status.PASS) -> Record:
    return Record(package=package, status=status, timestamp="2026-01-01T00:00:00+00:00")


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    run = run_directory(tmp_path)
    full = Record(
        package="a",
        status=Status.CRASH,
        exit_code=-11,
        signal=11,
        crash=Crash(kind="signal", signature="signal:x", python_stack=("a.py:f",)),
        jit=JitEvidence(enabled=True, executors=3),
        tests=TestCounts(passed=2, total=2),
        failed_tests=("t::x[\udcff]".encode("utf-8", "backslashreplace").decode(),),
    )
    run.append(full)
    run.append(record("b"))
    assert run.records() == [full, record("b")]


def test_the_last_record_of_a_package_counts(tmp_path: Path) -> None:
    run = run_directory(tmp_path)
    for status in (Status.ERROR, Status.PASS):
        run.append(record("a", status))
    assert run.last_records()["a"].status is Status.PASS


@pytest.mark.parametrize(
    ("torn", "moved"),
    [
        pytest.param(b'{"package":"b","sta', True, id="half a line"),
        pytest.param(msgspec.json.encode(record("b")), False, id="only the newline is missing"),
        pytest.param(b"\x00\x00", True, id="zeros after a power cut"),
    ],
)
def test_a_torn_last_line_is_repaired_on_the_next_append(
    tmp_path: Path, torn: bytes, moved: bool
) -> None:
    run = run_directory(tmp_path)
    run.append(record("a"))
    with run.records_path.open("ab") as file:
        file.write(torn)
    run.append(record("c"))
    names = [item.package for item in run.records()]
    assert names == (["a", "c"] if moved else ["a", "b", "c"])
    aside = run.path / "results.jsonl.torn"
    assert (aside.read_bytes() == torn + b"\n") if moved else not aside.exists()


def test_damaged_lines_in_the_middle_hide_no_others(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    good = msgspec.json.encode(record("a"))
    path.write_bytes(good + b"\nnot json\n\n" + good + b"\n{}\n")
    assert [item.package for item in read_records(path)] == ["a", "a"]


def test_unknown_fields_of_another_version_are_read_over(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text('{"package": "a", "status": "fail", "novelty": [1]}\n')
    assert read_records(path)[0].status is Status.FAIL


def test_a_full_disk_leaves_no_part_of_a_line(tmp_path: Path) -> None:
    run = run_directory(tmp_path)
    run.append(record("a"))
    size = run.records_path.stat().st_size
    code = f"""
import resource, signal
from pathlib import Path
from labeille.results.directory import RunDirectory
from labeille.results.model import Record, Status
from labeille.errors import ResultsError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 50}, {resource.RLIM_INFINITY}))
try:
    RunDirectory(Path({str(tmp_path / "results")!r}), "r1").append(
        Record(package="b" * 400, status=Status.PASS))
except ResultsError as error:
    print("refused:", error, "|", error.hint)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("refused:")
    assert "--skip-completed" in done.stdout
    assert run.records_path.stat().st_size == size


def test_processes_that_write_one_run_never_mix(tmp_path: Path) -> None:
    run = run_directory(tmp_path)
    code = f"""
import sys
from pathlib import Path
from labeille.results.directory import RunDirectory
from labeille.results.model import Record, Status
run = RunDirectory(Path({str(tmp_path / "results")!r}), "r1")
for number in range(40):
    name = f"{{sys.argv[1]}}-{{number}}"
    run.append(Record(package=name, status=Status.PASS, stderr_tail="x" * 9000))
"""
    writers = [subprocess.Popen([sys.executable, "-c", code, name]) for name in ("a", "b", "c")]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert run.records_path.read_bytes().count(b"\n") == 120
    assert len(run.last_records()) == 120


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    run = run_directory(tmp_path)
    with run.owned(), pytest.raises(ResultsError, match="another process"), run.owned():
        pass
    with run.owned():
        pass


@pytest.mark.parametrize("run_id", ["../x", "a/b", "", ".", "..", ".hidden", "x" * 200, "a\nb"])
def test_a_run_id_is_one_folders_name(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(UsageError, match="run id"):
        RunDirectory(tmp_path, run_id)


def test_new_run_ids_are_not_taken(tmp_path: Path) -> None:
    first = new_run_id(tmp_path)
    (tmp_path / first).mkdir()
    assert new_run_id(tmp_path) != first


def test_metadata_is_replaced_as_a_whole(tmp_path: Path) -> None:
    run = run_directory(tmp_path)
    assert run.read_meta() is None
    meta = RunMeta(run_id="r1", started_at="2026-01-01T00:00:00+00:00")
    run.write_meta(meta)
    assert run.read_meta() == meta
    (run.path / "run_meta.json").write_text("{")
    with pytest.raises(ResultsError, match=r"run_meta\.json"):
        run.read_meta()
    assert list((run.path / "crashes").iterdir()) == []
