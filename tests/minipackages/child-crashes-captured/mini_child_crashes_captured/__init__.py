"""Fails because a child crashed, whose standard error the test captured and shows."""

import subprocess
import sys


def crash_in_child():
    """The child's standard error is captured."""
    code = "import ctypes; ctypes.string_at(0)"
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", code],
        check=False,
        capture_output=True,
        text=True,
    )
