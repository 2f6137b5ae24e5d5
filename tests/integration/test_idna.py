"""The main job, for real: idna from the package index on the JIT target, by both front ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labeille.results.directory import RunDirectory
from labeille.results.model import Record, Status

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.target("jit"), pytest.mark.network]


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for checkouts and environments: the second front end finds the first one's."""
    return tmp_path_factory.mktemp("work")


def run(command: list[str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    return subprocess.run(
        command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False
    )


def options(work_dir: Path, tmp_path: Path, python: Path) -> list[str]:
    return [
        "--source=sdist",
        f"--work-dir={work_dir}",
        f"--results-dir={tmp_path / 'results'}",
        f"--target-python={python}",
        "--test-command-suffix=--hypothesis-seed=0",  # what a random example finds is another story
    ]


def only_record(tmp_path: Path) -> Record:
    (path,) = (tmp_path / "results").iterdir()
    (record,) = RunDirectory(path.parent, path.name).records()
    return record


def check(record: Record, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert record.status is Status.PASS
    assert record.install_from == "sdist"
    assert record.package_version == record.sdist_version == record.installed_dependencies["idna"]
    assert record.tests is not None
    assert record.tests.total > 1000
    assert record.jit is not None
    assert record.jit.enabled
    assert record.jit.executors  # the JIT did compile


def test_on_the_command_line(work_dir: Path, tmp_path: Path, jit_python: Path) -> None:
    command = [sys.executable, "-m", "labeille", "run", "--packages", "idna"]
    done = run([*command, *options(work_dir, tmp_path, jit_python)], tmp_path)
    check(only_record(tmp_path), done)


def test_through_nox(work_dir: Path, tmp_path: Path, jit_python: Path) -> None:
    command = [sys.executable, "-m", "nox", "-s", "run-idna", "--"]
    done = run([*command, *options(work_dir, tmp_path, jit_python)], tmp_path)
    check(only_record(tmp_path), done)
    first_line = done.stdout.splitlines()[0]
    for part in (str(jit_python), str(work_dir), "under jit"):
        assert part in first_line


def test_without_a_checkout(tmp_path: Path, jit_python: Path) -> None:
    """Installed from its wheel, labeille brings its registry."""
    uv = [sys.executable, "-m", "uv"]
    for command in (
        [*uv, "build", "--wheel", "--out-dir", str(tmp_path / "dist"), str(REPOSITORY)],
        [*uv, "venv", "--python", sys.executable, str(tmp_path / "venv")],
    ):
        done = run(command, tmp_path)
        assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    target = ["--python", str(tmp_path / "venv" / "bin" / "python")]
    done = run([*uv, "pip", "install", *target, str(wheel)], tmp_path)
    assert done.returncode == 0, done.stderr
    labeille = str(tmp_path / "venv" / "bin" / "labeille")
    done = subprocess.run(
        [labeille, "run", "--dry-run", "--packages=idna", f"--target-python={jit_python}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].strip() == "idna"
