"""Hangs and ignores every signal that can be ignored."""

import signal
import time


def ignore_and_wait():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGABRT):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(3600)
