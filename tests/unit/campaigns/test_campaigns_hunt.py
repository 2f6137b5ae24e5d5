"""The hunt's decisions: in which order, and what is left to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeille.campaigns.disk import ROOM, check_writable, full_disk
from labeille.campaigns.durations import longest_first
from labeille.campaigns.resume import still_to_do
from labeille.errors import UsageError
from labeille.pipeline.job import Job
from labeille.registry.model import Package
from labeille.results.model import Record, Status
from labeille.targets.model import Condition, Target

TARGET = Target(
    python="/python",
    version="3.15.2",
    version_text="3.15.2 (main)",
    implementation="cpython",
    build="main",
    compiler="GCC",
    platform="linux",
    configure_args="",
    jit_available=True,
    jit_works=True,
    jit_default=False,
    jit_variables=(),
    free_threaded=False,
    gil_enabled=True,
    debug=False,
    sanitizers=(),
    has_ensurepip=True,
)


def jobs(names: str) -> list[Job]:
    condition = Condition(name="jit")
    return [
        Job(package=Package(name=name), target=TARGET, condition=condition)
        for name in names.split()
    ]


@pytest.mark.parametrize(
    ("names", "durations", "expected"),
    [
        ("a b c", {}, "a b c"),
        ("a b c", {"a": 1, "b": 3, "c": 2}, "b c a"),
        pytest.param("a b c d", {"a": 9, "c": 1}, "b d a c", id="unknown ones first, as given"),
        pytest.param("a b c", {"a": 2, "b": 2, "c": 2}, "a b c", id="equals stay as given"),
        pytest.param("a", {"other": 5}, "a", id="of other runs"),
        ("", {"a": 1}, ""),
    ],
)
def test_longest_first(names: str, durations: dict[str, float], expected: str) -> None:
    assert [job.name for job in longest_first(jobs(names), durations)] == expected.split()


def test_what_has_a_verdict_is_not_done_again() -> None:
    done = {status.value: Record(package=status.value, status=status) for status in Status}
    names = " ".join(["new", *done])
    assert [job.name for job in still_to_do(jobs(names), done)] == [
        "new",
        "install_error",
        "clone_error",
        "error",
    ]


def test_a_folder_is_made_where_it_can_be(tmp_path: Path) -> None:
    check_writable("--work-dir", tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("place", ["file/x", "file"])
def test_a_place_that_cannot_be_a_folder(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"--venvs-dir: .* cannot be written: ") as caught:
        check_writable("--venvs-dir", tmp_path / place)
    assert caught.value.hint == "name another folder by --venvs-dir"


def test_a_disk_with_room_is_not_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert full_disk([tmp_path / "missing", tmp_path]) is None
    monkeypatch.setattr("labeille.campaigns.disk.ROOM", 2**80)
    assert full_disk([tmp_path / "missing", tmp_path]) == tmp_path
    assert ROOM < 2**30
