"""Real free-threaded runs read by the commands: what they print of what real suites left."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ftbatch import FtBatch, ft_environ, run_ft_batch, write_ft_registry
from minibatch import REPOSITORY

pytestmark = [pytest.mark.target("free-threaded"), pytest.mark.network]

NAMES = ("fails-without-gil", "wants-gil", "declares-no-gil")


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory, free_threaded_python: Path) -> FtBatch:
    """Three iterations each, with the GIL and without."""
    root = tmp_path_factory.mktemp("ft-reading")
    write_ft_registry(NAMES, root)
    done = run_ft_batch(
        root, "ft_first", free_threaded_python, "--iterations", "3", "--compare-with-gil"
    )
    assert len(done.records) == len(NAMES), done.output
    return done


def read(batch: FtBatch, *words: str) -> str:
    command = [sys.executable, "-m", "labeille", "ft", *words]
    done = subprocess.run(
        [*command, "--results-dir", str(batch.root / "results")],
        cwd=batch.root,
        env=ft_environ(batch.root),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_show(batch: FtBatch) -> None:
    printed = read(batch, "show", "ft_*")
    rows = {line.split()[0]: line for line in printed.splitlines() if line.startswith("mini-")}
    assert "compatible_gil_fallback" in rows["mini-wants-gil"]
    assert "the GIL comes on with mini_wants_gil._ext" in rows["mini-wants-gil"]
    assert "free threading breaks it" in rows["mini-fails-without-gil"]


def test_flaky(batch: FtBatch) -> None:
    printed = read(batch, "flaky", "latest", "--package", "mini-fails-without-gil")
    assert "fails in 3 of 3 iterations: 100 % (95 % interval 29–100 %)" in printed
    assert "free threading breaks 1 of the 2 tests that fail without it" in printed
    assert "the same each time" in printed


def test_compat(batch: FtBatch) -> None:
    printed = read(batch, "compat", str(batch.run_dir), "--extensions-only")
    assert "1 leaves the GIL off, 1 turns the GIL on" in printed
    assert "mini_wants_gil._ext: the GIL came on when it was loaded" in printed


def test_compare_and_export(batch: FtBatch) -> None:
    assert "3 packages in both: 3 same" in read(batch, "compare", "latest", "latest")
    rows = {
        row["package"]: row for row in csv.DictReader(io.StringIO(read(batch, "export", "latest")))
    }
    assert rows["mini-wants-gil"]["modules_asking_for_gil"] == "mini_wants_gil._ext"
    assert rows["mini-fails-without-gil"]["breakage"] == "free_threading"


@pytest.mark.parametrize("form", ["markdown", "text", "html"])
def test_report(batch: FtBatch, form: str, tmp_path: Path) -> None:
    target = tmp_path / "report"
    assert read(batch, "report", "latest", "--format", form, "-o", str(target)) == ""
    text = target.read_text()
    for name in NAMES:
        assert f"mini-{name}" in text


def test_nox(batch: FtBatch) -> None:
    """The sessions take what stands behind ``--``."""
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("nox")), "-f", str(REPOSITORY / "noxfile.py")),
            *("-s", "ft-show", "--", "latest", "--results-dir", str(batch.root / "results")),
        ],
        cwd=batch.root,
        env=ft_environ(batch.root) | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "compatible_gil_fallback" in done.stdout
