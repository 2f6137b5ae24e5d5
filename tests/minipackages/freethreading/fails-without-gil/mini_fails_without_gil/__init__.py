"""Is wrong where there is no GIL, and has a fault of its own besides."""

import sys


def guarded():
    return sys._is_gil_enabled()


def double(number):
    return number * 3
