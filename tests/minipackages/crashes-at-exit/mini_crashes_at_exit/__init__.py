"""Passes every test and crashes while the interpreter shuts down."""

import atexit
import ctypes


def crash_at_exit():
    atexit.register(ctypes.string_at, 0)
