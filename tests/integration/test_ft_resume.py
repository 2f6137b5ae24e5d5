"""A free-threaded run that is killed: nothing of it is lost or doubled, and it can be shown."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from ftbatch import (
    FtBatch,
    ft_command,
    ft_environ,
    read_ft_meta,
    read_ft_records,
    run_ft_batch,
    write_ft_registry,
)
from minibatch import find_processes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.target("free-threaded")]

PACKAGES = ("compatible", "fails-anyway", "install-failure", "gets-killed")
#: Seconds until every process of a killed run is gone.
AT_ONCE = 3.0
PATIENCE = 180.0


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory, free_threaded_python: Path) -> FtBatch:
    """Killed once the first package has its record, shown, and gone on with."""
    root = tmp_path_factory.mktemp("ft-resume")
    write_ft_registry(PACKAGES, root)
    run_dir = root / "results" / "r"
    command = ft_command(root, "r", free_threaded_python, "--iterations", "3", "--workers", "1")
    process = subprocess.Popen(
        command,
        cwd=root,
        env=ft_environ(root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE
    while not read_ft_records(run_dir):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + AT_ONCE
    while (living := find_processes(re.escape(str(root)))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert living == []
    before = (run_dir / "ft_results.jsonl").read_bytes()
    assert read_ft_meta(run_dir)["finished_at"] is None
    shown = ft("show", run_dir)
    assert read_ft_records(run_dir)[0].package in shown
    batch = run_ft_batch(
        root,
        "r",
        free_threaded_python,
        "--iterations",
        "3",
        "--workers",
        "1",
        "--skip-completed",
        unique=False,
    )
    assert (run_dir / "ft_results.jsonl").read_bytes().startswith(before)
    return batch


def ft(*words: object) -> str:
    """What a reading command prints."""
    return subprocess.run(
        [sys.executable, "-m", "labeille", "ft", *map(str, words)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout


def test_every_package_has_its_record_once(resumed: FtBatch) -> None:
    records = read_ft_records(resumed.run_dir)
    final = [record.package for record in records if record.iterations_completed]
    assert sorted(final) == ["mini-compatible", "mini-fails-anyway"]
    assert {record.package for record in records} == {f"mini-{name}" for name in PACKAGES}
    for record in records:
        if record.iterations_completed:
            assert [iteration.index for iteration in record.iterations] == [0, 1, 2]


def test_the_run_is_finished(resumed: FtBatch) -> None:
    meta = read_ft_meta(resumed.run_dir)
    assert meta["finished_at"]
    assert meta["packages_completed"] == len(PACKAGES)


def test_what_says_nothing_is_tried_again(resumed: FtBatch, free_threaded_python: Path) -> None:
    before = read_ft_records(resumed.run_dir)
    again = run_ft_batch(
        resumed.root,
        "r",
        free_threaded_python,
        "--iterations",
        "3",
        "--skip-completed",
        unique=False,
    )
    added = read_ft_records(resumed.run_dir)[len(before) :]
    assert {record.package for record in added} == {"mini-install-failure", "mini-gets-killed"}
    assert again.exit_code == 0
