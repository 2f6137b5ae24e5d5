"""gdb around the first Python that a command starts, with a stand-in for gdb that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labeille.errors import UsageError
from labeille.suites.gdb import put_under_gdb

#: Says how it was called, and runs what stands behind --args.
GDB = f"""#!{sys.executable}
import os, sys
arguments = sys.argv[1:]
at = arguments.index("--args") + 1
print("gdb", "--batch" in arguments, os.path.basename(arguments[at]), flush=True)
os.execv(arguments[at], arguments[at:])
"""


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A folder with a gdb that is on PATH, and an environment's bin."""
    tools, programs = tmp_path / "tools", tmp_path / "bin"
    for folder, name, text in (
        (tools, "gdb", GDB),
        (
            programs,
            "tests-of-mine",
            f"#!{programs}/python\nimport os; os.system('python -c \"print(5)\"')\n",
        ),
        (programs, "pip", f"#!{programs}/python\nprint('pip')\n"),
        (programs, "tool", "#!/bin/sh\necho tool\n"),
    ):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "gdb bin", programs


def run(command: str, programs: Path) -> list[str]:
    env = {"PATH": f"{programs}{os.pathsep}{os.defpath}"}
    argv = ["bash", "-c", command]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("python -c 'print(7)'", ["gdb True python", "7"]),
        # a Python that a test starts is none to debug
        ("tests-of-mine", ["gdb True python", "5"]),
        ("true && cd / && python -c 'print(7)' | cat", ["gdb True python", "7"]),
        ("tool; pip", ["tool", "pip"]),
    ],
)
def test_what_is_debugged(folders: tuple[Path, Path], command: str, printed: list[str]) -> None:
    folder, programs = folders
    assert run(put_under_gdb(command, folder, programs, batch=True), programs) == printed


def test_with_its_prompt(folders: tuple[Path, Path]) -> None:
    folder, programs = folders
    command = put_under_gdb("python -c ''", folder, programs, batch=False)
    assert run(command, programs) == ["gdb False python"]


def test_without_gdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="gdb is not installed"):
        put_under_gdb("python", tmp_path / "x", tmp_path, batch=True)
