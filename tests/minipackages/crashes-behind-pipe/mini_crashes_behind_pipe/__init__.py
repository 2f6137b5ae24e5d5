"""Reads the null pointer in a test command that ends in a pipe."""

import ctypes


def read_null():
    ctypes.string_at(0)
