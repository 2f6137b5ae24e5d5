"""Gets SIGKILL, as from the kernel when memory runs out."""

import os
import signal


def get_killed():
    os.kill(os.getpid(), signal.SIGKILL)
