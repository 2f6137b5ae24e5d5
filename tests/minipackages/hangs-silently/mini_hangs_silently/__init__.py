"""Waits for a lock that nobody releases, and prints nothing."""

import threading


def wait_forever():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
