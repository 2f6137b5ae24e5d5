"""Mini packages that act differently by PYTHON_JIT, and ``labeille diff`` run over them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibatch import read_records
from workshop import Finished, Running, Workshop

#: Seconds of silence that end a trial; a loaded machine may need ten of them to start pytest.
STALL_THRESHOLD = 60
#: Seconds that a suite may take which is known to hang.
HANG_TIMEOUT = 20

_JIT = """\
import os, sys, time

jit = os.environ["PYTHON_JIT"] == "1"

def heat():
    total = 0
    for i in range(100_000):
        total += i % 3

"""

_PASSES = """
def test_before():
    heat()

"""

#: The suites by package: files of tests by name, each behind ``_JIT``.
PACKAGES: dict[str, dict[str, str]] = {
    "same": {"test_same.py": _PASSES},
    "fails": {
        "test_fails.py": _PASSES
        + """
class Thing:
    def get(self):
        return None if jit else self

def test_wrong():
    heat()
    Thing().get().get()

def test_after():
    pass
"""
    },
    "hangs": {
        "test_hangs.py": _PASSES
        + """
def wait_forever():
    while jit:
        time.sleep(1)

def test_hang():
    wait_forever()

def test_after():
    pass
"""
    },
    "crashes": {
        "test_crashes.py": _PASSES
        + """
def crash():
    import faulthandler
    if jit:
        faulthandler._sigsegv()

def test_crash():
    crash()

def test_after():
    pass
"""
    },
    "slower": {
        "test_slower.py": _PASSES
        + """
def test_slow():
    if jit:
        time.sleep(1.5)
"""
    },
    "needs-its-file": {
        "test_one.py": """
seen = []

def test_first():
    seen.append(1)

def test_second():
    assert not (jit and seen)
""",
        "test_other.py": _PASSES,
    },
    "needs-the-suite": {
        "test_one.py": """
def test_first():
    sys.seen_by_test_one = True
""",
        "test_other.py": """
def test_alone():
    pass

def test_corrupted():
    heat()
    assert not (jit and hasattr(sys, "seen_by_test_one"))
""",
    },
    "fails-otherwise": {
        "test_otherwise.py": _PASSES
        + """
def test_raises():
    raise AttributeError("gone") if jit else ValueError("as ever")
"""
    },
    "cannot-be-collected": {
        "test_fine.py": _PASSES,
        "test_import.py": """
if jit:
    raise ImportError("no")

def test_import():
    pass
""",
    },
    "mixed": {
        "test_mixed.py": """
import pytest

def test_same(): heat()
def test_broken(): assert 0
def test_fixed(): assert jit
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.skipif(not jit, reason="with the JIT only")
def test_only_with(): assert 0
@pytest.mark.xfail(strict=False)
def test_xfail(): assert jit
"""
    },
    # Two tests of three fail half of their runs: by chance, and each second time they are run.
    "flaky": {
        "test_flaky.py": """
import pathlib, random

def test_by_chance():
    heat()
    assert random.random() < 0.5

def test_by_turns():
    turns = pathlib.Path("turns.txt")
    count = len(turns.read_text()) if turns.exists() else 0
    turns.write_text("x" * (count + 1))
    assert count % 2
"""
    },
}

#: A suite of unittest, which has no per-test log.
UNITTEST = """\
import os, sys, unittest

class Case(unittest.TestCase):
    def test_passes(self):
        pass

    def test_fails(self):
        self.assertNotEqual(os.environ["PYTHON_JIT"], "1")

unittest.main()
"""


def add_package(
    workshop: Workshop, name: str, files: Mapping[str, str], requirements: str = "pytest"
) -> None:
    """Add a package with a suite for pytest."""
    workshop.add(
        name,
        files={f"tests/{path}": _JIT + text for path, text in files.items()},
        install_command=f"pip install -e . && pip install {requirements}",
        test_command="python -m pytest tests",
        test_framework="pytest",
        timeout=HANG_TIMEOUT if name == "hangs" else None,
    )


@dataclass(frozen=True, kw_only=True)
class Differ:
    """``labeille diff`` within a workshop."""

    workshop: Workshop
    python: Path

    def options(self, run_id: str | None = "r") -> list[str]:
        return [
            *("--work-dir", str((self.workshop.built or self.workshop).root / "work")),
            *("--results-dir", str(self.workshop.results)),
            *("--target-python", str(self.python)),
            *("--source", "git"),
            *("--stall-threshold", str(STALL_THRESHOLD)),
            *(() if run_id is None else ("--run-id", run_id)),
        ]

    def start(self, *args: str, run_id: str | None = "r") -> Running:
        command = [sys.executable, "-m", "labeille", "diff", *self.options(run_id), *args]
        return self.workshop.start(*command)

    def run(self, *args: str, run_id: str = "r") -> Finished:
        return self.start(*args, run_id=run_id).finish(600)

    def lines(self, run_id: str = "r") -> list[dict[str, Any]]:
        """The lines of a run in the order they were written; every one has to be whole."""
        path = self.workshop.results / run_id / "differential.jsonl"
        assert not path.exists() or path.read_bytes()[-1:] in (b"", b"\n"), "a torn line"
        return read_records(path)

    def by_package(self, run_id: str = "r") -> dict[str, dict[str, Any]]:
        lines = self.lines(run_id)
        assert len({line["package"] for line in lines}) == len(lines), lines
        return {line["package"]: line for line in lines}

    def meta(self, run_id: str = "r") -> dict[str, Any]:
        content = (self.workshop.results / run_id / "run_meta.json").read_text()
        return dict(json.loads(content))
