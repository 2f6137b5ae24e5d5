"""Scratch folders go with their trial, or with the next run when their process was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labeille.environments.model import EnvironmentSettings
from labeille.pipeline.job import PipelineSettings
from labeille.pipeline.scratch import scratch_folder, sweep_scratch
from labeille.sources.model import SourceSettings


def settings(work_dir: Path, *, keep: bool = False) -> PipelineSettings:
    return PipelineSettings(
        work_dir=work_dir,
        sources=SourceSettings(repos_dir=work_dir / "repos"),
        environments=EnvironmentSettings(venvs_dir=work_dir / "venvs"),
        keep_work_dirs=keep,
    )


@pytest.mark.parametrize("keep", [False, True])
def test_a_folder_goes_with_its_trial_unless_it_is_kept(tmp_path: Path, keep: bool) -> None:
    with scratch_folder(settings(tmp_path, keep=keep), "my-package") as path:
        locked = path / "tmp" / "locked"
        locked.mkdir()
        (locked / "file").write_text("")
        locked.chmod(0)
        assert (path / "home").is_dir()
    assert path.exists() == keep


def test_a_sweep_takes_what_the_dead_left(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    root = tmp_path / "tmp"
    names = [f"a-pid{dead.pid}-x1", f"b-pid{os.getpid()}-x2", "c-kept-x3", "something else"]
    for name in names:
        (root / name / "home").mkdir(parents=True)
    sweep_scratch(tmp_path)
    assert sorted(path.name for path in root.iterdir()) == sorted(names[1:])


def test_nothing_to_sweep(tmp_path: Path) -> None:
    sweep_scratch(tmp_path / "missing")
