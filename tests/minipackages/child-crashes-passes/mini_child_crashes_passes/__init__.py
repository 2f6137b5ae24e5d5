"""Passes because a child process crashed, as it should."""

import subprocess
import sys


def crash_in_child():
    """The child writes to the suite's own standard error."""
    code = "import ctypes; ctypes.string_at(0)"
    return subprocess.run([sys.executable, "-X", "faulthandler", "-c", code], check=False)
