"""Starts pytest inside its tests, as a child and in the same process."""

import os
import subprocess
import sys

INNER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "inner")


def run_in_child():
    return subprocess.run([sys.executable, "-m", "pytest", INNER], check=False).returncode


def run_in_process():
    import pytest

    return pytest.main([INNER])
