"""Reads the null pointer under unittest."""

import ctypes


def read_null():
    ctypes.string_at(0)
