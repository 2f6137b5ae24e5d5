"""Calls into the interpreter without the GIL, a fatal error that names its function."""

import ctypes


def ask_without_gil():
    """A CDLL function runs with the GIL released; a PyDLL one would keep it."""
    ctypes.CDLL(None).PyThreadState_Get()
