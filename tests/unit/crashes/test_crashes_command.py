"""``labeille signature``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from labeille.cli import signature as command

SAMPLES = Path(__file__).parent / "samples"


def run(*args: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    argv = [sys.executable, "-m", "labeille", "signature", *args]
    return subprocess.run(argv, input=data, capture_output=True, check=False)


def test_json_of_a_file() -> None:
    done = run(str(SAMPLES / "threads-3.15.txt"), "--exit-code", "139", "--json")
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert facts["kind"] == "signal"
    assert facts["signal"] == "SIGSEGV"
    assert facts["python_top"] == "ctypes/__init__.py:string_at"
    assert facts["c_top"] == "_ctypes"
    assert facts["in_child"] is False


def test_negative_exit_code_and_standard_input() -> None:
    done = run("-", "--exit-code", "-11", data=b"\xff\xfe no utf-8\n")
    assert done.returncode == 0
    assert b"signal:SIGSEGV:" in done.stdout


def test_no_crash() -> None:
    done = run("--json", data=b"1 failed\n")
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert facts["kind"] is None
    assert {"signal", "signature", "python_top", "c_top", "in_child"} < facts.keys()
    assert run(data=b"").stdout == b"no crash\n"


def test_unreadable_file() -> None:
    done = run("/nowhere/log.txt")
    assert done.returncode == 2
    assert done.stderr.startswith(b"labeille: cannot read /nowhere/log.txt: No such file")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("place", ["head", "tail"])
def test_a_log_of_any_length_is_read_at_both_ends(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "HEAD", 4000)
    monkeypatch.setattr(command, "TAIL", 4000)
    monkeypatch.setattr(command, "_BLOCK", 1000)
    block = b"free(): invalid pointer\n"
    junk = b"x" * 79 + b"\n"
    log = tmp_path / "log"
    log.write_bytes(block + junk * 1000 if place == "head" else junk * 1000 + block)
    text = command._read(str(log))
    assert len(text) < 10_000
    assert block.decode() in text
