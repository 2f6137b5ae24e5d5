"""What real unittests print, of several versions, whole and torn off by a crash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labeille.suites.unittest_log import module_of, read_unittest_log, verbose_unittest

SUITE = '''
import os, unittest

class First(unittest.TestCase):
    def test_a(self):
        """Says what it does."""
    def test_b(self):
        self.fail("ok")
    @unittest.skip("for a reason (of mine)")
    def test_c(self): pass
    @unittest.expectedFailure
    def test_d(self): self.fail()
    def test_e(self):
        print("noise (in.between) ... ok", flush=True)

class Second(unittest.TestCase):
    def test_dies(self):
        os.environ.get("SURVIVE") or os.abort()
'''
FIRST = tuple(f"suite.First.test_{letter}" for letter in "abcde")


@pytest.mark.parametrize("survive", [True, False])
@pytest.mark.parametrize("faults", [True, False])
def test_a_real_one(tmp_path: Path, survive: bool, faults: bool) -> None:
    (tmp_path / "suite.py").write_text(SUITE)
    argv = [
        sys.executable,
        *(("-X", "faulthandler") if faults else ()),
        "-m",
        "unittest",
        "-v",
        "suite",
    ]
    env = {"SURVIVE": "1"} if survive else {}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    log = read_unittest_log(done.stderr)
    assert log.started == (*FIRST, "suite.Second.test_dies")
    assert log.running_test == (None if survive else "suite.Second.test_dies")


def test_before_3_11() -> None:
    log = read_unittest_log("test_a (t.test_x.First) ... ok\ntest_b (t.test_x.First) ... ")
    assert log.started == ("t.test_x.First.test_a", "t.test_x.First.test_b")
    assert log.running_test == "t.test_x.First.test_b"


def test_no_unittest_at_all() -> None:
    assert read_unittest_log("collected 3 items\n").started == ()


@pytest.mark.parametrize(
    ("command", "verbose"),
    [
        ("python -m unittest discover -v", True),
        ("python -m unittest --verbose t", True),
        ("python -m unittest discover", False),
        ("python -v suite.py", False),
    ],
)
def test_verbose(command: str, verbose: bool) -> None:
    assert verbose_unittest(command) is verbose


def test_modules() -> None:
    assert module_of("tests.test_x.First.test_a") == "tests.test_x"
