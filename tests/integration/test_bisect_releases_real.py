"""Ten real releases in a git history, a crash put into one, found by nox under the real JIT."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from release_history import Append, make_release_history

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.target("jit"), pytest.mark.network]

#: At the end of a module whose function the suite calls; with the JIT alone.
CRASH = """

def identity(x):
    import ctypes
    import sys

    if sys._jit.is_enabled():
        ctypes.string_at(0)
    return x
"""


def test_ten_releases(tmp_path: Path, jit_python: Path) -> None:
    append = Append(version="0.12.1", path="toolz/functoolz.py", code=CRASH)
    repository = tmp_path / "toolz"
    commits = make_release_history("toolz", repository, append=append)
    assert len(commits) == 10
    oldest = next(iter(commits.values()))
    command = [
        *(str(Path(sys.executable).with_name("nox")), "-s", "bisect-toolz", "--"),
        *("--repo-override", f"toolz={repository}", "--good", oldest, "--bad", "main"),
        *("--target-python", str(jit_python), "--work-dir", str(tmp_path / "work")),
        *("--results-dir", str(tmp_path / "results")),
    ]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LABEILLE_", "NOX"))}
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=env | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "results").glob("bisect_*/bisect.json")
    found = json.loads(path.read_text())
    assert found["first_bad"] == commits["0.12.1"], done.stdout
    assert found["subject"] == "Release 0.12.1"
    assert "identity" in found["looked_for"]["signature"]
    verdicts = [step["verdict"] for step in found["steps"]]
    assert len(verdicts) <= math.log2(9) + 2 + verdicts.count("skip")
    assert f"first bad commit: {commits['0.12.1']}" in done.stdout
