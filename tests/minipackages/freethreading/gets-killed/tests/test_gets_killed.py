import os
import signal


def test_is_killed():
    os.kill(os.getpid(), signal.SIGKILL)
