"""Passes, but leaves a daemon that keeps its standard output."""

import os
import sys


def leave_daemon():
    """Fork twice with a session of its own between, and forget the environment and the folder."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    wait = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
    os.execve(sys.executable, [sys.executable, "-I", "-c", wait], {})
